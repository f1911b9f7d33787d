//! Tensormesh: a login in a browser that is polled for in JSON, who it belongs to, and how the agent asks afterwards.

use std::time::Duration;

use harness::daemon::START;
use harness::service::{Elsewhere, Fault, Tensormesh, Terms};
use harness::site::{PROFILE, Site};
use harness::stage::{bearer, done};
use harness::wire;
use proto::login::{Flow, LoginRequest, LoginStep};
use proto::problem::{Code, Reason};
use proto::profile::{AuthType, ProfileState};
use proto::provider::Method;
use proto::token::Purpose;
use proto::whoami::ProbeStatus;

fn plain() -> Site<Tensormesh> {
    Site::new(Tensormesh::default())
}

async fn ready() -> Site<Tensormesh> {
    let site = plain();
    site.logged_in(site.login()).await;
    site
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_waits_through_202_and_leaves_all_that_is_known() {
    let site = plain();
    let (profile, warnings) = done(site.approved_after(Tensormesh::EXCHANGE, 2, site.login()).await);
    assert!(warnings.is_empty(), "{warnings:?}");
    let ledger = site.service.ledger();
    let polls: Vec<_> = ledger.at(Tensormesh::EXCHANGE).map(|poll| poll.status).collect();
    assert_eq!(polls.first(), Some(&Some(202)));
    assert_eq!(polls.last(), Some(&Some(200)));
    let start = ledger.last(Tensormesh::START).expect("the login was started");
    assert!(start.body.is_empty(), "{start:?}");
    assert!(start.header("user-agent").is_some_and(|agent| agent.starts_with("agentd/")), "{start:?}");
    assert_eq!((profile.flow, profile.method), (Flow::PollExchange, Some(Method::Browser)));
    assert_eq!((profile.auth_type, profile.state), (AuthType::Oauth, ProfileState::Usable));
    assert_eq!(profile.provider.as_ref().map(proto::id::ProviderName::as_str), Some("tensormesh"));
    assert_eq!(profile.url.as_deref(), Some(site.service.url()));
    assert_eq!(profile.scope, None, "the service does not say");
    assert!(profile.current && profile.provider_current && profile.refresh.possible);
    let account = profile.account.expect("the service says who it is");
    assert_eq!(account.subject.as_deref(), Some(Tensormesh::USER));
    assert_eq!((account.name.as_deref(), account.email.as_deref()), (Some("Ada Example"), Some("ada@example.test")));
    let left = profile.expires_at.expect("the answer had `expires_in`").unix() - site.service.now();
    assert!((3500..=3600).contains(&left), "{left}");
    let token = site.token().await.expect("a token");
    assert!(site.service.is_live(bearer(&token)) && token.token_type == "Bearer");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_token_is_told_by_the_answer_or_by_the_token_itself() {
    let hours = Duration::from_hours(2);
    let told = [
        (Terms { life: Some(hours), ..Terms::default() }, true),
        (Terms { jwt: true, expires_in: false, life: Some(hours), ..Terms::default() }, true),
        (Terms { expires_in: false, life: Some(hours), ..Terms::default() }, false),
    ];
    for (terms, known) in told {
        let site = Site::new(Tensormesh { terms, ..Tensormesh::default() });
        let (profile, _) = site.logged_in(site.login()).await;
        assert_eq!(profile.expires_at.is_some(), known, "{terms:?}");
        if let Some(at) = profile.expires_at {
            assert!((7100..=7200).contains(&(at.unix() - site.service.now())), "{terms:?}: {at}");
        }
        site.token().await.expect("it is served either way");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn polls_keep_to_the_services_interval_and_to_a_longer_one_that_is_wished_for() {
    for (interval, wish, least) in [(Some(5.0), Some(1000), 5), (Some(2.0), Some(7000), 7), (None, None, 2)] {
        let site = Site::new(Tensormesh { interval, ..Tensormesh::default() });
        let request = LoginRequest { poll_interval: wish, ..site.login() };
        done(site.approved_after(Tensormesh::EXCHANGE, 3, request).await);
        let ledger = site.service.ledger();
        let polls: Vec<u64> = ledger.at(Tensormesh::EXCHANGE).map(|poll| poll.at.as_secs()).collect();
        let (first, last) = (polls[0], polls[polls.len() - 1]);
        // The two clocks may be a second apart.
        assert!(last - first + 1 >= least * (polls.len() as u64 - 1), "{interval:?} {wish:?}: {polls:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_is_refused_or_ended_says_which_and_leaves_nothing() {
    let site = plain();
    let denied = site.refused_with(site.login(), || site.service.deny()).await;
    assert_eq!(denied.code, Code::Denied, "{denied:?}");
    let expired = site.refused_with(site.login(), || site.service.expire()).await;
    assert_eq!(expired.code, Code::LoginFailed, "{expired:?}");
    site.service.next(Tensormesh::EXCHANGE, Fault::status(404));
    let ended = site.refused_with(site.login(), || {}).await;
    assert_eq!(ended.code, Code::LoginFailed);
    assert!(ended.detail.contains("session") && ended.hint.is_some(), "{ended:?}");
    assert_eq!(site.wire.inspect(PROFILE).await.expect_err("nothing was saved").code, Code::NotFound);
    assert!(site.list().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_nobody_approves_ends_at_its_deadline() {
    let site = plain();
    let request = LoginRequest { max_wait: Some(9), ..site.login() };
    let late = site.refused_with(request, || {}).await;
    assert_eq!(late.code, Code::LoginTimeout);
    assert!(late.hint.is_some_and(|hint| hint.contains("--max-wait")));
    assert!((9..=15).contains(&(site.service.now() - START)), "it fails closed in time");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_cannot_be_reached_or_answers_nonsense_starts_no_login() {
    let site = plain();
    let nobody = site.refused(site.login_nowhere()).await;
    assert_eq!(nobody.code, Code::IssuerUnreachable, "{nobody:?}");
    let elsewhere = Elsewhere::start();
    let faults = [
        (Fault::status(500), Code::IssuerUnreachable),
        (Fault::retry_after(429, 60), Code::IssuerUnreachable),
        (Fault::Refuses, Code::IssuerUnreachable),
        (Fault::Html(502), Code::IssuerUnreachable),
        (Fault::Html(200), Code::LoginFailed),
        (Fault::Garbage, Code::LoginFailed),
        (Fault::Redirect(elsewhere.url()), Code::LoginFailed),
    ];
    for (fault, code) in faults {
        site.service.next(Tensormesh::START, fault.clone());
        let problem = site.refused(site.login()).await;
        assert_eq!(problem.code, code, "{fault:?}: {problem:?}");
    }
    assert_eq!(elsewhere.hits(), 0);
    assert_eq!(site.service.count(Tensormesh::EXCHANGE), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poll_that_fails_on_the_way_is_made_again() {
    let site = plain();
    for fault in [Fault::status(503), Fault::Refuses, Fault::Html(502), Fault::retry_after(429, 4)] {
        site.service.next(Tensormesh::EXCHANGE, fault);
    }
    site.logged_in(site.login()).await;
    assert_eq!(site.service.count(Tensormesh::EXCHANGE), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_is_named_after_the_account_and_made_anew_for_the_same_one() {
    let site = plain();
    let unnamed = || LoginRequest { profile: None, ..site.login() };
    let (first, _) = site.logged_in(unnamed()).await;
    assert_eq!(first.name.as_str(), "ada@example.test");
    let (again, _) = site.logged_in(unnamed()).await;
    assert_eq!(again.name, first.name);
    assert_ne!(again.fingerprint, first.fingerprint);
    assert_eq!(site.list().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_switches_to_its_profile_unless_it_is_not_to() {
    let site = ready().await;
    let other = LoginRequest { profile: Some(wire::name("other")), switch: false, ..site.login() };
    match site.run(other).await.expect("the login starts") {
        LoginStep::Done { switched, profile, .. } => assert!(!switched && !profile.current),
        step => panic!("the login did not succeed: {step:?}"),
    }
    assert!(site.profile().await.current);
    assert!(site.switch("other").await.current);
    assert!(!site.profile().await.current);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_key_is_taken_where_the_service_has_none() {
    let site = plain();
    let problem = site.refused(site.key_login("canary-a-key")).await;
    assert_eq!(problem.code, Code::InvalidRequest, "{problem:?}");
    assert!(problem.hint.is_some_and(|hint| hint.contains("--browser")));
    assert_eq!(site.service.ledger().entries().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoami_asks_live_and_knows_who_it_was_when_it_cannot() {
    let site = ready().await;
    let live = site.whoami().await.expect("an answer");
    assert!(!live.offline && live.problem.is_none());
    let account = live.account.expect("an account");
    assert_eq!(account.email.as_deref(), Some("ada@example.test"));
    for fault in [Fault::status(500), Fault::retry_after(429, 30), Fault::Html(200), Fault::Html(502), Fault::Refuses] {
        site.service.next(Tensormesh::PROFILE, fault.clone());
        let known = site.whoami().await.unwrap_or_else(|problem| panic!("{fault:?}: {problem:?}"));
        assert!(known.offline, "{fault:?}");
        assert_eq!(known.account.as_ref(), Some(&account), "{fault:?}");
        assert_eq!(known.problem.map(|problem| problem.code), Some(Code::IssuerUnreachable), "{fault:?}");
    }
    site.service.next(Tensormesh::PROFILE, Fault::status(403));
    assert_eq!(site.whoami().await.expect_err("it is not allowed").code, Code::Denied);
    assert_eq!(site.service.count(Tensormesh::REFRESH), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoami_believes_a_refusal_after_one_refresh() {
    let site = ready().await;
    site.service.always(Tensormesh::PROFILE, Fault::status(401));
    for _ in 0..2 {
        let problem = site.whoami().await.expect_err("it is refused");
        assert_eq!((problem.code, problem.reason), (Code::LoginRequired, Some(Reason::Refused)), "{problem:?}");
        assert_eq!(site.service.count(Tensormesh::REFRESH), 1);
    }
    site.service.clear(Tensormesh::PROFILE);
    site.pass(Duration::from_mins(1));
    site.service.next(Tensormesh::PROFILE, Fault::status(401));
    let saved = site.whoami().await.expect("the newer token is good");
    assert!(!saved.offline);
    assert_eq!(site.service.count(Tensormesh::REFRESH), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_probe_tells_how_the_profile_does_and_changes_nothing() {
    let site = ready().await;
    let before = site.profile().await;
    assert_eq!(site.verdict().await.0, ProbeStatus::Ok);
    for (fault, word) in [(Fault::status(401), "401"), (Fault::status(500), "500"), (Fault::Html(200), "answer")] {
        site.service.next(Tensormesh::PROFILE, fault);
        let (status, why) = site.verdict().await;
        assert!(status == ProbeStatus::Error && why.contains(word), "{status:?} {why}");
    }
    assert_eq!(site.verdict_of_silence(Tensormesh::PROFILE).await, ProbeStatus::Timeout);
    assert_eq!(site.service.count(Tensormesh::REFRESH), 0);
    assert_eq!(site.profile().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_child_process_gets_address_and_token_whatever_the_rule_about_printing() {
    for (rule, pipe, acknowledged) in [("always", true, true), ("pipe", true, true), ("never", false, false)] {
        let rule_line = format!("[profile.work]\nreveal = \"{rule}\"\n");
        let site = Site::configured(Tensormesh::default(), &rule_line);
        site.logged_in(site.login()).await;
        let token = site.token_to(Purpose::Use).await.expect("it may be used");
        let variables = site.variables().await;
        assert_eq!(variables["TENSORMESH_CONTROL_PLANE_BASE_URL"], site.service.url());
        assert_eq!(variables["TENSORMESH_CONTROL_PLANE_TOKEN"], bearer(&token));
        assert_eq!(variables.len(), 2);
        let shown = |outcome: Result<_, proto::problem::Problem>| match outcome {
            Ok(_) => true,
            Err(problem) => {
                assert_eq!(problem.code, Code::Denied, "{rule}: {problem:?}");
                false
            }
        };
        assert_eq!(shown(site.token_to(Purpose::Pipe).await), pipe, "{rule}");
        assert_eq!(shown(site.token_to(Purpose::TerminalAcknowledged).await), acknowledged, "{rule}");
        assert_eq!(shown(site.token_to(Purpose::Terminal).await), rule == "always", "{rule}");
        assert_eq!(shown(site.secondary("inference").await), pipe, "{rule}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_in_an_answer_or_a_file() {
    let site = ready().await;
    site.keeps_its_secrets().await;
}
