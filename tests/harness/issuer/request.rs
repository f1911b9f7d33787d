//! A request as the handlers see it, and the answer they give.
//!
//! Handlers are plain functions from one to the other; sockets, scripts and the ledger are elsewhere.

use super::{
    Endpoint,
    config::ClientAuth,
    proof::{self, Expected, Receiver},
    state::World,
};
use axum::body::Bytes;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http_body_util::{BodyExt as _, Limited};
use hyper::{Request, body::Incoming, header};
use serde_json::{Map, Value, json};

/// Largest request body that is read.
const MAX_BODY: usize = 1 << 20;

/// A request, taken apart.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) endpoint: Endpoint,
    pub(super) method: String,
    /// Query and form parameters, in this order; in place of a form the members of a JSON object, lists as words.
    pub(super) parameters: Vec<(String, String)>,
    pub(super) authorization: Option<String>,
    /// The browser carries the wish of a person to refuse, the cookie `decision=deny`.
    pub(super) refused: bool,
    /// `Accept` names JSON.
    pub(super) accepts_json: bool,
}

impl Call {
    pub(super) async fn read(endpoint: Endpoint, request: Request<Incoming>) -> Option<Self> {
        let (parts, body) = request.into_parts();
        let body: Bytes = Limited::new(body, MAX_BODY).collect().await.ok()?.to_bytes();
        let query = parts.uri.query().unwrap_or_default().as_bytes();
        let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let json = kind.starts_with("application/json").then(|| serde_json::from_slice(&body).unwrap_or_default());
        let form = if json.is_some() { &[][..] } else { &body };
        let parameters = [query, form]
            .into_iter()
            .flat_map(url::form_urlencoded::parse)
            .map(|(k, v)| (k.into(), v.into()))
            .chain(json.into_iter().flat_map(members));
        let authorization = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let cookie = parts.headers.get(header::COOKIE).and_then(|value| value.to_str().ok());
        let accept = parts.headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
        Some(Self {
            endpoint,
            method: parts.method.to_string(),
            parameters: parameters.collect(),
            authorization: authorization.map(str::to_owned),
            refused: cookie.is_some_and(|cookie| cookie.split("; ").any(|one| one == "decision=deny")),
            accepts_json: accept.is_some_and(|accept| accept.contains("application/json")),
        })
    }

    /// The first value of a parameter; empty counts as absent (RFC 6749 §3.1).
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    pub(super) fn all(&self, name: &str) -> Vec<String> {
        self.parameters.iter().filter(|(key, _)| key == name).map(|(_, value)| value.clone()).collect()
    }

    /// The access token of an `Authorization: Bearer` header (RFC 6750 §2.1).
    pub(super) fn bearer(&self) -> Option<&str> {
        let (scheme, token) = self.authorization.as_deref()?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(token)
    }

    fn basic(&self) -> Option<(String, String)> {
        let (scheme, value) = self.authorization.as_deref()?.split_once(' ')?;
        let decoded = STANDARD.decode(value).ok().filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
        let text = String::from_utf8(decoded).ok()?;
        let (id, secret) = text.split_once(':')?;
        Some((form_decoded(id), form_decoded(secret)))
    }

    /// The authenticated client (RFC 6749 §2.3.1), or the refusal.
    pub(super) fn client(&self, world: &mut World) -> Result<String, Answer> {
        let refused = || Answer::error(401, "invalid_client", Some("Client authentication failed"));
        let basic = self.basic();
        let id = basic.as_ref().map(|(id, _)| id.as_str()).or(self.get("client_id")).ok_or_else(refused)?;
        let client = world.config.clients.iter().find(|client| client.id == id).ok_or_else(refused)?;
        let id = client.id.clone();
        let accepted = match &client.auth {
            ClientAuth::Public => basic.is_none(),
            ClientAuth::Basic(secret) => basic.as_ref().is_some_and(|(_, given)| given == secret),
            ClientAuth::Post(secret) => basic.is_none() && self.get("client_secret") == Some(secret),
            ClientAuth::PrivateKeyJwt { key, receiver } => {
                let receiver = match receiver {
                    Receiver::Endpoint => world.url(self.endpoint),
                    Receiver::Issuer => world.issuer.clone(),
                };
                let expected = Expected { client: &id, key, receiver: &receiver, now: world.unix_now() };
                let typed =
                    self.get("client_assertion_type") == Some("urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
                let sent = self.get("client_assertion").filter(|_| typed && basic.is_none());
                sent.is_some_and(|assertion| proof::accepts(assertion, &expected, &mut world.assertions))
            }
        };
        accepted.then_some(id).ok_or_else(refused)
    }
}

/// The members of a JSON object as parameters.
fn members(json: Value) -> Vec<(String, String)> {
    let text = |value: Value| match value {
        Value::String(text) => text,
        Value::Array(words) => words.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    };
    let Value::Object(members) = json else { return Vec::new() };
    members.into_iter().map(|(name, value)| (name, text(value))).collect()
}

fn form_decoded(text: &str) -> String {
    // A lone value has no `=` or `&`, so it parses as one key.
    url::form_urlencoded::parse(text.as_bytes()).map(|(key, _)| key.into_owned()).next().unwrap_or_default()
}

/// What a handler answers.
#[derive(Debug, Clone)]
pub struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Content,
    /// A refresh token was replaced, and this answer is the only way to learn its successor.
    pub(crate) rotated: bool,
}

/// The body of an answer.
#[derive(Debug, Clone)]
pub(crate) enum Content {
    Empty,
    Json(Map<String, Value>),
    Raw { kind: &'static str, bytes: Vec<u8> },
}

impl Answer {
    pub(crate) fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Content::Empty, rotated: false }
    }

    pub(crate) fn json(status: u16, value: Value) -> Self {
        let Value::Object(members) = value else { return Self::raw(status, "application/json", value.to_string()) };
        let headers = vec![("cache-control", "no-store".to_owned())];
        Self { headers, body: Content::Json(members), ..Self::empty(status) }
    }

    pub(crate) fn raw(status: u16, kind: &'static str, bytes: impl Into<Vec<u8>>) -> Self {
        Self { body: Content::Raw { kind, bytes: bytes.into() }, ..Self::empty(status) }
    }

    /// An OAuth error (RFC 6749 §5.2).
    pub(crate) fn error(status: u16, code: &str, description: Option<&str>) -> Self {
        let mut members = json!({ "error": code });
        if let Some(text) = description {
            members["error_description"] = text.into();
        }
        Self::json(status, members)
    }

    pub(crate) fn redirect(status: u16, to: String) -> Self {
        Self { headers: vec![("location", to)], ..Self::empty(status) }
    }
}
