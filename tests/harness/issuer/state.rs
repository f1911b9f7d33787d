//! Everything the issuer remembers, behind one lock, and the one way to change it.
//!
//! The clock is real time plus what [`Issuer::advance`](super::Issuer::advance) added, so tokens can be made to expire at
//! once.

use super::{
    behaviour::Script, config::Config, handler_authorize::Code, handler_device::DeviceLogin,
    handler_push::PushedRequest, ledger::Ledger, token::Tokens,
};
use crate::issuer::Endpoint;
use std::{
    collections::{HashMap, HashSet},
    hash::{BuildHasher as _, RandomState},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::watch;

/// What the issuer remembers.
pub(super) struct World {
    pub(super) config: Config,
    /// The issuer identifier, with the path.
    pub(super) issuer: String,
    /// The same without the path.
    pub(super) origin: String,
    pub(super) ledger: Ledger,
    pub(super) script: Script,
    pub(super) tokens: Tokens,
    pub(super) codes: HashMap<String, Code>,
    pub(super) devices: HashMap<String, DeviceLogin>,
    pub(super) pushed: HashMap<String, PushedRequest>,
    /// Registered clients, deleted ones included, with the token that manages each.
    pub(super) registered: Vec<(String, Option<String>)>,
    /// Every `jti` of an assertion that was accepted.
    pub(super) assertions: HashSet<String>,
    pub(super) mint: Mint,
    started: Instant,
    pub(super) skipped: Duration,
}

impl World {
    pub(super) fn new(config: Config, origin: String) -> Self {
        Self {
            issuer: format!("{origin}{}", config.discovery.path),
            config,
            origin,
            ledger: Ledger::default(),
            script: Script::default(),
            tokens: Tokens::default(),
            codes: HashMap::new(),
            devices: HashMap::new(),
            pushed: HashMap::new(),
            registered: Vec::new(),
            assertions: HashSet::new(),
            mint: Mint::default(),
            started: Instant::now(),
            skipped: Duration::ZERO,
        }
    }

    /// Time since the start, on the issuer's clock.
    pub(super) fn now(&self) -> Duration {
        self.started.elapsed() + self.skipped
    }

    /// Seconds since 1970, on the issuer's clock.
    pub(super) fn unix_now(&self) -> i64 {
        jiff::Timestamp::now().as_second() + i64::try_from(self.skipped.as_secs()).unwrap_or(i64::MAX / 2)
    }

    /// The address of an endpoint.
    pub(super) fn url(&self, endpoint: Endpoint) -> String {
        format!("{}{}", self.origin, path(&self.config, endpoint))
    }
}

/// The path an endpoint answers at.
pub(super) fn path(config: &Config, endpoint: Endpoint) -> String {
    if let Some(path) = config.looks.paths.get(&endpoint) {
        return path.clone();
    }
    let base = &config.discovery.path;
    let slash = if config.discovery.trailing_slash { "/" } else { "" };
    match endpoint {
        Endpoint::OpenidConfiguration => format!("{base}/.well-known/openid-configuration"),
        Endpoint::OauthMetadata => format!("/.well-known/oauth-authorization-server{base}"),
        Endpoint::Authorization => format!("{base}/authorize{slash}"),
        Endpoint::DeviceAuthorization => format!("{base}/device_authorization{slash}"),
        Endpoint::Verification => format!("{base}/device"),
        Endpoint::Token => format!("{base}/token{slash}"),
        Endpoint::Userinfo => format!("{base}/userinfo{slash}"),
        Endpoint::Introspection => format!("{base}/introspect{slash}"),
        Endpoint::Revocation => format!("{base}/revoke{slash}"),
        Endpoint::Jwks => format!("{base}/jwks"),
        Endpoint::PushedAuthorization => format!("{base}/par{slash}"),
        Endpoint::Registration => format!("{base}/register{slash}"),
        Endpoint::ClientConfiguration => format!("{base}/client"),
    }
}

/// Makes secret values, each with a name that a search can find, and remembers them all.
#[derive(Debug, Default)]
pub(crate) struct Mint {
    random: RandomState,
    made: Vec<String>,
}

impl Mint {
    /// A new value `canary-KIND-…`, padded to `length` characters.
    pub(crate) fn secret(&mut self, kind: &str, length: usize) -> String {
        let number = self.made.len();
        let mut value = format!("canary-{kind}-{number}-{:016x}{:016x}", self.random(), self.random());
        while value.len() < length {
            value.push_str(&format!("{:016x}", self.random())[..(length - value.len()).min(16)]);
        }
        self.made.push(value.clone());
        value
    }

    /// Remembers a secret value that was put together elsewhere.
    pub(crate) fn remember(&mut self, value: &str) {
        self.made.push(value.to_owned());
    }

    /// Eight letters in two halves, without vowels (RFC 8628 §6.1).
    pub(crate) fn user_code(&mut self) -> String {
        const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
        let mut rest = self.random();
        let mut letter = || {
            let index = usize::try_from(rest % 20).expect("a number below 20 fits");
            rest /= 20;
            char::from(LETTERS[index])
        };
        let mut code: String = (0..8).map(|_| letter()).collect();
        code.insert(4, '-');
        code
    }

    /// All values made so far.
    pub(crate) fn made(&self) -> &[String] {
        &self.made
    }

    fn random(&self) -> u64 {
        RandomState::new().hash_one(self.random.hash_one(self.made.len()))
    }
}

/// The world, shared by the requests and the test.
pub(super) struct Shared {
    world: Mutex<World>,
    changes: watch::Sender<()>,
    releases: watch::Sender<u64>,
}

impl Shared {
    pub(super) fn new(world: World) -> Self {
        Self { world: Mutex::new(world), changes: watch::Sender::new(()), releases: watch::Sender::new(0) }
    }

    /// Looks without waking anybody.
    pub(super) fn look(&self) -> MutexGuard<'_, World> {
        // A panic under the lock is a failed assertion of some test; the others still want to read.
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes something, then wakes those who wait for a condition.
    pub(super) fn change<T>(&self, with: impl FnOnce(&mut World) -> T) -> T {
        let result = with(&mut self.look());
        self.changes.send_replace(());
        result
    }

    /// Told after every change.
    pub(super) fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    pub(super) fn release(&self) {
        self.releases.send_modify(|count| *count += 1);
    }

    /// Waits for the next release.
    pub(super) async fn hold(&self, endpoint: Endpoint) {
        let mut releases = self.releases.subscribe();
        self.change(|world| *world.ledger.held.entry(endpoint).or_default() += 1);
        let _held = Held { shared: self, endpoint };
        // The sender lives as long as `self`, so this ends by a release only.
        releases.changed().await.ok();
    }
}

struct Held<'a> {
    shared: &'a Shared,
    endpoint: Endpoint,
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.shared.change(|world| *world.ledger.held.entry(self.endpoint).or_default() -= 1);
    }
}
