//! Tensormesh after the login: refreshing in JSON, the inference key that comes with it, restarts, logout.

use std::time::Duration;

use harness::issuer::Rotation;
use harness::service::{Fault, Tensormesh, Terms};
use harness::site::{PROFILE, Site};
use harness::stage::bearer;
use harness::wire;
use proto::login::LoginRequest;
use proto::problem::{Code, Reason};
use proto::profile::{ProfileState, Revocation, Secondary};

const MINUTE: Duration = Duration::from_mins(1);

async fn ready() -> Site<Tensormesh> {
    ready_with(Tensormesh::default()).await
}

async fn ready_with(wire: Tensormesh) -> Site<Tensormesh> {
    let site = Site::new(wire);
    site.logged_in(site.login()).await;
    site
}

fn rotating(rotation: Rotation) -> Tensormesh {
    Tensormesh { terms: Terms { rotation, ..Terms::default() }, ..Tensormesh::default() }
}

/// The refresh tokens presented so far.
fn presented(site: &Site<Tensormesh>) -> Vec<String> {
    let ledger = site.service.ledger();
    let tokens = ledger.at(Tensormesh::REFRESH).map(|entry| entry.json()["refresh_token"].as_str().map(str::to_owned));
    tokens.map(|token| token.expect("a refresh presents its token as JSON")).collect()
}

