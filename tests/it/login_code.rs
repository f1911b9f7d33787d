//! The life of a browser login, and everything that must not end in a grant (RFC 6749 §4.1, RFC 8252, OIDC Core §3.1.3.7).

use std::net::TcpListener;

use harness::browser::Browser;
use harness::ctl::Ctl;
use harness::daemon::Process;
use harness::issuer::{Behaviour, Client, ClientAuth, Config, Endpoint, IdToken, Issuer, Redirects};
use harness::sandbox::Sandbox;
use harness::stage::{PROFILE, Stage, done, failed};
use harness::wire;
use proto::login::{LoginRequest, LoginStep};
use proto::problem::{Code, Problem};
use proto::profile::ProfileState;
use proto::route;
use serde_json::{Value, json};

/// No grant is left, and the profile that was there is as it was.
async fn left_alone(stage: &Stage) {
    assert_eq!(stage.profile().await.state, ProfileState::Usable);
    stage.refresh().await.expect("the login before still works");
}

/// A login in a profile that holds one already.
async fn second_login(stage: &Stage) -> Problem {
    failed(stage.with_browser(stage.browser_login()).await)
}

#[tokio::test]
async fn a_refusal_by_the_person_is_denied_and_keeps_what_was_there() {
    let stage = Stage::new(Config::default());
    stage.logged_in().await;
    let started = stage.wire.login(&stage.browser_login()).await.expect("the login starts");
    let mut page = None;
    let person = async |step: &LoginStep| {
        if let LoginStep::Open { url, .. } = step {
            page = Some(Browser::new().deny(url).await);
        }
    };
    let problem = failed(stage.wire.follow(started.id.as_str(), person).await);
    assert_eq!(problem.code, Code::Denied);
    let page = page.expect("the browser came back");
    assert!(page.url.host_str() == Some("127.0.0.1") && !page.body.contains("canary"), "{page:?}");
    left_alone(&stage).await;
}

#[tokio::test]
async fn an_answer_with_another_state_is_not_taken() {
    let stage = Stage::new(Config::default());
    let forged = Behaviour::RedirectParameter { name: "state".to_owned(), value: Some("forged".to_owned()) };
    stage.issuer.next(Endpoint::Authorization, forged);
    let started = stage.wire.login(&stage.browser_login()).await.expect("the login starts");
    let person = async |step: &LoginStep| {
        if let LoginStep::Open { url, .. } = step {
            let page = Browser::new().follow(url).await;
            assert!(page.status >= 400, "{page:?}");
            assert_eq!(stage.issuer.count(Endpoint::Token), 0);
            // The person's own browser comes later, and is not locked out.
            Browser::new().follow(url).await;
        }
    };
    done(stage.wire.follow(started.id.as_str(), person).await);
}

#[tokio::test]
async fn an_id_token_for_somebody_or_something_else_is_not_believed() {
    for claims in [
        json!({ "aud": "another-client" }),
        json!({ "iss": "https://evil.example" }),
        json!({ "exp": 1_000_000_000, "iat": 999_990_000 }),
        json!({ "nonce": "another" }),
        json!({ "nonce": null }),
        json!({ "sub": null }),
    ] {
        let stage = Stage::new(Config::default());
        stage.logged_in().await;
        let Value::Object(claims) = claims else { continue };
        stage.issuer.reconfigure(|config| config.id_token = IdToken { claims: claims.clone(), ..IdToken::default() });
        let problem = second_login(&stage).await;
        assert_eq!(problem.code, Code::LoginFailed, "{claims:?}");
        assert!(problem.detail.contains("not to be trusted"), "{claims:?}: {problem:?}");
        left_alone(&stage).await;
    }
}

#[tokio::test]
async fn a_service_that_calls_itself_otherwise_is_refused_with_its_own_spelling() {
    let stage = Stage::new(Config::default());
    let url = stage.issuer.url().to_owned();
    let with_slash = LoginRequest { issuer: Some(format!("{url}/")), ..stage.browser_login() };
    let problem = failed(stage.with_browser(with_slash).await);
    assert_eq!(problem.code, Code::LoginFailed);
    assert!(problem.hint.as_deref().is_some_and(|hint| hint.contains(&format!("`{url}`"))), "{problem:?}");

    stage.issuer.reconfigure(|config| {
        config.discovery.overrides.insert("issuer".to_owned(), "https://evil.example".into());
    });
    let problem = failed(stage.with_browser(stage.browser_login()).await);
    assert_eq!(problem.code, Code::LoginFailed);
    assert!(!format!("{problem:?}").contains("evil"), "what the service says is not repeated");
}

