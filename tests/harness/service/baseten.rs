//! Baseten: a device grant at fixed paths, a logout that takes the access token, and a whoami in GraphQL.
//!
//! A token of a login is a `Bearer`; a key is an `Api-Key`, and a `Bearer` as well.

use super::{Wire, device::DeviceTerms, request::Call, terms::Terms, token::Sort, world::World};
use crate::issuer::Answer;
use serde_json::{Value, json};
use std::time::Duration;

/// The service and its settings.
#[derive(Debug, Clone)]
pub struct Baseten {
    /// The rules of a login.
    pub device: DeviceTerms,
    /// How tokens are issued. The client fails without a refresh token in every answer.
    pub terms: Terms,
    /// The name of the workspace.
    pub workspace: String,
    /// The address of the user.
    pub email: String,
}

impl Default for Baseten {
    fn default() -> Self {
        let device = DeviceTerms {
            client_id: "baseten-cli".to_owned(),
            interval: Some(5),
            life: Duration::from_mins(10),
            slow_downs: 0,
            refusal_status: 400,
            complete_uri: true,
        };
        let (workspace, email) = ("Example workspace".to_owned(), "ada@example.test".to_owned());
        Self { device, terms: Terms::default(), workspace, email }
    }
}

impl Baseten {
    /// Begins a login.
    pub const AUTHORIZE: &'static str = "/v1/users/auth/device/authorize";
    /// Polls and refreshes.
    pub const TOKEN: &'static str = "/v1/users/auth/device/token";
    /// Ends the login of an access token.
    pub const LOGOUT: &'static str = "/v1/users/auth/logout";
    /// Who is logged in.
    pub const GRAPHQL: &'static str = "/graphql/";

    fn logout(world: &mut World, call: &Call) -> Answer {
        let token =
            call.authorized("bearer").filter(|token| world.tokens.live(token, world.now()) == Some(Sort::Access));
        let Some(token) = token else { return refusal(401, "Invalid or expired token") };
        if !call.body.is_empty() {
            return refusal(400, "No body is expected");
        }
        world.tokens.end(token);
        Answer::json(200, json!({}))
    }

    fn graphql(&self, world: &World, call: &Call) -> Answer {
        let key = call.authorized("api-key").and_then(|key| world.tokens.live(key, world.now()));
        if key != Some(Sort::Key) && world.bearer(call).is_none() {
            return refusal(401, "Unauthorized");
        }
        if call.json()["query"].as_str().is_none() {
            return refusal(400, "Must provide query string");
        }
        let organization = json!({ "workspace_name": self.workspace });
        Answer::json(200, json!({ "data": { "organization": organization, "user": { "email": self.email } } }))
    }
}

impl Wire for Baseten {
    const NAME: &'static str = "baseten";

    fn answer(&mut self, world: &mut World, call: &Call) -> Answer {
        match call.route() {
            ("POST", Self::AUTHORIZE) if call.form("scope").is_some() => Answer::error(400, "invalid_scope", None),
            ("POST", Self::AUTHORIZE) => self.device.authorize(world, call),
            ("POST", Self::TOKEN) => {
                let granted = self.device.token(world, call, |_| self.terms);
                granted.map_or_else(|refused| refused, |granted| Answer::json(200, Value::Object(granted.members)))
            }
            ("POST", Self::LOGOUT) => Self::logout(world, call),
            ("POST", Self::GRAPHQL) => self.graphql(world, call),
            ("GET", DeviceTerms::PAGE) => world.visit(call.query("user_code").as_deref(), call),
            _ => refusal(404, "Not found"),
        }
    }
}

fn refusal(status: u16, says: &str) -> Answer {
    Answer::json(status, json!({ "error": says }))
}
