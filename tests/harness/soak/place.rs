//! One issuer, one daemon that is killed again and again, and the logins it has to keep.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use agentd::store::record::{Grant, Record};
use agentd::store::{Loaded, Location, Store};
use agentd::supervise::Tasks;
use proto::route;
use proto::token::Token;

use crate::daemon::Process;
use crate::issuer::{Config, Endpoint, Issuer, Ledger, Rotation};
use crate::lean::{self, Lean};
use crate::logins;
use crate::sandbox::Sandbox;
use crate::wire;

/// The login whose rotation is interrupted.
pub(super) const VICTIM: &str = "victim";
/// Logins that nothing happens to.
pub(super) const BYSTANDERS: [&str; 3] = ["first", "second", "third"];

const SCOPE: &str = "openid profile";
/// Refreshes that are timed to learn how long one takes.
const TIMED: u32 = 8;

/// See the module's documentation.
pub(super) struct Place {
    pub(super) issuer: Issuer,
    pub(super) window: bool,
    pub(super) sandbox: Sandbox,
    /// Absent only between a kill and the next start.
    pub(super) daemon: Option<Process>,
    /// The bystanders' access tokens.
    pub(super) expected: HashMap<&'static str, String>,
    /// How long a refresh takes here.
    pub(super) usual: Duration,
}

/// What the store holds of the victim.
pub(super) struct Kept {
    /// Another access token than before, and with it the successor of the refresh token.
    pub(super) renewed: bool,
    /// The mark of a request that goes out.
    pub(super) marked: bool,
}

impl Place {
    pub(super) async fn new(rotation: Rotation) -> Self {
        let window = matches!(rotation, Rotation::Window(_));
        let issuer = Issuer::launch(Config { rotation, ..Config::default() });
        let sandbox = Sandbox::new();
        let mut place = Self { issuer, window, sandbox, daemon: None, expected: HashMap::new(), usual: Duration::ZERO };
        place.start();
        for name in BYSTANDERS {
            place.log_in(name).await;
            let token = place.token(name).await.expect("a login that was just made is served");
            place.expected.insert(name, token);
        }
        place.log_in(VICTIM).await;
        let start = Instant::now();
        for _ in 0..TIMED {
            place.refresh().await.expect("a refresh with nothing in its way succeeds");
        }
        place.usual = start.elapsed() / TIMED;
        place
    }

    pub(super) fn start(&mut self) {
        self.daemon = Some(Process::start_with(&self.sandbox, &[("AGENTD_LOG", "info")]));
    }

    pub(super) fn daemon(&self) -> &Process {
        self.daemon.as_ref().expect("it runs except between a kill and the next start")
    }

    pub(super) async fn log_in(&self, profile: &str) {
        logins::browse(&self.daemon().wire(), &self.issuer, profile, SCOPE).await;
    }

    /// A connection on which a refresh of the victim was asked for.
    pub(super) async fn ask(&self) -> Lean {
        let mut raw = Lean::connect(self.daemon().socket()).await.expect("the daemon accepts");
        let body = format!("{{\"profile\":\"{VICTIM}\"}}");
        raw.send(&lean::request(&route::REFRESH, "", &body)).await.expect("the daemon runs");
        raw
    }

    /// A refresh of the victim; the body of the problem when it fails.
    pub(super) async fn refresh(&self) -> Result<(), String> {
        let got = self.ask().await.receive().await.map_err(|error| error.to_string())?;
        if got.status == 200 { Ok(()) } else { Err(String::from_utf8_lossy(&got.body).into_owned()) }
    }

    /// The access token of a profile, as callers receive it.
    pub(super) async fn token(&self, profile: &str) -> Result<String, String> {
        let token: Token = self.daemon().wire().token(&wire::of(profile)).await.map_err(|p| format!("{p:?}"))?;
        // EXPOSE: compared with what the issuer knows.
        Ok(token.access_token.expose().to_owned())
    }

    /// `SIGKILL`; returns when the issuer has noticed that nobody is there any more.
    pub(super) async fn kill(&mut self) {
        self.daemon.take().expect("it runs").kill();
        self.issuer.wait_for(|ledger| ledger.running(Endpoint::Token) == 0).await;
    }

    /// What the dead daemon's store says of the victim, whose access token was `before`; read from a copy, so that the
    /// next daemon finds it as it was left.
    pub(super) async fn kept(&self, before: &str) -> Result<Kept, String> {
        let copy = Sandbox::new();
        let (from, to) = (self.sandbox.paths(), copy.paths());
        for (from, to) in [(from.store(), to.store()), (from.key(), to.key())] {
            std::fs::copy(from, to).expect("a file of the sandbox can be copied");
        }
        let tasks = Tasks::root();
        let opened = Store::open(Location::File { database: to.store(), key: to.key() }, &tasks);
        let (store, Loaded { records, damaged, .. }) = opened.map_err(|e| format!("the store does not open: {e}"))?;
        store.close();
        drop(store);
        tasks.stop(Duration::from_secs(10)).await;
        if damaged > 0 || records.len() != BYSTANDERS.len() + 1 {
            return Err(format!("the store has {} good and {damaged} damaged records", records.len()));
        }
        let victim: Option<&Record> = records.iter().find(|record| record.name == VICTIM);
        match victim.and_then(|record| Some((record.attempt.is_some(), record.grant.as_ref()?))) {
            Some((marked, Grant::Oauth(oauth))) => Ok(Kept { renewed: !oauth.access_token.matches(before), marked }),
            _ => Err("the store has no grant of the victim".to_owned()),
        }
    }

    /// No refresh token is presented again after another of its login was, and never twice at a time.
    pub(super) fn check_presentations(self, violations: &mut Vec<String>) {
        let ledger: Ledger = self.issuer.ledger();
        let (mut over, mut last) = (HashSet::new(), None);
        let refreshes = ledger.at(Endpoint::Token).filter(|entry| entry.field("grant_type") == Some("refresh_token"));
        for entry in refreshes {
            if entry.concurrent > 1 {
                violations.push("two refresh requests were under way at a time".to_owned());
            }
            let presented = entry.field("refresh_token").map(str::to_owned);
            if presented != last {
                over.extend(last);
                if presented.as_ref().is_some_and(|token| over.contains(token)) {
                    violations.push("a superseded refresh token came back after its successor".to_owned());
                }
            }
            last = presented;
        }
    }
}
