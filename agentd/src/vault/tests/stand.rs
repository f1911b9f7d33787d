//! What the vault's tests stand on: an issuer by script, a manual clock, a store in memory or on a faulty disk.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::sync::Semaphore;

use crate::clock::Clock;
use crate::notice::Notices;
use crate::oauth::{Client, ExchangeError, Tokens};
use crate::provider::{Flow, Settings};
use crate::secret::{AccessToken, RefreshToken};
use crate::service::{Ended, Outcome, Report};
use crate::store::{Loaded, Location, Store};
use crate::supervise::Tasks;
use crate::vault::{Beside, Handed, Issuer, NewGrant, Target, Vault, Way};

/// No test waits longer than this for something that must happen.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);
/// The life of the tokens.
pub(super) const LIFE: Duration = Duration::from_hours(1);

/// An issuer. It grants unless told otherwise, and waits for the gate before it answers.
pub(super) struct Script {
    clock: Clock,
    pub(super) life: Mutex<Duration>,
    pub(super) answers: Mutex<VecDeque<ExchangeError>>,
    pub(super) asked: Mutex<usize>,
    /// What was presented in each token exchange.
    pub(super) exchanged: Mutex<Vec<String>>,
    /// What coming token exchanges are answered.
    pub(super) refusals: Mutex<VecDeque<ExchangeError>>,
    pub(super) gate: Semaphore,
}

struct Scripted(Arc<Script>);

impl Issuer for Scripted {
    fn refresh<'a>(
        &'a self,
        _way: Way<'a>,
        _token: &'a RefreshToken,
        _target: &'a Target,
    ) -> BoxFuture<'a, Result<Tokens, ExchangeError>> {
        async move {
            let number = {
                let mut asked = self.0.asked.lock().unwrap();
                *asked += 1;
                *asked
            };
            let sent_at = self.0.clock.now();
            drop(self.0.gate.acquire().await.expect("never closed"));
            if let Some(error) = self.0.answers.lock().unwrap().pop_front() {
                return Err(error);
            }
            let expires_in = Some(*self.0.life.lock().unwrap());
            Ok(Tokens { expires_in, sent_at, ..tokens(number, &self.0.clock) })
        }
        .boxed()
    }

    fn narrow<'a>(
        &'a self,
        _way: Way<'a>,
        token: &'a AccessToken,
        _target: &'a Target,
    ) -> BoxFuture<'a, Result<Tokens, ExchangeError>> {
        async move {
            // EXPOSE: the test looks at what was exchanged.
            self.0.exchanged.lock().unwrap().push(token.expose().to_owned());
            let number = 100 + self.0.exchanged.lock().unwrap().len();
            let sent_at = self.0.clock.now();
            drop(self.0.gate.acquire().await.expect("never closed"));
            if let Some(error) = self.0.refusals.lock().unwrap().pop_front() {
                return Err(error);
            }
            Ok(Tokens { sent_at, refresh_token: None, ..tokens(number, &self.0.clock) })
        }
        .boxed()
    }

    fn end<'a>(&'a self, _ended: &'a mut Ended) -> BoxFuture<'a, Report> {
        async { Report { outcome: Outcome::Accepted, still_valid: Vec::new() } }.boxed()
    }
}

/// The tokens of one answer.
fn tokens(number: usize, clock: &Clock) -> Tokens {
    Tokens {
        access_token: AccessToken::new(format!("at-{number}")),
        token_type: "Bearer".to_owned(),
        unsupported_type: None,
        expires_in: Some(LIFE),
        refresh_token: Some(RefreshToken::new(format!("rt-{number}"))),
        scope: None,
        id_token: None,
        sent_at: clock.now(),
        server_time: None,
    }
}

/// See the module's documentation.
pub(super) struct Stand {
    pub(super) vault: Vault,
    pub(super) clock: Clock,
    pub(super) issuer: Arc<Script>,
}

impl Stand {
    /// A vault that keeps nothing.
    pub(super) fn new() -> Self {
        let (store, loaded) = Store::open(Location::Memory, &Tasks::root()).expect("nothing is opened");
        Self::over(store, loaded)
    }

    /// A vault over `store`.
    pub(super) fn over(store: Store, loaded: Loaded) -> Self {
        let clock = Clock::manual(1_790_000_000);
        let issuer = Arc::new(Script {
            clock: clock.clone(),
            life: Mutex::new(LIFE),
            answers: Mutex::default(),
            asked: Mutex::default(),
            exchanged: Mutex::default(),
            refusals: Mutex::default(),
            gate: Semaphore::new(1000),
        });
        let notices = Notices::new(clock.clone());
        let scripted = Box::new(Scripted(Arc::clone(&issuer)));
        let vault = Vault::open(loaded, store, scripted, clock.clone(), notices, Tasks::root(), BTreeMap::default());
        Self { vault, clock, issuer }
    }

    /// Logs in under `name`, with tokens of number 0.
    pub(super) async fn login(&self, name: &str) {
        let settings = Settings {
            issuer: "https://issuer.test".to_owned(),
            client_id: "client".to_owned(),
            flow: Some(Flow::Device),
            ..Settings::default()
        };
        let client = Client {
            issuer: "https://issuer.test".to_owned(),
            client_id: "client".to_owned(),
            token_endpoint: "https://issuer.test/token".to_owned(),
            revocation_endpoint: Some("https://issuer.test/revoke".to_owned()),
            ..Client::default()
        };
        let tokens = tokens(0, &self.clock);
        let requested_scope = "a b".to_owned();
        self.vault
            .adopt(
                name,
                NewGrant {
                    flow: Flow::Device,
                    settings: Some(settings),
                    client,
                    tokens,
                    account: None,
                    requested_scope,
                    beside: Beside::default(),
                },
            )
            .await;
    }

    /// How many refresh requests the issuer has seen.
    pub(super) fn asked(&self) -> usize {
        *self.issuer.asked.lock().unwrap()
    }

    /// What the issuer answers to the next requests instead of granting.
    pub(super) fn fail_with(&self, errors: impl IntoIterator<Item = ExchangeError>) {
        self.issuer.answers.lock().unwrap().extend(errors);
    }

    /// From now on the issuer does not answer.
    pub(super) fn hold(&self) {
        self.issuer.gate.forget_permits(1000);
    }

    /// The issuer answers again.
    pub(super) fn release(&self) {
        self.issuer.gate.add_permits(1000);
    }

    /// Moves the clock and lets the keepers act.
    pub(super) async fn pass(&self, time: Duration) {
        self.clock.advance(time);
        rest().await;
    }
}

/// Lets every task that can do something do it.
pub(super) async fn rest() {
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
}

/// Waits until `holds`, which may depend on the store's thread.
pub(super) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let waiting = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, waiting).await.is_ok(), "never: {what}");
}

/// The access token in a lease.
pub(super) fn text(handed: &Handed) -> String {
    match &handed.served.credential {
        // EXPOSE: a test looks at what was handed out.
        crate::vault::Credential::AccessToken(token) => token.expose().to_owned(),
        // EXPOSE: as above.
        crate::vault::Credential::ApiKey(key) => key.expose().to_owned(),
    }
}
