//! The device grant of RFC 8628, as two of the services speak it.

use super::{
    login::{Login, Standing},
    request::Call,
    terms::Terms,
    world::World,
};
use crate::issuer::Answer;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// The `grant_type` of a poll (RFC 8628 §3.4).
const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// The rules of a device login.
#[derive(Debug, Clone)]
pub struct DeviceTerms {
    /// The client that may log in.
    pub client_id: String,
    /// Seconds between two polls; `None` leaves them out.
    pub interval: Option<u64>,
    /// The life of a login that nobody approves.
    pub life: Duration,
    /// So many polls are answered with `slow_down`, first of all.
    pub slow_downs: u32,
    /// The HTTP status of `authorization_pending`, `slow_down` and the other refusals of a poll.
    pub refusal_status: u16,
    /// Answers have `verification_uri_complete`.
    pub complete_uri: bool,
}

impl DeviceTerms {
    /// Where the page of a login is.
    pub(super) const PAGE: &'static str = "/activate";

    /// Begins a login (RFC 8628 §3.1).
    pub(super) fn authorize(&self, world: &mut World, call: &Call) -> Answer {
        if call.form("client_id").as_deref() != Some(&self.client_id) {
            return Answer::error(401, "invalid_client", None);
        }
        let (code, shown) = (world.mint.secret("dc", 0), world.mint.user_code());
        let page = format!("{}{}", world.origin, Self::PAGE);
        let complete = format!("{page}?user_code={shown}");
        let mut members = json!({
            "device_code": code,
            "user_code": shown,
            "verification_uri": page,
            "expires_in": self.life.as_secs(),
        });
        if self.complete_uri {
            members["verification_uri_complete"] = complete.clone().into();
        }
        if let Some(interval) = self.interval {
            members["interval"] = interval.into();
        }
        let ends = world.later(Some(self.life)).unwrap_or(i64::MAX);
        let scope = call.form("scope").unwrap_or_default();
        world.begin(Login { scope, ..Login::new(code, shown, complete, ends) });
        Answer::json(200, members)
    }

    /// A poll or a refresh: what is issued, with the scope that the login asked for, or the refusal.
    pub(super) fn token(
        &mut self,
        world: &mut World,
        call: &Call,
        terms: impl Fn(&str) -> Terms,
    ) -> Result<Granted, Answer> {
        if call.form("client_id").as_deref() != Some(&self.client_id) {
            return Err(Answer::error(401, "invalid_client", None));
        }
        let missing = || Answer::error(400, "invalid_request", None);
        match call.form("grant_type").as_deref() {
            Some("refresh_token") => {
                let token = call.form("refresh_token").ok_or_else(missing)?;
                let members = world.renew(&token, &terms(""));
                let members = members.ok_or_else(|| Answer::error(400, "invalid_grant", None))?;
                Ok(Granted { members, scope: None })
            }
            Some(DEVICE_GRANT) => {
                let code = call.form("device_code").ok_or_else(missing)?;
                self.poll(world, &code).map_err(|error| Answer::error(self.refusal_status, error, None))?;
                let scope = world.logins.find(&code).map(|login| login.scope.clone()).unwrap_or_default();
                Ok(Granted { members: world.issue(&terms(&scope)), scope: Some(scope) })
            }
            _ => Err(Answer::error(400, "unsupported_grant_type", None)),
        }
    }

    fn poll(&mut self, world: &mut World, code: &str) -> Result<(), &'static str> {
        if self.slow_downs > 0 {
            self.slow_downs -= 1;
            return Err("slow_down");
        }
        match world.poll(code) {
            Standing::Approved => Ok(()),
            Standing::Pending => Err("authorization_pending"),
            Standing::Denied => Err("access_denied"),
            Standing::Expired => Err("expired_token"),
            Standing::Used | Standing::Unknown => Err("invalid_grant"),
        }
    }
}

/// What a token request is answered with.
pub(super) struct Granted {
    pub(super) members: Map<String, Value>,
    /// The scope of the login that ends; `None` after a refresh.
    pub(super) scope: Option<String>,
}
