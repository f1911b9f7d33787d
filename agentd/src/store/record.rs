//! One profile as it is kept on disk, and the versions of that form.
//!
//! [`Record`] is what the daemon works with; each version of the disk form is a module of its own, which is never
//! changed once released except to tolerate more. Writing is always in the newest version, reading in any.

pub(super) mod choices;
mod v1;

use std::collections::BTreeMap;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::secret::{AccessToken, ApiKey, ClientSecret, Fingerprint, RefreshToken, RegistrationToken, SigningKey};

/// Names a record for ever; profile names may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId(pub u64);

/// Why bytes are not a record. It never says what they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// They break the form's rules.
    #[error("the record is malformed")]
    Malformed,
    /// A newer program wrote them.
    #[error("the record has version {0}, which this program does not know")]
    Version(u8),
}

/// A profile at rest.
#[derive(Debug, Clone)]
pub struct Record {
    /// Its identity; associated data of the seal.
    pub id: RecordId,
    /// Grows with every write; associated data of the seal.
    pub sequence: u64,
    /// The profile's name.
    pub name: String,
    /// `authorization-code`, `device` or `key`.
    pub flow: String,
    /// Settings of an OAuth profile.
    pub settings: Option<Settings>,
    /// What the login left behind.
    pub grant: Option<Grant>,
    /// Why a login is required, as the wire's word, when the grant is known to be of no use.
    pub login_required: Option<String>,
    /// An exchange that was about to be sent when this was written.
    pub attempt: Option<Attempt>,
    /// What binds the profile to a provider; absent for a login by issuer and client id.
    pub place: Option<Place>,
    /// What the service last said of the credential: whether it is good for anything.
    pub usable: Option<bool>,
    /// Credentials that came with the login.
    pub secondaries: Vec<Secondary>,
    /// Ended grants that their service has not been told of.
    pub unrevoked: Vec<Ended>,
    /// Where an imported login came from, and what gives it back.
    pub undo: Option<Undo>,
}

impl Record {
    /// The version in which records are written.
    pub const VERSION: u8 = 1;

    /// A profile that holds nothing.
    pub fn bare(id: RecordId, sequence: u64, name: &str, flow: &str) -> Self {
        Self {
            id,
            sequence,
            name: name.to_owned(),
            flow: flow.to_owned(),
            settings: None,
            grant: None,
            login_required: None,
            attempt: None,
            place: None,
            usable: None,
            secondaries: Vec::new(),
            unrevoked: Vec::new(),
            undo: None,
        }
    }

    /// The newest disk form, to be sealed; the only copy of the secrets in it is wiped on drop.
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        v1::encode(self)
    }

    /// Reads a disk form of any known version.
    pub fn decode(version: u8, plain: &[u8]) -> Result<Self, DecodeError> {
        match version {
            1 => v1::decode(plain),
            newer => Err(DecodeError::Version(newer)),
        }
    }
}

/// Settings of an OAuth profile.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The issuer's identifier.
    pub issuer: String,
    /// RFC 6749 §2.2.
    pub client_id: String,
    /// RFC 6749 §2.3.1.
    pub client_secret: Option<Arc<ClientSecret>>,
    /// RFC 7523 §2.2.
    pub client_key: Option<SigningKey>,
    /// Of a client that was registered by this program.
    pub registration: Option<Registration>,
    /// Scopes to ask for.
    pub scope: Option<String>,
    /// Resources to ask for.
    pub resources: Vec<String>,
    /// Path of further trusted roots.
    pub ca_file: Option<String>,
    /// Fixed redirect port.
    pub redirect_port: Option<u16>,
    /// Redirect URI as registered.
    pub redirect_uri: Option<String>,
    /// Endpoints given by hand: `authorization`, `device_authorization`, `revocation`, `token`.
    pub endpoints: BTreeMap<String, String>,
    /// Further parameters of the login request.
    pub auth_params: BTreeMap<String, String>,
}

/// A client's registration (RFC 7591 §3.2.1).
#[derive(Debug, Clone)]
pub struct Registration {
    /// The redirect that is registered.
    pub redirect_uri: String,
    /// The scope that is registered.
    pub scope: Option<String>,
    /// `token_endpoint_auth_method`.
    pub authentication: Option<String>,
    /// When the client's secret expires, in seconds since 1970.
    pub secret_expires_at: Option<i64>,
    /// RFC 7592 §3 `registration_client_uri`.
    pub uri: Option<String>,
    /// RFC 7592 §3 `registration_access_token`.
    pub token: Option<Arc<RegistrationToken>>,
}

