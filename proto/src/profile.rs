//! List, inspect, switch and remove profiles; log out of one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::{ProfileName, ProviderName};
use crate::is_false;
use crate::login::Flow;
use crate::problem::{Problem, Reason};
use crate::provider::Method;
use crate::timestamp::Timestamp;

/// What kind of credential a profile holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AuthType {
    /// A key.
    ApiKey,
    /// No credential.
    None,
    /// Tokens from an authorization server.
    Oauth,
    /// A word from a newer daemon.
    #[serde(other)]
    Unknown,
}

/// What a caller of this profile can expect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ProfileState {
    /// There is no grant; log in.
    LoggedOut,
    /// There was one and it is of no more use; `reason` says why.
    LoginRequired,
    /// The issuer does not accept the client's settings; `last_problem` says which.
    Misconfigured,
    /// The token has lapsed and the next caller causes a refresh.
    Refreshable,
    /// A token or key is served at once.
    Usable,
    /// A word from a newer daemon.
    #[serde(other)]
    Unknown,
}

/// Where the grant outlives the daemon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Source {
    /// From a variable of the client's environment.
    Environment,
    /// In the store, under a key file.
    File,
    /// In the store, under a key of the operating system's keyring.
    Keyring,
    /// Nowhere: gone when the daemon stops.
    Memory,
    /// In the store, under a passphrase.
    Passphrase,
    /// A word from a newer daemon.
    #[serde(other)]
    Unknown,
}

/// When the daemon refreshes of its own accord.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum RefreshMode {
    /// At a jittered fraction of the token's life.
    #[default]
    Early,
    /// Just before expiry, for issuers whose refresh ends the old access token at once.
    Late,
    /// A word from a newer daemon.
    #[serde(other)]
    Unknown,
}

/// Who the service says is logged in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Account {
    /// The issuer's identifier for the person (`sub`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Display name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// E-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Organization or workspace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
}

/// When the credential itself may be printed. Programs that use it for the person (`exec`, links, helpers) are not meant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Reveal {
    /// Whenever it is asked for.
    #[default]
    Always,
    /// Never.
    Never,
    /// Into a pipe or file; on a terminal only when acknowledged.
    Pipe,
    /// A word from a newer daemon.
    #[serde(other)]
    Unknown,
}

/// A credential that comes with a login. The secret itself is not shown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Secondary {
    /// Its word.
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// Whether the login is ready only with it.
    pub required: bool,
    /// Whether it is there.
    pub present: bool,
    /// The first 16 hex digits of its SHA-256.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// What came with it: identifiers, a model's name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, String>,
    /// When it was fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fetched_at: Option<Timestamp>,
    /// Why it is not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
}

/// What the daemon does, did and will do to keep the token fresh.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Refresh {
    /// Whether there is a refresh token.
    pub possible: bool,
    /// When the daemon refreshes of its own accord.
    #[serde(default)]
    pub mode: RefreshMode,
    /// The last success.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_at: Option<Timestamp>,
    /// The next attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_at: Option<Timestamp>,
    /// Failures since the last success.
    #[serde(default)]
    pub failures: u32,
    /// Whether an exchange was sent whose answer was never seen.
    #[serde(default)]
    pub uncertain: bool,
    /// The latest failure since the last success.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_problem: Option<Problem>,
}

/// A profile as the daemon knows it, without a request to anybody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Profile {
    /// Unique name.
    pub name: ProfileName,
    /// Whether it is used when nothing else decides.
    pub current: bool,
    /// What it holds.
    pub auth_type: AuthType,
    /// What a caller can expect.
    pub state: ProfileState,
    /// Why a login is required.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// How the last login was made, or the next one will be.
    pub flow: Flow,
    /// The issuer, for OAuth profiles.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// The client id, for OAuth profiles.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// Who is logged in, if the service said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<Account>,
    /// Granted scopes, separated by spaces; absent when the service did not say and none were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// Scopes asked for, where they differ from the granted ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested_scope: Option<String>,
    /// When the login was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logged_in_at: Option<Timestamp>,
    /// When the access token or key lapses; absent when unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// Where the grant outlives the daemon.
    pub source: Source,
    /// Whether the latest grant could not be written yet and lives in memory only, against the configuration.
    #[serde(default)]
    pub unsaved: bool,
    /// How it is kept fresh.
    pub refresh: Refresh,
    /// The service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<ProviderName>,
    /// The service's name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_title: Option<String>,
    /// The deployment: its name, or its URL where it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// The base URL of the deployment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The way of the last login.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<Method>,
    /// The chosen project's identifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// The chosen project's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_name: Option<String>,
    /// The first 16 hex digits of the credential's SHA-256.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// Whether it is used when the provider is known and nothing else decides.
    #[serde(default, skip_serializing_if = "is_false")]
    pub provider_current: bool,
    /// What the service last said of the credential: whether it is good for anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usable: Option<bool>,
    /// Credentials that come with the login.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secondaries: Vec<Secondary>,
    /// When `token` prints the credential; absent: always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reveal: Option<Reveal>,
    /// Ended grants that the service has not been told of yet; it is tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unrevoked: Option<u64>,
}

/// Answer to `list`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Profiles {
    /// Sorted by name.
    pub profiles: Vec<Profile>,
}

/// Makes a profile the current one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SwitchRequest {
    /// The profile; it must exist.
    pub profile: ProfileName,
}

/// Gives a profile another name. Everything else about it stays: grant, leases, links, what is current.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RenameRequest {
    /// The profile; it must exist.
    pub profile: ProfileName,
    /// Its new name; no other profile may have it.
    pub to: ProfileName,
}

/// Answer to `rename`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Renamed {
    /// The name it had.
    pub from: ProfileName,
    /// The profile as it is now.
    pub profile: Profile,
}

/// Revokes at the service and drops the grant; the profile's settings stay.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LogoutRequest {
    /// Which profile; the current one when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<ProfileName>,
}

/// What became of the grant at the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Revocation {
    /// The service answered 200 (RFC 7009 §2.2).
    Accepted,
    /// The request failed; the token may stay valid at the service until it lapses.
    Failed,
    /// There was nothing to revoke.
    Nothing,
    /// The service offers no revocation.
    Unsupported,
    /// A word from a newer daemon.
    #[serde(other)]
    Unknown,
}

/// Answer to `logout`. The local copy is destroyed whatever `revocation` says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LoggedOut {
    /// The profile.
    pub profile: ProfileName,
    /// Whether there was a grant to drop.
    pub was_logged_in: bool,
    /// What became of it at the service.
    pub revocation: Revocation,
    /// Why revocation failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
    /// What stays valid at the service, one sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub still_valid: Vec<String>,
    /// Whether the agent goes on trying to revoke it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub retried: bool,
}

/// Answer to `remove`. Removing what is not there is no error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Removed {
    /// The name that was given.
    pub profile: ProfileName,
    /// Whether there was such a profile.
    pub existed: bool,
    /// The profile that is current now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current: Option<ProfileName>,
    /// What stays valid at the service, one sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub still_valid: Vec<String>,
}
