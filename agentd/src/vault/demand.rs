//! The board on which callers post what they need, and on which the keeper says what became of it.
//!
//! Callers do not queue in the keeper's command channel: a thousand of them post the same target and become one entry.
//! Each is given the number of the round that will answer it. A caller who goes away leaves nothing behind that
//! anybody waits for.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::Trouble;
use super::want::{Need, Target, Want};

/// At most this many different targets are in demand for one grant at a time; a program that invents targets must not
/// grow the daemon.
pub const MOST_TARGETS: usize = 64;

/// See the module's documentation.
#[derive(Debug, Default)]
pub(super) struct Board {
    inner: Mutex<Inner>,
    bell: Notify,
}

#[derive(Debug, Default)]
struct Inner {
    entries: HashMap<Arc<Target>, Entry>,
    /// New entries count from here: no round of an entry that was tidied away is above it.
    floor: u64,
    /// The keeper has ended: nobody will take up a demand.
    closed: bool,
}

#[derive(Debug, Default)]
struct Entry {
    /// Posted and not yet taken up.
    posted: Vec<Need>,
    phase: Phase,
    /// The last round that ended, and how.
    concluded: u64,
    outcome: Option<Trouble>,
}

/// What the keeper does with a target.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Idle,
    /// It has taken up what was posted and looks whether that needs an exchange. Who comes now was not looked at.
    Deciding,
    Running,
}

impl Entry {
    fn is_in_demand(&self) -> bool {
        !self.posted.is_empty() || self.phase != Phase::Idle
    }
}

/// The round that will answer a caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Round(u64);

impl Board {
    /// Posts a want. A round under way for the same target counts, since it began before its answer is needed.
    ///
    /// # Errors
    /// [`Trouble::Busy`] when too many different targets are in demand, [`Trouble::Superseded`] after the keeper's end.
    pub(super) fn post(&self, want: &Want) -> Result<Round, Trouble> {
        let mut inner = self.inner();
        if inner.closed {
            return Err(Trouble::Superseded);
        }
        if inner.entries.len() >= MOST_TARGETS && !inner.entries.contains_key(&want.target) {
            inner.tidy();
            if inner.entries.len() >= MOST_TARGETS {
                return Err(Trouble::Busy);
            }
        }
        let entry = inner.entry(&want.target);
        let round = match entry.phase {
            Phase::Running => return Ok(Round(entry.concluded + 1)),
            Phase::Deciding => Round(entry.concluded + 2),
            Phase::Idle => Round(entry.concluded + 1),
        };
        if !entry.posted.contains(&want.need) {
            entry.posted.push(want.need);
        }
        drop(inner);
        self.bell.notify_one();
        Ok(round)
    }

    /// Whether the round has ended; if so, how.
    pub(super) fn concluded(&self, target: &Target, round: Round) -> Option<Result<(), Trouble>> {
        let inner = self.inner();
        // An entry that was tidied away had ended.
        let Some(entry) = inner.entries.get(target) else { return Some(Err(Trouble::Superseded)) };
        if entry.concluded >= round.0 {
            return Some(entry.outcome.clone().map_or(Ok(()), Err));
        }
        inner.closed.then_some(Err(Trouble::Superseded))
    }

    /// Whether an answer for `target` is on its way.
    pub(super) fn is_in_demand(&self, target: &Target) -> bool {
        self.inner().entries.get(target).is_some_and(Entry::is_in_demand)
    }

    /// Keeper: waits until something is posted.
    pub(super) async fn rung(&self) {
        self.bell.notified().await;
    }

    /// Keeper: the next target in demand with all needs posted for it. Its round is to be started or concluded.
    pub(super) fn next(&self) -> Option<(Arc<Target>, Vec<Need>)> {
        let mut inner = self.inner();
        let (target, entry) = inner.entries.iter_mut().find(|(_, e)| !e.posted.is_empty())?;
        entry.phase = Phase::Deciding;
        Some((Arc::clone(target), std::mem::take(&mut entry.posted)))
    }

    /// Keeper: a round for `target` begins; callers who post from now on join it.
    pub(super) fn start(&self, target: &Arc<Target>) {
        self.inner().entry(target).phase = Phase::Running;
    }

    /// Keeper: the round that runs, or the one that posted needs wait for, has ended.
    pub(super) fn conclude(&self, target: &Arc<Target>, outcome: Option<Trouble>) {
        let mut inner = self.inner();
        let entry = inner.entry(target);
        entry.concluded += 1;
        entry.phase = Phase::Idle;
        entry.outcome = outcome;
    }

