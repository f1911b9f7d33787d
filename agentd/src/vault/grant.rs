//! A grant's state and how it changes. Pure: no I/O, no waiting.
//!
//! Invariant G1: the refresh token leaves this module only by `Arc` into one exchange, one revocation, one record for the
//! store, or back to the tool it was imported from; no snapshot holds it.

mod narrowed;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::freshness;
use super::given::{Beside, Learned, NewGrant, NewKey};
use super::keeper::LEAST_SPACING;
use super::view::{Credential, Served, Snapshot, Standing};
use super::want::Target;
use super::{Trouble, Why};
use crate::clock::{Clock, Moment};
use crate::config::ProfileConfig;
use crate::http::Reach;
use crate::oauth::{Account, Client, Tokens};
use crate::provider::{Flow, Place, Settings};
use crate::secret::{ApiKey, RefreshToken};
use crate::service::{Ended, Secondary};
use crate::store::record::{Attempt, RecordId, Undo};

/// An answer without a clear reason is believed to be a refusal at this many in a row: one real server refuses a
/// dead refresh token with an empty 400, another with `invalid_request`.
pub(super) const DOUBTFUL_TRIES: u32 = 3;

/// One profile and its grant.
#[derive(Debug)]
pub(super) struct Grant {
    pub(super) id: RecordId,
    pub(super) name: Arc<str>,
    pub(super) flow: Flow,
    pub(super) settings: Option<Arc<Settings>>,
    pub(super) rules: ProfileConfig,
    pub(super) standing: Standing,
    pub(super) main: Option<Served>,
    pub(super) narrowed: Arc<HashMap<Arc<Target>, Served>>,
    pub(super) renewal: Option<Renewal>,
    pub(super) account: Option<Arc<Account>>,
    pub(super) granted_scope: Option<Arc<str>>,
    pub(super) requested_scope: Option<Arc<str>>,
    pub(super) logged_in_at: Option<i64>,
    pub(super) refreshed_at: Option<i64>,
    pub(super) generation: u64,
    /// The issuer answered a wish for less with more; it is not asked again, since each time costs a rotation.
    pub(super) ignores_scope: bool,
    pub(super) attempt: Option<Attempt>,
    pub(super) history: History,
    /// What binds the profile to a provider.
    pub(super) place: Option<Arc<Place>>,
    /// What the service last said of the credential: whether it is good for anything.
    pub(super) usable: Option<bool>,
    /// What came with the login.
    pub(super) secondaries: Arc<Vec<Secondary>>,
    /// Ended grants that their service has not been told of.
    pub(super) unrevoked: Vec<Ended>,
    /// What undoes an import.
    pub(super) undo: Option<Arc<Undo>>,
    /// Another program is getting the refresh token: it is kept until that has it, and not used.
    pub(super) surrendered: bool,
}

/// What is needed to renew or revoke the grant's tokens.
#[derive(Debug)]
pub(super) struct Renewal {
    pub(super) client: Arc<Client>,
    pub(super) refresh_token: Option<Arc<RefreshToken>>,
}

/// What happened since the last success.
#[derive(Debug, Default)]
pub(super) struct History {
    pub(super) failures: u32,
    pub(super) doubtful: u32,
    pub(super) uncertain: bool,
    pub(super) trouble: Option<Trouble>,
    pub(super) last_try: Option<Moment>,
    /// Not before this, with nobody asking.
    pub(super) not_before: Option<Moment>,
    /// Not before this, whoever asks: the service said so.
    pub(super) service_says: Option<Moment>,
}

impl Grant {
    /// A profile without a grant.
    pub(super) fn empty(id: RecordId, name: Arc<str>, flow: Flow, rules: ProfileConfig) -> Self {
        Self {
            id,
            name,
            flow,
            settings: None,
            rules,
            standing: Standing::Nothing(Why::NeverLoggedIn),
            main: None,
            narrowed: Arc::default(),
            renewal: None,
            account: None,
            granted_scope: None,
            requested_scope: None,
            logged_in_at: None,
            refreshed_at: None,
            generation: 0,
            ignores_scope: false,
            attempt: None,
            history: History::default(),
            place: None,
            usable: None,
            secondaries: Arc::default(),
            unrevoked: Vec::new(),
            undo: None,
            surrendered: false,
        }
    }

    /// Replaces whatever was there by a new login.
    pub(super) fn adopt(&mut self, new: NewGrant, clock: &Clock) {
        self.forget(Why::LoggedOut);
        self.flow = new.flow;
        self.settings = new.settings.map(Arc::new);
        self.put_beside(new.beside);
        self.standing = Standing::Held;
        self.account = new.account.map(Arc::new);
        self.logged_in_at = Some(clock.wall());
        self.requested_scope = Some(Arc::from(new.requested_scope)).filter(|s: &Arc<str>| !s.is_empty());
        // RFC 6749 §5.1: absent means as asked for.
        let answered = new.tokens.scope.as_deref().filter(|scope| !scope.is_empty());
        self.granted_scope = answered.map(Arc::from).or_else(|| self.requested_scope.clone());
        let (main, refresh_token) = self.serve(new.tokens, self.granted_scope.clone());
        self.main = Some(main);
        let renewing = refresh_token.or_else(|| self.client_itself());
        self.renewal = Some(Renewal { client: Arc::new(new.client), refresh_token: renewing.map(Arc::new) });
    }

