//! Dynamic client registration (RFC 7591, RFC 7592): a login that names no client has one made, keeps it, and ends it.

use harness::ctl::Ctl;
use harness::issuer::{Behaviour, Client, Config, Endpoint, ErrorBody, Issuer, Registration};
use harness::stage::{Stage, done, failed};
use harness::wire;
use proto::login::{Flow, LoginRequest};
use proto::problem::Code;
use proto::profile::{Profile, Removed};
use proto::route;
use proto::secret::Secret;

fn stage(change: impl FnOnce(&mut Registration)) -> Stage {
    let mut registration = Registration { offered: true, ..Registration::default() };
    change(&mut registration);
    Stage::new(Config { registration, ..Config::default() })
}

/// A login of this profile that names no client.
fn nameless(stage: &Stage, profile: &str) -> LoginRequest {
    LoginRequest { client_id: None, profile: Some(wire::name(profile)), ..stage.browser_login() }
}

async fn log_in(stage: &Stage, profile: &str) -> Profile {
    done(stage.with_browser(nameless(stage, profile)).await).0
}

/// As which client the last browser came.
fn client(stage: &Stage) -> Option<String> {
    let ledger = stage.issuer.ledger();
    ledger.at(Endpoint::Authorization).last().and_then(|entry| entry.field("client_id").map(str::to_owned))
}

async fn remove(stage: &Stage, profile: &str) -> Removed {
    stage.wire.call(&route::REMOVE, profile, &()).await.message().expect("it is removed")
}

fn registrations(stage: &Stage) -> usize {
    stage.issuer.count(Endpoint::Registration)
}

#[tokio::test]
async fn a_client_is_registered_once_and_serves_every_login_at_the_issuer_also_after_a_restart() {
    let mut stage = stage(|_| {});
    log_in(&stage, "one").await;
    let ledger = stage.issuer.ledger();
    let asked = ledger.at(Endpoint::Registration).next().expect("a request");
    for (name, value) in [
        ("application_type", "native"),
        ("token_endpoint_auth_method", "none"),
        ("redirect_uris", "http://127.0.0.1/callback"),
        ("response_types", "code"),
        ("grant_types", "authorization_code refresh_token urn:ietf:params:oauth:grant-type:device_code"),
        ("scope", "openid profile"),
    ] {
        assert_eq!(asked.field(name), Some(value));
    }
    assert!(asked.field("client_name").is_some_and(|name| name.starts_with("agentctl on ")));
    stage.restart().await;
    for profile in ["one", "two"] {
        log_in(&stage, profile).await;
        assert_eq!(client(&stage).as_deref(), Some("registered-1"));
    }
    let request = LoginRequest { flow: Some(Flow::Device), ..nameless(&stage, "three") };
    done(stage.with_device(request, Some(0)).await);
    assert_eq!((registrations(&stage), stage.issuer.registered().len()), (1, 1));
}

#[tokio::test]
async fn a_login_that_fails_leaves_its_client_for_the_next_try() {
    let stage = stage(|_| {});
    stage.issuer.next(Endpoint::Authorization, Behaviour::oauth_error("access_denied"));
    assert_eq!(failed(stage.with_browser(nameless(&stage, "one")).await).code, Code::Denied);
    log_in(&stage, "one").await;
    assert_eq!((registrations(&stage), client(&stage).as_deref()), (1, Some("registered-1")));
}

#[tokio::test]
async fn another_scope_or_redirect_than_registered_takes_another_client() {
    let stage = stage(|_| {});
    log_in(&stage, "one").await;
    let less = LoginRequest { scope: Some("openid".to_owned()), ..nameless(&stage, "one") };
    done(stage.with_browser(less).await);
    assert_eq!(registrations(&stage), 1);
    let more = LoginRequest { scope: Some("openid mail".to_owned()), ..nameless(&stage, "one") };
    done(stage.with_browser(more).await);
    assert_eq!((registrations(&stage), client(&stage).as_deref()), (2, Some("registered-2")));
    let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("a free port").port();
    let fixed = LoginRequest { redirect_port: Some(port), ..nameless(&stage, "two") };
    done(stage.with_browser(fixed).await);
    let ledger = stage.issuer.ledger();
    let last = ledger.at(Endpoint::Registration).last().expect("a request");
    assert_eq!(last.field("redirect_uris"), Some(format!("http://127.0.0.1:{port}/callback").as_str()));
}

