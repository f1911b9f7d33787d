//! Grants in memory: who has which, and how to get a fresh token of one.
//!
//! Each grant belongs to a `keeper` task; the vault holds the keepers' handles by profile name and the current
//! selection. Reads are answered from what the keepers published and never wait for a network. The vault knows
//! nothing of requests and status codes, of how a login is made, or of bytes on disk.

mod attempt;
mod current;
mod demand;
mod freshness;
mod given;
mod grant;
mod handover;
mod keeper;
mod lanes;
mod lease;
mod meant;
mod record;
mod rename;
mod select;
mod serve;
mod trouble;
mod view;
mod want;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use futures_channel::mpsc;
use futures_util::future::BoxFuture;
use tokio::sync::{oneshot, watch};

use crate::clock::Clock;
use crate::config::ProfileConfig;
use crate::notice::Notices;
use crate::oauth::{Client, ExchangeError, Tokens};
use crate::provider::{Flow, Place};
use crate::secret::{AccessToken, RefreshToken};
use crate::service::{Ended, Report};
use crate::store::record::{Choice, RecordId};
use crate::store::{Loaded, Store, WriteError};
use crate::supervise::{Panic, Tasks};

pub use demand::MOST_TARGETS;
pub use given::{Beside, Learned, NewGrant, NewKey};
pub use keeper::LogoutReport;
pub use lanes::LANES_PER_ISSUER;
pub use meant::{Considered, Decision, Destination, Level, Suggestion, Undecided, Verdict, Wishes};
pub use rename::RenameError;
pub use select::free_name;
pub use serve::{Handed, REJECT_SPACING, Rejection, ServeError, ServedCount};
pub use trouble::{SelectError, SwitchError, Trouble, Why};
pub use view::{Credential, Prospect, Served, Snapshot, Standing};
pub use want::{Scopes, Target};

use keeper::{Command, Keeper, Shared};
use select::site_of;

/// The party that renews and revokes tokens: an authorization server, or a simulation of one.
pub trait Issuer: Send + Sync + 'static {
    /// Presents the refresh token for `target`.
    fn refresh<'a>(
        &'a self,
        way: Way<'a>,
        token: &'a RefreshToken,
        target: &'a Target,
    ) -> BoxFuture<'a, Result<Tokens, ExchangeError>>;

    /// Exchanges the access token as granted for one for `target` (RFC 8693).
    fn narrow<'a>(
        &'a self,
        way: Way<'a>,
        token: &'a AccessToken,
        target: &'a Target,
    ) -> BoxFuture<'a, Result<Tokens, ExchangeError>>;

    /// Tells the service that a grant is over, and says what lives on there. Where that takes a renewal, its tokens are in
    /// `ended` afterwards.
    fn end<'a>(&'a self, ended: &'a mut Ended) -> BoxFuture<'a, Report>;
}

/// How a grant is renewed.
#[derive(Debug, Clone, Copy)]
pub struct Way<'a> {
    /// How its login was made.
    pub flow: Flow,
    /// For the token endpoint.
    pub client: &'a Client,
    /// What binds it to a provider.
    pub place: Option<&'a Place>,
}

/// What every keeper works with.
pub(crate) struct Parts {
    store: Store,
    issuer: Box<dyn Issuer>,
    clock: Clock,
    notices: Notices,
    lanes: lanes::Lanes,
    /// Ticks with every change that others may see.
    changes: watch::Sender<u64>,
}

impl Parts {
    fn changed(&self) {
        self.changes.send_modify(|count| *count = count.wrapping_add(1));
    }
}

/// The vault. Cheap to clone.
#[derive(Clone)]
pub struct Vault(Arc<Inner>);

struct Inner {
    parts: Arc<Parts>,
    tasks: Tasks,
    directory: RwLock<Directory>,
    /// Held while the set of profiles or the selection changes, so that such changes come one after another.
    changing: tokio::sync::Mutex<()>,
    rules: RwLock<BTreeMap<String, ProfileConfig>>,
    numbers: lease::Numbers,
    rejections: serve::Rejections,
    tally: serve::Tally,
}

#[derive(Default)]
struct Directory {
    profiles: BTreeMap<Arc<str>, Handle>,
    current: Option<Arc<str>>,
    choices: BTreeMap<String, Choice>,
}

impl Directory {
    fn names(&self) -> impl Iterator<Item = &str> {
        self.profiles.keys().map(|name| &**name)
    }
}

/// A keeper, as the vault sees it.
#[derive(Debug, Clone)]
struct Handle {
    id: RecordId,
    shared: Arc<Shared>,
    commands: mpsc::UnboundedSender<Command>,
}

