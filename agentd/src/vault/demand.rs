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
    entries: Mutex<HashMap<Arc<Target>, Entry>>,
    bell: Notify,
}

#[derive(Debug, Default)]
struct Entry {
    /// Posted and not yet taken up.
    posted: Vec<Need>,
    /// The round that runs now, or the last one that ran.
    started: u64,
    /// The last round that ended, and how.
    concluded: u64,
    outcome: Option<Trouble>,
}

/// The round that will answer a caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Round(u64);

impl Board {
    /// Posts a want. A round under way for the same target counts, since it began before its answer is needed.
    ///
    /// # Errors
    /// [`Trouble::Busy`] when too many different targets are in demand.
    pub(super) fn post(&self, want: &Want) -> Result<Round, Trouble> {
        let mut entries = self.entries();
        if entries.len() >= MOST_TARGETS && !entries.contains_key(&want.target) {
            entries.retain(|_, e| !e.posted.is_empty() || e.started > e.concluded);
            if entries.len() >= MOST_TARGETS {
                return Err(Trouble::Busy);
            }
        }
        let entry = entries.entry(Arc::clone(&want.target)).or_default();
        if entry.started > entry.concluded {
            return Ok(Round(entry.started));
        }
        if !entry.posted.contains(&want.need) {
            entry.posted.push(want.need);
        }
        let round = Round(entry.started + 1);
        drop(entries);
        self.bell.notify_one();
        Ok(round)
    }

    /// Whether something was posted for the target, or runs for it.
    pub(super) fn in_demand(&self, target: &Target) -> bool {
        self.entries().get(target).is_some_and(|entry| !entry.posted.is_empty() || entry.started > entry.concluded)
    }

    /// Whether the round has ended; if so, how.
    pub(super) fn concluded(&self, target: &Target, round: Round) -> Option<Result<(), Trouble>> {
        let entries = self.entries();
        // An entry that was tidied away had ended.
        let Some(entry) = entries.get(target) else { return Some(Err(Trouble::Superseded)) };
        (entry.concluded >= round.0).then(|| entry.outcome.clone().map_or(Ok(()), Err))
    }

    /// Keeper: waits until something is posted.
    pub(super) async fn rung(&self) {
        self.bell.notified().await;
    }

    /// Keeper: the next target in demand with all needs posted for it.
    pub(super) fn next(&self) -> Option<(Arc<Target>, Vec<Need>)> {
        let mut entries = self.entries();
        let (target, entry) = entries.iter_mut().find(|(_, e)| !e.posted.is_empty())?;
        Some((Arc::clone(target), std::mem::take(&mut entry.posted)))
    }

    /// Keeper: a round for `target` begins; callers who post from now on join it.
    pub(super) fn start(&self, target: &Arc<Target>) {
        let mut entries = self.entries();
        let entry = entries.entry(Arc::clone(target)).or_default();
        entry.started = entry.concluded + 1;
    }

    /// Keeper: the round that runs, or the one that posted needs wait for, has ended.
    pub(super) fn conclude(&self, target: &Arc<Target>, outcome: Option<Trouble>) {
        let mut entries = self.entries();
        let entry = entries.entry(Arc::clone(target)).or_default();
        entry.concluded += 1;
        entry.started = entry.concluded;
        entry.outcome = outcome;
    }

    /// Keeper: ends every demand the same way, as when the grant is gone.
    pub(super) fn conclude_all(&self, outcome: &Trouble) {
        for entry in self.entries().values_mut() {
            entry.posted.clear();
            entry.concluded += 1;
            entry.started = entry.concluded;
            entry.outcome = Some(outcome.clone());
        }
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<Arc<Target>, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
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
