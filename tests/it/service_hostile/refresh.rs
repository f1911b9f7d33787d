//! Refreshes, ahead and by hand: a failing one is borne, and none but a definite refusal ends a login.

#![allow(clippy::panic, reason = "the case that failed is named")]

use harness::service::{Baseten, Elsewhere, Fault, LlamaIndex, Rotation, Tensormesh, Terms, Wire};
use harness::site::Site;
use harness::stage::bearer;
use proto::problem::{Code, Problem, Reason};
use proto::profile::ProfileState;

use super::{Case, MINUTE, WAIT, cases};

/// A rotation that bears what these tests do: a token used twice still works.
const LENIENT: Rotation = Rotation::Repeated;

fn lenient(terms: Terms) -> Terms {
    Terms { rotation: LENIENT, ..terms }
}

fn tensormesh() -> Tensormesh {
    Tensormesh { terms: lenient(Terms::default()), ..Tensormesh::default() }
}

fn baseten() -> Baseten {
    Baseten { terms: lenient(Terms::default()), ..Baseten::default() }
}

fn llamaindex() -> LlamaIndex {
    let wire = LlamaIndex::default();
    LlamaIndex { terms: lenient(wire.terms), ..wire }
}

fn is_told(problem: &Problem, case: &Case) {
    assert_eq!(problem.code, Code::IssuerUnreachable, "{:?}: {problem:?}", case.fault);
    assert!(problem.hint.is_some(), "{problem:?}");
    if case.fault == Fault::retry_after(429, WAIT) {
        assert!((1..=WAIT).contains(&problem.retry_after.expect("the service said how long")), "{problem:?}");
    }
}

async fn by_hand<W: Wire>(wire: W, path: &str) {
    let site = Site::new(wire);
    site.logged_in(site.login()).await;
    let elsewhere = Elsewhere::start();
    for case in cases(&elsewhere) {
        site.service.always(path, case.fault.clone());
        let before = site.service.count(path);
        is_told(&site.refresh().await.expect_err("the service gives none"), &case);
        assert!(site.service.count(path) - before <= 2, "{:?}: a lost answer is asked for once more", case.fault);
        assert_eq!(site.profile().await.state, ProfileState::Usable, "{:?}", case.fault);
        site.token().await.expect("the one before is still valid");
        site.service.clear(path);
        site.pass(2 * MINUTE);
        let failures = site.refresh().await.map(|profile| profile.refresh.failures);
        assert_eq!(failures, Ok(0), "{:?}", case.fault);
        assert!(site.service.is_live(bearer(&site.token().await.expect("a token"))), "{:?}", case.fault);
    }
    assert_eq!(elsewhere.hits(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_by_hand_says_what_failed_and_works_again_afterwards() {
    by_hand(tensormesh(), Tensormesh::REFRESH).await;
    by_hand(llamaindex(), LlamaIndex::TOKEN).await;
    by_hand(baseten(), Baseten::TOKEN).await;
}

async fn ahead<W: Wire>(wire: impl Fn() -> W, path: &str) {
    let elsewhere = Elsewhere::start();
    for case in cases(&elsewhere) {
        let site = Site::new(wire());
        site.logged_in(site.login()).await;
        let before = site.service.count(path);
        site.service.always(path, case.fault.clone());
        site.pass(61 * MINUTE);
        let profile = site.until(|profile| profile.refresh.failures >= 1).await;
        assert_eq!(profile.refresh.last_problem.expect("status shows why").code, Code::IssuerUnreachable);
        // Ten hours, with somebody asking all the time.
        for _ in 0..100 {
            site.pass(6 * MINUTE);
            is_told(&site.token().await.expect_err("it has lapsed"), &case);
        }
        let tries = site.service.count(path) - before;
        assert!(tries <= 210, "{:?}: {tries} tries in ten hours, one by the clock and one for who asks", case.fault);
        assert_eq!(site.profile().await.state, ProfileState::Refreshable, "{:?}", case.fault);
        site.service.clear(path);
        site.pass(6 * MINUTE);
        let is_live = site.token().await.map(|token| site.service.is_live(bearer(&token)));
        assert_eq!(is_live, Ok(true), "{:?}", case.fault);
    }
    assert_eq!(elsewhere.hits(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_hours_of_failing_refreshes_end_no_session() {
    ahead(tensormesh, Tensormesh::REFRESH).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_hours_of_failing_refreshes_end_no_device_login() {
    ahead(baseten, Baseten::TOKEN).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_whose_answer_was_lost_ends_a_login_by_a_definite_refusal_that_says_so() {
    let elsewhere = Elsewhere::start();
    for case in cases(&elsewhere).into_iter().filter(|case| case.is_done) {
        let site = Site::new(Tensormesh::default());
        site.logged_in(site.login()).await;
        site.service.next(Tensormesh::REFRESH, case.fault.clone());
        let problem = site.refresh().await.expect_err("the service takes no token twice");
        assert_eq!(problem.code, Code::LoginRequired, "{:?}", case.fault);
        assert_eq!(problem.reason, Some(Reason::RotationUncertain), "{:?}", case.fault);
        assert!(problem.detail.contains("lost on the way"), "{problem:?}");
        assert_eq!(site.service.count(Tensormesh::REFRESH), 2, "{:?}", case.fault);
        site.logged_in(site.login()).await;
        site.refresh().await.expect("the new login is as good as any");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_whose_answer_was_lost_is_asked_for_again_within_the_services_window() {
    let elsewhere = Elsewhere::start();
    for case in cases(&elsewhere).into_iter().filter(|case| case.is_done) {
        let terms = Terms { rotation: Rotation::Window(MINUTE), ..Terms::default() };
        let site = Site::new(Tensormesh { terms, ..Tensormesh::default() });
        site.logged_in(site.login()).await;
        site.service.next(Tensormesh::REFRESH, case.fault.clone());
        site.refresh().await.unwrap_or_else(|problem| panic!("{:?}: {problem:?}", case.fault));
        assert_eq!(site.service.count(Tensormesh::REFRESH), 2, "{:?}", case.fault);
        site.refresh().await.expect("its successor was kept");
        assert!(site.service.is_live(bearer(&site.token().await.expect("a token"))));
    }
}