    /// With client credentials (RFC 6749 §4.4) the client's own secret or key is what renews.
    pub(super) fn client_itself(&self) -> Option<RefreshToken> {
        let settings = self.settings.as_deref().filter(|_| self.flow == Flow::ClientCredentials)?;
        // EXPOSE: it takes the refresh token's part in the same keeper.
        let secret = settings.client_secret.as_ref().map(|secret| secret.expose());
        // EXPOSE: as above.
        let key = || settings.client_key.as_ref().map(|signing| signing.key.expose());
        secret.or_else(key).map(|proof| RefreshToken::new(proof.to_owned()))
    }

    fn put_beside(&mut self, beside: Beside) {
        self.place = beside.place.map(Arc::new);
        self.usable = beside.usable;
        self.secondaries = Arc::new(beside.secondaries);
    }

    /// Replaces whatever was there by the knowledge that nothing is needed there.
    pub(super) fn adopt_open(&mut self, place: Place, clock: &Clock) {
        self.forget(Why::LoggedOut);
        self.flow = Flow::None;
        self.settings = None;
        self.put_beside(Beside { place: Some(place), ..Beside::default() });
        self.standing = Standing::Open;
        self.logged_in_at = Some(clock.wall());
    }

    /// Takes over what was learned. Returns whether it was about this login.
    pub(super) fn learn(&mut self, learned: Learned, clock: &Clock) -> bool {
        if learned.logged_in_at.is_some() && learned.logged_in_at != self.logged_in_at {
            return false;
        }
        if let Some(account) = learned.account {
            self.account = Some(Arc::new(match self.account.as_deref() {
                Some(known) => known.updated(account),
                None => account,
            }));
        }
        self.usable = learned.usable.or(self.usable);
        if let Some(secondaries) = learned.secondaries {
            self.secondaries = Arc::new(secondaries);
        }
        if let Some((project, name)) = learned.project
            && let Some(place) = &self.place
        {
            self.place = Some(Arc::new(Place { project: Some(project), project_name: name, ..Place::clone(place) }));
        }
        if let Some(undo) = learned.undo {
            self.undo = undo.map(Arc::new);
        }
        if let (Some(at), Some(main)) = (learned.expires_at, &mut self.main)
            && self.renewal.is_none()
        {
            main.expires_at = Some(on_clock(at, clock));
        }
        true
    }

    /// Replaces whatever was there by a key.
    pub(super) fn adopt_key(&mut self, new: NewKey, clock: &Clock) {
        self.forget(Why::LoggedOut);
        self.flow = new.flow;
        self.settings = None;
        self.put_beside(new.beside);
        self.account = new.account.map(Arc::new);
        self.requested_scope = None;
        self.standing = Standing::Held;
        self.logged_in_at = Some(clock.wall());
        self.main = Some(self.key(Arc::new(new.key), new.expires_at, clock));
    }

    /// The served form of a key.
    pub(super) fn key(&mut self, key: Arc<ApiKey>, expires_at: Option<i64>, clock: &Clock) -> Served {
        self.generation += 1;
        Served {
            credential: Credential::ApiKey(key),
            token_type: Arc::from(self.place.as_deref().map_or("Bearer", |place| &place.scheme)),
            issued_at: clock.now(),
            expires_at: expires_at.map(|at| on_clock(at, clock)),
            scope: None,
            generation: self.generation,
        }
    }

    /// Drops the grant; the settings and the place stay.
    pub(super) fn forget(&mut self, why: Why) {
        self.renewal = None;
        self.main = None;
        self.narrowed = Arc::default();
        self.standing = Standing::Nothing(why);
        self.account = None;
        self.granted_scope = None;
        self.logged_in_at = None;
        self.refreshed_at = None;
        self.ignores_scope = false;
        self.attempt = None;
        self.history = History::default();
        self.usable = None;
        self.secondaries = Arc::default();
        self.undo = None;
        self.surrendered = false;
    }

    /// The grant as its service is to be told of its end; `None`: there is none.
    pub(super) fn ended(&self, clock: &Clock) -> Option<Ended> {
        let main = self.main.as_ref()?;
        let (access_token, key) = match &main.credential {
            Credential::AccessToken(token) => (Some(Arc::clone(token)), None),
            Credential::ApiKey(key) => (None, Some(Arc::clone(key))),
        };
        let renewal = self.renewal.as_ref();
        // The client's own secret is not the login's to revoke.
        let refresh_token = renewal.and_then(|renewal| renewal.refresh_token.clone());
        Some(Ended {
            place: self.place.clone(),
            client: renewal.map(|renewal| Arc::clone(&renewal.client)),
            access_token,
            key,
            refresh_token: refresh_token.filter(|_| self.flow != Flow::ClientCredentials),
            secondaries: Arc::clone(&self.secondaries),
            expires_at: main.expires_at.map(|at| clock.wall_at(at)),
            at: clock.wall(),
            tries: 0,
        })
    }

