//! Logouts: gone here at once, told to the service until it has heard.

use std::time::Duration;

use harness::service::{Baseten, Elsewhere, Fault, LlamaIndex, Wire};
use harness::site::Site;
use harness::stage::bearer;
use proto::problem::{Code, Reason};
use proto::profile::{Profile, ProfileState, Revocation};

use super::cases;

/// A web page or garbage with status 200 is as good as any answer: only the status counts, as in RFC 7009.
fn counts_as_done(fault: &Fault) -> bool {
    matches!(fault, Fault::Html(200) | Fault::Garbage)
}

/// Nothing is left that the service has to be told.
fn is_told(profile: &Profile) -> bool {
    profile.unrevoked.is_none_or(|left| left == 0)
}

/// Lets time pass until the profile is as wished.
async fn passes<W: Wire>(site: &Site<W>, wished: impl Fn(&Profile) -> bool) {
    site.until(|profile| {
        site.pass(Duration::from_secs(10));
        wished(profile)
    })
    .await;
}

async fn is_gone<W: Wire>(site: &Site<W>) {
    assert_eq!(site.profile().await.state, ProfileState::LoggedOut);
    let problem = site.token().await.expect_err("there is none");
    assert_eq!((problem.code, problem.reason), (Code::LoginRequired, Some(Reason::LoggedOut)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_logout_that_the_service_did_not_hear_is_told_again() {
    let elsewhere = Elsewhere::start();
    for case in cases(&elsewhere) {
        let site = Site::new(Baseten::default());
        site.logged_in(site.login()).await;
        let token = bearer(&site.token().await.expect("a token")).to_owned();
        site.service.always(Baseten::LOGOUT, case.fault.clone());
        let out = site.logout().await;
        is_gone(&site).await;
        assert!(out.was_logged_in);
        assert_eq!(site.service.count(Baseten::LOGOUT), 1, "{:?}", case.fault);
        if counts_as_done(&case.fault) {
            assert_eq!(out.revocation, Revocation::Accepted, "{:?}", case.fault);
            continue;
        }
        assert_eq!(out.revocation, Revocation::Failed, "{:?}: {out:?}", case.fault);
        assert!(out.retried && !out.still_valid.is_empty(), "{:?}: {out:?}", case.fault);
        let problem = out.problem.expect("it says why");
        assert_eq!(problem.code, Code::IssuerUnreachable, "{:?}: {problem:?}", case.fault);
        assert!(problem.detail.contains(case.says), "{:?}: {problem:?}", case.fault);
        // Again and again, and no storm.
        let tries = if case.is_done { 2 } else { 4 };
        passes(&site, |_| site.service.count(Baseten::LOGOUT) >= tries).await;
        site.service.clear(Baseten::LOGOUT);
        passes(&site, is_told).await;
        assert!(!site.service.is_live(&token), "{:?}", case.fault);
        assert!(site.service.count(Baseten::LOGOUT) <= 6, "{:?}", case.fault);
        is_gone(&site).await;
    }
    assert_eq!(elsewhere.hits(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_came_with_a_login_is_deleted_when_the_service_is_back() {
    let elsewhere = Elsewhere::start();
    for case in cases(&elsewhere) {
        let site = Site::new(LlamaIndex::default());
        site.logged_in(site.login()).await;
        let key = bearer(&site.secondary("api-key").await.expect("it came with the login")).to_owned();
        site.service.next(&format!("{}/*", LlamaIndex::KEYS), case.fault.clone());
        let out = site.logout().await;
        is_gone(&site).await;
        // 204 has no body that could be bent.
        if counts_as_done(&case.fault) || matches!(case.fault, Fault::HugeBody(_) | Fault::Truncate) {
            assert!(!site.service.is_live(&key) || !case.is_done);
            continue;
        }
        assert!(out.retried && out.still_valid.iter().any(|one| one.contains("API key")), "{:?}: {out:?}", case.fault);
        site.pass(Duration::from_secs(40));
        site.until(is_told).await;
        assert!(!site.service.is_live(&key), "{:?}", case.fault);
        assert_eq!(site.service.count(&format!("{}/*", LlamaIndex::KEYS)), 2, "{:?}", case.fault);
    }
    assert_eq!(elsewhere.hits(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_logout_that_was_not_heard_is_told_after_a_restart() {
    let mut site = Site::new(Baseten::default());
    site.logged_in(site.login()).await;
    let token = bearer(&site.token().await.expect("a token")).to_owned();
    site.service.next(Baseten::LOGOUT, Fault::status(500));
    assert!(site.logout().await.retried);
    site.restart().await;
    site.wire = site.inside.wire();
    is_gone(&site).await;
    site.pass(Duration::from_mins(2));
    site.service.wait_for(|ledger| ledger.count(Baseten::LOGOUT) == 2).await;
    site.until(is_told).await;
    assert!(!site.service.is_live(&token));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_login_after_a_logout_that_was_not_heard_is_not_ended_by_it() {
    let site = Site::new(Baseten::default());
    site.logged_in(site.login()).await;
    site.service.next(Baseten::LOGOUT, Fault::status(500));
    assert!(site.logout().await.retried);
    site.logged_in(site.login()).await;
    let token = bearer(&site.token().await.expect("a token")).to_owned();
    site.pass(Duration::from_mins(2));
    site.service.wait_for(|ledger| ledger.count(Baseten::LOGOUT) == 2).await;
    site.until(is_told).await;
    assert!(site.service.is_live(&token));
    site.token().await.expect("it is served");
}
