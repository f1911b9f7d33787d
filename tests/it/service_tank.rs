//! Tank: a browser login that ends in a key of ninety days, keys with a prefix, and what an account that is gone means.

use std::time::Duration;

use harness::service::{Fault, Service, Tank};
use harness::site::{PROFILE, Site};
use harness::stage::{bearer, done};
use harness::wire;
use proto::login::{Flow, LoginRequest};
use proto::problem::{Code, Reason};
use proto::profile::{AuthType, ProfileState, Revocation};
use proto::provider::Method;
use proto::whoami::ProbeStatus;

const DAY: Duration = Duration::from_hours(24);

fn plain() -> Site<Tank> {
    Site::new(Tank::default())
}

async fn ready() -> Site<Tank> {
    let site = plain();
    site.logged_in(site.login()).await;
    site
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_waits_through_400_and_leaves_a_key_of_ninety_days() {
    let site = plain();
    let (profile, warnings) = done(site.approved_after(Tank::EXCHANGE, 2, site.login()).await);
    assert!(warnings.is_empty(), "{warnings:?}");
    let ledger = site.service.ledger();
    let polls: Vec<_> = ledger.at(Tank::EXCHANGE).collect();
    assert_eq!((polls[0].status, polls[polls.len() - 1].status), (Some(400), Some(200)));
    let started = ledger.last(Tank::START).expect("the login was started").json();
    let state = started["state"].as_str().expect("a state");
    assert!((8..=256).contains(&state.len()));
    assert!(polls.iter().all(|poll| poll.json()["state"].as_str() == Some(state)));
    assert_eq!((profile.flow, profile.method), (Flow::PollExchange, Some(Method::Browser)));
    assert_eq!((profile.auth_type, profile.state), (AuthType::ApiKey, ProfileState::Usable));
    let account = profile.account.expect("the service says who it is");
    assert_eq!(account.subject.as_deref(), Some("user-1"));
    assert_eq!((account.name.as_deref(), account.email.as_deref()), (Some("Ada Example"), Some("ada@example.test")));
    let left = profile.expires_at.expect("ninety days are assumed").unix() - site.service.now();
    assert!((90 * 86_400 - 60..=90 * 86_400).contains(&left), "{left}");
    assert_eq!((profile.scope, profile.refresh.possible, profile.current), (None, false, true));
    assert!(bearer(&site.token().await.expect("the key")).starts_with("tank_"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_is_made_for_each_login() {
    let site = plain();
    for _ in 0..2 {
        site.logged_in(site.login()).await;
    }
    let ledger = site.service.ledger();
    let states: Vec<_> = ledger.at(Tank::START).map(|start| start.json()["state"].clone()).collect();
    assert_ne!(states[0], states[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn polls_are_two_seconds_apart_or_as_much_more_as_is_wished_for() {
    for (wish, least) in [(None, 2), (Some(500), 2), (Some(5000), 5)] {
        let site = plain();
        let request = LoginRequest { poll_interval: wish, ..site.login() };
        done(site.approved_after(Tank::EXCHANGE, 3, request).await);
        let ledger = site.service.ledger();
        let polls: Vec<u64> = ledger.at(Tank::EXCHANGE).map(|poll| poll.at.as_secs()).collect();
        let (first, last) = (polls[0], polls[polls.len() - 1]);
        // The two clocks may be a second apart.
        assert!(last - first + 1 >= least * (polls.len() as u64 - 1), "{wish:?}: {polls:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_dead_looks_pending_and_ends_at_the_deadline() {
    let site = plain();
    let request = LoginRequest { max_wait: Some(12), ..site.login() };
    let late = site.refused_with(request, || site.service.expire()).await;
    assert_eq!(late.code, Code::LoginTimeout);
    assert!(late.hint.is_some_and(|hint| hint.contains("--max-wait")));
    assert!(site.service.count(Tank::EXCHANGE) >= 2);
    let suspended = site.refused_with(site.login(), || site.service.deny()).await;
    assert_eq!(suspended.code, Code::Denied, "{suspended:?}");
    site.service.next(Tank::EXCHANGE, Fault::status(404));
    let ended = site.refused_with(site.login(), || {}).await;
    assert_eq!(ended.code, Code::LoginFailed, "{ended:?}");
    assert!(site.list().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_waits_five_minutes_unless_it_is_told_otherwise() {
    let site = plain();
    let started = site.wire.login(&site.login()).await.expect("the login starts");
    let wait = started.deadline.unix() - site.service.now();
    assert!((299..=300).contains(&wait), "{wait}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_cannot_be_reached_starts_no_login() {
    let site = plain();
    assert_eq!(site.refused(site.login_nowhere()).await.code, Code::IssuerUnreachable);
    for fault in [Fault::status(500), Fault::Refuses, Fault::Html(503)] {
        site.service.next(Tank::START, fault.clone());
        assert_eq!(site.refused(site.login()).await.code, Code::IssuerUnreachable, "{fault:?}");
    }
    site.service.next(Tank::START, Fault::status(403));
    assert_eq!(site.refused(site.login()).await.code, Code::Denied);
    assert_eq!(site.service.count(Tank::EXCHANGE), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_without_the_prefix_is_refused_before_anybody_is_asked() {
    let site = plain();
    let problem = site.refused(site.key_login("canary-not-of-tank")).await;
    assert_eq!(problem.code, Code::InvalidRequest);
    assert!(problem.detail.contains("tank_") && !problem.detail.contains("canary"), "{problem:?}");
    assert!(site.service.ledger().entries().is_empty());
    assert!(site.list().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_tried_before_it_is_saved() {
    let site = plain();
    let wrong = site.refused(site.key_login("tank_canary-unknown")).await;
    assert_eq!(wrong.code, Code::Denied);
    site.service.add_key("tank_canary-good-key");
    site.service.next(Tank::WHOAMI, Fault::status(500));
    assert_eq!(site.refused(site.key_login("tank_canary-good-key")).await.code, Code::IssuerUnreachable);
    site.service.next(Tank::WHOAMI, Fault::status(403));
    assert_eq!(site.refused(site.key_login("tank_canary-good-key")).await.code, Code::Denied);
    assert!(site.list().await.is_empty());
    let (profile, _) = site.logged_in(site.key_login("tank_canary-good-key")).await;
    assert_eq!((profile.auth_type, profile.method), (AuthType::ApiKey, Some(Method::ApiKey)));
    assert_eq!(profile.expires_at, None, "nobody says when a key of the person's own lapses");
    assert_eq!(profile.account.and_then(|account| account.name).as_deref(), Some("Ada Example"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_is_named_after_the_account_and_numbered_for_another() {
    let site = plain();
    let unnamed = || LoginRequest { profile: None, ..site.login() };
    let (first, _) = site.logged_in(unnamed()).await;
    assert_eq!(first.name.as_str(), "ada@example.test");
    site.service.reconfigure(|wire| wire.user = (Some("Grace Example".to_owned()), None));
    let (other, _) = site.logged_in(unnamed()).await;
    assert_eq!(other.name.as_str(), "Grace-Example");
    site.service.reconfigure(|wire| wire.user = (None, None));
    let (third, _) = site.logged_in(unnamed()).await;
    assert_eq!(third.name.as_str(), "user-1");
    site.service.add_key("tank_canary-of-ci");
    let key = LoginRequest { profile: None, ..site.key_login("tank_canary-of-ci") };
    assert_eq!(site.logged_in(key).await.0.name.as_str(), "user-1-2", "another method is another profile");
    let names: Vec<_> = site.list().await.into_iter().map(|profile| profile.name.to_string()).collect();
    assert_eq!(names, ["Grace-Example", "ada@example.test", "user-1", "user-1-2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_cannot_be_refreshed_and_lapses_after_ninety_days() {
    let site = ready().await;
    let problem = site.refresh().await.expect_err("there is nothing to refresh with");
    assert_eq!((problem.code, problem.reason), (Code::LoginRequired, Some(Reason::NotRefreshable)));
    assert!(problem.hint.is_some_and(|hint| hint.contains("agentctl login work")));
    site.pass(89 * DAY);
    site.token().await.expect("it is good for ninety days");
    site.pass(2 * DAY);
    let problem = site.token().await.expect_err("it has lapsed");
    assert_eq!((problem.code, problem.reason), (Code::LoginRequired, Some(Reason::Expired)));
    assert_eq!(site.profile().await.state, ProfileState::LoginRequired);
    assert_eq!(site.verdict().await, (ProbeStatus::Error, "lapsed".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoami_asks_live_and_knows_who_it_was_when_it_cannot() {
    let site = ready().await;
    site.service.reconfigure(|wire| wire.user.0 = Some("Ada Renamed".to_owned()));
    let account = site.whoami().await.expect("an answer").account.expect("an account");
    assert_eq!(account.name.as_deref(), Some("Ada Renamed"));
    assert_eq!(site.profile().await.account.as_ref(), Some(&account));
    for fault in [Fault::status(503), Fault::Html(200), Fault::Refuses] {
        site.service.next(Tank::WHOAMI, fault.clone());
        let known = site.whoami().await.unwrap_or_else(|problem| panic!("{fault:?}: {problem:?}"));
        assert!(known.offline && known.account.as_ref() == Some(&account), "{fault:?}: {known:?}");
    }
    site.service.end_login();
    let problem = site.whoami().await.expect_err("the key is dead");
    assert_eq!((problem.code, problem.reason), (Code::LoginRequired, Some(Reason::Refused)));
    assert!(problem.hint.is_some_and(|hint| hint.contains("agentctl login")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_stopped_is_offline_for_whoami_and_an_error_for_a_probe() {
    let mut site = ready().await;
    let account = site.profile().await.account;
    site.service = Service::launch(Tank::default());
    let known = site.whoami().await.expect("what is known");
    assert!(known.offline && known.account.is_some() && known.account == account, "{known:?}");
    assert_eq!(known.problem.map(|problem| problem.code), Some(Code::IssuerUnreachable));
    let (status, why) = site.verdict().await;
    assert!(status == ProbeStatus::Error && why.contains("reached"), "{status:?} {why}");
    site.token().await.expect("the key is served all the same");
    assert!(site.service.ledger().entries().is_empty(), "nobody else is asked");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_probe_tells_how_the_profile_does() {
    let site = ready().await;
    let before = site.profile().await;
    assert_eq!(site.verdict().await.0, ProbeStatus::Ok);
    assert_eq!(site.verdict_of_silence(Tank::WHOAMI).await, ProbeStatus::Timeout);
    site.service.reconfigure(|wire| wire.user_gone = true);
    let (status, why) = site.verdict().await;
    assert!(status == ProbeStatus::Error && why.contains("404"), "{why}");
    assert_eq!(site.profile().await, before);
    site.service.end_login();
    assert!(site.verdict().await.1.contains("401"));
    site.logout().await;
    assert_eq!(site.verdict().await, (ProbeStatus::Error, "not logged in".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_logout_sends_nothing_and_says_until_when_the_key_stays_valid() {
    let mut site = ready().await;
    site.restart().await;
    let requests = site.service.ledger().entries().len();
    let until = site.profile().await.expires_at.expect("ninety days");
    let gone = site.logout().await;
    assert_eq!((gone.was_logged_in, gone.revocation, gone.retried), (true, Revocation::Nothing, false));
    assert_eq!(gone.still_valid, [format!("the key stays valid at the service until {until}")]);
    assert!(!site.profile().await.current);
    assert!(!site.logout().await.was_logged_in);
    assert_eq!(site.service.ledger().entries().len(), requests);
    site.logged_in(LoginRequest { profile: Some(wire::name(PROFILE)), switch: true, ..LoginRequest::default() }).await;
    assert!(site.profile().await.current);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_child_process_gets_the_key_and_no_variable_of_tank() {
    let site = Site::configured(Tank::default(), "[profile.work]\nreveal = \"never\"\n");
    site.logged_in(site.login()).await;
    assert!(site.variables().await.is_empty());
    let lease = site.exec().await.expect("the lease").token.expect("there is a key");
    assert!(site.service.is_live(bearer(&lease)));
    assert_eq!(site.token().await.expect_err("it is never printed").code, Code::Denied);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_in_an_answer_or_a_file() {
    let site = ready().await;
    site.keeps_its_secrets().await;
}
