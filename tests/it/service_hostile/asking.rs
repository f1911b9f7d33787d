//! Questions with a credential: who is logged in, does it work, which projects, what comes with the login.

use std::time::Duration;

use harness::service::{Elsewhere, Entry, Fault, LlamaIndex, Tank, Tensormesh};
use harness::site::Site;
use harness::stage::bearer;
use proto::problem::{Code, Problem, Reason};
use proto::profile::ProfileState;
use proto::whoami::ProbeStatus;

use super::{Case, WAIT, asked, cases};

fn with_a_model() -> Tensormesh {
    Tensormesh { models: vec!["m".to_owned()], ..Tensormesh::default() }
}

fn is_told(problem: &Problem, case: &Case) {
    assert_eq!(problem.code, Code::IssuerUnreachable, "{:?}: {problem:?}", case.fault);
    assert!(problem.detail.contains(case.says), "{:?}: {problem:?}", case.fault);
    let wait = (case.fault == Fault::retry_after(429, WAIT)).then_some(WAIT);
    assert_eq!(problem.retry_after, wait, "{:?}", case.fault);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoami_shows_the_identity_of_the_last_time_and_why() {
    let site = Site::new(Tensormesh::default());
    let (profile, _) = site.logged_in(site.login()).await;
    let elsewhere = Elsewhere::start();
    for case in cases(&elsewhere) {
        site.service.next(Tensormesh::PROFILE, case.fault.clone());
        let before = site.service.ledger().entries().len();
        let whoami = site.whoami().await.expect("what is known is shown");
        assert!(whoami.offline, "{:?}", case.fault);
        assert_eq!(whoami.account, profile.account);
        is_told(&whoami.problem.expect("it says why"), &case);
        assert_eq!(site.service.ledger().entries().len() - before, 1, "{:?}", case.fault);
        let whoami = site.whoami().await.expect("the service is back");
        assert!(!whoami.offline && whoami.problem.is_none());
    }
    assert_eq!(elsewhere.hits(), 0);
    assert_eq!(site.service.count(Tensormesh::REFRESH), 0, "no failure but 401 is a reason to renew");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_is_renewed_once_before_a_refusal_is_believed() {
    let site = Site::new(Tensormesh::default());
    site.logged_in(site.login()).await;
    site.service.next(Tensormesh::PROFILE, Fault::status(401));
    assert!(!site.whoami().await.expect("the second try succeeds").offline);
    assert_eq!(site.service.count(Tensormesh::REFRESH), 1);
    site.pass(super::MINUTE);
    site.service.always(Tensormesh::PROFILE, Fault::status(401));
    let before = site.service.count(Tensormesh::PROFILE);
    let problem = site.whoami().await.expect_err("it is refused twice");
    assert_eq!((problem.code, problem.reason), (Code::LoginRequired, Some(Reason::Refused)));
    assert!(site.service.count(Tensormesh::PROFILE) - before <= 2);
    assert!(site.service.count(Tensormesh::REFRESH) <= 2);
    site.service.always(Tensormesh::PROFILE, Fault::status(403));
    let problem = site.whoami().await.expect_err("it is not allowed");
    assert_eq!(problem.code, Code::Denied);
    site.service.clear(Tensormesh::PROFILE);
    assert!(!site.whoami().await.expect("the login was kept").offline);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_probe_says_what_failed_and_changes_nothing() {
    let site = Site::new(Tank::default());
    site.logged_in(site.login()).await;
    let elsewhere = Elsewhere::start();
    let token = site.token().await.expect("a token");
    for case in cases(&elsewhere) {
        site.service.next(Tank::WHOAMI, case.fault.clone());
        let before = site.service.ledger().entries().len();
        let probe = site.probe().await.probes.remove(0);
        assert_eq!(probe.status, ProbeStatus::Error, "{:?}", case.fault);
        let detail = probe.detail.expect("it says why");
        assert!(detail.contains(case.says), "{:?}: {detail}", case.fault);
        assert_eq!(site.service.ledger().entries().len() - before, 1, "{:?}", case.fault);
        assert_eq!(site.probe().await.probes[0].status, ProbeStatus::Ok);
    }
    assert_eq!(elsewhere.hits(), 0);
    assert_eq!(bearer(&site.token().await.expect("a token")), bearer(&token));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_probe_ends_after_two_seconds_whatever_the_service_does() {
    let site = Site::new(Tank::default());
    site.logged_in(site.login()).await;
    for fault in [Fault::NeverAnswers, Fault::AnswerHeld, Fault::SlowDrip(Duration::from_secs(5))] {
        site.service.always(Tank::WHOAMI, fault.clone());
        let before = site.service.count(Tank::WHOAMI);
        let time = async {
            site.service.wait_for(|ledger| ledger.count(Tank::WHOAMI) > before).await;
            site.pass(Duration::from_secs(2));
        };
        let (mut probed, ()) = tokio::join!(site.probe(), time);
        let probe = probed.probes.remove(0);
        assert_eq!(probe.status, ProbeStatus::Timeout, "{fault:?}: {:?}", probe.detail);
        assert_eq!(site.service.count(Tank::WHOAMI) - before, 1, "{fault:?}");
        site.service.clear(Tank::WHOAMI);
        site.service.release();
        assert_eq!(site.probe().await.probes[0].status, ProbeStatus::Ok, "{fault:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn projects_that_cannot_be_listed_leave_the_chosen_one() {
    let site = Site::new(LlamaIndex::default());
    site.logged_in(site.login()).await;
    site.project("project-2").await.expect("it exists");
    let elsewhere = Elsewhere::start();
    for path in [LlamaIndex::ORGANIZATIONS, LlamaIndex::PROJECTS] {
        for case in cases(&elsewhere) {
            site.service.always(path, case.fault.clone());
            let before = site.service.count(path);
            is_told(&site.projects().await.expect_err("there is no list"), &case);
            is_told(&site.project("project-1").await.expect_err("nobody knows whether it exists"), &case);
            assert_eq!(site.service.count(path) - before, 2, "{:?}", case.fault);
            assert_eq!(site.profile().await.project.as_deref(), Some("project-2"), "{:?}", case.fault);
            site.service.clear(path);
        }
    }
    assert_eq!(elsewhere.hits(), 0);
    assert_eq!(site.projects().await.expect("the service is back").projects.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_that_fails_keeps_what_came_with_the_login() {
    let site = Site::new(with_a_model());
    site.logged_in(site.login()).await;
    let key = site.secondary("inference").await.expect("it came with the login");
    let elsewhere = Elsewhere::start();
    for case in cases(&elsewhere) {
        site.service.always(Tensormesh::MODELS, case.fault.clone());
        let profile = site.sync().await.expect("the identity could be fetched");
        let secondary = &profile.secondaries[0];
        assert!(secondary.present, "{:?}: the key is as good as before", case.fault);
        let problem = secondary.problem.as_ref().expect("it says why it is not fetched");
        assert!(problem.detail.contains(case.says), "{:?}: {problem:?}", case.fault);
        let again = site.secondary("inference").await.expect("it is served");
        assert_eq!(bearer(&again), bearer(&key), "{:?}", case.fault);
        site.service.clear(Tensormesh::MODELS);
        site.service.always(Tensormesh::PROFILE, case.fault.clone());
        is_told(&site.sync().await.expect_err("it cannot be asked at all"), &case);
        assert!(site.profile().await.secondaries[0].present, "{:?}", case.fault);
        site.service.clear(Tensormesh::PROFILE);
        let profile = site.sync().await.expect("the service is back");
        assert!(profile.secondaries[0].problem.is_none() && profile.state == ProfileState::Usable);
    }
    assert_eq!(elsewhere.hits(), 0);
    assert_eq!(site.service.count(Tensormesh::REFRESH), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_drops_what_the_service_says_there_is_none_of() {
    let site = Site::new(with_a_model());
    site.logged_in(site.login()).await;
    site.service.always(Tensormesh::MODELS, Fault::Json(200, serde_json::json!({ "models": [] })));
    site.service.always(Tensormesh::KEYS, Fault::Json(200, serde_json::json!({ "apiKeys": [] })));
    let profile = site.sync().await.expect("the service answers");
    assert!(!profile.secondaries[0].present);
    assert!(profile.secondaries[0].problem.as_ref().is_some_and(|problem| problem.detail.contains("none to give")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_goes_to_the_services_own_address_only() {
    let site = Site::new(with_a_model());
    site.logged_in(site.login()).await;
    site.whoami().await.expect("the service answers");
    let host = format!("127.0.0.1:{}", site.service.port());
    let is_own = |entry: &Entry| entry.header("host") == Some(&host) && entry.header("referer").is_none();
    assert!(asked(&site.service, "*").iter().all(is_own));
}
