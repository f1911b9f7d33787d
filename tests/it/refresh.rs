//! Tokens are refreshed ahead; failures are borne as long as a token is valid; only a definite answer ends a grant.

use std::time::Duration;

use harness::issuer::{Behaviour, Config, Endpoint, ErrorBody, ExpiresIn};
use harness::scene::{Scene, text};
use proto::problem::{Code, Reason};
use proto::profile::ProfileState;

const MINUTE: Duration = Duration::from_mins(1);

fn status(status: u16, retry_after: Option<&str>) -> Behaviour {
    Behaviour::Status { status, body: ErrorBody::Empty, retry_after: retry_after.map(str::to_owned) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_refreshed_before_it_lapses_with_nobody_asking() {
    let scene = Scene::new().await;
    let first = scene.token().await.expect("a token");
    scene.pass(44 * MINUTE);
    assert_eq!(scene.issuer.exchanges(), 0, "not before three quarters of its life");
    scene.pass(8 * MINUTE);
    scene.issuer.wait_for(|ledger| ledger.exchanges() == 1).await;
    scene.settles(|profile| profile.refresh.last_at.is_some()).await;
    let second = scene.token().await.expect("a token");
    assert_ne!(text(&first), text(&second));
    assert!(scene.issuer.is_live(&text(&second)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_refresh_is_invisible_while_the_token_is_valid() {
    let scene = Scene::new().await;
    scene.issuer.always(Endpoint::Token, status(503, None));
    scene.pass(52 * MINUTE);
    let profile = scene.settles(|profile| profile.refresh.failures >= 1).await;
    assert_eq!(profile.state, ProfileState::Usable);
    let problem = profile.refresh.last_problem.expect("status shows why");
    assert_eq!(problem.code, Code::IssuerUnreachable);
    scene.token().await.expect("it has eight minutes left");
    scene.pass(30 * MINUTE);
    let refused = scene.token().await.expect_err("it has lapsed and the issuer is down");
    assert_eq!(refused.code, Code::IssuerUnreachable);
    assert_eq!(scene.profile().await.state, ProfileState::Refreshable);
    scene.issuer.clear(Endpoint::Token);
    scene.pass(MINUTE * 6);
    scene.token().await.expect("the issuer is back");
    assert_eq!(scene.profile().await.refresh.failures, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn retry_after_is_honoured_also_against_callers() {
    let scene = Scene::new().await;
    scene.issuer.always(Endpoint::Token, status(429, Some("120")));
    scene.pass(61 * MINUTE);
    scene.settles(|profile| profile.refresh.failures >= 1).await;
    let asked = scene.issuer.exchanges();
    let problem = scene.token().await.expect_err("the service asked to wait");
    assert_eq!(problem.code, Code::IssuerUnreachable);
    assert!((1..=120).contains(&problem.retry_after.expect("the answer says how long")));
    assert_eq!(scene.issuer.exchanges(), asked, "nothing is sent before that");
    scene.issuer.clear(Endpoint::Token);
    scene.pass(3 * MINUTE);
    scene.token().await.expect("after that it is");
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
        let scene = Scene::new().await;
        scene.issuer.always(Endpoint::Token, behaviour.clone());
        scene.pass(61 * MINUTE);
        for _ in 0..5 {
            scene.pass(6 * MINUTE);
            let problem = scene.token().await.expect_err("the issuer gives none");
            assert_eq!(problem.code, Code::IssuerUnreachable, "{behaviour:?}");
        }
        scene.issuer.clear(Endpoint::Token);
        scene.pass(6 * MINUTE);
        scene.token().await.unwrap_or_else(|problem| panic!("{behaviour:?}: {problem:?}"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_client_is_a_matter_of_settings_and_nothing_is_sent_again_by_itself() {
    let scene = Scene::new().await;
    let wrong = Behaviour::Status { status: 401, body: ErrorBody::Error("invalid_client"), retry_after: None };
    scene.issuer.always(Endpoint::Token, wrong);
    scene.pass(61 * MINUTE);
    let profile = scene.settles(|profile| profile.state == ProfileState::Misconfigured).await;
    assert_eq!(profile.refresh.last_problem.expect("it says which").code, Code::Misconfigured);
    let sent = scene.issuer.exchanges();
    scene.pass(60 * MINUTE);
    assert_eq!(scene.token().await.expect_err("no token").code, Code::Misconfigured);
    assert_eq!(scene.issuer.exchanges(), sent);
    scene.issuer.clear(Endpoint::Token);
    scene.refresh().await.expect("a person may try again, and the refresh token is still there");
    scene.token().await.expect("a token");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_with_another_kind_of_token_does_not_lose_the_refresh_token() {
    let scene = Scene::new().await;
    scene.issuer.next(Endpoint::Token, Behaviour::TokenType("DPoP".to_owned()));
    let problem = scene.refresh().await.expect_err("it cannot be used as a bearer token");
    assert_eq!(problem.code, Code::Misconfigured);
    assert!(problem.detail.contains("DPoP"), "{problem:?}");
    scene.token().await.expect("the one before is still valid");
    scene.refresh().await.expect("the successor was kept");
    assert_eq!(scene.issuer.tally().reuse_detections, 0);
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
        let scene = Scene::new().await;
        scene.issuer.always(Endpoint::Token, Behaviour::ExpiresIn(value));
        scene.refresh().await.expect("a refresh");
        let before = scene.issuer.exchanges();
        for _ in 0..5 {
            let token = scene.token().await.expect("a token");
            assert_eq!(token.expires_at.is_some(), known, "{value:?}");
            scene.pass(Duration::from_secs(5));
        }
        assert_eq!(scene.issuer.exchanges(), before, "{value:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_machine_wakes_to_a_refresh_and_a_stepped_wall_clock_changes_nothing() {
    let scene = Scene::new().await;
    scene.daemon.clock.step_wall(-7 * 24 * 3600);
    scene.token().await.expect("moments do not follow the wall clock");
    assert_eq!(scene.issuer.exchanges(), 0);
    scene.daemon.clock.step_wall(14 * 24 * 3600);
    scene.token().await.expect("nor forwards");
    assert_eq!(scene.issuer.exchanges(), 0);
    scene.pass(Duration::from_hours(12));
    scene.issuer.wait_for(|ledger| ledger.exchanges() == 1).await;
    let token = scene.token().await.expect("a token");
    assert!(scene.issuer.is_live(&text(&token)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_profile_refreshes_just_before_expiry() {
    let mut config = Config::default();
    config.refresh.ends_old_access_token = true;
    let scene = Scene::with(config, "[profile.work]\nrefresh = \"late\"\n").await;
    scene.pass(59 * MINUTE);
    let token = scene.token().await.expect("a token with a minute left is served");
    assert_eq!(scene.issuer.exchanges(), 0);
    assert!(scene.issuer.is_live(&text(&token)));
    scene.pass(Duration::from_secs(52));
    scene.issuer.wait_for(|ledger| ledger.exchanges() == 1).await;
    let profile = scene.settles(|profile| profile.refresh.last_at.is_some()).await;
    assert_eq!(profile.refresh.mode, proto::profile::RefreshMode::Late);
    let token = scene.token().await.expect("a token");
    assert!(scene.issuer.is_live(&text(&token)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_without_a_refresh_token_lapses_and_says_why() {
    let config = Config { offline: harness::issuer::Offline::Never, ..Config::default() };
    let scene = Scene::with(config, "").await;
    assert!(!scene.profile().await.refresh.possible);
    let refused = scene.refresh().await.expect_err("there is nothing to refresh with");
    assert_eq!(refused.code, Code::Unsupported);
    scene.pass(61 * MINUTE);
    let problem = scene.token().await.expect_err("it has lapsed");
    assert_eq!((problem.code, problem.reason), (Code::LoginRequired, Some(Reason::Expired)));
    assert_eq!(scene.profile().await.state, ProfileState::LoginRequired);
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_grants_that_are_due_together_are_refreshed_together() {
    let scene = Scene::new().await;
    for i in 0..7 {
        scene.log_in(&format!("p{i}"), None).await;
    }
    scene.issuer.always(Endpoint::Token, Behaviour::Hold);
    scene.pass(61 * MINUTE);
    scene.issuer.wait_for(|ledger| ledger.held(Endpoint::Token) == 8).await;
    scene.issuer.clear(Endpoint::Token);
    scene.issuer.release();
    scene.settles(|profile| profile.refresh.last_at.is_some()).await;
}
