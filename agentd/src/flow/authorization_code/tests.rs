//! The authorization code flow against a scripted service.

#![allow(clippy::panic, reason = "a test fails by panicking")]

use std::collections::HashMap;
use std::net::SocketAddr;

use serde_json::{Value, json};
use url::Url;

use super::*;
use crate::flow::testing::{Bench, Script, brought, browse, error, granted, id_token, lost, within};
use crate::http::stub::Reply;
use crate::provider::Flow;

/// A login that waits for its answer.
struct Waiting {
    bench: Bench,
    id: String,
    sent: HashMap<String, String>,
    listener: SocketAddr,
}

impl Waiting {
    async fn new(script: Script) -> Self {
        Self::at(Bench::new(script).await).await
    }

    async fn at(bench: Bench) -> Self {
        let id = bench.start(Flow::AuthorizationCode);
        let Step::Open { url, .. } = bench.step(&id, 0).await else { panic!("no address to open") };
        let url = Url::parse(&url).expect("a URL");
        assert_eq!(url.as_str().split('?').next(), Some(format!("{}/authorize", bench.service.url).as_str()));
        let sent: HashMap<String, String> = url.query_pairs().into_owned().collect();
        let redirect = Url::parse(&sent["redirect_uri"]).expect("a URL");
        let listener = format!("127.0.0.1:{}", redirect.port().expect("a port")).parse().expect("an address");
        Self { bench, id, sent, listener }
    }

    fn granting(&self, more: Value) {
        self.bench.script.lock().expect("no panic").token.push_back(granted(more));
    }

    /// The browser comes back with these parameters and the right state.
    async fn back(&self, query: &str) -> String {
        let state = &self.sent["state"];
        self.request(&format!("GET /callback?{query}&state={state} HTTP/1.1")).await
    }

    async fn request(&self, line: &str) -> String {
        browse(self.listener, &format!("{line}\r\nHost: {}\r\n\r\n", self.listener)).await
    }
}

#[tokio::test]
async fn an_approved_login_is_exchanged_checked_and_stored() {
    let login = Waiting::new(Script::default()).await;
    let issuer = login.bench.service.url.clone();
    login.granting(json!({"id_token": id_token(&issuer, json!({"nonce": login.sent["nonce"]})), "scope": "openid"}));
    let page = login.back("code=c0de").await;
    assert!(page.starts_with("HTTP/1.1 200 ") && page.contains("You are logged in"), "{page}");
    let Step::Done(_) = login.bench.end(&login.id).await else { panic!("not done") };
    let adopted = login.bench.adopted();
    let outcome = &adopted[0];
    let (settings, tokens, requested_scope) = brought(outcome);
    assert_eq!((outcome.profile.as_deref(), settings.flow), (Some("work"), Some(Flow::AuthorizationCode)));
    assert_eq!(requested_scope, "openid offline_access");
    assert_eq!(tokens.scope.as_deref(), Some("openid"));
    assert_eq!(outcome.account.as_ref().and_then(|account| account.subject.as_deref()), Some("ada"));
}

#[tokio::test]
async fn the_request_has_pkce_state_and_nonce_and_the_exchange_its_verifier() {
    let login = Waiting::new(Script { token: [granted(json!({}))].into(), ..Script::default() }).await;
    for name in ["state", "nonce", "code_challenge"] {
        assert!(login.sent[name].len() >= 22, "{name}");
    }
    assert_eq!(login.sent["prompt"], "consent");
    login.back("code=c0de").await;
    let requests = login.bench.service.received();
    let body = requests.last().and_then(|request| request.split_once("\r\n\r\n")).expect("a body").1;
    let form: HashMap<String, String> = url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    let verifier = crate::secret::PkceVerifier::new(form["code_verifier"].clone());
    assert_eq!(pkce::challenge(&verifier), login.sent["code_challenge"]);
    assert_eq!((form["code"].as_str(), &form["redirect_uri"]), ("c0de", &login.sent["redirect_uri"]));
}

#[tokio::test]
async fn what_others_send_does_not_end_the_login() {
    let login = Waiting::new(Script { token: [granted(json!({}))].into(), ..Script::default() }).await;
    let state = &login.sent["state"];
    for (request, status) in [
        (format!("GET /other?code=evil&state={state} HTTP/1.1"), 404),
        (format!("POST /callback?code=evil&state={state} HTTP/1.1"), 405),
        ("GET /callback?code=evil HTTP/1.1".to_owned(), 400),
        ("GET /callback?code=evil&state=wrong HTTP/1.1".to_owned(), 400),
        ("GET /callback?error=access_denied&state=wrong HTTP/1.1".to_owned(), 400),
        (format!("GET /callback?code=evil&state={state} HTTP/1.1\r\nHost: evil.example"), 400),
    ] {
        let page = login.request(&request).await;
        assert!(page.starts_with(&format!("HTTP/1.1 {status} ")), "{request}: {page}");
        assert!(!page.contains("evil") && !page.contains(state), "{page}");
    }
    assert_eq!((login.bench.logins.in_flight(), login.bench.asked_at().len()), (1, 0));
    assert!(login.back("code=c0de").await.starts_with("HTTP/1.1 200 "));
}

