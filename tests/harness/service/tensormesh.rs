//! Tensormesh: a code that is started and exchanged in JSON, refreshed in JSON, and a profile.
//!
//! 202 is pending, 200 is the token object; everything else ends a login. Nothing but the code authorises the exchange.

use super::{
    Wire,
    login::{Login, Standing},
    request::Call,
    terms::Terms,
    world::World,
};
use crate::issuer::Answer;
use serde_json::{Value, json};

/// The service and its settings.
#[derive(Debug, Clone)]
pub struct Tensormesh {
    /// Seconds between two polls that the start names; `None` leaves them out.
    pub interval: Option<f64>,
    /// How tokens are issued.
    pub terms: Terms,
    /// The models that are deployed and up, the latest last; each has a key of its own.
    pub models: Vec<String>,
}

impl Default for Tensormesh {
    fn default() -> Self {
        Self { interval: Some(2.0), terms: Terms::default(), models: Vec::new() }
    }
}

impl Tensormesh {
    /// Begins a login.
    pub const START: &'static str = "/auth/cli/start";
    /// Polls it.
    pub const EXCHANGE: &'static str = "/auth/cli/exchange";
    /// Refreshes.
    pub const REFRESH: &'static str = "/auth/cli/refresh";
    /// Who is logged in.
    pub const PROFILE: &'static str = "/auth/profile";
    /// The models.
    pub const MODELS: &'static str = "/v1/models";
    /// The keys for inference; a key is the `id` of its entry.
    pub const KEYS: &'static str = "/v1/users/api-keys";
    /// The id of the one user. The tool takes no other than a UUID.
    pub const USER: &'static str = "5b0e4d0c-6a1f-4c57-9d0e-2f6f6f1c8a11";

    const PAGE: &'static str = "/cli-auth";

    fn start(&self, world: &mut World, call: &Call) -> Answer {
        if !call.body.is_empty() {
            return refusal(400, "no body is expected");
        }
        let (code, shown) = (world.mint.secret("cli", 0), world.mint.user_code());
        let page = format!("{}{}?request={shown}", world.origin, Self::PAGE);
        let mut members = json!({ "auth_url": page, "cli_code": code });
        if let Some(interval) = self.interval {
            members["interval"] = interval.into();
        }
        world.begin(Login::new(code, shown, page, world.now() + 600));
        Answer::json(200, members)
    }

    fn exchange(&self, world: &mut World, call: &Call) -> Answer {
        let body = call.json();
        let Some(code) = body["cli_code"].as_str() else { return refusal(422, "cli_code is required") };
        match world.poll(code) {
            Standing::Pending => Answer::json(202, json!({ "status": "pending" })),
            Standing::Approved => Answer::json(200, Value::Object(world.issue(&self.terms))),
            Standing::Denied => refusal(403, "the login was refused"),
            Standing::Expired => refusal(410, "the login has expired"),
            Standing::Used => refusal(409, "the code was used"),
            Standing::Unknown => refusal(404, "there is no such code"),
        }
    }

    fn refresh(&self, world: &mut World, call: &Call) -> Answer {
        let body = call.json();
        let Some(token) = body["refresh_token"].as_str() else { return refusal(422, "refresh_token is required") };
        match world.renew(token, &self.terms) {
            Some(members) => Answer::json(200, Value::Object(members)),
            None => refusal(401, "the refresh token is not valid"),
        }
    }

    /// Besides those that are up there is one that is not, and newer.
    fn models(&self, world: &mut World) -> Answer {
        let mut models = Vec::new();
        for (number, name) in self.models.iter().enumerate() {
            let key = format!("canary-model-{number}");
            world.mint.remember(&key);
            models.push(json!({
                "deploymentId": format!("d-{number}"),
                "modelName": name,
                "status": "MODEL_STATUS_UP",
                "apiKey": key,
                "infra": { "cloudProvider": "CLOUD_PROVIDER_LAMBDA" },
                "updatedAt": format!("2026-01-{:02}T00:00:00Z", number + 1),
            }));
        }
        models.push(json!({ "modelName": "down", "status": "MODEL_STATUS_DOWN", "apiKey": "", "updatedAt": "2026-02-01T00:00:00Z" }));
        Answer::json(200, json!({ "models": models }))
    }
}

impl Wire for Tensormesh {
    const NAME: &'static str = "tensormesh";

    fn answer(&mut self, world: &mut World, call: &Call) -> Answer {
        let mut answer = match call.route() {
            ("POST", Self::START) => self.start(world, call),
            ("POST", Self::EXCHANGE) => self.exchange(world, call),
            ("POST", Self::REFRESH) => self.refresh(world, call),
            ("GET", Self::PAGE) => world.visit(call.query("request").as_deref(), call),
            ("GET", Self::PROFILE | Self::MODELS | Self::KEYS) if world.bearer(call).is_none() => {
                refusal(401, "not logged in")
            }
            ("GET", Self::PROFILE) => Answer::json(200, json!({ "user": user() })),
            ("GET", Self::MODELS) => self.models(world),
            ("GET", Self::KEYS) if call.query("userId").as_deref() == Some(Self::USER) => keys(world),
            ("GET", Self::KEYS) => refusal(403, "these are the keys of another user"),
            _ => refusal(404, "there is nothing here"),
        };
        answer.headers.push(("x-request-id", format!("request-{}", world.ledger.entries().len())));
        answer
    }
}

fn refusal(status: u16, says: &str) -> Answer {
    Answer::json(status, json!({ "error": says }))
}

fn user() -> Value {
    json!({
        "id": Tensormesh::USER,
        "firstName": "Ada",
        "lastName": "Example",
        "displayName": "Ada Example",
        "userEmail": "ada@example.test",
        "authProvider": "github",
    })
}

/// From old to new: a key that is live, the newest one that is, one that was deleted, one that has expired.
fn keys(world: &mut World) -> Answer {
    while world.kept_keys.len() < 4 {
        let key = world.mint.secret("key", 0);
        world.kept_keys.push((format!("key-{}", world.kept_keys.len()), key.clone()));
        if world.kept_keys.len() <= 2 {
            world.tokens.add_key(&key, None);
        }
    }
    let now = world.now();
    let time = |ago: i64| jiff::Timestamp::from_second(now - ago).map(|time| time.to_string()).ok();
    let entry = |number: usize, created: i64, expired: Option<i64>, deleted: Option<i64>| {
        json!({
            "id": world.kept_keys[number].1,
            "createdAt": time(created),
            "expiresAt": expired.map(time),
            "deletedAt": deleted.map(time),
        })
    };
    let keys = [
        entry(0, 9_000, None, None),
        entry(1, 5_000, Some(-90_000), None),
        entry(2, 4_000, None, Some(3_000)),
        entry(3, 2_000, Some(1_000), None),
    ];
    Answer::json(200, json!({ "apiKeys": keys }))
}
