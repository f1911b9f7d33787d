//! Clients that prove themselves by a private key (`private_key_jwt`, RFC 7523): at every endpoint, at every refresh.

use std::path::PathBuf;
use std::time::Duration;

use harness::ctl::Ctl;
use harness::issuer::{Client, ClientAuth, ClientKey, Config, Endpoint, Pushed, Receiver};
use harness::stage::{PROFILE, Stage, bearer, done, failed};
use proto::login::LoginRequest;
use proto::problem::Code;
use proto::profile::Revocation;
use proto::secret::Secret;

const CLIENT: &str = "by-key";

/// A stage whose issuer knows one client by its key.
fn stage(receiver: Receiver) -> (Stage, ClientKey) {
    let key = ClientKey::generate();
    let mut config = Config { pushed: Pushed::Required, ..Config::default() };
    let auth = ClientAuth::PrivateKeyJwt { key: key.clone(), receiver };
    config.clients.push(Client { auth, ..Client::public(CLIENT) });
    (Stage::new(config), key)
}

fn by_key(request: LoginRequest, key: &ClientKey) -> LoginRequest {
    let client_key = Some(Secret::new(key.on_the_wire()));
    LoginRequest { client_id: Some(CLIENT.to_owned()), client_key, ..request }
}

/// How many requests to this endpoint were accepted, each with an assertion.
fn accepted(stage: &Stage, endpoint: Endpoint) -> usize {
    let ledger = stage.issuer.ledger();
    assert!(ledger.at(endpoint).all(|entry| entry.field("client_assertion").is_some()), "{endpoint:?}");
    ledger.at(endpoint).filter(|entry| entry.status.is_some_and(|status| status < 300)).count()
}

/// How many assertions were refused.
fn refused(stage: &Stage) -> usize {
    stage.issuer.ledger().entries().iter().filter(|entry| entry.status == Some(401)).count()
}

#[tokio::test]
async fn a_browser_login_refreshes_and_revokes_with_the_key_also_after_a_restart() {
    let (mut stage, key) = stage(Receiver::Issuer);
    done(stage.with_browser(by_key(stage.browser_login(), &key)).await);
    stage.refresh().await.expect("a refresh");
    assert_eq!(refused(&stage), 0, "the service's time is known from its metadata");
    stage.restart().await;
    stage.refresh().await.expect("the key was kept");
    assert_eq!(refused(&stage), 1, "the daemon's clock is far from the service's, and that is learned again");
    let token = bearer(&stage.token().await.expect("a token")).to_owned();
    assert_eq!(accepted(&stage, Endpoint::PushedAuthorization), 1);
    assert_eq!(accepted(&stage, Endpoint::Token), 3);
    assert_eq!(stage.logout().await.revocation, Revocation::Accepted);
    assert_eq!(accepted(&stage, Endpoint::Revocation), 2);
    assert!(!stage.issuer.is_live(&token));
    // A login by the profile's name alone has the key still.
    let again = LoginRequest { issuer: None, client_id: None, scope: None, ..stage.browser_login() };
    done(stage.with_browser(again).await);
}

#[tokio::test]
async fn a_device_login_proves_itself_at_both_endpoints() {
    let (stage, key) = stage(Receiver::Issuer);
    done(stage.with_device(by_key(stage.device_login(), &key), Some(0)).await);
    assert_eq!(accepted(&stage, Endpoint::DeviceAuthorization), 1);
    stage.refresh().await.expect("a refresh");
}

#[tokio::test]
async fn a_service_that_wants_its_endpoint_named_is_given_that_and_it_is_remembered() {
    let (mut stage, key) = stage(Receiver::Endpoint);
    done(stage.with_browser(by_key(stage.browser_login(), &key)).await);
    assert_eq!(refused(&stage), 1, "the first request learned it for all");
    stage.restart().await;
    stage.refresh().await.expect("a refresh");
    assert_eq!(refused(&stage), 2, "only the time has to be learned again");
}

#[tokio::test]
async fn the_times_of_an_assertion_are_those_of_the_service() {
    let (stage, key) = stage(Receiver::Issuer);
    stage.issuer.advance(Duration::from_hours(5));
    done(stage.with_browser(by_key(stage.browser_login(), &key)).await);
    stage.issuer.advance(Duration::from_hours(5));
    stage.refresh().await.expect("the difference is learned from the refusal");
    assert_eq!((refused(&stage), stage.issuer.exchanges()), (1, 2));
    assert_eq!(stage.issuer.tally().reuse_detections, 0, "the refused request did nothing");
}

