//! The end of a login at its service, where the provider describes it: its own revocation, and the end of what came with
//! the login.

use std::sync::Arc;

use super::{CallError, Presented, Secondary, Services, Site};
use crate::oauth::Client;
use crate::provider::template::{Name, Values};
use crate::secret::{AccessToken, ApiKey, RefreshToken};

/// A login that is over here, with all that is needed to say so at its service.
#[derive(Debug, Clone)]
pub struct Ended {
    /// The provider's place; absent for a login by issuer and client id.
    pub place: Option<Arc<crate::provider::Place>>,
    /// For RFC 7009.
    pub client: Option<Arc<Client>>,
    /// The last access token.
    pub access_token: Option<Arc<AccessToken>>,
    /// The key.
    pub key: Option<Arc<ApiKey>>,
    /// The refresh token.
    pub refresh_token: Option<Arc<RefreshToken>>,
    /// What came with the login.
    pub secondaries: Arc<Vec<Secondary>>,
    /// When the access token or key lapses, in seconds since 1970.
    pub expires_at: Option<i64>,
    /// When the login ended here, in seconds since 1970.
    pub at: i64,
    /// Tries so far.
    pub tries: u32,
}

/// What became of an ended login at its service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The service says that it is over there.
    Accepted,
    /// It failed in a way that may pass: worth another try.
    Later(String),
    /// There was nothing to revoke.
    Nothing,
    /// The service refused.
    Refused(String),
    /// The service offers no revocation.
    Unsupported,
}

/// What was told to the service, and what lives on there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// What became of it.
    pub outcome: Outcome,
    /// What stays valid, one sentence each.
    pub still_valid: Vec<String>,
}

impl Services {
    /// Ends what came with the login, then the login itself, where the provider has requests for that.
    pub async fn end(&self, site: &Site, ended: &Ended) -> Report {
        let mut report = Report { outcome: Outcome::Nothing, still_valid: Vec::new() };
        let secret = match (&ended.access_token, &ended.key) {
            // EXPOSE: handed back to the service that issued it.
            (Some(token), _) => Some(token.expose()),
            // EXPOSE: as above.
            (None, Some(key)) => Some(key.expose()),
            (None, None) => None,
        };
        let Some(secret) = secret else { return report };
        let credential = Presented { scheme: &site.place.scheme, secret };
        for held in ended.secondaries.iter().filter(|held| held.secret.is_some()) {
            let described = site.provider.secondaries.iter().find(|wanted| wanted.name == held.name);
            let Some(delete) = described.and_then(|wanted| wanted.delete.as_ref()) else { continue };
            let values = held
                .values
                .iter()
                .fold(Values::new(), |values, (name, value)| values.with(Name::Taken(name.clone()), value));
            let told = self.send(site, delete, values, Some(credential)).await.and_then(|answer| answer.good());
            if !matches!(told, Ok(()) | Err(CallError::NotOffered { status: 404 })) {
                report.still_valid.push(format!("the {} stays valid at the service", held.title));
            }
            report.outcome = worse(report.outcome, outcome(told));
        }
        if let Some(revoke) = &site.provider.revoke {
            let told = self.send(site, revoke, Values::new(), Some(credential)).await.and_then(|answer| answer.good());
            report.outcome = worse(report.outcome, outcome(told));
        }
        report
    }
}

fn outcome(told: Result<(), CallError>) -> Outcome {
    match told {
        // What the service does not know any more is over.
        Ok(()) | Err(CallError::NotOffered { status: 404 }) => Outcome::Accepted,
        Err(error) if error.is_passing() => Outcome::Later(error.to_string()),
        Err(error) => Outcome::Refused(error.to_string()),
    }
}

/// The outcome of several endings: that of the one that went worst.
fn worse(one: Outcome, other: Outcome) -> Outcome {
    let weight = |outcome: &Outcome| match outcome {
        Outcome::Nothing => 0,
        Outcome::Accepted => 1,
        Outcome::Unsupported => 2,
        Outcome::Refused(_) => 3,
        Outcome::Later(_) => 4,
    };
    if weight(&other) > weight(&one) { other } else { one }
}
