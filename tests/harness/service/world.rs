//! Everything a service remembers, behind one lock: clock, ledger, script, logins, tokens and the mint of its secrets.

use super::{
    fault::Script,
    ledger::Ledger,
    login::{Decision, Login, Logins, Standing},
    request::Call,
    token::{Sort, Tokens},
};
use crate::{
    daemon::START,
    issuer::{Answer, Mint},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;
use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::watch;

/// The time of a service.
#[derive(Debug, Default)]
pub(super) struct Clock {
    pub(super) skipped: Duration,
    pub(super) follows_real_time: bool,
}

impl Clock {
    /// Time since 1970.
    pub(super) fn now(&self) -> Duration {
        let real = jiff::Timestamp::now().as_millisecond().max(0).unsigned_abs();
        let start = Duration::from_secs(START.unsigned_abs());
        self.skipped + if self.follows_real_time { Duration::from_millis(real) } else { start }
    }
}

/// What a service remembers.
#[derive(Debug)]
pub struct World {
    /// Scheme and authority of the listener.
    pub(super) origin: String,
    pub(super) clock: Clock,
    pub(super) ledger: Ledger,
    pub(super) script: Script,
    pub(super) tokens: Tokens,
    pub(super) logins: Logins,
    pub(super) mint: Mint,
    /// Keys that the service lists or knows by an id: the id, then the key.
    pub(super) kept_keys: Vec<(String, String)>,
    /// Logins are approved when they begin.
    pub(super) auto_approve: bool,
}

impl World {
    pub(super) fn new(origin: String) -> Self {
        Self {
            origin,
            clock: Clock::default(),
            ledger: Ledger::default(),
            script: Script::default(),
            tokens: Tokens::default(),
            logins: Logins::default(),
            mint: Mint::default(),
            kept_keys: Vec::new(),
            auto_approve: false,
        }
    }

    /// Seconds since 1970.
    pub(super) fn now(&self) -> i64 {
        i64::try_from(self.clock.now().as_secs()).unwrap_or(i64::MAX)
    }

    /// The same after some time; no time is never.
    pub(super) fn later(&self, life: Option<Duration>) -> Option<i64> {
        life.map(|life| self.now().saturating_add(i64::try_from(life.as_secs()).unwrap_or(i64::MAX)))
    }

    /// A login begins.
    pub(super) fn begin(&mut self, mut login: Login) {
        login.decision = self.auto_approve.then_some(Decision::Approved);
        self.logins.add(login);
    }

    /// How a login stands; an approved one is used up by the question.
    pub(super) fn poll(&mut self, code: &str) -> Standing {
        let standing = self.logins.standing(code, self.now());
        if standing == Standing::Approved {
            self.logins.mark_used(code);
        }
        standing
    }

    /// A person opens the page of a login, and approves unless the browser carries the wish to refuse.
    pub(super) fn visit(&mut self, shown: Option<&str>, call: &Call) -> Answer {
        let now = self.now();
        let decision = if call.refused() { Decision::Denied } else { Decision::Approved };
        let known = shown.is_some_and(|shown| self.logins.decide_shown(shown, decision, now));
        let (status, text) = if known { (200, format!("{decision:?}")) } else { (404, "No such login".to_owned()) };
        Answer::raw(status, "text/html", format!("<html><body><p>{text}</p></body></html>"))
    }

    /// What the bearer of a request is, if it is accepted.
    pub(super) fn bearer(&self, call: &Call) -> Option<Sort> {
        self.tokens.live(call.authorized("bearer")?, self.now())
    }

    /// A token that looks like a JWT. Nobody can check its signature, which is a canary.
    pub(super) fn jwt(&mut self, kind: &str, claims: &Value) -> String {
        let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256","typ":"JWT","kid":"none"}"#);
        let claims = URL_SAFE_NO_PAD.encode(claims.to_string());
        let token = format!("{header}.{claims}.{}", self.mint.secret(kind, 0));
        self.mint.remember(&token);
        token
    }
}

/// The world, shared by the requests and the test.
pub(super) struct Shared<W> {
    state: Mutex<(World, W)>,
    changes: watch::Sender<()>,
    releases: watch::Sender<u64>,
}

impl<W> Shared<W> {
    pub(super) fn new(world: World, wire: W) -> Self {
        Self { state: Mutex::new((world, wire)), changes: watch::Sender::new(()), releases: watch::Sender::new(0) }
    }

    /// Looks without waking anybody.
    pub(super) fn look(&self) -> MutexGuard<'_, (World, W)> {
        // A panic under the lock is a failed assertion of some test; the others still want to read.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes something, then wakes those who wait for a condition.
    pub(super) fn change<T>(&self, with: impl FnOnce(&mut World, &mut W) -> T) -> T {
        let result = {
            let mut state = self.look();
            let (world, wire) = &mut *state;
            with(world, wire)
        };
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

    /// Told after every release from now on.
    pub(super) fn releases(&self) -> watch::Receiver<u64> {
        self.releases.subscribe()
    }
}
