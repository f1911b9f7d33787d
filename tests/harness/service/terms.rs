//! The terms on which a service issues tokens, and the issuing itself.

use super::{token::Presented, world::World};
use crate::issuer::Rotation;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// How the tokens of a login look, how long they live and what a refresh does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// Access tokens are JWTs, with `exp` if they have a life.
    pub jwt: bool,
    /// The true life of an access token; `None` is for ever.
    pub life: Option<Duration>,
    /// Answers name that life in `expires_in`.
    pub expires_in: bool,
    /// A login receives a refresh token.
    pub refresh: bool,
    /// What becomes of a refresh token that is used.
    pub rotation: Rotation,
}

impl Default for Terms {
    fn default() -> Self {
        let life = Some(Duration::from_hours(1));
        Self { jwt: false, life, expires_in: true, refresh: true, rotation: Rotation::On }
    }
}

impl World {
    /// The tokens of a login that was approved.
    pub(super) fn issue(&mut self, terms: &Terms) -> Map<String, Value> {
        let family = self.tokens.open();
        let mut members = self.access(terms, family);
        if terms.refresh {
            members.insert("refresh_token".to_owned(), self.successor(family).into());
        }
        members
    }

    /// The tokens for a refresh token; `None` when it does not work.
    pub(super) fn renew(&mut self, refresh_token: &str, terms: &Terms) -> Option<Map<String, Value>> {
        let now = self.now();
        let presented = self.tokens.present(refresh_token, terms.rotation, now);
        let (family, refresh) = match presented {
            Presented::Dead => return None,
            Presented::Stays(family) if terms.rotation == Rotation::Absent => (family, None),
            Presented::Stays(family) | Presented::Again(family) => (family, self.tokens.newest(family)),
            Presented::Superseded(family) => (family, Some(self.successor(family))),
        };
        let mut members = self.access(terms, family);
        members.extend(refresh.map(|token| ("refresh_token".to_owned(), token.into())));
        Some(members)
    }

    fn successor(&mut self, family: usize) -> String {
        let (value, now) = (self.mint.secret("rt", 0), self.now());
        self.tokens.add_refresh(family, &value, now);
        value
    }

    fn access(&mut self, terms: &Terms, family: usize) -> Map<String, Value> {
        let expires_at = self.later(terms.life);
        let value = if terms.jwt {
            let mut claims = json!({ "iss": self.origin, "sub": "user-1", "iat": self.now() });
            if let Some(end) = expires_at {
                claims["exp"] = end.into();
            }
            self.jwt("at", &claims)
        } else {
            self.mint.secret("at", 0)
        };
        self.tokens.add_access(family, &value, expires_at);
        let mut members = Map::new();
        members.insert("access_token".to_owned(), value.into());
        if let Some(life) = terms.life.filter(|_| terms.expires_in) {
            members.insert("expires_in".to_owned(), life.as_secs().into());
        }
        members
    }
}