/// What a login left behind.
#[derive(Debug, Clone)]
pub enum Grant {
    /// A key.
    Key {
        /// The key.
        key: Arc<ApiKey>,
        /// Seconds since 1970, if known.
        expires_at: Option<i64>,
        /// Seconds since 1970.
        logged_in_at: i64,
        /// Who is logged in, as far as the service said.
        account: BTreeMap<String, String>,
    },
    /// Tokens of an authorization server.
    Oauth(Box<Oauth>),
}

/// Tokens and what is needed to renew them without discovery.
#[derive(Debug, Clone)]
pub struct Oauth {
    /// Absent when the service granted none.
    pub refresh_token: Option<Arc<RefreshToken>>,
    /// The last access token.
    pub access_token: Arc<AccessToken>,
    /// As the service spelled it.
    pub token_type: String,
    /// Seconds since 1970: when the token request was sent.
    pub issued_at: i64,
    /// Seconds; absent when the service did not say.
    pub life: Option<u64>,
    /// Granted scope.
    pub scope: Option<String>,
    /// Scope asked for at login.
    pub requested_scope: Option<String>,
    /// Seconds since 1970.
    pub logged_in_at: i64,
    /// Seconds since 1970; absent before the first refresh.
    pub refreshed_at: Option<i64>,
    /// Grows with every access token of this grant.
    pub generation: u64,
    /// `none`, `basic`, `post`, or `private-key-jwt ALGORITHM AUDIENCE`.
    pub authentication: String,
    /// Where to refresh.
    pub token_endpoint: String,
    /// Where to revoke.
    pub revocation_endpoint: Option<String>,
    /// How far both may be from the issuer: `public`, `private` or `machine`; absent: anywhere.
    pub reach: Option<String>,
    /// Where to ask who is logged in.
    pub userinfo_endpoint: Option<String>,
    /// `sub`, `name`, `email` of the ID token, as far as given.
    pub account: BTreeMap<String, String>,
}

/// What binds a profile to a provider.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// The provider's name.
    pub provider: String,
    /// The environment's name or URL.
    pub environment: String,
    /// Its base URL.
    pub base: String,
    /// Its further URLs.
    pub urls: BTreeMap<String, String>,
    /// Path of further trusted roots.
    pub ca_file: Option<String>,
    /// Whether it needs a login.
    pub needs_login: bool,
    /// The method of the login.
    pub method: String,
    /// The kind of key.
    pub variant: Option<String>,
    /// How the credential is sent.
    pub scheme: String,
    /// The chosen project.
    pub project: Option<String>,
    /// Its name.
    pub project_name: Option<String>,
}

/// A credential that came with a login.
#[derive(Debug, Clone)]
pub struct Secondary {
    /// Its word.
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// Whether the login is ready only with it.
    pub required: bool,
    /// The secret, if it is there.
    pub secret: Option<Arc<ApiKey>>,
    /// What came with it.
    pub values: BTreeMap<String, String>,
    /// Seconds since 1970.
    pub fetched_at: Option<i64>,
}

/// A grant that is over, of which the service has not been told.
#[derive(Debug, Clone)]
pub struct Ended {
    /// The provider's place.
    pub place: Option<Place>,
    /// Settings of an OAuth login.
    pub settings: Option<Settings>,
    /// What was granted.
    pub grant: Grant,
    /// Credentials that came with it.
    pub secondaries: Vec<Secondary>,
    /// When it ended here, in seconds since 1970.
    pub at: i64,
    /// Tries so far.
    pub tries: u32,
}

/// Where an imported login came from, and what gives it back.
#[derive(Debug, Clone)]
pub struct Undo {
    /// The format.
    pub format: String,
    /// Its name there.
    pub name: String,
    /// Where.
    pub place: String,
    /// Whether it was a key.
    pub is_key: bool,
    /// Stands for the credential that was found.
    pub fingerprint: Fingerprint,
    /// Whether it had a refresh token.
    pub refreshable: bool,
    /// The format's own words for the earlier content; holds credentials. Absent before anything was taken.
    pub content: Option<Arc<ApiKey>>,
    /// Where it was taken.
    pub taken_at: String,
    /// What was done there.
    pub notes: Vec<String>,
    /// Variables by which the tool finds its files.
    pub variables: BTreeMap<String, String>,
}

/// The choices of one provider, beside the overall current profile.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choice {
    /// The environment in use.
    pub environment: Option<String>,
    /// The provider's current profile.
    pub current: Option<RecordId>,
    /// The profile last used in each environment.
    pub last: BTreeMap<String, RecordId>,
}

/// The mark written before a refresh request goes out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The refresh token presented.
    pub presented: Fingerprint,
    /// Seconds since 1970: when the first try was made.
    pub first_at: i64,
    /// Tries so far, this one included.
    pub tries: u32,
}