#[tokio::test]
async fn a_service_that_knows_no_scopes_is_asked_without() {
    let stage = stage(|rules| rules.refuses_scope = true);
    log_in(&stage, "one").await;
    assert_eq!(registrations(&stage), 2);
    let more = LoginRequest { scope: Some("openid mail".to_owned()), ..nameless(&stage, "two") };
    done(stage.with_browser(more).await);
    assert_eq!(registrations(&stage), 2, "nothing is known against it");
}

#[tokio::test]
async fn a_service_that_registers_less_than_was_asked_for_is_not_asked_at_every_login() {
    let stage = stage(|rules| rules.scope = Some("openid"));
    log_in(&stage, "one").await;
    log_in(&stage, "one").await;
    log_in(&stage, "two").await;
    assert_eq!((registrations(&stage), client(&stage).as_deref()), (1, Some("registered-1")));
}

#[tokio::test]
async fn a_client_with_a_secret_uses_it_until_it_expires() {
    let stage = stage(|rules| rules.secret_expires_at = Some(0));
    log_in(&stage, "work").await;
    stage.refresh().await.expect("the secret is sent as it was registered to be");
    let ledger = stage.issuer.ledger();
    assert!(
        ledger.at(Endpoint::Token).all(|entry| entry.status == Some(200) && entry.field("client_secret").is_some())
    );
    log_in(&stage, "work").await;
    assert_eq!(registrations(&stage), 1);
    stage.issuer.reconfigure(|config| config.registration.secret_expires_at = Some(1_000_000_000));
    stage.issuer.forget_client("registered-1");
    let more = LoginRequest { scope: Some("openid mail".to_owned()), ..nameless(&stage, "work") };
    done(stage.with_browser(more).await);
    log_in(&stage, "work").await;
    assert_eq!((registrations(&stage), client(&stage).as_deref()), (3, Some("registered-3")));
}

#[tokio::test]
async fn a_client_that_the_service_forgot_is_registered_anew_once() {
    let stage = stage(|_| {});
    log_in(&stage, "one").await;
    stage.issuer.forget_client("registered-1");
    let device = || LoginRequest { flow: Some(Flow::Device), ..nameless(&stage, "one") };
    done(stage.with_device(device(), Some(0)).await);
    assert_eq!((registrations(&stage), stage.issuer.registered()), (2, vec!["registered-2".to_owned()]));
    let gone = Behaviour::Status { status: 401, body: ErrorBody::Error("invalid_client"), retry_after: None };
    stage.issuer.always(Endpoint::DeviceAuthorization, gone);
    assert_eq!(failed(stage.with_device(device(), None).await).code, Code::Misconfigured);
    assert_eq!(registrations(&stage), 3, "and no more");
}

#[tokio::test]
async fn an_initial_access_token_is_presented_where_the_service_wants_one() {
    let stage = stage(|rules| rules.initial_token = Some("canary-iat-1".to_owned()));
    let problem = failed(stage.with_browser(nameless(&stage, "one")).await);
    assert_eq!(problem.code, Code::InvalidRequest);
    assert!(problem.detail.contains("invalid_token"), "{problem:?}");
    let hint = problem.hint.expect("it says what to do");
    assert!(hint.contains("--client-id") && hint.contains("--registration-token-stdin"), "{hint}");
    let token = Some(Secret::new("canary-iat-1".to_owned()));
    done(stage.with_browser(LoginRequest { registration_token: token, ..nameless(&stage, "one") }).await);
}

#[tokio::test]
async fn without_registration_the_client_has_to_be_named() {
    let stage = Stage::new(Config::default());
    let problem = failed(stage.with_browser(nameless(&stage, "one")).await);
    assert_eq!(problem.code, Code::InvalidRequest);
    assert!(problem.hint.is_some_and(|hint| hint.contains("--client-id")));
    let job = LoginRequest { flow: Some(Flow::ClientCredentials), ..nameless(&stage, "one") };
    assert_eq!(stage.wire.login(&job).await.expect_err("a job is no person").code, Code::InvalidRequest);
    assert_eq!(stage.issuer.count(Endpoint::Authorization), 0);
}

