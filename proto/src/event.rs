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
    /// The daemon stops.
    Stopping,
    /// Another profile is current.
    Switched,
    /// A kind from a newer daemon.
    #[serde(other)]
    Unknown,
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
    /// With failures: why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
}