    /// Takes over the answer to a refresh for `target`.
    ///
    /// # Errors
    /// [`Trouble::Wider`] when the token is wider than asked for, [`Trouble::Misconfigured`] when it is no bearer token.
    /// A rotated refresh token is taken over all the same.
    pub(super) fn renew(&mut self, target: &Arc<Target>, tokens: Tokens, clock: &Clock) -> Result<(), Trouble> {
        let answered = tokens.scope.clone();
        let scope = self.scope_of(target, answered.as_deref());
        let unsupported_type = tokens.unsupported_type;
        let (served, refresh_token) = self.serve(tokens, scope);
        if let (Some(new), Some(renewal)) = (refresh_token, self.renewal.as_mut()) {
            renewal.refresh_token = Some(Arc::new(new));
        }
        self.attempt = None;
        self.history = History { last_try: self.history.last_try, ..History::default() };
        self.standing = Standing::Held;
        if let Some(code) = unsupported_type {
            self.standing = Standing::Misconfigured { code };
            return Err(Trouble::Misconfigured { code });
        }
        self.refreshed_at = Some(clock.wall());
        if target.is_main() {
            self.main = Some(served);
            return Ok(());
        }
        self.keep_narrowed(target, served, answered.as_deref(), clock)
    }

    fn serve(&mut self, tokens: Tokens, scope: Option<Arc<str>>) -> (Served, Option<RefreshToken>) {
        self.generation += 1;
        let served = Served {
            credential: Credential::AccessToken(Arc::new(tokens.access_token)),
            token_type: Arc::from(tokens.token_type),
            issued_at: tokens.sent_at,
            expires_at: tokens.expires_in.map(|life| tokens.sent_at + life),
            scope,
            generation: self.generation,
        };
        (served, tokens.refresh_token)
    }

    /// When to refresh the token as granted with nobody asking; `None`: never.
    pub(super) fn refresh_due(&self, jitter: u8) -> Option<Moment> {
        let main = self.main.as_ref()?;
        if self.standing != Standing::Held || self.refresh_token().is_none() {
            return None;
        }
        let due = if self.history.uncertain {
            main.issued_at
        } else {
            freshness::refresh_at(main.issued_at, main.life()?, self.rules.refresh, jitter)
        };
        // Tokens may have hardly any life, or an issuer a fault; the refresh token is not to be spent in a loop.
        let spaced = self.history.last_try.map_or(due, |at| at + LEAST_SPACING);
        Some(due.max(spaced).max(self.history.not_before.unwrap_or(due)))
    }

    pub(super) fn refresh_token(&self) -> Option<&Arc<RefreshToken>> {
        self.renewal.as_ref()?.refresh_token.as_ref().filter(|_| !self.surrendered)
    }

    /// The target as the issuer is asked for it: a login for one resource names it in every request.
    pub(super) fn as_sent(&self, target: &Arc<Target>) -> Arc<Target> {
        let only = self.settings.as_deref().and_then(Settings::only_resource);
        match only {
            Some(only) if target.resource.is_none() && target.audience.is_none() => {
                Arc::new(Target { resource: Some(only.to_owned()), ..Target::clone(target) })
            }
            _ => Arc::clone(target),
        }
    }

    fn userinfo(&self) -> Option<(Arc<str>, Reach)> {
        let client = &self.renewal.as_ref()?.client;
        let endpoint = client.userinfo_endpoint.as_deref()?;
        Some((Arc::from(endpoint), client.reach_of(endpoint)))
    }

    /// What others may know.
    pub(super) fn snapshot(&self, next_attempt: Option<Moment>, unsaved: bool) -> Snapshot {
        Snapshot {
            id: self.id,
            name: Arc::clone(&self.name),
            flow: self.flow,
            settings: self.settings.clone(),
            rules: self.rules,
            standing: self.standing.clone(),
            main: self.main.clone(),
            narrowed: Arc::clone(&self.narrowed),
            account: self.account.clone(),
            granted_scope: self.granted_scope.clone(),
            requested_scope: self.requested_scope.clone(),
            logged_in_at: self.logged_in_at,
            refreshed_at: self.refreshed_at,
            refreshable: self.refresh_token().is_some(),
            next_attempt,
            failures: self.history.failures,
            uncertain: self.history.uncertain,
            last_trouble: self.history.trouble.clone(),
            unsaved,
            userinfo: self.userinfo(),
            place: self.place.clone(),
            usable: self.usable,
            secondaries: Arc::clone(&self.secondaries),
            unrevoked: self.unrevoked.len(),
            undo: self.undo.clone(),
        }
    }
}

/// A point in wall time on the clock that does not jump.
pub(super) fn on_clock(at: i64, clock: &Clock) -> Moment {
    clock.now() + Duration::from_secs(u64::try_from(at.saturating_sub(clock.wall())).unwrap_or(0))
}
