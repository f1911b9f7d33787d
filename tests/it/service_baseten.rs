//! Baseten: a device login at fixed endpoints, or a key with a scheme of its own; and how the agent asks afterwards.

use std::time::Duration;

use harness::service::{Baseten, DeviceTerms, Fault, Terms};
use harness::site::Site;
use harness::stage::{bearer, done};
use proto::login::{Flow, LoginRequest};
use proto::problem::{Code, Reason};
use proto::profile::{AuthType, ProfileState};
use proto::provider::Method;
use proto::whoami::ProbeStatus;

fn plain() -> Site<Baseten> {
    Site::new(Baseten::default())
}

async fn ready() -> Site<Baseten> {
    let site = plain();
    site.logged_in(site.login()).await;
    site
}

fn device(change: impl FnOnce(&mut DeviceTerms)) -> Site<Baseten> {
    let mut wire = Baseten::default();
    change(&mut wire.device);
    Site::new(wire)
}

/// How the newest question about the identity was authorized.
fn authorization(site: &Site<Baseten>) -> String {
    let ledger = site.service.ledger();
    let asked = ledger.last(Baseten::GRAPHQL).expect("a question");
    asked.header("authorization").expect("with a credential").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_login_waits_and_leaves_all_that_is_known() {
    let site = plain();
    let (profile, warnings) = done(site.approved_after(Baseten::TOKEN, 2, site.login()).await);
    assert!(warnings.is_empty(), "{warnings:?}");
    let ledger = site.service.ledger();
    let asked = ledger.last(Baseten::AUTHORIZE).expect("a device login");
    assert_eq!((asked.field("client_id").as_deref(), asked.field("scope")), (Some("baseten-cli"), None));
    let polls: Vec<_> = ledger.at(Baseten::TOKEN).map(|poll| poll.status).collect();
    assert_eq!((polls.first(), polls.last()), (Some(&Some(400)), Some(&Some(200))));
    assert_eq!((profile.flow, profile.method), (Flow::Device, Some(Method::Device)));
    assert_eq!((profile.auth_type, profile.state), (AuthType::Oauth, ProfileState::Usable));
    assert_eq!((profile.client_id.as_deref(), profile.scope.as_deref()), (Some("baseten-cli"), None));
    assert_eq!(profile.url.as_deref(), Some(site.service.url()));
    let account = profile.account.expect("the service says who it is");
    assert_eq!(account.email.as_deref(), Some("ada@example.test"));
    assert_eq!(account.organization.as_deref(), Some("Example workspace"));
    let left = profile.expires_at.expect("the answer had `expires_in`").unix() - site.service.now();
    assert!((3500..=3600).contains(&left), "{left}");
    let token = site.token().await.expect("a token");
    assert_eq!(token.token_type, "Bearer");
    assert_eq!(authorization(&site), format!("Bearer {}", bearer(&token)));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_token_is_told_by_the_answer_or_by_the_token_itself() {
    let told = [
        (Terms::default(), true),
        (Terms { jwt: true, expires_in: false, ..Terms::default() }, true),
        (Terms { expires_in: false, ..Terms::default() }, false),
    ];
    for (terms, known) in told {
        let site = Site::new(Baseten { terms, ..Baseten::default() });
        let (profile, _) = site.logged_in(site.login()).await;
        assert_eq!(profile.expires_at.is_some(), known, "{terms:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn polls_keep_to_the_services_interval_and_to_a_longer_one_that_is_wished_for() {
    for (interval, wish, least) in [(Some(7), Some(1000), 7), (Some(2), Some(6000), 6), (None, None, 5)] {
        let site = device(|terms| terms.interval = interval);
        let request = LoginRequest { poll_interval: wish, ..site.login() };
        done(site.approved_after(Baseten::TOKEN, 3, request).await);
        let ledger = site.service.ledger();
        let polls: Vec<u64> = ledger.at(Baseten::TOKEN).map(|poll| poll.at.as_secs()).collect();
        let (first, last) = (polls[0], polls[polls.len() - 1]);
        // The two clocks may be a second apart.
        assert!(last - first + 1 >= least * (polls.len() as u64 - 1), "{interval:?} {wish:?}: {polls:?}");
    }
    let site = device(|terms| terms.slow_downs = 1);
    done(site.approved_after(Baseten::TOKEN, 3, site.login()).await);
    let ledger = site.service.ledger();
    let polls: Vec<u64> = ledger.at(Baseten::TOKEN).map(|poll| poll.at.as_secs()).collect();
    assert!(polls[2] - polls[0] + 1 >= 20, "five seconds more each time: {polls:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_is_refused_expired_or_late_says_which_and_leaves_nothing() {
    let site = device(|terms| terms.life = Duration::from_secs(20));
    let denied = site.refused_with(site.login(), || site.service.deny()).await;
    assert_eq!(denied.code, Code::Denied, "{denied:?}");
    let expired = site.refused_with(site.login(), || site.service.expire()).await;
    assert_eq!(expired.code, Code::LoginTimeout, "{expired:?}");
    let ended = site.refused_with(site.login(), || {}).await;
    assert_eq!(ended.code, Code::LoginTimeout, "the code's own life is heeded: {ended:?}");
    let late = site.refused_with(LoginRequest { max_wait: Some(8), ..site.login() }, || {}).await;
    assert!(late.code == Code::LoginTimeout && late.hint.is_some_and(|hint| hint.contains("--max-wait")));
    assert!(site.list().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_cannot_be_reached_or_knows_no_such_client_starts_no_login() {
    let site = device(|terms| terms.client_id = "another".to_owned());
    assert_eq!(site.refused(site.login()).await.code, Code::Misconfigured);
    assert_eq!(site.refused(site.login_nowhere()).await.code, Code::IssuerUnreachable);
    for fault in [Fault::status(500), Fault::status(503), Fault::retry_after(429, 9), Fault::Refuses, Fault::Html(502)]
    {
        site.service.next(Baseten::AUTHORIZE, fault.clone());
        assert_eq!(site.refused(site.login()).await.code, Code::IssuerUnreachable, "{fault:?}");
    }
    site.service.next(Baseten::AUTHORIZE, Fault::Html(200));
    assert_eq!(site.refused(site.login()).await.code, Code::LoginFailed);
    assert!(site.list().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_goes_out_with_its_own_scheme_and_is_tried_before_it_is_saved() {
    let mut site = plain();
    let wrong = site.refused(site.key_login("canary-wrong-key")).await;
    assert_eq!(wrong.code, Code::Denied);
    assert!(!wrong.detail.contains("canary") && wrong.hint.is_some());
    assert_eq!(authorization(&site), "Api-Key canary-wrong-key");
    let key = site.service.make_key();
    site.service.next(Baseten::GRAPHQL, Fault::Json(200, serde_json::json!({ "data": { "user": null } })));
    assert_eq!(site.refused(site.key_login(&key)).await.code, Code::LoginFailed, "an answer without a person");
    site.service.next(Baseten::GRAPHQL, Fault::status(500));
    assert_eq!(site.refused(site.key_login(&key)).await.code, Code::IssuerUnreachable);
    assert!(site.list().await.is_empty());
    let (profile, _) = site.logged_in(site.key_login(&key)).await;
    assert_eq!((profile.auth_type, profile.method), (AuthType::ApiKey, Some(Method::ApiKey)));
    assert_eq!((profile.expires_at, profile.account.is_some()), (None, true));
    site.restart().await;
    let token = site.token().await.expect("the key");
    assert_eq!((token.token_type.as_str(), bearer(&token)), ("Api-Key", key.as_str()));
    site.whoami().await.expect("an answer");
    assert_eq!(authorization(&site), format!("Api-Key {key}"));
    let refused = site.refresh().await.expect_err("a key cannot be refreshed");
    assert_eq!((refused.code, refused.reason), (Code::LoginRequired, Some(Reason::NotRefreshable)));
    let missing = site.refused(LoginRequest { key: None, ..site.key_login("") }).await;
    assert!(missing.hint.is_some_and(|hint| hint.contains("BASETEN_API_KEY")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_is_named_after_the_account_and_numbered_for_another_workspace() {
    let site = plain();
    let unnamed = || LoginRequest { profile: None, ..site.login() };
    for name in ["ada@example.test", "ada@example.test"] {
        assert_eq!(site.logged_in(unnamed()).await.0.name.as_str(), name);
    }
    site.service.reconfigure(|wire| wire.workspace = "Other workspace".to_owned());
    for name in ["ada@example.test-2", "ada@example.test-2"] {
        assert_eq!(site.logged_in(unnamed()).await.0.name.as_str(), name);
    }
    site.service.reconfigure(|wire| wire.email = "grace@example.test".to_owned());
    assert_eq!(site.logged_in(unnamed()).await.0.name.as_str(), "grace@example.test");
    assert_eq!(site.list().await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoami_asks_live_and_knows_who_it_was_when_it_cannot() {
    let site = ready().await;
    site.service.reconfigure(|wire| wire.workspace = "Renamed".to_owned());
    let account = site.whoami().await.expect("an answer").account.expect("an account");
    assert_eq!(account.organization.as_deref(), Some("Renamed"));
    for fault in [Fault::status(500), Fault::retry_after(429, 5), Fault::Html(200), Fault::Garbage, Fault::Refuses] {
        site.service.next(Baseten::GRAPHQL, fault.clone());
        let known = site.whoami().await.unwrap_or_else(|problem| panic!("{fault:?}: {problem:?}"));
        assert!(known.offline && known.account.as_ref() == Some(&account), "{fault:?}: {known:?}");
    }
    site.service.next(Baseten::GRAPHQL, Fault::status(403));
    assert_eq!(site.whoami().await.expect_err("it is not allowed").code, Code::Denied);
    let before = site.service.count(Baseten::TOKEN);
    site.service.always(Baseten::GRAPHQL, Fault::status(401));
    let problem = site.whoami().await.expect_err("it is refused");
    assert_eq!((problem.code, problem.reason), (Code::LoginRequired, Some(Reason::Refused)));
    assert_eq!(site.service.count(Baseten::TOKEN), before + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_probe_tells_how_the_profile_does_and_changes_nothing() {
    let site = ready().await;
    let (before, tokens) = (site.profile().await, site.service.count(Baseten::TOKEN));
    assert_eq!(site.verdict().await.0, ProbeStatus::Ok);
    for (fault, word) in [(Fault::status(401), "401"), (Fault::status(500), "500"), (Fault::Refuses, "reached")] {
        site.service.next(Baseten::GRAPHQL, fault);
        let (status, why) = site.verdict().await;
        assert!(status == ProbeStatus::Error && why.contains(word), "{status:?} {why}");
    }
    assert_eq!(site.verdict_of_silence(Baseten::GRAPHQL).await, ProbeStatus::Timeout);
    assert_eq!(site.service.count(Baseten::TOKEN), tokens);
    assert_eq!(site.profile().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_child_process_gets_both_variables_with_the_token_or_the_key() {
    let site = ready().await;
    let token = site.token().await.expect("a token");
    let variables = site.variables().await;
    assert_eq!(variables["BASETEN_TRUSS_AUTH_REMOTE_URL"], site.service.url());
    assert_eq!(variables["BASETEN_TRUSS_AUTH_API_KEY"], bearer(&token));
    assert_eq!(variables.len(), 2);
    let key = site.service.make_key();
    site.logged_in(site.key_login(&key)).await;
    assert_eq!(site.variables().await["BASETEN_TRUSS_AUTH_API_KEY"], key);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_in_an_answer_or_a_file() {
    let site = ready().await;
    site.keeps_its_secrets().await;
}
