//! Pushed authorization requests (RFC 9126): used wherever they are offered, never left out where they are required.

use std::collections::BTreeMap;

use harness::browser::Browser;
use harness::issuer::{Behaviour, Client, Config, Endpoint, ErrorBody, Iss, Pushed};
use harness::stage::{Stage, done, failed};
use proto::login::{LoginRequest, LoginStep};
use proto::problem::Code;
use proto::secret::Secret;

fn stage(pushed: Pushed) -> Stage {
    Stage::new(Config { pushed, ..Config::default() })
}

/// Runs a login, and tells what the browser carried.
async fn see(stage: &Stage, request: LoginRequest) -> (BTreeMap<String, String>, LoginStep) {
    let started = stage.wire.login(&request).await.expect("the login starts");
    let mut carried = BTreeMap::new();
    let person = async |step: &LoginStep| {
        if let LoginStep::Open { url, .. } = step {
            carried = url::Url::parse(url).expect("a URL").query_pairs().into_owned().collect();
            Browser::new().follow(url).await;
        }
    };
    let last = stage.wire.follow(started.id.as_str(), person).await;
    (carried, last)
}

#[tokio::test]
async fn the_browser_carries_a_reference_and_the_service_has_the_request() {
    for pushed in [Pushed::Offered, Pushed::Required] {
        let stage = stage(pushed);
        let request = LoginRequest { resource: vec!["https://api.example/".to_owned()], ..stage.browser_login() };
        let (carried, last) = see(&stage, request).await;
        let (profile, warnings) = done(last);
        assert_eq!((profile.scope.as_deref(), warnings.len()), (Some("openid profile"), 0));
        assert_eq!(carried.keys().collect::<Vec<_>>(), ["client_id", "request_uri"]);
        let ledger = stage.issuer.ledger();
        let [entry] = ledger.at(Endpoint::PushedAuthorization).collect::<Vec<_>>().try_into().expect("one request");
        for (name, value) in [
            ("client_id", Client::PUBLIC),
            ("code_challenge_method", "S256"),
            ("resource", "https://api.example/"),
            ("response_type", "code"),
            ("scope", "openid profile"),
        ] {
            assert_eq!(entry.field(name), Some(value));
        }
        for name in ["state", "nonce", "code_challenge", "redirect_uri"] {
            assert!(entry.field(name).is_some(), "{name}");
        }
    }
}

#[tokio::test]
async fn a_confidential_client_proves_itself_there_as_at_the_token_endpoint() {
    for client in [Client::BASIC, Client::POST] {
        let stage = stage(Pushed::Required);
        let request = LoginRequest {
            client_id: Some(client.to_owned()),
            client_secret: Some(Secret::new(Client::SECRET.to_owned())),
            ..stage.browser_login()
        };
        done(see(&stage, request).await.1);
        let ledger = stage.issuer.ledger();
        let last = ledger.at(Endpoint::PushedAuthorization).last().expect("a request");
        assert_eq!((last.status, last.scheme.is_some()), (Some(201), client == Client::BASIC));
    }
}

#[tokio::test]
async fn what_is_not_there_is_done_without_unless_it_is_required() {
    let gone = || Behaviour::status(404);
    let stage = stage(Pushed::Offered);
    stage.issuer.always(Endpoint::PushedAuthorization, gone());
    let (carried, last) = see(&stage, stage.browser_login()).await;
    done(last);
    assert_eq!(carried.get("scope").map(String::as_str), Some("openid profile"));

    stage.issuer.reconfigure(|config| config.pushed = Pushed::Required);
    let (carried, last) = see(&stage, stage.browser_login()).await;
    let problem = failed(last);
    assert!(carried.is_empty() && problem.detail.contains("pushed"), "nothing was opened: {problem:?}");
}

#[tokio::test]
async fn a_public_client_that_may_not_push_asks_in_the_open_and_one_with_a_secret_does_not() {
    let stage = stage(Pushed::Offered);
    stage.issuer.always(Endpoint::PushedAuthorization, Behaviour::oauth_error("invalid_client"));
    done(see(&stage, stage.browser_login()).await.1);
    let request = LoginRequest {
        client_id: Some(Client::POST.to_owned()),
        client_secret: Some(Secret::new(Client::SECRET.to_owned())),
        ..stage.browser_login()
    };
    let (carried, last) = see(&stage, request).await;
    assert_eq!((failed(last).code, carried.len()), (Code::Misconfigured, 0));
}

#[tokio::test]
async fn a_refusal_of_the_pushed_request_ends_the_login_before_a_browser_opens() {
    let stage = stage(Pushed::Offered);
    for (behaviour, code) in [
        (Behaviour::oauth_error("invalid_scope"), Code::Misconfigured),
        (Behaviour::oauth_error("invalid_request"), Code::Misconfigured),
        (Behaviour::status(503), Code::IssuerUnreachable),
        (Behaviour::CutAfterProcessing, Code::IssuerUnreachable),
        (Behaviour::Status { status: 200, body: ErrorBody::Html, retry_after: None }, Code::LoginFailed),
    ] {
        stage.issuer.next(Endpoint::PushedAuthorization, behaviour);
        let (carried, last) = see(&stage, stage.browser_login()).await;
        assert_eq!((failed(last).code, carried.len()), (code, 0));
    }
    assert_eq!(stage.issuer.count(Endpoint::Authorization), 0);
}

#[tokio::test]
async fn the_answer_is_held_against_the_issuer_all_the_same() {
    let stage = stage(Pushed::Required);
    for iss in [Iss::Other("https://evil.example".to_owned()), Iss::Absent] {
        stage.issuer.reconfigure(|config| {
            config.iss_parameter = iss.clone();
            config.discovery.overrides.insert("authorization_response_iss_parameter_supported".to_owned(), true.into());
        });
        let problem = failed(see(&stage, stage.browser_login()).await.1);
        assert!(problem.detail.contains("issuer"), "{problem:?}");
    }
    assert_eq!(stage.issuer.count(Endpoint::Token), 0, "no code was redeemed");
}
