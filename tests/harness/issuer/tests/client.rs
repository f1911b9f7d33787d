//! A minimal OAuth client, and answers that are easy to look at.

use crate::{
    browser::client,
    issuer::{Client, Config, Endpoint, Issuer},
};
use serde_json::Value;

/// Verifier and challenge of RFC 7636, appendix B.
pub(super) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(super) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// An answer that arrived whole.
pub(super) struct Seen {
    pub(super) status: u16,
    pub(super) text: String,
    pub(super) headers: reqwest::header::HeaderMap,
}

impl Seen {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.text).expect("the answer is JSON")
    }

    pub(super) fn text(&self, member: &str) -> String {
        self.json()[member].as_str().expect("the member is text").to_owned()
    }

    pub(super) fn error(&self) -> (u16, String) {
        (self.status, self.text("error"))
    }
}

pub(super) async fn issuer(change: impl FnOnce(&mut Config)) -> Issuer {
    let mut config = Config::default();
    change(&mut config);
    Issuer::start(config).await
}

/// Posts a form; `None` when no whole answer came.
pub(super) async fn post(issuer: &Issuer, endpoint: Endpoint, form: &[(&str, &str)]) -> Option<Seen> {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let request = client(issuer.ca_pem()).post(issuer.endpoint(endpoint));
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
    seen(request).await
}

pub(super) async fn seen(request: reqwest::RequestBuilder) -> Option<Seen> {
    let answer = request.send().await.ok()?;
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    let text = String::from_utf8_lossy(&answer.bytes().await.ok()?).into_owned();
    Some(Seen { status, text, headers })
}

pub(super) async fn get(issuer: &Issuer, url: &str, bearer: Option<&str>) -> Seen {
    let mut request = client(issuer.ca_pem()).get(url);
    if let Some(token) = bearer {
        request = request.bearer_auth(token);
    }
    seen(request).await.expect("an answer comes")
}

/// A device login of the public client, approved at once.
pub(super) async fn login(issuer: &Issuer, scope: &str) -> Seen {
    let codes = device(issuer, scope).await;
    issuer.approve(&codes.text("user_code"));
    poll(issuer, &codes.text("device_code")).await
}

pub(super) async fn device(issuer: &Issuer, scope: &str) -> Seen {
    let form = [("client_id", Client::PUBLIC), ("scope", scope)];
    post(issuer, Endpoint::DeviceAuthorization, &form).await.expect("an answer comes")
}

pub(super) async fn poll(issuer: &Issuer, device_code: &str) -> Seen {
    let grant = ("grant_type", "urn:ietf:params:oauth:grant-type:device_code");
    let form = [grant, ("client_id", Client::PUBLIC), ("device_code", device_code)];
    post(issuer, Endpoint::Token, &form).await.expect("an answer comes")
}

pub(super) async fn refresh(issuer: &Issuer, token: &str) -> Option<Seen> {
    refresh_with(issuer, token, &[]).await
}

pub(super) async fn refresh_with(issuer: &Issuer, token: &str, more: &[(&str, &str)]) -> Option<Seen> {
    let form = [("grant_type", "refresh_token"), ("client_id", Client::PUBLIC), ("refresh_token", token)];
    post(issuer, Endpoint::Token, &[&form, more].concat()).await
}

/// The query of an authorization request that is accepted.
pub(super) fn authorization(issuer: &Issuer, redirect_uri: &str) -> url::Url {
    let mut url = url::Url::parse(&issuer.endpoint(Endpoint::Authorization)).expect("the endpoint is an address");
    url.query_pairs_mut().extend_pairs([
        ("response_type", "code"),
        ("client_id", Client::PUBLIC),
        ("redirect_uri", redirect_uri),
        ("scope", "openid profile"),
        ("state", "the-state"),
        ("nonce", "the-nonce"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ]);
    url
}
