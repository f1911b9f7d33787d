//! Tank: a session that is started with a state of the client's and exchanged for one long-lived token.
//!
//! 400 is pending, expired, used and wrong state, all the same; 403 is a suspended account. There is no refresh.

use super::{
    Wire,
    login::{Login, Standing},
    request::Call,
    world::World,
};
use crate::issuer::Answer;
use serde_json::{Value, json};
use std::time::Duration;

/// The service and its settings.
#[derive(Debug, Clone)]
pub struct Tank {
    /// The life of a token, which no answer names.
    pub life: Option<Duration>,
    /// The life of a session that nobody approves.
    pub session_life: Duration,
    /// Name and address of the user; either may be left out.
    pub user: (Option<String>, Option<String>),
    /// The user of a live token is unknown: whoami answers 404.
    pub user_gone: bool,
}

impl Default for Tank {
    fn default() -> Self {
        let user = (Some("Ada Example".to_owned()), Some("ada@example.test".to_owned()));
        let life = Some(Duration::from_hours(90 * 24));
        Self { life, session_life: Duration::from_mins(5), user, user_gone: false }
    }
}

impl Tank {
    /// Begins a login.
    pub const START: &'static str = "/api/v1/cli-auth/start";
    /// Polls it.
    pub const EXCHANGE: &'static str = "/api/v1/cli-auth/exchange";
    /// Who is logged in.
    pub const WHOAMI: &'static str = "/api/v1/auth/whoami";

    const PAGE: &'static str = "/cli-login";

    fn start(&self, world: &mut World, call: &Call) -> Answer {
        let body = call.json();
        let state = body["state"].as_str().filter(|state| (8..=256).contains(&state.len()));
        let Some(state) = state else { return refusal(400, "state must have 8 to 256 characters") };
        // It stands in an address that is shown, so it is no secret: only together with the state it is worth something.
        let session = format!("session-{}-{}", world.mint.user_code(), world.mint.user_code());
        let page = format!("{}{}?session={session}", world.origin, Self::PAGE);
        let ends = world.later(Some(self.session_life)).unwrap_or(i64::MAX);
        let login = Login::new(session.clone(), session.clone(), page.clone(), ends);
        world.begin(Login { state: Some(state.to_owned()), ..login });
        Answer::json(200, json!({ "authUrl": page, "sessionCode": session }))
    }

    fn exchange(&self, world: &mut World, call: &Call) -> Answer {
        let body = call.json();
        let session = body["sessionCode"].as_str().unwrap_or_default();
        let login = world.logins.find(session);
        if login.is_none_or(|login| login.state.as_deref() != body["state"].as_str()) {
            return not_yet();
        }
        match world.poll(session) {
            Standing::Approved => {
                let token = format!("tank_{}", world.mint.secret("at", 0));
                world.mint.remember(&token);
                let (family, expires_at) = (world.tokens.open(), world.later(self.life));
                world.tokens.add_access(family, &token, expires_at);
                Answer::json(200, json!({ "token": token, "user": self.user() }))
            }
            Standing::Denied => refusal(403, "Account suspended"),
            Standing::Pending | Standing::Expired | Standing::Used | Standing::Unknown => not_yet(),
        }
    }

    fn whoami(&self, world: &World, call: &Call) -> Answer {
        if world.bearer(call).is_none() {
            return refusal(401, "Unauthorized");
        }
        if self.user_gone {
            return refusal(404, "User not found");
        }
        let mut members = self.user();
        members["userId"] = "user-1".into();
        Answer::json(200, members)
    }

    fn user(&self) -> Value {
        let mut user = json!({});
        for (name, value) in [("name", &self.user.0), ("email", &self.user.1)] {
            if let Some(value) = value {
                user[name] = value.clone().into();
            }
        }
        user
    }
}

impl Wire for Tank {
    const NAME: &'static str = "tank";

    fn answer(&mut self, world: &mut World, call: &Call) -> Answer {
        match call.route() {
            ("POST", Self::START) => self.start(world, call),
            ("POST", Self::EXCHANGE) => self.exchange(world, call),
            ("GET", Self::WHOAMI) => self.whoami(world, call),
            ("GET", Self::PAGE) => world.visit(call.query("session").as_deref(), call),
            _ => refusal(404, "Not found"),
        }
    }
}

fn refusal(status: u16, says: &str) -> Answer {
    Answer::json(status, json!({ "error": says }))
}

fn not_yet() -> Answer {
    refusal(400, "Invalid, expired or not yet authorized session")
}