impl Vault {
    /// Starts a keeper for each stored record. Everything that was stored is served from then on.
    pub fn open(
        loaded: Loaded,
        store: Store,
        issuer: Box<dyn Issuer>,
        clock: Clock,
        notices: Notices,
        tasks: Tasks,
        rules: BTreeMap<String, ProfileConfig>,
    ) -> Self {
        let changes = watch::Sender::new(0);
        let parts = Arc::new(Parts { store, issuer, clock, notices, lanes: lanes::Lanes::default(), changes });
        let vault = Self(Arc::new(Inner {
            parts,
            tasks,
            directory: RwLock::default(),
            changing: tokio::sync::Mutex::default(),
            rules: RwLock::new(rules),
            numbers: lease::Numbers::default(),
            rejections: serve::Rejections::default(),
            tally: serve::Tally::default(),
        }));
        let mut directory = Directory { choices: loaded.choices, ..Directory::default() };
        for record in loaded.records {
            let (id, sequence) = (record.id, record.sequence);
            let name: Arc<str> = Arc::from(record.name.as_str());
            let grant = record::read(record, vault.rules(&name), &vault.0.parts.clock);
            let handle = vault.keep(grant, sequence);
            if loaded.current == Some(id) {
                directory.current = Some(Arc::clone(&name));
            }
            directory.profiles.insert(name, handle);
        }
        *vault.0.directory.write().unwrap_or_else(PoisonError::into_inner) = directory;
        vault
    }

    fn keep(&self, grant: grant::Grant, sequence: u64) -> Handle {
        let id = grant.id;
        let name = format!("keeper:{}", grant.name);
        let (keeper, shared, commands) = Keeper::new(grant, sequence, Arc::clone(&self.0.parts));
        // Boxed: each wrapper around a future holds it twice, before and after its first poll.
        self.0.tasks.spawn(name, Panic::Stops, Box::pin(Box::new(keeper).run(self.0.tasks.clone())));
        Handle { id, shared, commands }
    }

    /// Takes a new login over, under `name`. Returns once it is durable, or known to be `unsaved`.
    pub async fn adopt(&self, name: &str, new: NewGrant) -> Arc<Snapshot> {
        let flow = new.flow;
        self.replace(name, flow, |reply| Command::Adopt(Box::new(new), reply)).await
    }

    /// Makes a profile of an environment that needs no login.
    pub async fn adopt_open(&self, name: &str, place: Place) -> Arc<Snapshot> {
        self.replace(name, Flow::None, |reply| Command::AdoptOpen(Box::new(place), reply)).await
    }

    /// Takes over what was learned of a profile's grant at its service.
    ///
    /// # Errors
    /// [`SelectError`] when there is no such profile.
    pub async fn learn(&self, name: &str, learned: Learned) -> Result<Arc<Snapshot>, SelectError> {
        let handle = self.find(Some(name))?;
        let (reply, done) = oneshot::channel();
        let _ending = handle.commands.unbounded_send(Command::Learn(Box::new(learned), reply));
        let _ending = done.await;
        let snapshot = handle.shared.state.borrow().clone();
        Ok(snapshot)
    }

    /// Takes a key over, under `name`.
    pub async fn adopt_key(&self, name: &str, new: NewKey) -> Arc<Snapshot> {
        let flow = new.flow;
        self.replace(name, flow, |reply| Command::AdoptKey(Box::new(new), reply)).await
    }

    async fn replace(
        &self,
        name: &str,
        flow: Flow,
        command: impl FnOnce(oneshot::Sender<()>) -> Command,
    ) -> Arc<Snapshot> {
        let one_at_a_time = self.0.changing.lock().await;
        let existing = self.directory().profiles.get(name).cloned();
        let handle = existing.unwrap_or_else(|| {
            let id = RecordId(u64::from_le_bytes(*crate::secret::random()));
            self.keep(grant::Grant::empty(id, Arc::from(name), flow, self.rules(name)), 0)
        });
        // Known before it has anything: a caller who hangs up from here on leaves no grant behind that nobody finds.
        self.directory_mut(|d| d.profiles.insert(Arc::from(name), handle.clone()));
        let (reply, done) = oneshot::channel();
        // A keeper ends only with the daemon or after `remove`, which takes it out of the directory first.
        let _ending = handle.commands.unbounded_send(command(reply));
        // The keeper may have a request under way; other profiles do not wait for that.
        drop(one_at_a_time);
        let _ending = done.await;
        handle.shared.state.borrow().clone()
    }

    /// Drops the grant and tells the service. A current profile is current no more.
    ///
    /// # Errors
    /// [`SelectError`] when there is no such profile.
    pub async fn logout(&self, profile: Option<&str>) -> Result<(Arc<str>, LogoutReport), SelectError> {
        let handle = self.find(profile)?;
        let name = Arc::clone(&handle.shared.state.borrow().name);
        let (reply, done) = oneshot::channel();
        let _ending = handle.commands.unbounded_send(Command::Logout(reply));
        let report = done.await.unwrap_or_else(|_| LogoutReport::nothing());
        if report.was_logged_in {
            let (vault, id) = (self.clone(), handle.id);
            self.to_the_end(async move { vault.unselect(id).await }).await;
        }
        Ok((name, report))
    }

