//! A login that asks for more: how and when the person is authenticated (OpenID Connect Core §3.1.2.1, RFC 9470), this once.

use std::time::Duration;

use harness::ctl::Ctl;
use harness::daemon::Process;
use harness::issuer::{Behaviour, Client, Config, Endpoint, IdToken, Issuer};
use harness::sandbox::Sandbox;
use harness::stage::{PROFILE, Stage, done, failed};
use proto::login::LoginRequest;
use proto::problem::Code;
use proto::profile::ProfileState;
use serde_json::{Value, json};

fn says(stage: &Stage, claims: Value) {
    let Value::Object(claims) = claims else { unreachable!("claims are an object") };
    stage.issuer.reconfigure(|config| config.id_token = IdToken { claims, ..IdToken::default() });
}

fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

#[tokio::test]
async fn what_is_asked_for_is_asked_for_once() {
    let stage = Stage::new(Config::default());
    says(&stage, json!({ "acr": "phr", "auth_time": now() }));
    let request = LoginRequest {
        acr_values: Some("phrh phr".to_owned()),
        max_age: Some(300),
        prompt: Some("login".to_owned()),
        login_hint: Some("ada@example.test".to_owned()),
        ..stage.browser_login()
    };
    let (_, warnings) = done(stage.with_browser(request).await);
    assert!(warnings.is_empty(), "{warnings:?}");
    let asked = |name: &str| {
        let ledger = stage.issuer.ledger();
        ledger.at(Endpoint::Authorization).last().and_then(|entry| entry.field(name).map(str::to_owned))
    };
    let names = ["acr_values", "max_age", "prompt", "login_hint"];
    assert_eq!(names.map(asked), ["phrh phr", "300", "login", "ada@example.test"].map(|value| Some(value.to_owned())));
    let again = LoginRequest { issuer: None, client_id: None, scope: None, ..stage.browser_login() };
    done(stage.with_browser(again).await);
    assert_eq!(names.map(asked), [const { None }; 4], "the next login is a plain one");
    assert_eq!(asked("scope").as_deref(), Some("openid profile"), "with all the rest of its settings");
}

#[tokio::test]
async fn a_login_that_is_not_as_asked_is_given_back_and_the_one_before_stays() {
    let stage = Stage::new(Config::default());
    stage.logged_in().await;
    let ask = |acr: Option<&str>, max_age: Option<u64>| LoginRequest {
        acr_values: acr.map(str::to_owned),
        max_age,
        ..stage.browser_login()
    };
    for (claims, request) in [
        (json!({ "acr": "0" }), ask(Some("phr"), None)),
        (json!({ "auth_time": now() - 3600 }), ask(None, Some(300))),
        (json!({}), ask(None, Some(300))),
    ] {
        says(&stage, claims.clone());
        let (revoked, made) = (stage.issuer.revocations(), stage.issuer.live_refresh_tokens().len());
        let problem = failed(stage.with_browser(request).await);
        assert_eq!(problem.code, Code::Denied, "{claims}: {problem:?}");
        assert!(problem.hint.is_some() && !problem.detail.contains("trusted"), "{problem:?}");
        assert!(stage.issuer.revocations() > revoked, "{claims}");
        assert_eq!(stage.issuer.live_refresh_tokens().len(), made, "{claims}: nothing is left at the service");
    }
    assert_eq!(stage.profile().await.state, ProfileState::Usable);
    stage.refresh().await.expect("the login before still works");
}

#[tokio::test]
async fn a_service_that_does_not_say_how_is_told_of() {
    let stage = Stage::new(Config::default());
    let request = LoginRequest { acr_values: Some("phr".to_owned()), ..stage.browser_login() };
    let (_, warnings) = done(stage.with_browser(request).await);
    assert!(warnings.iter().any(|one| one.contains("how you were authenticated")), "{warnings:?}");
    let bare = LoginRequest { scope: Some("files".to_owned()), max_age: Some(60), ..stage.browser_login() };
    let (_, warnings) = done(stage.with_browser(bare).await);
    assert!(warnings.iter().any(|one| one.contains("how you were authenticated")), "{warnings:?}");
}

#[tokio::test]
async fn a_service_that_cannot_says_so_in_its_own_word() {
    let stage = Stage::new(Config::default());
    stage.issuer.next(Endpoint::Authorization, Behaviour::oauth_error("unmet_authentication_requirements"));
    let request = LoginRequest { acr_values: Some("phr".to_owned()), ..stage.browser_login() };
    let problem = failed(stage.with_browser(request).await);
    assert!(problem.hint.is_some_and(|hint| hint.contains("--acr")));
}

#[test]
fn an_api_that_wants_more_is_answered_from_the_command_line() {
    let mut config = Config::default();
    (config.device.auto_approve, config.device.interval) = (Some(Duration::ZERO), Some(1));
    let claims = json!({ "acr": "phr", "auth_time": now() });
    config.id_token.claims = claims.as_object().cloned().unwrap_or_default();
    let (issuer, sandbox) = (Issuer::launch(config), Sandbox::new());
    let _daemon = Process::start(&sandbox);
    let first = ["login", PROFILE, "--issuer", issuer.url(), "--client-id", Client::PUBLIC, "--device"];
    let _in = Ctl::new(&sandbox, &first).run().ok();
    let line = ["login", PROFILE, "--acr", "phrh", "--acr", "phr", "--max-age", "5m", "--prompt", "login"];
    let ran = Ctl::new(&sandbox, &line).run().ok();
    assert!(!ran.err.contains("authenticated"), "{ran:?}");
    let ledger = issuer.ledger();
    let entry = ledger.at(Endpoint::DeviceAuthorization).last().expect("a request");
    assert_eq!((entry.field("acr_values"), entry.field("max_age")), (Some("phrh phr"), Some("300")));
    assert_eq!(entry.field("prompt"), Some("login"));
    let _usage = Ctl::new(&sandbox, &["login", PROFILE, "--max-age", "soon"]).run().fails(2);
}
