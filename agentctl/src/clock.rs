//! The only place that reads a clock or waits.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use proto::timestamp::Timestamp;

/// The wall clock, for relative times shown to people and for `--expires-at 90d`.
#[allow(clippy::disallowed_methods, reason = "this file is the client's clock")]
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
    Timestamp::from_unix(i64::try_from(since).unwrap_or(i64::MAX))
}

/// Waits between two looks at something that has no way to wake us.
#[allow(clippy::disallowed_methods, reason = "this file is the client's clock")]
pub(crate) fn pause(duration: Duration) {
    std::thread::sleep(duration);
}

/// A point on the monotonic clock after which nothing is waited for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline(Instant);

impl Deadline {
    /// `wait` from now.
    #[allow(clippy::disallowed_methods, reason = "this file is the client's clock")]
    pub(crate) fn after(wait: Duration) -> Self {
        Self(Instant::now() + wait)
    }

    /// What is left, or nothing once it has passed.
    #[allow(clippy::disallowed_methods, reason = "this file is the client's clock")]
    pub(crate) fn left(self) -> Option<Duration> {
        self.0.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())
    }
}
