//! What a person gave for one OAuth login, and what a login is made with.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::secret::{ClientSecret, RegistrationToken, SigningKey};

/// How a login is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Flow {
    /// RFC 6749 §4.1 with PKCE and a loopback redirect.
    AuthorizationCode,
    /// RFC 6749 §4.4.
    ClientCredentials,
    /// RFC 8628.
    Device,
    /// A key handed over by the person.
    Key,
    /// No login is needed there.
    None,
    /// Start, let the person approve, poll.
    PollExchange,
}

/// Endpoints given by hand; each wins over discovery.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Endpoints {
    /// RFC 6749 §3.1.
    pub authorization: Option<String>,
    /// RFC 8628 §3.1.
    pub device_authorization: Option<String>,
    /// RFC 7009 §2.
    pub revocation: Option<String>,
    /// RFC 6749 §3.2.
    pub token: Option<String>,
}

/// What a login to an OAuth service needs to know.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The issuer's identifier (RFC 8414 §2), to the letter.
    pub issuer: String,
    /// RFC 6749 §2.2.
    pub client_id: String,
    /// Makes the client confidential.
    pub client_secret: Option<Arc<ClientSecret>>,
    /// Makes the client confidential, in place of a secret.
    pub client_key: Option<SigningKey>,
    /// Of a client that was registered by this program.
    pub registration: Option<Registration>,
    /// How the last login was made.
    pub flow: Option<Flow>,
    /// Scopes to ask for, separated by spaces; `None`: the default.
    pub scope: Option<String>,
    /// Resources to ask for (RFC 8707).
    pub resources: Vec<String>,
    /// Further trusted roots for this issuer (PEM).
    pub ca_file: Option<PathBuf>,
    /// Fixed port of the loopback redirect.
    pub redirect_port: Option<u16>,
    /// Redirect URI as registered.
    pub redirect_uri: Option<String>,
    /// Endpoints given by hand.
    pub endpoints: Endpoints,
    /// Further parameters of the authorization or device request.
    pub auth_params: BTreeMap<String, String>,
}

/// What is known of a client's registration (RFC 7591 §3.2.1).
#[derive(Debug, Clone, Default)]
pub struct Registration {
    /// The redirect that is registered.
    pub redirect_uri: String,
    /// The scope that is registered; `None`: whatever the service allows.
    pub scope: Option<String>,
    /// `token_endpoint_auth_method`.
    pub authentication: Option<String>,
    /// When the client's secret expires, in seconds since 1970; `None`: never.
    pub secret_expires_at: Option<i64>,
    /// What manages the registration (RFC 7592 §3): the address, and the token for it.
    pub management: Option<(String, Arc<RegistrationToken>)>,
}

impl Settings {
    /// Whether both go to the same endpoints, trusted for the same reasons. Only then may one have the other's client: its
    /// secret goes to no endpoint that it was not given for.
    pub fn is_at_the_same_place(&self, other: &Self) -> bool {
        self.issuer == other.issuer && self.endpoints == other.endpoints && self.ca_file == other.ca_file
    }

    /// Whether the client has something to prove itself with.
    pub fn is_confidential(&self) -> bool {
        self.client_secret.is_some() || self.client_key.is_some()
    }

    /// The resource that every token of this profile is for, if it is for one. It goes into token requests as well
    /// (RFC 8707 §2.2): without it some services answer with a token for something else. A token is for one resource
    /// only, so none is named where there are several.
    pub fn only_resource(&self) -> Option<&str> {
        if let [only] = self.resources.as_slice() { Some(only) } else { None }
    }
}
