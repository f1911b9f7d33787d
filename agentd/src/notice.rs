//! What happened, told to whoever listens. Nobody waits for a listener, and nothing depends on being heard.
//!
//! There are two boards: the common one, whose latest notices are kept for who comes late, and one that has the leases
//! handed out as well. The latter are many, so nothing is made of them until somebody listens there. What is exchanged with
//! services is told on a third, `traffic`.

pub mod traffic;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::broadcast::{self, error::RecvError};

use self::traffic::Traffic;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A grant that cannot be refreshed lapses before long.
    LapsesSoon,
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
    /// A profile has another name.
    Renamed,
    /// The daemon stops.
    Stopping,
    /// Another profile is current.
    Switched,
    /// A lease was handed out.
    TokenServed,
    /// A refresh failed because the service does not accept the client; it is not tried again by itself.
    Unaccepted,
}

/// How many kinds there are.
const KINDS: usize = Kind::Unaccepted as usize + 1;

/// Who asked for a lease, as far as the system tells. A hint for people and no proof: a process can look like another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Its process id.
    pub pid: i32,
    /// The name of its program.
    pub program: Option<String>,
    /// The name of the program that started it.
    pub parent: Option<String>,
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
    /// With failures: why, in words without any secret. With [`Kind::Renamed`]: the name it had.
    pub why: Option<String>,
    /// With [`Kind::TokenServed`]: to whom.
    pub caller: Option<Caller>,
    /// With [`Kind::LapsesSoon`]: when, in seconds since 1970.
    pub lapses_at: Option<i64>,
}

/// Listeners that fall behind by more than this lose the oldest and are told so.
pub const BACKLOG: usize = 256;
/// How many notices are kept for listeners to come.
pub const KEPT: usize = 100;

/// Where notices are posted and heard. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Notices(Arc<Boards>);

#[derive(Debug)]
struct Boards {
    clock: crate::clock::Clock,
    /// The latest of the common board. Held while one is posted, so that who begins to listen misses none and hears none
    /// twice.
    kept: Mutex<VecDeque<Notice>>,
    common: broadcast::Sender<Notice>,
    everything: broadcast::Sender<Notice>,
    /// Listeners of `everything`; the channel's own count takes a lock.
    curious: AtomicUsize,
    traffic: Traffic,
    counts: [AtomicU64; KINDS],
}

/// Hears notices until it is dropped.
#[derive(Debug)]
pub struct Listener {
    earlier: VecDeque<Notice>,
    receiver: broadcast::Receiver<Notice>,
    /// Counted there as curious.
    boards: Option<Arc<Boards>>,
}

/// Some notices were lost, since the listener was too slow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lost;

impl Notices {
    /// Boards with no listener.
    pub fn new(clock: crate::clock::Clock) -> Self {
        Self(Arc::new(Boards {
            traffic: Traffic::new(clock.clone()),
            clock,
            kept: Mutex::default(),
            common: broadcast::Sender::new(BACKLOG),
            everything: broadcast::Sender::new(BACKLOG),
            curious: AtomicUsize::new(0),
            counts: [const { AtomicU64::new(0) }; KINDS],
        }))
    }

    /// Tells of something that happened now.
    pub fn post(&self, kind: Kind, profile: Option<Arc<str>>, why: Option<String>) {
        self.tell(Notice { at: self.0.clock.wall(), kind, profile, why, caller: None, lapses_at: None });
    }

    /// Tells that `profile` lapses at `at`, in seconds since 1970.
    pub fn post_lapse(&self, profile: Arc<str>, at: i64) {
        let (kind, profile, lapses_at) = (Kind::LapsesSoon, Some(profile), Some(at));
        self.tell(Notice { at: self.0.clock.wall(), kind, profile, why: None, caller: None, lapses_at });
    }

    fn tell(&self, notice: Notice) {
        self.count(notice.kind);
        let mut kept = self.0.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() == KEPT {
            kept.pop_front();
        }
        kept.push_back(notice.clone());
        // Sending fails when nobody listens.
        let _unheard = self.0.common.send(notice.clone());
        let _unheard = self.0.everything.send(notice);
    }