#[tokio::test]
async fn a_fixed_redirect_port_is_used_and_one_that_is_taken_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = taken.local_addr().expect("it is bound").port();
    let mut config = Config::default();
    let redirects = Redirects::Exactly(vec![format!("http://127.0.0.1:{port}/callback")]);
    config.clients = vec![Client { id: Client::PUBLIC.to_owned(), auth: ClientAuth::Public, redirects }];
    let stage = Stage::new(config);
    let fixed = || LoginRequest { redirect_port: Some(port), ..stage.browser_login() };

    let problem = failed(stage.with_browser(fixed()).await);
    assert_eq!(problem.code, Code::LoginFailed);
    assert!(problem.detail.contains(&port.to_string()) && problem.hint.is_some(), "{problem:?}");
    drop(taken);
    done(stage.with_browser(fixed()).await);
    // The profile has kept the port.
    done(stage.with_browser(stage.browser_login()).await);
}

#[tokio::test]
async fn a_cancelled_login_ends_and_its_listener_is_gone() {
    let stage = Stage::new(Config::default());
    let started = stage.wire.login(&stage.browser_login()).await.expect("the login starts");
    let mut redirect = None;
    let person = async |step: &LoginStep| {
        if let LoginStep::Open { url, .. } = step {
            let url = url::Url::parse(url).expect("an address");
            redirect = url.query_pairs().find(|(name, _)| name == "redirect_uri").map(|(_, uri)| uri.into_owned());
            let gone: Result<proto::status::Done, _> =
                stage.wire.call(&route::CANCEL, started.id.as_str(), &()).await.message();
            gone.expect("the login can be cancelled");
        }
    };
    let problem = failed(stage.wire.follow(started.id.as_str(), person).await);
    assert_eq!(problem.code, Code::LoginFailed);
    assert!(problem.detail.contains("cancelled"), "{problem:?}");
    let redirect = url::Url::parse(&redirect.expect("the address names it")).expect("an address");
    let port = redirect.port().expect("loopback redirects have a port");
    // The socket closes with the login's task, a moment after its last step.
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
    while TcpListener::bind(("127.0.0.1", port)).is_err() {
        assert!(std::time::Instant::now() < deadline, "the port is still listened on");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_login_that_nobody_answers_fails_closed_at_its_deadline() {
    let stage = Stage::new(Config::default());
    let request = LoginRequest { max_wait: Some(60), ..stage.browser_login() };
    let started = stage.wire.login(&request).await.expect("the login starts");
    let person = async |step: &LoginStep| {
        if let LoginStep::Open { .. } = step {
            stage.pass(std::time::Duration::from_mins(1));
        }
    };
    assert_eq!(failed(stage.wire.follow(started.id.as_str(), person).await).code, Code::LoginTimeout);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_client_opens_the_address_with_the_persons_browser() {
    let issuer = Issuer::launch(Config::default());
    let sandbox = Sandbox::new();
    let _daemon = Process::start(&sandbox);
    let opened = sandbox.path().join("opened");
    let browser = sandbox.path().join("browser.sh");
    let script = format!("#!/bin/sh\nprintf '%s' \"$1\" > '{0}.new'\nmv '{0}.new' '{0}'\n", opened.display());
    std::fs::write(&browser, script).expect("the sandbox is writable");
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    std::fs::set_permissions(&browser, executable).expect("the script is ours");
    let arguments = ["login", "--issuer", issuer.url(), "--client-id", Client::PUBLIC, "--browser", "-p", PROFILE];
    let ctl = Ctl::new(&sandbox, &arguments).env("BROWSER", &browser);
    let login = tokio::task::spawn_blocking(move || ctl.run());
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while !opened.exists() {
        assert!(std::time::Instant::now() < deadline, "the browser was not opened");
        tokio::task::yield_now().await;
    }
    let url = std::fs::read_to_string(&opened).expect("the script wrote it");
    Browser::new().follow(&url).await;
    let ran = login.await.expect("the client ends").ok();
    assert!(ran.out.contains(PROFILE), "{ran:?}");
    let token = Ctl::new(&sandbox, &["token"]).run().ok();
    assert!(issuer.is_live(token.out.trim_end()));
    assert_eq!(wire::name(PROFILE).as_str(), PROFILE);
}