async fn inference(site: &Site<Tensormesh>) -> Secondary {
    site.profile().await.secondaries.into_iter().next().expect("the inference key is listed")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_refreshed_once_ahead_of_its_end_with_nobody_asking() {
    let site = ready().await;
    let first = site.token().await.expect("a token");
    site.pass(44 * MINUTE);
    site.token().await.expect("a token");
    assert_eq!(site.service.count(Tensormesh::REFRESH), 0);
    site.pass(9 * MINUTE);
    site.until(|profile| profile.refresh.last_at.is_some()).await;
    let second = site.token().await.expect("a token");
    assert!(bearer(&first) != bearer(&second) && site.service.is_live(bearer(&second)));
    assert_eq!(site.service.count(Tensormesh::REFRESH), 1);
    let ledger = site.service.ledger();
    let sent = ledger.last(Tensormesh::REFRESH).expect("one request");
    assert_eq!(sent.header("content-type"), Some("application/json"));
    assert_eq!(sent.header("authorization"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_is_kept_when_the_answer_omits_it_and_replaced_when_it_does_not() {
    for (rotation, same) in [(Rotation::Absent, true), (Rotation::Repeated, true), (Rotation::On, false)] {
        let site = ready_with(rotating(rotation)).await;
        for _ in 0..3 {
            site.refresh().await.expect("a refresh");
        }
        let sent = presented(&site);
        assert_eq!(sent[0] == sent[1] && sent[1] == sent[2], same, "{rotation:?}");
        site.token().await.expect("a token");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_lost_is_asked_for_once_more_with_the_same_token() {
    let site = ready_with(rotating(Rotation::Window(Duration::from_secs(30)))).await;
    site.service.next(Tensormesh::REFRESH, Fault::CutAfterProcessing);
    site.refresh().await.expect("the second try succeeds");
    let sent = presented(&site);
    assert_eq!(sent.len(), 2);
    assert_eq!(sent[0], sent[1]);
    site.refresh().await.expect("the successor is in use");
    assert_ne!(presented(&site)[2], sent[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_used_token_ends_the_login_the_one_uncertain_try_is_the_last() {
    let site = ready().await;
    site.service.next(Tensormesh::REFRESH, Fault::CutAfterProcessing);
    let problem = site.refresh().await.expect_err("the service has rotated");
    assert_eq!((problem.code, problem.reason), (Code::LoginRequired, Some(Reason::RotationUncertain)), "{problem:?}");
    let sent = presented(&site);
    assert_eq!((sent.len(), &sent[0]), (2, &sent[1]));
    site.pass(61 * MINUTE);
    site.token().await.expect_err("it has lapsed");
    assert_eq!(presented(&site).len(), 2, "nothing more is sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_that_is_refused_ends_the_login() {
    let site = ready().await;
    site.service.end_login();
    let problem = site.refresh().await.expect_err("it is over at the service");
    assert_eq!((problem.code, problem.reason), (Code::LoginRequired, Some(Reason::Refused)), "{problem:?}");
    assert_eq!(site.service.count(Tensormesh::REFRESH), 1);
    site.pass(61 * MINUTE);
    let profile = site.profile().await;
    assert_eq!((profile.state, profile.reason), (ProfileState::LoginRequired, Some(Reason::Refused)));
    site.token().await.expect_err("there is no token");
    assert_eq!(site.service.count(Tensormesh::REFRESH), 1, "a login is the only way on");
    site.logged_in(LoginRequest { profile: Some(wire::name(PROFILE)), ..LoginRequest::default() }).await;
    site.token().await.expect("a token");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_out_of_order_loses_no_login() {
    let faults = [
        Fault::status(500),
        Fault::status(503),
        Fault::retry_after(429, 20),
        Fault::Refuses,
        Fault::Html(502),
        Fault::Html(200),
        Fault::Garbage,
    ];
    for fault in faults {
        let site = ready().await;
        site.service.always(Tensormesh::REFRESH, fault.clone());
        let problem = site.refresh().await.expect_err("the service is out of order");
        assert_eq!(problem.code, Code::IssuerUnreachable, "{fault:?}: {problem:?}");
        site.token().await.expect("the token at hand is good");
        site.pass(70 * MINUTE);
        let problem = site.token().await.expect_err("it has lapsed");
        assert_eq!(problem.code, Code::IssuerUnreachable, "{fault:?}: {problem:?}");
        assert_eq!(site.profile().await.state, ProfileState::Refreshable, "{fault:?}");
        site.service.clear(Tensormesh::REFRESH);
        site.pass(6 * MINUTE);
        site.token().await.unwrap_or_else(|problem| panic!("{fault:?}: {problem:?}"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_without_a_refresh_token_is_warned_of_and_cannot_be_refreshed() {
    let terms = Terms { refresh: false, ..Terms::default() };
    let site = Site::new(Tensormesh { terms, ..Tensormesh::default() });
    let (profile, warnings) = site.logged_in(site.login()).await;
    assert_eq!(warnings, ["this login cannot be refreshed: the service granted no refresh token"]);
    assert!(!profile.refresh.possible);
    let problem = site.refresh().await.expect_err("there is nothing to refresh with");
    assert_eq!((problem.code, problem.reason), (Code::LoginRequired, Some(Reason::NotRefreshable)));
    site.pass(61 * MINUTE);
    let problem = site.token().await.expect_err("it has lapsed");
    assert_eq!((problem.code, problem.reason), (Code::LoginRequired, Some(Reason::Expired)));
    assert_eq!(site.service.count(Tensormesh::REFRESH), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_key_that_lives_comes_with_the_login() {
    let site = ready().await;
    let held = inference(&site).await;
    assert!(held.present && held.required && held.problem.is_none(), "{held:?}");
    assert_eq!(held.title, "inference key");
    assert_eq!(held.values.get("user_id").map(String::as_str), Some(Tensormesh::USER));
    assert_eq!(held.values.get("model_id"), None);
    let key = site.secondary("inference").await.expect("the key");
    assert!(site.service.is_live(bearer(&key)), "one that was deleted or has lapsed is not taken");
    let newest = site.service.secrets().into_iter().filter(|secret| secret.starts_with("canary-key")).nth(1);
    assert_eq!(Some(bearer(&key)), newest.as_deref(), "the second is the newest that lives");
    let unknown = site.secondary("other").await.expect_err("there is no such word");
    assert_eq!(unknown.code, Code::NotFound);
    assert!(unknown.hint.is_some_and(|hint| hint.contains("inference")));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_of_the_model_that_was_deployed_last_goes_before_the_persons_own() {
    let models = vec!["first".to_owned(), "second".to_owned()];
    let site = ready_with(Tensormesh { models, ..Tensormesh::default() }).await;
    let held = inference(&site).await;
    let values: Vec<_> = held.values.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(values, [("cloud", "CLOUD_PROVIDER_LAMBDA"), ("model_id", "second"), ("user_id", Tensormesh::USER)]);
    assert_eq!(bearer(&site.secondary("inference").await.expect("the key")), "canary-model-1");
    assert_eq!(site.service.count(Tensormesh::KEYS), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn sync_fetches_anew_and_keeps_what_cannot_be_fetched() {
    let site = ready().await;
    let own = inference(&site).await.fingerprint;
    site.service.reconfigure(|wire| wire.models = vec!["mine".to_owned()]);
    site.pass(MINUTE);
    let synced = site.sync().await.expect("the service answers");
    let held = &synced.secondaries[0];
    assert_ne!(held.fingerprint, own);
    assert_eq!(held.values.get("model_id").map(String::as_str), Some("mine"));
    site.service.next(Tensormesh::MODELS, Fault::status(503));
    let kept = site.sync().await.expect("the login itself is good").secondaries.remove(0);
    assert!(kept.present && kept.fingerprint == held.fingerprint, "{kept:?}");
    assert!(kept.problem.is_some_and(|problem| problem.detail.contains("503")));
    site.service.always("*", Fault::Refuses);
    let problem = site.sync().await.expect_err("nobody answers");
    assert_eq!(problem.code, Code::IssuerUnreachable);
    assert_eq!(inference(&site).await.fingerprint, held.fingerprint);
    site.service.clear("*");
    assert!(site.sync().await.expect("it is back").secondaries[0].problem.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_without_an_inference_key_succeeds_and_says_what_is_missing() {
    let site = Site::new(Tensormesh::default());
    site.service.always(Tensormesh::KEYS, Fault::Json(200, serde_json::json!({ "apiKeys": [] })));
    let (profile, warnings) = site.logged_in(site.login()).await;
    assert!(warnings.iter().any(|warning| warning.contains("inference key")), "{warnings:?}");
    let held = &profile.secondaries[0];
    assert!(!held.present && held.required && held.problem.is_some(), "{held:?}");
    assert_eq!(site.secondary("inference").await.expect_err("there is none").code, Code::NotFound);
    site.service.clear(Tensormesh::KEYS);
    assert!(site.sync().await.expect("it is there now").secondaries[0].present);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_whose_identity_cannot_be_asked_succeeds_all_the_same() {
    let site = Site::new(Tensormesh::default());
    site.service.always(Tensormesh::PROFILE, Fault::status(500));
    let unnamed = LoginRequest { profile: None, ..site.login() };
    let (profile, warnings) = site.logged_in(unnamed).await;
    assert_eq!((profile.name.as_str(), profile.account), ("tensormesh", None));
    assert!(warnings.iter().any(|warning| warning.contains("who has logged in")), "{warnings:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_keeps_the_login_and_all_that_belongs_to_it() {
    let mut site = ready().await;
    site.refresh().await.expect("a refresh");
    let before = site.profile().await;
    let key = site.secondary("inference").await.expect("the key");
    site.restart().await;
    let after = site.profile().await;
    assert_eq!((&after.account, &after.url, &after.method), (&before.account, &before.url, &before.method));
    assert_eq!((&after.secondaries, &after.fingerprint), (&before.secondaries, &before.fingerprint));
    assert_eq!((after.expires_at, after.current), (before.expires_at, true));
    assert_eq!(bearer(&site.secondary("inference").await.expect("the key")), bearer(&key));
    site.refresh().await.expect("the refresh token is there");
    assert!(!site.whoami().await.expect("an answer").offline);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_logout_says_what_stays_valid_since_the_service_cannot_be_told() {
    let site = ready().await;
    let requests = site.service.ledger().entries().len();
    let gone = site.logout().await;
    assert!(gone.was_logged_in && !gone.retried);
    assert_eq!(gone.revocation, Revocation::Unsupported);
    assert_eq!(gone.still_valid, ["the login stays valid at the service"]);
    let profile = site.profile().await;
    assert_eq!((profile.state, profile.current), (ProfileState::LoggedOut, false));
    assert_eq!((profile.account, profile.secondaries.len(), profile.unrevoked), (None, 0, None));
    let again = site.logout().await;
    assert_eq!((again.was_logged_in, again.revocation), (false, Revocation::Nothing));
    assert!(again.still_valid.is_empty());
    let problem = site.token().await.expect_err("there is no token");
    assert_eq!((problem.code, problem.reason), (Code::LoginRequired, Some(Reason::LoggedOut)));
    assert_eq!(site.service.ledger().entries().len(), requests, "nothing was sent");
}