#[tokio::test]
async fn the_last_profile_that_goes_takes_its_registration_along() {
    let stage = stage(|_| {});
    log_in(&stage, "one").await;
    log_in(&stage, "two").await;
    let _kept = remove(&stage, "one").await;
    assert_eq!(stage.issuer.registered().len(), 1, "two has it still");
    let removed = remove(&stage, "two").await;
    assert!(stage.issuer.registered().is_empty());
    assert!(!removed.still_valid.iter().any(|one| one.contains("stays registered")), "{removed:?}");
    let unmanaged = self::stage(|rules| rules.managed = false);
    log_in(&unmanaged, "one").await;
    let removed = remove(&unmanaged, "one").await;
    assert!(removed.still_valid.iter().any(|one| one == "the client `registered-1` stays registered at the service"));
    let unreachable = self::stage(|_| {});
    log_in(&unreachable, "one").await;
    unreachable.issuer.always(Endpoint::ClientConfiguration, Behaviour::status(503));
    let removed = remove(&unreachable, "one").await;
    assert!(removed.existed && removed.still_valid.iter().any(|one| one.contains("stays registered")), "{removed:?}");
}

#[tokio::test]
async fn a_logout_keeps_the_registration_and_a_client_of_the_persons_own_is_never_touched() {
    let stage = stage(|_| {});
    log_in(&stage, "work").await;
    let _out = stage.logout().await;
    log_in(&stage, "work").await;
    assert_eq!(registrations(&stage), 1);
    let own = LoginRequest { client_id: Some(Client::PUBLIC.to_owned()), ..nameless(&stage, "own") };
    done(stage.with_browser(own).await);
    let removed = remove(&stage, "own").await;
    assert!(!removed.still_valid.iter().any(|one| one.contains("client")), "{removed:?}");
    assert_eq!(stage.issuer.count(Endpoint::ClientConfiguration), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_registers_with_a_token_from_standard_input() {
    let mut config = Config::default();
    (config.registration.offered, config.registration.initial_token) = (true, Some("canary-iat-2".to_owned()));
    (config.device.auto_approve, config.device.interval) = (Some(std::time::Duration::ZERO), Some(1));
    let (issuer, sandbox) = (harness::issuer::Issuer::launch(config), harness::sandbox::Sandbox::new());
    let _daemon = harness::daemon::Process::start(&sandbox);
    let line = ["login", "--issuer", issuer.url(), "--device", "--registration-token-stdin", "-p", "work"];
    let wrong = Ctl::new(&sandbox, &line).input("canary-wrong\n").run().fails(2);
    assert!(wrong.err.contains("--client-id") && !wrong.err.contains("canary"), "{wrong:?}");
    let _in = Ctl::new(&sandbox, &line).input("canary-iat-2\n").run().ok();
    assert_eq!(issuer.registered(), ["registered-1"]);
    let gone = Ctl::new(&sandbox, &["remove", "work", "--yes"]).run().ok();
    assert!(issuer.registered().is_empty(), "{gone:?}");
}

#[tokio::test]
async fn a_registered_client_goes_to_no_endpoint_that_it_was_not_registered_for() {
    let stage = stage(|registration| registration.secret_expires_at = Some(0));
    log_in(&stage, "one").await;
    let elsewhere = Issuer::launch(Config::default());
    let request = LoginRequest {
        flow: Some(Flow::Device),
        device_authorization_endpoint: Some(elsewhere.endpoint(Endpoint::DeviceAuthorization)),
        token_endpoint: Some(elsewhere.endpoint(Endpoint::Token)),
        ..nameless(&stage, "two")
    };
    failed(stage.with_device(request, None).await);
    let known = stage.issuer.secrets();
    for entry in elsewhere.ledger().entries() {
        assert_ne!(entry.field("client_id"), Some("registered-1"), "{entry:?}");
        let told = format!("{entry:?}");
        assert!(!told.contains("registered-1"), "{told}");
    }
    assert!(!known.is_empty() && registrations(&stage) <= 2, "and it is not registered again for that endpoint's word");
}
