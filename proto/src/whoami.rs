//! Asking services: who is logged in, which profiles work, what comes with a login.

use serde::{Deserialize, Serialize};

use crate::id::{ProfileName, ProviderName};
use crate::is_false;
use crate::problem::Problem;
use crate::profile::{Account, Profile};
use crate::secret::Secret;
use crate::timestamp::Timestamp;

/// A credential from the client's environment, for one call. It is not kept.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Fallback {
    /// Of which service.
    pub provider: ProviderName,
    /// Which deployment: name or URL; the provider's current one when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// The key.
    pub key: Secret,
}

/// Asks the service who is logged in.
#[derive(Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WhoamiRequest {
    /// Which profile; the current one when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<ProfileName>,
    /// Used in place of a profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback: Option<Fallback>,
}

/// Who is logged in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Whoami {
    /// The profile; absent for a credential from the environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<ProfileName>,
    /// The provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<ProviderName>,
    /// The base URL that was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The chosen project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// Who it is; what is known from the last time if the service could not be reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<Account>,
    /// Granted scopes; absent when unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// When the credential lapses, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// Whether the service says that the credential is good for anything; absent when it does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usable: Option<bool>,
    /// The service could not be asked: this is what is known from the last time.
    #[serde(default, skip_serializing_if = "is_false")]
    pub offline: bool,
    /// Why it could not be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
}

/// Tries profiles at their services, in parallel. Nothing is changed by it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProbeRequest {
    /// Do not ask the services.
    #[serde(default, skip_serializing_if = "is_false")]
    pub offline: bool,
    /// Profiles of every environment, not only of those in use.
    #[serde(default, skip_serializing_if = "is_false")]
    pub all: bool,
    /// Only profiles of this provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<ProviderName>,
}

/// How a profile did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ProbeStatus {
    /// It failed: the credential was refused, or the service.
    Error,
    /// The credential is known to the service and good for nothing.
    Inactive,
    /// Nobody was asked.
    Offline,
    /// It works.
    Ok,
    /// No answer within 2 s.
    Timeout,
    /// A word of a newer daemon.
    #[serde(other)]
    Unknown,
}

/// A profile and how it did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Probe {
    /// The profile.
    pub profile: Profile,
    /// How it did.
    pub status: ProbeStatus,
    /// With `error`: why, in a few words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// Answer to `probe`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Probed {
    /// Sorted by name.
    pub probes: Vec<Probe>,
    /// How many profiles of other environments were left out.
    #[serde(default)]
    pub hidden: u64,
}

/// Fetches the credentials that come with a login, and the identity, anew.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SyncRequest {
    /// Which profile; the current one when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<ProfileName>,
}
