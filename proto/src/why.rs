//! Which profile is meant, and what each level that may say so had to say.

use serde::{Deserialize, Serialize};

use crate::id::{ProfileName, ProviderName};
use crate::problem::Problem;
use crate::profile::Profile;

/// Asks which profile is meant. The names come from the client; host, provider and what is current are the daemon's part.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WhyRequest {
    /// Named on the command line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub argument: Option<ProfileName>,
    /// Named by the environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<ProfileName>,
    /// Named by a project's file, in its order; the first that fits counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub project_file: Vec<Suggestion>,
    /// The host that a credential is for: `HOST`, `HOST:PORT` or a URL. Only a profile that is for it is chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The service that a credential is of. Only a profile of it is chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<ProviderName>,
}

/// A profile that a project's file names. With neither `host` nor `provider` it is meant for everything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Suggestion {
    /// The profile.
    pub profile: ProfileName,
    /// Where this host is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Where a credential of this service is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<ProviderName>,
}

/// What may say which profile is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Level {
    /// The command line.
    Argument,
    /// The environment.
    Environment,
    /// A project's file.
    ProjectFile,
    /// The host that is asked for.
    Host,
    /// The service that is asked for: its current profile.
    Provider,
    /// The overall current profile, or the only one.
    Current,
    /// A level of a newer daemon.
    #[serde(other)]
    Unknown,
}

/// What became of a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Verdict {
    /// It decided.
    Chosen,
    /// A stronger level decided; this is what it would have said.
    Outranked,
    /// What it names is not for the host, or not of the service, that is asked for.
    PassedOver,
    /// It decided that there is none: what it names cannot be used.
    Refused,
    /// It says nothing.
    Silent,
    /// A word of a newer daemon.
    #[serde(other)]
    Unknown,
}

/// One level, and what it said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Considered {
    /// Which.
    pub level: Level,
    /// What became of it.
    pub verdict: Verdict,
    /// The profiles it speaks of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub profiles: Vec<ProfileName>,
    /// What it said, for people.
    pub detail: String,
}

/// Answer to [`WhyRequest`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Why {
    /// The profile that is meant; absent when none could be chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<Profile>,
    /// The host, as it was read: in lower case, with a port that is not that of https.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The service that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<ProviderName>,
    /// Every level, the strongest first.
    pub levels: Vec<Considered>,
    /// Why none was chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
}