    /// Keeper: ends every demand the same way, as when the grant is gone.
    pub(super) fn conclude_all(&self, outcome: &Trouble) {
        for entry in self.inner().entries.values_mut() {
            entry.posted.clear();
            // The round that runs, and the one that was posted while it was decided on.
            entry.concluded += 2;
            entry.phase = Phase::Idle;
            entry.outcome = Some(outcome.clone());
        }
    }

    /// Keeper: it ends. Nobody waits for it from now on.
    pub(super) fn close(&self) {
        self.inner().closed = true;
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn entry(&mut self, target: &Arc<Target>) -> &mut Entry {
        let fresh = || Entry { concluded: self.floor, ..Entry::default() };
        self.entries.entry(Arc::clone(target)).or_insert_with(fresh)
    }

    /// Removes the entries that nobody works on.
    fn tidy(&mut self) {
        let over = self.entries.extract_if(|_, entry| !entry.is_in_demand());
        self.floor = over.map(|(_, entry)| entry.concluded).fold(self.floor, u64::max);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn want(audience: &str) -> Want {
        let target = Target { audience: Some(audience.to_owned()), ..Target::default() };
        Want { target: Arc::new(target), need: Need::Ttl(None) }
    }

    #[test]
    fn equal_wants_share_a_round_and_late_ones_join_it() {
        let board = Board::default();
        let first = board.post(&want("a")).expect("room");
        assert_eq!(board.post(&want("a")), Ok(first));
        let (target, needs) = board.next().expect("one target is in demand");
        assert_eq!(needs, [Need::Ttl(None)]);
        board.start(&target);
        assert_eq!(board.post(&want("a")), Ok(first), "joins the round under way");
        assert_eq!(board.concluded(&target, first), None);
        board.conclude(&target, None);
        assert_eq!(board.concluded(&target, first), Some(Ok(())));
        assert!(board.post(&want("a")).expect("room") > first);
    }

    #[test]
    fn who_comes_while_the_keeper_decides_is_answered_by_the_round_after() {
        let board = Board::default();
        let first = board.post(&want("a")).expect("room");
        let (target, _) = board.next().expect("one target is in demand");
        let newer = Need::Newer { than: 7, forced: true };
        let late = board.post(&Want { need: newer, ..want("a") }).expect("room");
        board.conclude(&target, None);
        assert_eq!(board.concluded(&target, first), Some(Ok(())));
        assert_eq!(board.concluded(&target, late), None, "nobody has looked at this need");
        assert_eq!(board.next().expect("it is still in demand").1, [newer]);
        board.conclude_all(&Trouble::Superseded);
        assert_eq!(board.concluded(&target, late), Some(Err(Trouble::Superseded)));
    }

    #[test]
    fn a_round_stays_ended_when_its_entry_was_tidied_away_and_made_again() {
        let board = Board::default();
        let mut round = None;
        for _ in 0..5 {
            round = Some(board.post(&want("a")).expect("room"));
            let (target, _) = board.next().expect("one target is in demand");
            board.conclude(&target, None);
        }
        for i in 0..MOST_TARGETS {
            board.post(&want(&i.to_string())).expect("room");
        }
        while let Some((target, _)) = board.next() {
            board.conclude(&target, None);
        }
        board.post(&want("tidies")).expect("room");
        let again = board.post(&want("a")).expect("room");
        assert!(board.concluded(&want("a").target, round.expect("there were five")).is_some());
        assert_eq!(board.concluded(&want("a").target, again), None);
    }

    #[test]
    fn a_grant_that_goes_ends_every_demand() {
        let board = Board::default();
        let round = board.post(&want("a")).expect("room");
        board.conclude_all(&Trouble::Superseded);
        assert_eq!(board.concluded(&want("a").target, round), Some(Err(Trouble::Superseded)));
        assert!(board.next().is_none());
    }

    #[test]
    fn invented_targets_are_bounded() {
        let board = Board::default();
        for i in 0..MOST_TARGETS {
            board.post(&want(&i.to_string())).expect("room");
        }
        assert_eq!(board.post(&want("one more")), Err(Trouble::Busy));
        while let Some((target, _)) = board.next() {
            board.conclude(&target, None);
        }
        board.post(&want("one more")).expect("finished entries make room");
    }
}
