//! Items of the `events` stream (server-sent events, one JSON object per `data:` line).

use serde::{Deserialize, Serialize};

use crate::id::ProfileName;
use crate::problem::Problem;
use crate::timestamp::Timestamp;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum EventKind {
    /// A login that cannot be refreshed lapses before long.
    LapsesSoon,
    /// Some events were not delivered because the reader was too slow; `list` again.
    Lost,
    /// A grant was dropped on request.
    LoggedOut,
    /// A login ended without a grant.
    LoginFailed,
    /// A login ended with a grant.
    LoginFinished,
    /// A grant is of no more use.
    LoginRequired,
    /// A login began.
    LoginStarted,
    /// A refresh failed and will be tried again.
    RefreshFailed,
    /// A token was refreshed.
    Refreshed,
    /// The configuration was read again.
    Reloaded,
    /// A profile was removed.
    Removed,
    /// A profile has another name now; `from` is the one it had.
    Renamed,
    /// The daemon stops.
    Stopping,
    /// Another profile is current.
    Switched,
    /// A token or key was handed out. Only told to those who ask for it.
    TokenServed,
    /// A kind from a newer daemon.
    #[serde(other)]
    Unknown,
}

impl EventKind {
    /// The words that this version knows, sorted.
    pub const WORDS: &[&str] = &[
        "lapses-soon",
        "logged-out",
        "login-failed",
        "login-finished",
        "login-required",
        "login-started",
        "lost",
        "refresh-failed",
        "refreshed",
        "reloaded",
        "removed",
        "renamed",
        "stopping",
        "switched",
        "token-served",
    ];
}

/// Who asked for a token, as far as the system tells: a hint for people and no proof. Names are as the programs chose them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Caller {
    /// Its process id.
    pub pid: i32,
    /// The name of its program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
    /// The name of the program that started it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: EventKind,
    /// Whose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<ProfileName>,
    /// With `renamed`: the name it had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<ProfileName>,
    /// With failures: why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
    /// With `token-served`: to whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller: Option<Caller>,
    /// With `lapses-soon`: when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lapses_at: Option<Timestamp>,
}
