//! The end of a login at its service, where the provider describes it: its own revocation, and the end of what came with
//! the login.

use std::sync::Arc;

use super::{CallError, Presented, Secondary, Services, Site};
use crate::oauth::{Client, RevokeError, Revoked};
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
    /// Tells the service: first what came with the login, then the login itself, by the provider's request or RFC 7009.
    /// `site` is absent for a login by issuer and client id, and where the provider's description is gone.
    pub async fn end(&self, site: Option<&Site>, ended: &Ended) -> Report {
        let mut still_valid = Vec::new();
        let mut beside = Outcome::Nothing;
        let mut login = Outcome::Nothing;
        if let Some((site, credential)) = site.zip(ended.credential()) {
            beside = self.end_beside(site, credential, ended, &mut still_valid).await;
            // A key is the person's own: it is theirs to end at the service.
            if let Some(revoke) = site.provider.revoke.as_ref().filter(|_| ended.key.is_none()) {
                let credential = Presented { scheme: &site.place.scheme, secret: credential };
                let told = self.send(site, revoke, Values::new(), Some(credential)).await;
                login = outcome(told.and_then(|answer| answer.good()));
            }
        }
        if let Some(client) = &ended.client {
            login = worse(login, self.end_by_standard(client, ended).await);
        }
        if login == Outcome::Nothing && ended.key.is_none() {
            login = Outcome::Unsupported;
        }
        if login != Outcome::Accepted {
            still_valid.extend(ended.stays_valid());
        }
        Report { outcome: worse(beside, login), still_valid }
    }

    /// Ends what came with the login.
    async fn end_beside(&self, site: &Site, secret: &str, ended: &Ended, still_valid: &mut Vec<String>) -> Outcome {
        let mut all = Outcome::Nothing;
        let credential = Presented { scheme: &site.place.scheme, secret };
        for held in ended.secondaries.iter().filter(|held| held.secret.is_some()) {
            let described = site.provider.secondaries.iter().find(|wanted| wanted.name == held.name);
            let Some(delete) = described.and_then(|wanted| wanted.delete.as_ref()) else { continue };
            let values = held
                .values
                .iter()
                .fold(Values::new(), |values, (name, value)| values.with(Name::Taken(name.clone()), value));
            let told =
                outcome(self.send(site, delete, values, Some(credential)).await.and_then(|answer| answer.good()));
            if told != Outcome::Accepted {
                still_valid.push(format!("the {} stays valid at the service", held.title));
            }
            all = worse(all, told);
        }
        all
    }

    /// Revokes the refresh token, then the access token: some services end the one with the other, some do not. The
    /// refresh token's outcome counts, where there is one.
    async fn end_by_standard(&self, client: &Client, ended: &Ended) -> Outcome {
        if client.revocation_endpoint.is_none() {
            return Outcome::Nothing;
        }
        let refresh = match &ended.refresh_token {
            Some(token) => Some(self.oauth.revoke(client, Revoked::Refresh(token)).await),
            None => None,
        };
        let access = match &ended.access_token {
            // A service that cannot be reached is not asked twice.
            Some(token) if !matches!(refresh, Some(Err(RevokeError::Unreachable { .. }))) => {
                Some(self.oauth.revoke(client, Revoked::Access(token)).await)
            }
            _ => None,
        };
        match refresh.or(access) {
            None => Outcome::Nothing,
            Some(Ok(())) => Outcome::Accepted,
            Some(Err(RevokeError::Unsupported)) => Outcome::Unsupported,
            Some(Err(error @ (RevokeError::Unreachable { .. } | RevokeError::Unavailable { .. }))) => {
                Outcome::Later(error.to_string())
            }
            Some(Err(error)) => Outcome::Refused(error.to_string()),
        }
    }
}

impl Ended {
    fn credential(&self) -> Option<&str> {
        match (&self.access_token, &self.key) {
            // EXPOSE: handed back to the service that issued it.
            (Some(token), _) => Some(token.expose()),
            // EXPOSE: as above.
            (None, Some(key)) => Some(key.expose()),
            (None, None) => None,
        }
    }

    /// What stays valid at the service if it is not told, one sentence each.
    pub fn stays_valid(&self) -> Vec<String> {
        let what = match (&self.key, &self.refresh_token) {
            (Some(_), _) => "the key stays valid at the service",
            (None, Some(_)) => "the login stays valid at the service",
            (None, None) => "the token stays valid at the service",
        };
        let until = self.expires_at.filter(|_| self.refresh_token.is_none());
        let until = until.and_then(|at| jiff::Timestamp::from_second(at).ok());
        vec![until.map_or_else(|| what.to_owned(), |at| format!("{what} until {at}"))]
    }
}

fn outcome(told: Result<(), CallError>) -> Outcome {
    match told {
        // What the service does not know any more is over.
        Ok(()) | Err(CallError::NotOffered { status: 404 }) => Outcome::Accepted,
        // A redirect is no word of the service about the login.
        Err(error) if error.is_passing() || error == CallError::Redirected => Outcome::Later(error.to_string()),
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
