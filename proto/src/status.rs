//! The daemon about itself; reload and shutdown.

use serde::{Deserialize, Serialize};

use crate::hello::Hello;
use crate::id::ProfileName;
use crate::profile::Source;
use crate::timestamp::Timestamp;

/// Where grants are kept at rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Store {
    /// Where the sealing key lives; `memory`: nothing is kept.
    pub source: Source,
    /// Path of the store; absent for a memory-only vault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Grants whose latest state could not be written yet.
    #[serde(default)]
    pub unsaved: u64,
    /// Records that are there but cannot be opened; they are left untouched.
    #[serde(default)]
    pub damaged: u64,
}

/// Answer to `status`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Status {
    /// Version, protocol and capabilities.
    pub agent: Hello,
    /// The daemon's process id.
    pub pid: u32,
    /// When it started.
    pub started_at: Timestamp,
    /// The socket it serves.
    pub socket: String,
    /// Where grants are kept.
    pub store: Store,
    /// The profile used when nothing else decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current: Option<ProfileName>,
    /// How many profiles there are.
    pub profiles: u64,
    /// Logins in progress.
    pub logins: u64,
    /// Open connections, this one included.
    pub connections: u64,
    /// Things the person should know, one sentence each.
    #[serde(default)]
    pub warnings: Vec<String>,
    /// Whether its log goes to the journal of systemd; only said when it does.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub journal: bool,
}

/// Answer to `reload`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Reloaded {
    /// Settings that took effect now, by their name in the file; `providers` and `environments` for those files.
    pub applied: Vec<String>,
    /// Settings that changed and need a restart of the daemon.
    pub restart_needed: Vec<String>,
    /// Files of providers and environments that cannot be used, one mistake each; the others are in force.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// Answer to `metrics`: text in the exposition format of Prometheus, version 0.0.4, and no JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct Metrics(pub String);

/// Answer to an operation with nothing to tell.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Done {}
