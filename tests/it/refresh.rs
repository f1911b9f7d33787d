//! Tokens are refreshed ahead; failures are borne as long as a token is valid; only a definite answer ends a grant.

use std::time::Duration;

use harness::issuer::{Behaviour, Config, Endpoint, ErrorBody, ExpiresIn};
use harness::stage::{Stage, bearer};
use proto::problem::{Code, Reason};
use proto::profile::ProfileState;

const MINUTE: Duration = Duration::from_mins(1);

fn status(status: u16, retry_after: Option<&str>) -> Behaviour {
    Behaviour::Status { status, body: ErrorBody::Empty, retry_after: retry_after.map(str::to_owned) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_refreshed_before_it_lapses_with_nobody_asking() {
    let stage = Stage::ready().await;
    let first = stage.token().await.expect("a token");
    stage.pass(44 * MINUTE);
    assert_eq!(stage.issuer.exchanges(), 0, "not before three quarters of its life");
    stage.pass(8 * MINUTE);
    stage.issuer.wait_for(|ledger| ledger.exchanges() == 1).await;
    stage.until(|profile| profile.refresh.last_at.is_some()).await;
    let second = stage.token().await.expect("a token");
    assert_ne!(bearer(&first), bearer(&second));
    assert!(stage.issuer.is_live(bearer(&second)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_refresh_is_invisible_while_the_token_is_valid() {
    let stage = Stage::ready().await;
    stage.issuer.always(Endpoint::Token, status(503, None));
    stage.pass(52 * MINUTE);
    let profile = stage.until(|profile| profile.refresh.failures >= 1).await;
    assert_eq!(profile.state, ProfileState::Usable);
    let problem = profile.refresh.last_problem.expect("status shows why");
    assert_eq!(problem.code, Code::IssuerUnreachable);
    stage.token().await.expect("it has eight minutes left");
    stage.pass(30 * MINUTE);
    let refused = stage.token().await.expect_err("it has lapsed and the issuer is down");
    assert_eq!(refused.code, Code::IssuerUnreachable);
    assert_eq!(stage.profile().await.state, ProfileState::Refreshable);
    stage.issuer.clear(Endpoint::Token);
    stage.pass(MINUTE * 6);
    stage.token().await.expect("the issuer is back");
    assert_eq!(stage.profile().await.refresh.failures, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn retry_after_is_honoured_also_against_callers() {
    let stage = Stage::ready().await;
    stage.issuer.always(Endpoint::Token, status(429, Some("120")));
    stage.pass(61 * MINUTE);
    stage.until(|profile| profile.refresh.failures >= 1).await;
    let asked = stage.issuer.exchanges();
    let problem = stage.token().await.expect_err("the service asked to wait");
    assert_eq!(problem.code, Code::IssuerUnreachable);
    assert!((1..=120).contains(&problem.retry_after.expect("the answer says how long")));
    assert_eq!(stage.issuer.exchanges(), asked, "nothing is sent before that");
    stage.issuer.clear(Endpoint::Token);
    stage.pass(3 * MINUTE);
    stage.token().await.expect("after that it is");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_failure_but_a_definite_one_requires_a_login() {
    let cases = [
        status(500, None),
        status(502, None),
        status(503, None),
        status(429, None),
        Behaviour::Status { status: 200, body: ErrorBody::Html, retry_after: None },
        Behaviour::CutBeforeProcessing,
    ];
    for behaviour in cases {
        let stage = Stage::ready().await;
        stage.issuer.always(Endpoint::Token, behaviour.clone());
        stage.pass(61 * MINUTE);
        for _ in 0..5 {
            stage.pass(6 * MINUTE);
            let problem = stage.token().await.expect_err("the issuer gives none");
            assert_eq!(problem.code, Code::IssuerUnreachable, "{behaviour:?}");
        }
        stage.issuer.clear(Endpoint::Token);
        stage.pass(6 * MINUTE);
        stage.token().await.unwrap_or_else(|problem| panic!("{behaviour:?}: {problem:?}"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_client_is_a_matter_of_settings_and_nothing_is_sent_again_by_itself() {
    let stage = Stage::ready().await;
    let wrong = Behaviour::Status { status: 401, body: ErrorBody::Error("invalid_client"), retry_after: None };
    stage.issuer.always(Endpoint::Token, wrong);
    stage.pass(61 * MINUTE);
    let profile = stage.until(|profile| profile.state == ProfileState::Misconfigured).await;
    assert_eq!(profile.refresh.last_problem.expect("it says which").code, Code::Misconfigured);
    let sent = stage.issuer.exchanges();
    stage.pass(60 * MINUTE);
    assert_eq!(stage.token().await.expect_err("no token").code, Code::Misconfigured);
    assert_eq!(stage.issuer.exchanges(), sent);
    stage.issuer.clear(Endpoint::Token);
    stage.refresh().await.expect("a person may try again, and the refresh token is still there");
    stage.token().await.expect("a token");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_with_another_kind_of_token_does_not_lose_the_refresh_token() {
    let stage = Stage::ready().await;
    stage.issuer.next(Endpoint::Token, Behaviour::TokenType("DPoP".to_owned()));
    let problem = stage.refresh().await.expect_err("it cannot be used as a bearer token");
    assert_eq!(problem.code, Code::Misconfigured);
    assert!(problem.detail.contains("DPoP"), "{problem:?}");
    stage.token().await.expect("the one before is still valid");
    stage.refresh().await.expect("the successor was kept");
    assert_eq!(stage.issuer.tally().reuse_detections, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_expires_in_says_a_token_is_served_and_no_storm_follows() {
    let odd = [
        (ExpiresIn::Text, true),
        (ExpiresIn::Zero, false),
        (ExpiresIn::Negative, false),
        (ExpiresIn::Absent, false),
        (ExpiresIn::Float, true),
        (ExpiresIn::Huge, true),
    ];
    for (value, known) in odd {
        let stage = Stage::ready().await;
        stage.issuer.always(Endpoint::Token, Behaviour::ExpiresIn(value));
        stage.refresh().await.expect("a refresh");
        let before = stage.issuer.exchanges();
        for _ in 0..5 {
            let token = stage.token().await.expect("a token");
            assert_eq!(token.expires_at.is_some(), known, "{value:?}");
            stage.pass(Duration::from_secs(5));
        }
        assert_eq!(stage.issuer.exchanges(), before, "{value:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_machine_wakes_to_a_refresh_and_a_stepped_wall_clock_changes_nothing() {
    let stage = Stage::ready().await;
    stage.inside.clock.step_wall(-7 * 24 * 3600);
    stage.token().await.expect("moments do not follow the wall clock");
    assert_eq!(stage.issuer.exchanges(), 0);
    stage.inside.clock.step_wall(14 * 24 * 3600);
    stage.token().await.expect("nor forwards");
    assert_eq!(stage.issuer.exchanges(), 0);
    stage.pass(Duration::from_hours(12));
    stage.issuer.wait_for(|ledger| ledger.exchanges() == 1).await;
    let token = stage.token().await.expect("a token");
    assert!(stage.issuer.is_live(bearer(&token)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_profile_refreshes_just_before_expiry() {
    let mut config = Config::default();
    config.refresh.ends_old_access_token = true;
    let stage = Stage::ready_with(config, "[profile.work]\nrefresh = \"late\"\n").await;
    stage.pass(59 * MINUTE);
    let token = stage.token().await.expect("a token with a minute left is served");
    assert_eq!(stage.issuer.exchanges(), 0);
    assert!(stage.issuer.is_live(bearer(&token)));
    stage.pass(Duration::from_secs(52));
    stage.issuer.wait_for(|ledger| ledger.exchanges() == 1).await;
    let profile = stage.until(|profile| profile.refresh.last_at.is_some()).await;
    assert_eq!(profile.refresh.mode, proto::profile::RefreshMode::Late);
    let token = stage.token().await.expect("a token");
    assert!(stage.issuer.is_live(bearer(&token)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_without_a_refresh_token_lapses_and_says_why() {
    let config = Config { offline: harness::issuer::Offline::Never, ..Config::default() };
    let stage = Stage::ready_with(config, "").await;
    assert!(!stage.profile().await.refresh.possible);
    let refused = stage.refresh().await.expect_err("there is nothing to refresh with");
    assert_eq!((refused.code, refused.reason), (Code::LoginRequired, Some(Reason::NotRefreshable)));
    stage.pass(61 * MINUTE);
    let problem = stage.token().await.expect_err("it has lapsed");
    assert_eq!((problem.code, problem.reason), (Code::LoginRequired, Some(Reason::Expired)));
    assert_eq!(stage.profile().await.state, ProfileState::LoginRequired);
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_grants_that_are_due_together_are_refreshed_together() {
    let stage = Stage::ready().await;
    for i in 0..7 {
        stage.log_in(&format!("p{i}"), None).await;
    }
    stage.issuer.always(Endpoint::Token, Behaviour::Hold);
    stage.pass(61 * MINUTE);
    stage.issuer.wait_for(|ledger| ledger.held(Endpoint::Token) == 8).await;
    stage.issuer.clear(Endpoint::Token);
    stage.issuer.release();
    stage.until(|profile| profile.refresh.last_at.is_some()).await;
}
