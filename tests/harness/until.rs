//! Waiting for something that nobody announces: another process's files, its end, its state.

use std::time::{Duration, Instant};

/// How long a condition may take, in real time.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// Between two looks. Nothing depends on it but the load.
pub const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// Looks until there is something; fails after [`DEADLINE`], saying `what` was waited for.
pub fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + DEADLINE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < end, "waited {DEADLINE:?} in vain: {what}");
        std::thread::park_timeout(LOOK_AGAIN);
    }
}

/// Looks until it is so.
pub fn until_true(what: &str, mut look: impl FnMut() -> bool) {
    until(what, || look().then_some(()));
}
