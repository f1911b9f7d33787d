//! Time, from one injected clock.
//!
//! [`Moment`]s are points on a clock that counts suspend and never jumps; all expiry is measured in them. Wall time is
//! for disk and for people. A sleeper waits on the timer *and* on a notice of jumps, because timers stand still while
//! the machine sleeps; [`watch_for_jumps`] gives that notice.

use std::ops::{Add, Sub};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;

/// A point on the clock that counts suspend; it means nothing outside this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(Duration);

impl Moment {
    /// The point `since_start` after the clock's zero.
    pub const fn new(since_start: Duration) -> Self {
        Self(since_start)
    }

    /// The time since `earlier`, or zero.
    pub fn since(self, earlier: Moment) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<Duration> for Moment {
    type Output = Moment;
    fn add(self, later: Duration) -> Moment {
        Moment(self.0.saturating_add(later))
    }
}

impl Sub<Duration> for Moment {
    type Output = Moment;
    fn sub(self, earlier: Duration) -> Moment {
        Moment(self.0.saturating_sub(earlier))
    }
}

/// Where moments begin to count. Not zero, so that moments before the machine was started can be told: tokens on disk
/// are older than that.
const EPOCH: Duration = Duration::from_hours(20 * 365 * 24);

/// The clock every part is given.
#[derive(Debug, Clone)]
pub struct Clock(Arc<Source>);

#[derive(Debug)]
struct Source {
    kind: Kind,
    jumps: watch::Sender<u64>,
}

#[derive(Debug)]
enum Kind {
    System { boot_time: fn() -> Duration },
    Manual(Mutex<Manual>),
}

#[derive(Debug, Clone, Copy)]
struct Manual {
    now: Moment,
    wall: i64,
}

impl Clock {
    /// The machine's clock. `boot_time` reads a clock that counts suspend (`CLOCK_BOOTTIME` and its peers).
    pub fn system(boot_time: fn() -> Duration) -> Self {
        Self(Arc::new(Source { kind: Kind::System { boot_time }, jumps: watch::Sender::new(0) }))
    }

    /// A clock that stands still until [`Clock::advance`], at `wall` seconds since 1970. For tests and simulations.
    pub fn manual(wall: i64) -> Self {
        let now = Moment(EPOCH);
        Self(Arc::new(Source { kind: Kind::Manual(Mutex::new(Manual { now, wall })), jumps: watch::Sender::new(0) }))
    }

    /// Now.
    pub fn now(&self) -> Moment {
        match &self.0.kind {
            Kind::System { boot_time } => Moment(EPOCH + boot_time()),
            Kind::Manual(manual) => manual.lock().unwrap_or_else(PoisonError::into_inner).now,
        }
    }

    /// Now, in seconds since 1970 UTC, as the machine's settings have it.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads wall time")]
    pub fn wall(&self) -> i64 {
        match &self.0.kind {
            Kind::System { .. } => match SystemTime::now().duration_since(UNIX_EPOCH) {
                Ok(since) => i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
                Err(before) => -i64::try_from(before.duration().as_secs()).unwrap_or(i64::MAX),
            },
            Kind::Manual(manual) => manual.lock().unwrap_or_else(PoisonError::into_inner).wall,
        }
    }

    /// The wall time of `moment` as of now, in seconds since 1970.
    pub fn wall_at(&self, moment: Moment) -> i64 {
        let (now, wall) = (self.now(), self.wall());
        let signed = |d: Duration| i64::try_from(d.as_secs()).unwrap_or(i64::MAX);
        wall.saturating_add(signed(moment.since(now))).saturating_sub(signed(now.since(moment)))
    }

    /// Returns when `deadline` has come, also when the machine slept through it.
    pub async fn sleep_until(&self, deadline: Moment) {
        let mut jumps = self.0.jumps.subscribe();
        loop {
            let now = self.now();
            if now >= deadline {
                return;
            }
            let timer = async {
                match self.0.kind {
                    Kind::System { .. } => tokio::time::sleep(deadline.since(now)).await,
                    Kind::Manual(_) => std::future::pending().await,
                }
            };
            tokio::select! {
                () = timer => {}
                // The sender lives in `self`, so this cannot fail.
                _ = jumps.changed() => {}
            }
        }
    }

    /// Returns after `duration`, suspend included.
    pub async fn sleep(&self, duration: Duration) {
        self.sleep_until(self.now() + duration).await;
    }

    /// Moves a manual clock, wall time included, and wakes its sleepers. A system clock only wakes them.
    pub fn advance(&self, by: Duration) {
        if let Kind::Manual(manual) = &self.0.kind {
            let mut manual = manual.lock().unwrap_or_else(PoisonError::into_inner);
            manual.now = manual.now + by;
            manual.wall = manual.wall.saturating_add(i64::try_from(by.as_secs()).unwrap_or(i64::MAX));
        }
        self.0.jumps.send_modify(|n| *n = n.wrapping_add(1));
    }

    /// How many sleepers wait on this clock, so that a test knows when to move it.
    #[cfg(test)]
    pub(crate) fn sleepers(&self) -> usize {
        self.0.jumps.receiver_count()
    }

    /// Steps a manual clock's wall time alone, as an administrator or NTP would.
    pub fn step_wall(&self, seconds: i64) {
        if let Kind::Manual(manual) = &self.0.kind {
            let mut manual = manual.lock().unwrap_or_else(PoisonError::into_inner);
            manual.wall = manual.wall.saturating_add(seconds);
        }
    }
}

/// How often [`watch_for_jumps`] looks. A resumed machine is noticed within this time.
pub const JUMP_WATCH: Duration = Duration::from_secs(10);

/// Wakes every sleeper when more time has passed than the timers counted, which is what a suspend looks like.
/// Runs until dropped.
pub async fn watch_for_jumps(clock: Clock) {
    loop {
        let before = clock.now();
        tokio::time::sleep(JUMP_WATCH).await;
        let passed = clock.now().since(before);
        if passed > JUMP_WATCH + Duration::from_secs(2) {
            tracing::info!(seconds = passed.as_secs(), "the clock jumped, as after a suspend");
            clock.advance(Duration::ZERO);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn sleepers_on_a_manual_clock_wake_when_it_is_moved() {
        let clock = Clock::manual(1_790_000_000);
        let deadline = clock.now() + Duration::from_mins(1);
        let sleeper = clock.sleep_until(deadline);
        tokio::pin!(sleeper);
        assert!(futures_util::poll!(&mut sleeper).is_pending());
        clock.advance(Duration::from_secs(59));
        assert!(futures_util::poll!(&mut sleeper).is_pending());
        clock.advance(Duration::from_secs(1));
        sleeper.await;
        assert_eq!(clock.wall(), 1_790_000_060);
    }

    #[test]
    fn wall_steps_do_not_move_moments() {
        let clock = Clock::manual(1_790_000_000);
        let now = clock.now();
        clock.step_wall(-3600);
        assert_eq!((clock.now(), clock.wall()), (now, 1_789_996_400));
        assert_eq!(clock.wall_at(now + Duration::from_secs(10)), 1_789_996_410);
        assert_eq!(clock.wall_at(now - Duration::from_secs(10)), 1_789_996_390);
    }
}