#[tokio::test]
async fn another_key_or_none_is_refused_and_a_bad_one_never_sent() {
    let (stage, _) = stage(Receiver::Issuer);
    let problem = failed(stage.with_browser(by_key(stage.browser_login(), &ClientKey::generate())).await);
    assert_eq!(problem.code, Code::Misconfigured);
    assert!(problem.hint.is_some_and(|hint| hint.contains("key")));
    let both = LoginRequest {
        client_secret: Some(Secret::new("canary-both".to_owned())),
        ..by_key(stage.browser_login(), &ClientKey::generate())
    };
    let nonsense = ["!", "Y2FuYXJ5", ""]
        .map(|text| LoginRequest { client_key: Some(Secret::new(text.to_owned())), ..stage.browser_login() });
    let nameless = LoginRequest { client_key_id: Some("kid".to_owned()), ..stage.browser_login() };
    for request in nonsense.into_iter().chain([both, nameless]) {
        let problem = stage.wire.login(&request).await.expect_err("it cannot work");
        assert_eq!(problem.code, Code::InvalidRequest, "{problem:?}");
        assert!(!format!("{problem:?}").contains("canary"));
    }
}

/// The client's options for a job that logs in by its key, which is in a file.
fn job(stage: &Stage, key: &ClientKey) -> (PathBuf, Vec<String>) {
    let file = stage.sandbox.path().join("key.pem");
    std::fs::write(&file, &key.pem).expect("it can be written");
    let options = ["login", PROFILE, "--issuer", stage.issuer.url(), "--client-id", CLIENT, "--client-credentials"];
    let file_option = ["--client-key-file", file.to_str().expect("text")];
    let options = options.iter().chain(&file_option).map(ToString::to_string).collect();
    (file, options)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_logs_in_by_its_key_from_the_command_line_and_needs_its_file_no_more() {
    let (stage, key) = stage(Receiver::Issuer);
    let (file, mut options) = job(&stage, &key);
    options.extend(["--scope", "jobs:run", "--resource", "https://api.example/"].map(str::to_owned));
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let ran = Ctl::new(&stage.sandbox, &options).run().ok();
    assert!(ran.out.starts_with(&format!("Logged in to {PROFILE}")) && !ran.err.contains("warning"), "{ran:?}");
    std::fs::remove_file(file).expect("it is ours");
    let first = Ctl::new(&stage.sandbox, &["token"]).run().ok().out;
    assert_eq!(stage.issuer.audience(first.trim_end()), Some(vec!["https://api.example/".to_owned()]));
    // There is no refresh token: a new token is asked for as the first one was.
    let _refreshed = Ctl::new(&stage.sandbox, &["refresh"]).run().ok();
    let second = Ctl::new(&stage.sandbox, &["token"]).run().ok().out;
    assert_ne!(first, second);
    assert_eq!(stage.issuer.audience(second.trim_end()), Some(vec!["https://api.example/".to_owned()]));
    let ledger = stage.issuer.ledger();
    assert_eq!((ledger.grants("client_credentials"), ledger.exchanges()), (2, 0));
    assert_eq!(accepted(&stage, Endpoint::Token), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_asks_for_less_or_for_another_audience_without_leave_since_that_ends_nothing() {
    let (stage, key) = stage(Receiver::Issuer);
    let (_, mut options) = job(&stage, &key);
    options.extend(["--scope", "jobs:run jobs:read"].map(str::to_owned));
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let _in = Ctl::new(&stage.sandbox, &options).run().ok();
    let less = Ctl::new(&stage.sandbox, &["token", "--scope", "jobs:read", "--audience", "mail"]).run().ok().out;
    assert_eq!(stage.issuer.audience(less.trim_end()), Some(vec!["mail".to_owned()]));
    let ledger = stage.issuer.ledger();
    let last = ledger.at(Endpoint::Token).last().expect("a request");
    assert_eq!((last.field("grant_type"), last.field("scope")), (Some("client_credentials"), Some("jobs:read")));
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_with_the_key_file_are_seen_before_anything_is_sent() {
    let (stage, key) = stage(Receiver::Issuer);
    let (file, options) = job(&stage, &key);
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    std::fs::write(&file, "-----BEGIN ENCRYPTED PRIVATE KEY-----\nY2FuYXJ5\n-----END ENCRYPTED PRIVATE KEY-----\n")
        .expect("it can be written");
    let ran = Ctl::new(&stage.sandbox, &options).run().fails(2);
    assert!(ran.err.contains("encrypted") && ran.err.contains("openssl"), "{ran:?}");
    std::fs::remove_file(&file).expect("it is ours");
    let ran = Ctl::new(&stage.sandbox, &options).run().fails(2);
    assert!(ran.err.contains("key.pem"), "{ran:?}");
    let both = [&options[..], &["--client-secret-stdin"]].concat();
    let _refused = Ctl::new(&stage.sandbox, &both).run().fails(2);
    assert!(stage.issuer.ledger().entries().is_empty());
}
