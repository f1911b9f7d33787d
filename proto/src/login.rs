//! Start, list, follow, answer and cancel a login. The daemon runs it; whoever follows may go away and come back.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::{LoginId, ProfileName, ProviderName};
use crate::is_false;
use crate::problem::Problem;
use crate::profile::Profile;
use crate::provider::Method;
use crate::secret::Secret;
use crate::timestamp::Timestamp;

/// How a login is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Flow {
    /// RFC 6749 §4.1 with PKCE and a loopback redirect (RFC 7636, RFC 8252).
    AuthorizationCode,
    /// RFC 6749 §4.4.
    ClientCredentials,
    /// RFC 8628.
    Device,
    /// A key handed over by the person.
    Key,
    /// None: the environment needs no login.
    None,
    /// The service starts a session, the person approves it in a browser, the agent polls.
    PollExchange,
    /// A flow from a newer agent.
    #[serde(other)]
    Unknown,
}

/// Asks the daemon to run a login. For a profile that exists, what is absent is taken from it.
#[derive(Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LoginRequest {
    /// The profile to make or renew. Absent: named after the account, else the provider, else the issuer's host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<ProfileName>,
    /// The service. Absent: the profile's, else the one that the rest of the request describes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<ProviderName>,
    /// With a provider: the way to log in. Absent: its preferred one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<Method>,
    /// With a provider: the deployment, by name or by URL. Absent: the one in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// With a provider: the project, by identifier or name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// With method `api-key`: the kind of key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// Milliseconds between polls; never less than the service asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub poll_interval: Option<u64>,
    /// The flow. Absent: the profile's last one; else by `browser` and by what the issuer offers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flow: Option<Flow>,
    /// Whether the client can open a browser on the machine the daemon listens on.
    #[serde(default)]
    pub browser: bool,
    /// Whether the profile becomes the current one when the login succeeds.
    #[serde(default = "yes")]
    pub switch: bool,
    /// Seconds until the login fails closed; 300 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_wait: Option<u64>,
    /// The issuer's identifier (RFC 8414 §2), compared exactly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// RFC 6749 §2.2. Absent, and not known from the profile: one is registered, where the issuer lets that be (RFC 7591).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// RFC 6749 §2.3.1; makes the client confidential.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<Secret>,
    /// The client's private key, PEM or JWK, as base64url without padding (RFC 7523 §2.2): in place of a secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_key: Option<Secret>,
    /// The key's name at the service (RFC 7515 §4.1.4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_key_id: Option<String>,
    /// The initial access token for a registration, where the issuer wants one (RFC 7591 §3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registration_token: Option<Secret>,
    /// Scopes separated by spaces. Absent: `openid`, and `offline_access` where the issuer advertises it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// Resources the grant is to cover (RFC 8707).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resource: Vec<String>,
    /// Absolute path of a PEM file with further trusted roots for this issuer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<String>,
    /// Fixed port of the loopback redirect; a free one is taken when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redirect_port: Option<u16>,
    /// Loopback redirect URI as registered; `http://127.0.0.1:PORT/callback` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redirect_uri: Option<String>,
    /// Given by hand; wins over discovery.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization_endpoint: Option<String>,
    /// Given by hand; wins over discovery.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_authorization_endpoint: Option<String>,
    /// Given by hand; wins over discovery.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_endpoint: Option<String>,
    /// Given by hand; wins over discovery.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revocation_endpoint: Option<String>,
    /// Further parameters of the authorization or device request.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub auth_params: BTreeMap<String, String>,
    /// For this login only: how the person is to be authenticated, the best way first (OpenID Connect Core §3.1.2.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acr_values: Option<String>,
    /// For this login only: how many seconds ago the person may have authenticated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_age: Option<u64>,
    /// For this login only: what the service is to ask the person for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    /// For this login only: who is expected to log in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login_hint: Option<String>,
    /// With flow `key`: the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Secret>,
    /// With flow `key`: when the key lapses, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

fn yes() -> bool {
    true
}

/// The login runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LoginStarted {
    /// Names it in `follow`, `answer` and `cancel`.
    pub id: LoginId,
    /// When it fails closed.
    pub deadline: Timestamp,
    /// Whether the same request had started it before.
    #[serde(default, skip_serializing_if = "is_false")]
    pub joined: bool,
}

/// What a login asks a service for: what the person must recognise before they approve it (RFC 8628 §5.4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LoginPurpose {
    /// The profile it is for. Absent: named when it is known who has logged in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<ProfileName>,
    /// The service: a provider's title, else the issuer's host.
    pub service: String,
    /// The client id (RFC 6749 §2.2) the service shows or knows us by, once it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// Scopes separated by spaces. Absent: not known yet, or the service's usual ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
}

/// A login that has not ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PendingLogin {
    /// Names it in `follow`, `answer` and `cancel`.
    pub id: LoginId,
    /// What it asks for.
    pub purpose: LoginPurpose,
    /// The flow, once it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flow: Option<Flow>,
    /// When it was started.
    pub started_at: Timestamp,
    /// When it fails closed.
    pub deadline: Timestamp,
    /// What the person has to do: `open` or `device`, without the purpose. Absent: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits_for: Option<LoginStep>,
}

/// The logins that have not ended, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Logins {
    /// Each of them.
    pub logins: Vec<PendingLogin>,
}

/// Where the browser ended, when it is on another machine than the daemon.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LoginAnswer {
    /// The whole address, or its query; it holds the authorization code (RFC 6749 §4.1.2).
    pub redirect: Secret,
}

/// What a follower of a login is told. The last step is `done` or `failed`; a follower who comes late gets the steps
/// so far first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "step", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum LoginStep {
    /// Open this in a browser on this machine.
    Open {
        /// Checked by the daemon: https, or http to loopback.
        url: String,
        /// Whether a browser on another machine will do.
        #[serde(default, skip_serializing_if = "is_false")]
        anywhere: bool,
        /// Where the browser ends. Present when `answer` takes that address from a browser on another machine.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        redirect_uri: Option<String>,
        /// What the login asks for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        purpose: Option<LoginPurpose>,
    },
    /// Show this to the person (RFC 8628 §3.3).
    Device {
        /// What to type.
        user_code: String,
        /// Where to type it.
        verification_uri: String,
        /// The same with the code inside, where the service offers it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        verification_uri_complete: Option<String>,
        /// When the code stops working.
        expires_at: Timestamp,
        /// What the login asks for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        purpose: Option<LoginPurpose>,
    },
    /// The grant is stored and served.
    Done {
        /// The profile as it is now.
        profile: Box<Profile>,
        /// Whether it became the current one.
        switched: bool,
        /// Things the person should know, one sentence each.
        #[serde(default)]
        warnings: Vec<String>,
    },
    /// No grant was made; nothing that existed before is changed.
    Failed {
        /// Why.
        problem: Problem,
    },
    /// A step from a newer daemon.
    #[serde(other)]
    Unknown,
}
