//! Handing out leases: at once from what is published, else by a demand on the keeper's board.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::demand::Board;
use super::lease::{Lease, target_hash};
use super::view::{Credential, Served, Snapshot};
use super::want::{Need, Target, Want};
use super::{Handle, SelectError, Trouble, Vault};
use crate::clock::Moment;
use crate::config::Reveal;
use crate::store::record::RecordId;

/// A `reject` causes at most one refresh of a grant in this time; a service that refuses every token must not make
/// the agent hammer the issuer.
pub const REJECT_SPACING: Duration = Duration::from_secs(30);
/// How often a caller starts over because the grant was replaced while it waited.
const MOST_RESTARTS: usize = 3;

/// A lease as it is handed out.
#[derive(Debug)]
pub struct Handed {
    /// Names it in `reject`.
    pub lease: String,
    /// The profile.
    pub profile: Arc<str>,
    /// The credential.
    pub served: Served,
    /// Life left at the time of the answer; `None` when unknown.
    pub left: Option<Duration>,
    /// Whether the caller's own wish, or the default promise, is met.
    pub min_ttl_met: bool,
    /// When it may be printed.
    pub reveal: Reveal,
}

/// Why there is no lease.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ServeError {
    /// No profile was found.
    #[error(transparent)]
    Select(#[from] SelectError),
    /// The profile has none to give.
    #[error("profile `{profile}`: {trouble}")]
    Trouble {
        /// Which profile.
        profile: Arc<str>,
        /// Why.
        trouble: Trouble,
    },
    /// There is no such credential beside the login's own.
    #[error("profile `{profile}` has no such credential")]
    NoSuchSecondary {
        /// Which profile.
        profile: Arc<str>,
        /// The words of those there are.
        known: Vec<String>,
    },
    /// The lease is none of this agent's, or its token is forgotten.
    #[error("there is no such lease")]
    UnknownLease,
}

/// What became of a rejected lease.
#[derive(Debug)]
pub enum Rejection {
    /// A newer token was there already.
    Newer(Handed),
    /// It was refreshed.
    Refreshed(Handed),
    /// It was refreshed a moment ago; the same token again.
    Unchanged(Handed, Duration),
}

/// How many leases were handed out since the start.
#[derive(Debug, Default)]
pub(super) struct Tally {
    at_once: AtomicU64,
    waited: AtomicU64,
    waiting: AtomicU64,
}

/// The same at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServedCount {
    /// Without waiting.
    pub at_once: u64,
    /// After waiting for a service, or for the answer that others wait for.
    pub waited: u64,
    /// How many callers wait.
    pub waiting: u64,
}

/// A caller that waits.
struct Waiting<'t>(&'t Tally);

impl<'t> Waiting<'t> {
    fn new(tally: &'t Tally) -> Self {
        tally.waiting.fetch_add(1, Relaxed);
        Self(tally)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Relaxed);
    }
}

/// When a `reject` last caused a refresh, per grant.
#[derive(Debug, Default)]
pub(super) struct Rejections(Mutex<HashMap<RecordId, Moment>>);

impl Vault {
    /// A token of `profile` for `target`, with at least `min_ttl` of life where that is possible.
    ///
    /// # Errors
    /// [`ServeError`] says what to do.
    pub async fn token(
        &self,
        profile: Option<&str>,
        target: Target,
        min_ttl: Option<Duration>,
    ) -> Result<Handed, ServeError> {
        if let Some(handed) = self.at_once(profile, &target, min_ttl)? {
            return Ok(handed);
        }
        let waiting = Waiting::new(&self.0.tally);
        let handed = self.demand(&self.find(profile)?, target, Need::Ttl(min_ttl)).await?;
        drop(waiting);
        self.0.tally.waited.fetch_add(1, Relaxed);
        Ok(handed)
    }

    /// How many leases were handed out, and how many callers wait.
    pub fn served(&self) -> ServedCount {
        let Tally { at_once, waited, waiting } = &self.0.tally;
        ServedCount { at_once: at_once.load(Relaxed), waited: waited.load(Relaxed), waiting: waiting.load(Relaxed) }
    }