    /// Tells of a lease that was handed out to `caller`, who is only looked up if somebody listens for it.
    pub fn post_lease(&self, profile: &Arc<str>, caller: impl FnOnce() -> Option<Caller>) {
        if self.0.curious.load(Relaxed) > 0 {
            let (at, caller) = (self.0.clock.wall(), caller());
            let profile = Some(Arc::clone(profile));
            let notice = Notice { at, kind: Kind::TokenServed, profile, why: None, caller, lapses_at: None };
            let _unheard = self.0.everything.send(notice);
        }
    }

    /// Hears the latest `earlier` notices, then everything from now on; leases only if `leases`.
    pub fn listen(&self, earlier: usize, leases: bool) -> Listener {
        let kept = self.0.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let earlier = kept.range(kept.len().saturating_sub(earlier)..).cloned().collect();
        if leases {
            self.0.curious.fetch_add(1, Relaxed);
            return Listener { earlier, receiver: self.0.everything.subscribe(), boards: Some(Arc::clone(&self.0)) };
        }
        Listener { earlier, receiver: self.0.common.subscribe(), boards: None }
    }

    /// How often something of `kind` has happened since the start; leases are not counted here.
    pub fn counted(&self, kind: Kind) -> u64 {
        self.0.counts[kind as usize].load(Relaxed)
    }

    fn count(&self, kind: Kind) {
        self.0.counts[kind as usize].fetch_add(1, Relaxed);
    }

    /// What is exchanged with services.
    pub fn traffic(&self) -> &Traffic {
        &self.0.traffic
    }

    /// How many listen.
    pub fn listeners(&self) -> usize {
        self.0.common.receiver_count() + self.0.everything.receiver_count()
    }
}

impl Listener {
    /// The next notice; `None` when there will be no more.
    pub async fn next(&mut self) -> Option<Result<Notice, Lost>> {
        if let Some(notice) = self.earlier.pop_front() {
            return Some(Ok(notice));
        }
        match self.receiver.recv().await {
            Ok(notice) => Some(Ok(notice)),
            Err(RecvError::Lagged(_)) => Some(Err(Lost)),
            Err(RecvError::Closed) => None,
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Some(boards) = &self.boards {
            boards.curious.fetch_sub(1, Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    fn profile(name: &str) -> Arc<str> {
        Arc::from(name)
    }

    #[tokio::test]
    async fn who_comes_late_hears_the_latest_and_nothing_twice() {
        let notices = Notices::new(Clock::manual(7));
        for number in 0..=KEPT {
            notices.post(Kind::Refreshed, Some(profile(&number.to_string())), None);
        }
        let mut two = notices.listen(2, false);
        let mut all = notices.listen(usize::MAX, false);
        notices.post(Kind::Removed, None, None);
        let first = all.next().await.expect("there is one").expect("none was lost");
        assert_eq!(first.profile.as_deref(), Some("1"), "the oldest is gone");
        let mut heard = Vec::new();
        for _ in 0..3 {
            heard.push(two.next().await.expect("there is one").expect("none was lost"));
        }
        let names: Vec<_> = heard.iter().map(|notice| notice.profile.as_deref()).collect();
        let before_last = (KEPT - 1).to_string();
        assert_eq!(names, [Some(&*before_last), Some(&*KEPT.to_string()), None]);
        assert_eq!(notices.counted(Kind::Refreshed), KEPT as u64 + 1);
    }

    #[tokio::test]
    async fn nobody_is_looked_up_until_somebody_listens_for_leases() {
        let notices = Notices::new(Clock::manual(7));
        let common = notices.listen(0, false);
        notices.post_lease(&profile("work"), || unreachable!("nobody listens for it"));
        let mut curious = notices.listen(0, true);
        notices.post_lease(&profile("work"), || Some(Caller { pid: 4, program: None, parent: None }));
        let heard = curious.next().await.expect("there is one").expect("none was lost");
        assert_eq!((heard.kind, heard.caller.map(|caller| caller.pid)), (Kind::TokenServed, Some(4)));
        drop(curious);
        notices.post_lease(&profile("work"), || unreachable!("nobody listens any more"));
        drop(common);
    }

    #[tokio::test]
    async fn who_is_too_slow_is_told_so() {
        let notices = Notices::new(Clock::manual(7));
        let mut slow = notices.listen(0, false);
        for _ in 0..=BACKLOG {
            notices.post(Kind::Refreshed, None, None);
        }
        assert_eq!(slow.next().await.map(|heard| heard.is_err()), Some(true));
        assert_eq!(slow.next().await.map(|heard| heard.is_ok()), Some(true));
    }
}