    /// Forgets a profile without a request to anybody. Returns whether there was one. When it was current, the first
    /// of the same provider and environment becomes current.
    ///
    /// # Errors
    /// [`WriteError`] when the store could not be written; the profile is gone from memory.
    pub async fn remove(&self, name: &str) -> Result<bool, WriteError> {
        let (vault, name) = (self.clone(), name.to_owned());
        self.to_the_end(async move { vault.take_out(&name).await }).await.unwrap_or(Err(WriteError::Closed))
    }

    async fn take_out(&self, name: &str) -> Result<bool, WriteError> {
        let one_at_a_time = self.0.changing.lock().await;
        let before = self.selection();
        let Some(handle) = self.directory_mut(|d| d.profiles.remove(name)) else { return Ok(false) };
        let gone = handle.shared.state.borrow().clone();
        let of_same_site = |other: &Snapshot| site_of(other) == site_of(&gone);
        let next = self.list().into_iter().find(|other| of_same_site(other));
        let mut selection = before.clone();
        selection.replace(&gone, next.as_deref());
        let (reply, done) = oneshot::channel();
        let _ending = handle.commands.unbounded_send(Command::Remove(reply));
        let saved = if selection == before { Ok(()) } else { self.save(selection.clone()).await };
        if saved.is_err() {
            // Whatever the disk says: what is gone is not current.
            self.put_in_force(selection);
        }
        self.0.parts.changed();
        drop(one_at_a_time);
        done.await.unwrap_or(Ok(()))?;
        saved.map(|()| true)
    }

    /// What stays valid at the service when a profile is forgotten without telling it, one sentence each.
    pub fn stays_valid(&self, snapshot: &Snapshot) -> Vec<String> {
        let Some(main) = &snapshot.main else { return Vec::new() };
        let what = match (&main.credential, snapshot.refreshable) {
            (Credential::ApiKey(_), _) => "the key",
            (Credential::AccessToken(_), true) => "the login",
            (Credential::AccessToken(_), false) => "the token",
        };
        let until = main.expires_at.filter(|_| !snapshot.refreshable);
        let until = until.and_then(|at| jiff::Timestamp::from_second(self.clock().wall_at(at)).ok());
        let own = until.map_or_else(String::new, |at| format!(" until {at}"));
        let beside = snapshot.secondaries.iter().filter(|held| held.secret.is_some());
        std::iter::once(format!("{what} stays valid at the service{own}"))
            .chain(beside.map(|held| format!("the {} stays valid at the service", held.title)))
            .collect()
    }

    /// Ticks with every change of a profile, of the set of profiles, or of what is current.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.0.parts.changes.subscribe()
    }

    /// Makes a change of more than one step as a task, so that it does not end half-way when its caller hangs up.
    pub async fn to_the_end<T: Send + 'static>(&self, change: impl Future<Output = T> + Send + 'static) -> Option<T> {
        let (reply, done) = oneshot::channel();
        let change = async move {
            // Whoever asked may be gone.
            let _gone = reply.send(change.await);
        };
        self.0.tasks.spawn("change", Panic::Stops, change);
        done.await.ok()
    }

    /// Gives every keeper its rules from a configuration that was read again.
    pub fn configure(&self, rules: BTreeMap<String, ProfileConfig>) {
        *self.0.rules.write().unwrap_or_else(PoisonError::into_inner) = rules;
        let handles: Vec<_> = self.directory().profiles.iter().map(|(n, h)| (Arc::clone(n), h.clone())).collect();
        for (name, handle) in handles {
            let _ending = handle.commands.unbounded_send(Command::Configure(self.rules(&name)));
        }
    }

    /// Every profile as published, sorted by name.
    pub fn list(&self) -> Vec<Arc<Snapshot>> {
        self.directory().profiles.values().map(|h| h.shared.state.borrow().clone()).collect()
    }

    /// One profile as published; the current one when `profile` is `None`.
    ///
    /// # Errors
    /// [`SelectError`] when there is none.
    pub fn inspect(&self, profile: Option<&str>) -> Result<Arc<Snapshot>, SelectError> {
        let handle = self.find(profile)?;
        let snapshot = handle.shared.state.borrow().clone();
        Ok(snapshot)
    }

    /// The name of the current profile.
    pub fn current(&self) -> Option<Arc<str>> {
        self.directory().current.clone()
    }

    /// How many profiles there are.
    pub fn len(&self) -> usize {
        self.directory().profiles.len()
    }

    /// Whether there is no profile.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The clock the vault measures by.
    pub fn clock(&self) -> &Clock {
        &self.0.parts.clock
    }

    fn rules(&self, name: &str) -> ProfileConfig {
        self.0.rules.read().unwrap_or_else(PoisonError::into_inner).get(name).copied().unwrap_or_default()
    }

    fn directory(&self) -> RwLockReadGuard<'_, Directory> {
        self.0.directory.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn directory_mut<T>(&self, change: impl FnOnce(&mut Directory) -> T) -> T {
        change(&mut self.0.directory.write().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").field("profiles", &self.len()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Parts")
    }
}

#[cfg(test)]
mod tests;