    /// The token that [`Vault::token`] gives without waiting; `None` when it would have to wait.
    ///
    /// # Errors
    /// [`ServeError::Select`] when no profile was found.
    pub fn at_once(
        &self,
        profile: Option<&str>,
        target: &Target,
        min_ttl: Option<Duration>,
    ) -> Result<Option<Handed>, ServeError> {
        let handle = self.find(profile)?;
        if !target.is_main() {
            return Ok(None);
        }
        let snapshot = handle.shared.state.borrow();
        let served = snapshot.meeting(target, Need::Ttl(min_ttl), self.clock().now());
        Ok(served.map(|served| {
            self.0.tally.at_once.fetch_add(1, Relaxed);
            self.hand(&snapshot, target, served, min_ttl)
        }))
    }

    /// A credential that came with the login of `profile`, by its word.
    ///
    /// # Errors
    /// [`ServeError::NoSuchSecondary`] names those there are.
    pub fn secondary(&self, profile: Option<&str>, word: &str) -> Result<Handed, ServeError> {
        let handle = self.find(profile)?;
        let snapshot = handle.shared.state.borrow().clone();
        let held = snapshot.secondaries.iter().find(|held| held.name == word);
        let Some(secret) = held.and_then(|held| held.secret.clone()) else {
            let known = snapshot.secondaries.iter().filter(|held| held.secret.is_some());
            let known = known.map(|held| held.name.clone()).collect();
            return Err(ServeError::NoSuchSecondary { profile: Arc::clone(&snapshot.name), known });
        };
        let scheme = snapshot.place.as_deref().map_or("Bearer", |place| &place.scheme);
        let served = Served {
            credential: Credential::ApiKey(secret),
            token_type: Arc::from(scheme),
            issued_at: self.clock().now(),
            expires_at: None,
            scope: None,
            generation: 0,
        };
        // No target has this name, so that a lease of it cannot be taken for one of the login's own.
        let target = Target { audience: Some(format!("\0{word}")), ..Target::default() };
        Ok(self.hand(&snapshot, &target, &served, None))
    }

    /// Refreshes now, also where the agent has given up. A refresh under way counts.
    ///
    /// # Errors
    /// [`ServeError`] says what to do.
    pub async fn refresh(&self, profile: Option<&str>) -> Result<Arc<Snapshot>, ServeError> {
        let handle = self.find(profile)?;
        let than = handle.shared.state.borrow().main.as_ref().map_or(0, |main| main.generation);
        self.demand(&handle, Target::default(), Need::Newer { than, forced: true }).await?;
        let snapshot = handle.shared.state.borrow().clone();
        Ok(snapshot)
    }

    /// "The service refused this lease." Hands over a newer token where there is one, else refreshes, at most once in
    /// [`REJECT_SPACING`]. Nothing is thrown away.
    ///
    /// # Errors
    /// [`ServeError`] says what to do.
    pub async fn reject(&self, lease: Option<&str>, profile: Option<&str>) -> Result<Rejection, ServeError> {
        let (handle, target, than) = match lease {
            None => {
                let handle = self.find(profile)?;
                let than = handle.shared.state.borrow().main.as_ref().map_or(0, |main| main.generation);
                (handle, Arc::default(), than)
            }
            Some(lease) => self.leased(lease).ok_or(ServeError::UnknownLease)?,
        };
        let newer = Need::Newer { than, forced: false };
        {
            let (now, snapshot) = (self.clock().now(), handle.shared.state.borrow());
            if let Some(served) = snapshot.meeting(&target, newer, now).filter(|s| s.is_valid(now)) {
                return Ok(Rejection::Newer(self.hand(&snapshot, &target, served, None)));
            }
            let board = &handle.shared.board;
            let want = Want { target: Arc::clone(&target), need: newer };
            if snapshot.refreshable
                && let Some(wait) = self.0.rejections.claim(handle.id, now, board, &want)
                && let Some(served) = snapshot.served(&target)
            {
                return Ok(Rejection::Unchanged(self.hand(&snapshot, &target, served, None), wait));
            }
        }
        self.demand(&handle, Target::clone(&target), newer).await.map(Rejection::Refreshed)
    }

