//! What happened, told to whoever listens. Nobody waits for a listener, and nothing depends on being heard.

use std::sync::Arc;

use tokio::sync::broadcast;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
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
    /// A refresh failed because the service does not accept the client; it is not tried again by itself.
    Unaccepted,
}

/// One event.
#[derive(Debug, Clone)]
pub struct Notice {
    /// Seconds since 1970.
    pub at: i64,
    /// What.
    pub kind: Kind,
    /// Whose.
    pub profile: Option<Arc<str>>,
    /// With failures: why, in words without any secret.
    pub why: Option<String>,
}

/// Listeners that fall behind by more than this lose the oldest and are told so.
pub const BACKLOG: usize = 256;

/// Where notices are posted and heard.
#[derive(Debug, Clone)]
pub struct Notices {
    sender: broadcast::Sender<Notice>,
    clock: crate::clock::Clock,
}

impl Notices {
    /// A board with no listener.
    pub fn new(clock: crate::clock::Clock) -> Self {
        Self { sender: broadcast::Sender::new(BACKLOG), clock }
    }

    /// Tells of something that happened now.
    pub fn post(&self, kind: Kind, profile: Option<Arc<str>>, why: Option<String>) {
        if self.sender.receiver_count() > 0 {
            let notice = Notice { at: self.clock.wall(), kind, profile, why };
            // Only fails when the last listener has just gone.
            let _unheard = self.sender.send(notice);
        }
    }

    /// Hears everything from now on.
    pub fn listen(&self) -> broadcast::Receiver<Notice> {
        self.sender.subscribe()
    }
}