#[tokio::test]
async fn a_second_answer_is_turned_away_and_the_page_waits_for_the_store() {
    let bench = Bench::with(Script { token: [granted(json!({}))].into(), ..Script::default() }, false, false).await;
    let login = Waiting::at(bench).await;
    let mut first = std::pin::pin!(login.back("code=c0de"));
    let second = async {
        while login.bench.asked_at().is_empty() {
            tokio::task::yield_now().await;
        }
        login.back("code=again").await
    };
    let second = within(async {
        tokio::select! {
            page = &mut first => panic!("a page before the grant was stored: {page}"),
            second = second => second,
        }
    })
    .await;
    assert!(second.starts_with("HTTP/1.1 410 "), "{second}");
    login.bench.sink.gate.add_permits(1);
    assert!(first.await.starts_with("HTTP/1.1 200 "));
    assert_eq!(login.bench.asked_at().len(), 1);
}

#[tokio::test]
async fn an_answer_of_another_issuer_ends_the_login_before_the_code_is_sent() {
    let login = Waiting::new(Script::default()).await;
    let page = login.back("code=c0de&iss=https%3A%2F%2Fevil.example").await;
    assert!(page.starts_with("HTTP/1.1 502 "), "{page}");
    assert!(matches!(login.bench.failure(&login.id).await, Failure::IssuerMismatch { .. }));
    assert!(login.bench.asked_at().is_empty());
}

#[tokio::test]
async fn a_promised_issuer_that_is_absent_ends_the_login() {
    let promise = ("authorization_response_iss_parameter_supported", json!(true));
    let login = Waiting::new(Script { metadata: [promise].into(), ..Script::default() }).await;
    login.back("code=c0de").await;
    assert!(matches!(login.bench.failure(&login.id).await, Failure::IssuerMismatch { .. }));
}

#[tokio::test]
async fn a_denial_is_shown_and_told() {
    let login = Waiting::new(Script::default()).await;
    assert!(login.back("error=access_denied").await.starts_with("HTTP/1.1 403 "));
    assert_eq!(login.bench.failure(&login.id).await, Failure::Denied);
}

#[tokio::test]
async fn an_id_token_for_another_login_is_refused_and_nothing_is_stored() {
    let login = Waiting::new(Script::default()).await;
    login.granting(json!({"id_token": id_token(&login.bench.service.url, json!({"nonce": "another"}))}));
    assert!(login.back("code=c0de").await.starts_with("HTTP/1.1 502 "));
    assert!(matches!(login.bench.failure(&login.id).await, Failure::IdToken(_)));
    assert!(login.bench.adopted().is_empty());
}

#[tokio::test]
async fn a_code_is_not_sent_again_when_the_answer_was_lost() {
    let login = Waiting::new(Script { token: [lost(), granted(json!({}))].into(), ..Script::default() }).await;
    login.back("code=c0de").await;
    assert!(matches!(login.bench.failure(&login.id).await, Failure::Lost { .. }));
    assert_eq!(login.bench.asked_at().len(), 1);
}

#[tokio::test]
async fn a_code_is_sent_again_when_the_service_says_it_did_nothing() {
    let token = [Reply::with(503, "retry-after: 7\r\n", ""), granted(json!({}))].into();
    let login = Waiting::new(Script { token, ..Script::default() }).await;
    let page = async { login.back("code=c0de").await };
    let clock = async {
        while login.bench.asked_at().is_empty() {
            tokio::task::yield_now().await;
        }
        login.bench.pass(7).await;
    };
    let (page, ()) = tokio::join!(page, clock);
    assert!(page.starts_with("HTTP/1.1 200 "), "{page}");
    assert_eq!(login.bench.asked_at(), [0, 7]);
}

#[tokio::test]
async fn a_refused_code_fails_with_its_reason() {
    let login = Waiting::new(Script { token: [error("invalid_grant")].into(), ..Script::default() }).await;
    login.back("code=c0de").await;
    assert_eq!(login.bench.failure(&login.id).await, Failure::Refused);
}