    /// The keeper, target and generation a lease was for.
    fn leased(&self, lease: &str) -> Option<(Handle, Arc<Target>, u64)> {
        let lease = Lease::parse(lease)?;
        let handle = self.directory().profiles.values().find(|h| h.id == lease.record)?.clone();
        let target = if lease.target == 0 {
            Arc::default()
        } else {
            let snapshot = handle.shared.state.borrow();
            Arc::clone(snapshot.narrowed.keys().find(|t| target_hash(t) == lease.target)?)
        };
        Some((handle, target, lease.generation))
    }

    /// Posts a demand and waits for its round to end. Dropping this future leaves nothing behind.
    async fn demand(&self, handle: &Handle, asked: Target, need: Need) -> Result<Handed, ServeError> {
        let mut changes = handle.shared.state.subscribe();
        let profile = Arc::clone(&changes.borrow_and_update().name);
        let failed = |trouble| ServeError::Trouble { profile: Arc::clone(&profile), trouble };
        let min_ttl = if let Need::Ttl(wish) = need { wish } else { None };
        let mut restarts = 0;
        loop {
            let snapshot = changes.borrow_and_update().clone();
            let target = Arc::new(snapshot.target(asked.clone()).map_err(failed)?);
            if let Some(served) = snapshot.meeting(&target, need, self.clock().now()) {
                return Ok(self.hand(&snapshot, &target, served, min_ttl));
            }
            let want = Want { target: Arc::clone(&target), need };
            let round = handle.shared.board.post(&want).map_err(failed)?;
            let outcome = loop {
                if let Some(outcome) = handle.shared.board.concluded(&target, round) {
                    break outcome;
                }
                // The sender is part of `handle`, so this cannot fail.
                changes.changed().await.map_err(|_| failed(Trouble::Superseded))?;
            };
            let snapshot = changes.borrow_and_update().clone();
            let served = snapshot.served(&target);
            return match (outcome, served) {
                (Ok(()), Some(served)) => Ok(self.hand(&snapshot, &target, served, min_ttl)),
                (Err(Trouble::Superseded), _) | (Ok(()), None) if restarts < MOST_RESTARTS => {
                    restarts += 1;
                    continue;
                }
                // Serve-valid: less life than wished for is better than none while the service cannot be asked.
                (Err(_), Some(served)) if served.is_valid(self.clock().now()) && matches!(need, Need::Ttl(_)) => {
                    Ok(self.hand(&snapshot, &target, served, min_ttl))
                }
                (Err(trouble), _) => Err(failed(trouble)),
                (Ok(()), None) => Err(failed(Trouble::Superseded)),
            };
        }
    }

    fn hand(&self, snapshot: &Snapshot, target: &Target, served: &Served, wish: Option<Duration>) -> Handed {
        let now = self.clock().now();
        let lease = Lease { record: snapshot.id, generation: served.generation, target: target_hash(target) };
        let promise = super::freshness::default_min_ttl(served.life(), snapshot.rules.refresh);
        Handed {
            lease: self.0.numbers.issue(&lease),
            profile: Arc::clone(&snapshot.name),
            served: served.clone(),
            left: served.expires_at.map(|at| at.since(now)),
            min_ttl_met: super::freshness::is_fresh(now, served.expires_at, wish.unwrap_or(promise)),
            reveal: snapshot.rules.reveal,
        }
    }
}

impl Rejections {
    /// `None`: the caller is to wait for a refresh, its own or one that others have caused and that is still to end.
    /// Else how long until another may be caused. Posts the want while it holds the lock, so that of several callers
    /// who were refused the same token at the same time each gets the new one.
    fn claim(&self, grant: RecordId, now: Moment, board: &Board, want: &Want) -> Option<Duration> {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.retain(|_, at| now.since(*at) < REJECT_SPACING);
        if board.is_in_demand(&want.target) {
            return None;
        }
        let Some(at) = last.get(&grant) else {
            last.insert(grant, now);
            // Posted again, and then answered for, by the caller's own demand.
            let _round = board.post(want);
            return None;
        };
        Some(REJECT_SPACING.saturating_sub(now.since(*at)))
    }
}
