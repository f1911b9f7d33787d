//! What a keeper publishes: everything others may know of a grant, without the refresh token.
//!
//! Readers take the latest snapshot and never wait. A snapshot holds points in time, not verdicts: whether a token is
//! still fresh is asked of it with the time of asking.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::freshness;
use super::want::{Need, Scopes, Target};
use super::{Trouble, Why};
use crate::clock::Moment;
use crate::config::{Narrow, ProfileConfig, RefreshMode};
use crate::http::Reach;
use crate::oauth::Account;
use crate::provider::{Flow, Place, Settings};
use crate::secret::{AccessToken, ApiKey};
use crate::service::Secondary;
use crate::store::record::{RecordId, Undo};

/// What a caller is handed.
#[derive(Debug, Clone)]
pub enum Credential {
    /// Of an authorization server.
    AccessToken(Arc<AccessToken>),
    /// Of a service without tokens.
    ApiKey(Arc<ApiKey>),
}

/// A credential that is served, and what is known of it.
#[derive(Debug, Clone)]
pub struct Served {
    /// The credential.
    pub credential: Credential,
    /// How to send it, as the service spelled it.
    pub token_type: Arc<str>,
    /// When the request that brought it was sent.
    pub issued_at: Moment,
    /// When it lapses; `None` when the service did not say.
    pub expires_at: Option<Moment>,
    /// The scope it has; `None` when unknown.
    pub scope: Option<Arc<str>>,
    /// Grows with every access token of the grant.
    pub generation: u64,
}

impl Served {
    /// The credential's whole life.
    pub fn life(&self) -> Option<Duration> {
        self.expires_at.map(|at| at.since(self.issued_at))
    }

    /// Whether it is still valid at all.
    pub fn is_valid(&self, now: Moment) -> bool {
        freshness::is_fresh(now, self.expires_at, Duration::ZERO)
    }
}

/// What is known of the grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// There is a grant and nothing speaks against it.
    Held,
    /// The grant is of no more use.
    LoginRequired(Why),
    /// The issuer does not accept the client.
    Misconfigured {
        /// The error code.
        code: &'static str,
    },
    /// There is no grant.
    Nothing(Why),
    /// No grant is needed there.
    Open,
}

/// What a caller of the profile can expect at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Prospect {
    /// There is no grant.
    LoggedOut(Why),
    /// A login is required.
    LoginRequired(Why),
    /// The issuer does not accept the client.
    Misconfigured,
    /// The next caller causes a refresh.
    Refreshable,
    /// Served at once.
    Usable,
}

/// A published state of one profile.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// The profile's record.
    pub id: RecordId,
    /// The profile's name.
    pub name: Arc<str>,
    /// How its last login was made.
    pub flow: Flow,
    /// Settings of an OAuth profile.
    pub settings: Option<Arc<Settings>>,
    /// Rules from the configuration.
    pub rules: ProfileConfig,
    /// What is known of the grant.
    pub standing: Standing,
    /// The token as granted, or the key.
    pub main: Option<Served>,
    /// Narrower tokens.
    pub narrowed: Arc<HashMap<Arc<Target>, Served>>,
    /// Who is logged in.
    pub account: Option<Arc<Account>>,
    /// Scope granted at login.
    pub granted_scope: Option<Arc<str>>,
    /// Scope asked for at login.
    pub requested_scope: Option<Arc<str>>,
    /// Seconds since 1970.
    pub logged_in_at: Option<i64>,
    /// Seconds since 1970: the last refresh that succeeded.
    pub refreshed_at: Option<i64>,
    /// Whether there is a refresh token.
    pub refreshable: bool,
    /// The next attempt with nobody asking.
    pub next_attempt: Option<Moment>,
    /// Failures since the last success.
    pub failures: u32,
    /// Whether an exchange went out whose answer was never seen.
    pub uncertain: bool,
    /// The latest failure since the last success.
    pub last_trouble: Option<Trouble>,
    /// Whether the latest state could not be written yet.
    pub unsaved: bool,
    /// Where to ask who is logged in (OpenID Connect Core §5.3), if the service says so, and how far that may be.
    pub userinfo: Option<(Arc<str>, Reach)>,
    /// What binds the profile to a provider.
    pub place: Option<Arc<Place>>,
    /// What the service last said of the credential: whether it is good for anything.
    pub usable: Option<bool>,
    /// What came with the login.
    pub secondaries: Arc<Vec<Secondary>>,
    /// How many ended grants the service has not been told of yet.
    pub unrevoked: usize,
    /// What undoes an import.
    pub undo: Option<Arc<Undo>>,
}

impl Snapshot {
    /// The credential served for `target`, fresh or not.
    pub fn served(&self, target: &Target) -> Option<&Served> {
        if target.is_main() { self.main.as_ref() } else { self.narrowed.get(target) }
    }

    /// The credential for `target`, if it meets `need` now.
    pub fn meeting(&self, target: &Target, need: Need, now: Moment) -> Option<&Served> {
        let served = self.served(target)?;
        let met = match need {
            Need::Newer { than, .. } => served.generation > than,
            Need::Ttl(wish) => {
                let required = freshness::required_ttl(wish, served.life(), self.rules.refresh);
                freshness::is_fresh(now, served.expires_at, required)
            }
        };
        met.then_some(served)
    }

    /// What a caller can expect at `now`.
    pub fn prospect(&self, now: Moment) -> Prospect {
        match &self.standing {
            Standing::Nothing(why) => Prospect::LoggedOut(*why),
            Standing::Open => Prospect::Usable,
            _ if self.main.as_ref().is_some_and(|main| main.is_valid(now)) => Prospect::Usable,
            Standing::LoginRequired(why) => Prospect::LoginRequired(*why),
            Standing::Misconfigured { .. } => Prospect::Misconfigured,
            Standing::Held if self.refreshable => Prospect::Refreshable,
            Standing::Held => Prospect::LoginRequired(Why::Expired),
        }
    }

    /// Checks what a caller asks for against what was granted; the result names a token this grant can give.
    ///
    /// # Errors
    /// [`Trouble::LoginRequired`] for a scope that was not granted, [`Trouble::NarrowingUnsupported`] where the
    /// profile does not allow to ask the issuer for less.
    pub fn target(&self, mut asked: Target) -> Result<Target, Trouble> {
        if asked.is_main() {
            return Ok(asked);
        }
        let granted = self.granted_scope.as_deref().or(self.requested_scope.as_deref()).map(Scopes::parse);
        if let (Some(scope), Some(granted)) = (&asked.scope, &granted) {
            if scope == granted || scope.is_empty() {
                asked.scope = None;
            } else if !scope.within(granted) {
                return Err(Trouble::LoginRequired(Why::ScopeNotGranted));
            }
        }
        let only_resource = self.settings.as_deref().and_then(Settings::only_resource);
        if asked.resource.is_some() && asked.resource.as_deref() == only_resource {
            asked.resource = None;
        }
        // An issuer whose refresh ends the old access token would end the token as granted with each narrower one. A client
        // that asks for itself asks anew each time, which ends nothing.
        let by_refresh = self.rules.narrow == Narrow::Refresh && self.rules.refresh == RefreshMode::Early;
        let allowed = by_refresh || self.rules.narrow == Narrow::Exchange || self.flow == Flow::ClientCredentials;
        if asked.is_main() || allowed { Ok(asked) } else { Err(Trouble::NarrowingUnsupported) }
    }
}
