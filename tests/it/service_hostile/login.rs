//! Logins: at their first request, at every poll, and at what follows the credential.

#![allow(clippy::panic, reason = "the case that failed is named")]

use std::time::Duration;

use harness::service::{Baseten, Contree, Elsewhere, Fault, LlamaIndex, Tank, Tensormesh, Wire};
use harness::site::Site;
use harness::stage::bearer;
use proto::login::{LoginRequest, LoginStep};
use proto::problem::Code;
use proto::profile::ProfileState;

use super::{Case, WAIT, asked, cases};

/// Seconds that a login is given where it has to run out of time.
const SHORT: u64 = 60;

/// What a login that cannot begin ends with.
fn at_its_start(case: &Case) -> Code {
    match case.fault {
        Fault::Html(200) | Fault::Garbage | Fault::Redirect(_) => Code::LoginFailed,
        _ => Code::IssuerUnreachable,
    }
}

/// Every fault at `path`, which a login asks once before its person is asked; then the login works.
async fn begins<W: Wire>(site: &Site<W>, path: &str, request: impl Fn() -> LoginRequest) {
    let elsewhere = Elsewhere::start();
    for case in cases(&elsewhere) {
        site.service.always(path, case.fault.clone());
        let before = site.service.count(path);
        let problem = site.refused(request()).await;
        assert_eq!(problem.code, at_its_start(&case), "{:?}: {problem:?}", case.fault);
        assert!(problem.detail.contains(case.says), "{:?}: {problem:?}", case.fault);
        assert_eq!(site.service.count(path) - before, 1, "{:?}", case.fault);
        assert!(site.wire.inspect(harness::site::PROFILE).await.is_err(), "a login that failed leaves nothing");
        site.service.clear(path);
    }
    assert_eq!(elsewhere.hits(), 0);
    site.logged_in(request()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_login_that_cannot_begin_says_why() {
    let site = Site::new(Tensormesh::default());
    begins(&site, Tensormesh::START, || site.login()).await;
    let site = Site::new(Tank::default());
    begins(&site, Tank::START, || site.login()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_cannot_be_tried_is_not_saved() {
    let site = Site::new(Contree::default());
    let key = site.service.make_key();
    let project = Some(Contree::PROJECT.to_owned());
    begins(&site, Contree::WHOAMI, || LoginRequest { project: project.clone(), ..site.key_login(&key) }).await;
    assert_eq!(bearer(&site.token().await.expect("a token")), key);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_login_whose_projects_cannot_be_listed_is_not_saved() {
    let site = Site::new(LlamaIndex::default());
    let key = site.service.make_key();
    begins(&site, LlamaIndex::PROJECTS, || site.key_login(&key)).await;
}

/// Every fault at the first requests of a device login; then the login works.
async fn begins_device<W: Wire>(wire: W, paths: &[&str]) {
    let site = Site::new(wire);
    for path in paths {
        let elsewhere = Elsewhere::start();
        for case in cases(&elsewhere) {
            site.service.always(path, case.fault.clone());
            let before = site.service.count(path);
            let problem = site.refused(site.login()).await;
            assert_eq!(problem.code, at_its_start(&case), "{path} {:?}: {problem:?}", case.fault);
            assert_eq!(site.service.count(path) - before, 1, "{path} {:?}", case.fault);
            site.service.clear(path);
        }
        assert_eq!(elsewhere.hits(), 0);
    }
    site.logged_in(site.login()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_login_that_cannot_begin_says_why() {
    begins_device(Baseten::default(), &[Baseten::AUTHORIZE]).await;
    let paths = [LlamaIndex::DISCOVERY, LlamaIndex::ISSUER_DOCUMENT, LlamaIndex::DEVICE];
    begins_device(LlamaIndex::default(), &paths).await;
}

/// One poll fails, of a login that is approved. `ends` says with which word, if the login does not survive it.
async fn polls<W: Wire>(wire: W, path: &str, ends: impl Fn(&Case) -> Option<&'static str>) {
    let site = Site::new(wire);
    let elsewhere = Elsewhere::start();
    for case in cases(&elsewhere) {
        site.service.next(path, case.fault.clone());
        let before = site.service.count(path);
        let last = site.run(LoginRequest { max_wait: Some(10 * SHORT), ..site.login() }).await.expect("it starts");
        assert!(site.service.count(path) - before <= 2, "{:?}", case.fault);
        let problem = if let LoginStep::Failed { problem } = &last { Some(problem) } else { None };
        assert_eq!(problem.is_some(), ends(&case).is_some(), "{:?}: {last:?}", case.fault);
        if let Some((problem, word)) = problem.zip(ends(&case)) {
            assert_eq!(problem.code, Code::LoginFailed, "{:?}: {problem:?}", case.fault);
            assert!(problem.detail.contains(word), "{:?}: {problem:?}", case.fault);
        }
    }
    assert_eq!(elsewhere.hits(), 0);
    site.logged_in(site.login()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_survives_failing_polls_and_a_lost_credential_is_called_lost() {
    polls(Tensormesh::default(), Tensormesh::EXCHANGE, |case| match case.fault {
        _ if case.is_done => Some("lost"),
        Fault::Html(200) | Fault::Garbage | Fault::Redirect(_) => Some(case.says),
        _ => None,
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_login_survives_failing_polls_and_a_lost_token_is_called_lost() {
    let ends = |case: &Case| match case.fault {
        _ if case.is_done => Some("lost"),
        Fault::Redirect(_) => Some(case.says),
        _ => None,
    };
    polls(Baseten::default(), Baseten::TOKEN, ends).await;
    polls(LlamaIndex::default(), LlamaIndex::TOKEN, ends).await;
}

/// Every poll fails, or does not come back: the login ends at its deadline, and not by a storm.
async fn runs_out<W: Wire>(wire: W, path: &str) {
    let site = Site::new(wire);
    let faults = [
        Fault::Refuses,
        Fault::status(500),
        Fault::retry_after(429, WAIT),
        Fault::NeverAnswers,
        Fault::SlowDrip(Duration::from_secs(5)),
    ];
    for fault in faults {
        site.service.always(path, fault.clone());
        let before = site.service.count(path);
        let problem = site.refused(LoginRequest { max_wait: Some(SHORT), ..site.login() }).await;
        assert_eq!(problem.code, Code::LoginTimeout, "{fault:?}: {problem:?}");
        assert!(site.service.count(path) - before <= 8, "{fault:?}: each failure doubles the wait");
        site.service.clear(path);
        site.service.release();
    }
    site.logged_in(site.login()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_whose_polls_never_succeed_ends_at_its_deadline() {
    runs_out(Tensormesh::default(), Tensormesh::EXCHANGE).await;
    runs_out(Baseten::default(), Baseten::TOKEN).await;
}

/// The first request does not come back.
async fn hangs<W: Wire>(site: &Site<W>, path: &str, request: impl Fn() -> LoginRequest) {
    for fault in [Fault::NeverAnswers, Fault::SlowDrip(Duration::from_secs(5))] {
        site.service.always(path, fault.clone());
        let before = site.service.count(path);
        let problem = site.refused(LoginRequest { max_wait: Some(SHORT), ..request() }).await;
        assert_eq!(problem.code, Code::LoginTimeout, "{path} {fault:?}: {problem:?}");
        assert_eq!(site.service.count(path) - before, 1, "{path} {fault:?}");
        site.service.clear(path);
        site.service.release();
    }
    site.logged_in(request()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_whose_service_never_answers_ends_at_its_deadline() {
    let site = Site::new(Tank::default());
    hangs(&site, Tank::START, || site.login()).await;
    let site = Site::new(LlamaIndex::default());
    for path in [LlamaIndex::DISCOVERY, LlamaIndex::ISSUER_DOCUMENT, LlamaIndex::DEVICE] {
        hangs(&site, path, || site.login()).await;
    }
    let site = Site::new(Tank::default());
    let key = "tank_canary-hung";
    site.service.add_key(key);
    hangs(&site, Tank::WHOAMI, || site.key_login(key)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_after_the_credential_fails_no_login_and_is_fetched_later() {
    let elsewhere = Elsewhere::start();
    for case in cases(&elsewhere) {
        let site = Site::new(Tensormesh { models: vec!["m".to_owned()], ..Tensormesh::default() });
        for path in [Tensormesh::PROFILE, Tensormesh::MODELS] {
            site.service.always(path, case.fault.clone());
        }
        let (profile, warnings) = site.logged_in(site.login()).await;
        assert_eq!(profile.state, ProfileState::Usable, "{:?}", case.fault);
        assert!(warnings.iter().any(|one| one.contains(case.says)), "{:?}: {warnings:?}", case.fault);
        assert!(!profile.secondaries[0].present && profile.account.is_none());
        assert!(asked(&site.service, Tensormesh::PROFILE).len() <= 2, "{:?}", case.fault);
        site.service.clear(Tensormesh::PROFILE);
        site.service.clear(Tensormesh::MODELS);
        let profile = site.sync().await.expect("it is fetched now");
        assert!(profile.secondaries[0].present && profile.account.is_some(), "{:?}", case.fault);
        assert!(site.service.is_live(bearer(&site.token().await.expect("a token"))));
    }
    assert_eq!(elsewhere.hits(), 0);
}
