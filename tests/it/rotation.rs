//! A refresh token that rotates is never lost and never presented after its successor is known.

use std::time::Duration;

use harness::issuer::{Behaviour, Config, Endpoint, Rotation};
use harness::stage::{Stage, bearer};
use proto::problem::{Code, Reason};
use proto::profile::ProfileState;

const MINUTE: Duration = Duration::from_mins(1);

#[tokio::test(flavor = "multi_thread")]
async fn fifty_refreshes_present_fifty_different_tokens() {
    let stage = Stage::ready().await;
    for _ in 0..50 {
        stage.refresh().await.expect("each refresh works");
    }
    let tally = stage.issuer.tally();
    assert_eq!((tally.rotations, tally.reuse_detections, tally.families_revoked), (50, 0, 0));
    assert_eq!(stage.issuer.max_concurrent(Endpoint::Token), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_was_lost_is_asked_for_again_at_once_within_the_reuse_window() {
    for lost in [Behaviour::CutAfterProcessing, Behaviour::Truncate, Behaviour::StatusAfterProcessing(502)] {
        let config = Config { rotation: Rotation::Window(MINUTE), ..Config::default() };
        let stage = Stage::ready_with(config, "").await;
        stage.issuer.next(Endpoint::Token, lost.clone());
        stage.refresh().await.unwrap_or_else(|problem| panic!("{lost:?}: {problem:?}"));
        assert_eq!(stage.issuer.exchanges(), 2, "{lost:?}: the same token again, at once");
        let profile = stage.profile().await;
        assert!(!profile.refresh.uncertain && profile.state == ProfileState::Usable);
        let token = stage.token().await.expect("a token");
        assert!(stage.issuer.is_live(bearer(&token)), "{lost:?}");
        assert_eq!(stage.issuer.tally().families_revoked, 0, "{lost:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_reuse_window_the_refusal_names_the_lost_answer() {
    let stage = Stage::ready().await;
    stage.issuer.next(Endpoint::Token, Behaviour::CutAfterProcessing);
    let problem = stage.refresh().await.expect_err("the issuer revokes the family on reuse");
    assert_eq!((problem.code, problem.reason), (Code::LoginRequired, Some(Reason::RotationUncertain)));
    assert!(problem.hint.expect("it says what to type").contains("agentctl login work"));
    let profile = stage.profile().await;
    assert_eq!(profile.reason, Some(Reason::RotationUncertain));
    let sent = stage.issuer.exchanges();
    stage.pass(Duration::from_hours(3));
    let problem = stage.token().await.expect_err("a login is required");
    assert_eq!(problem.reason, Some(Reason::RotationUncertain));
    assert_eq!(stage.issuer.exchanges(), sent, "a dead token is not presented again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_login_heals_a_grant_that_was_given_up() {
    let stage = Stage::ready().await;
    stage.issuer.next(Endpoint::Token, Behaviour::CutAfterProcessing);
    stage.refresh().await.expect_err("the issuer revokes the family on reuse");
    let profile = stage.log_in("work", None).await;
    assert_eq!((profile.state, profile.reason), (ProfileState::Usable, None));
    stage.refresh().await.expect("the new grant is refreshed");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_uncertain_exchange_goes_on_after_a_restart() {
    let config = Config { rotation: Rotation::Window(Duration::from_hours(1)), ..Config::default() };
    let mut stage = Stage::ready_with(config, "").await;
    stage.issuer.always(Endpoint::Token, Behaviour::CutAfterProcessing);
    let problem = stage.refresh().await.expect_err("no answer comes through");
    assert_eq!(problem.code, Code::IssuerUnreachable);
    assert!(stage.profile().await.refresh.uncertain, "status shows the doubt");
    stage.issuer.clear(Endpoint::Token);
    stage.restart().await;
    stage.until(|profile| profile.refresh.last_at.is_some() && !profile.refresh.uncertain).await;
    let token = stage.token().await.expect("a token");
    assert!(stage.issuer.is_live(bearer(&token)));
    assert_eq!(stage.issuer.tally().families_revoked, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_without_any_doubt_is_a_plain_refusal_and_keeps_the_settings() {
    let stage = Stage::ready().await;
    let token = stage.token().await.expect("a token");
    stage.issuer.end_family(bearer(&token));
    let problem = stage.refresh().await.expect_err("an administrator ended the session");
    assert_eq!((problem.code, problem.reason), (Code::LoginRequired, Some(Reason::Refused)));
    let profile = stage.profile().await;
    assert!(profile.refresh.possible, "the refresh token is kept until a login or logout");
    assert_eq!(profile.issuer.as_deref(), Some(stage.issuer.url()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_required_survives_a_restart() {
    let mut stage = Stage::ready().await;
    let token = stage.token().await.expect("a token");
    stage.issuer.end_family(bearer(&token));
    stage.refresh().await.expect_err("an administrator ended the session");
    stage.restart().await;
    let profile = stage.profile().await;
    assert_eq!(profile.reason, Some(Reason::Refused));
    let sent = stage.issuer.exchanges();
    stage.pass(Duration::from_hours(2));
    assert_eq!(stage.token().await.expect_err("a login is required").code, Code::LoginRequired);
    assert_eq!(stage.issuer.exchanges(), sent);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_in_the_middle_of_an_exchange_finishes_and_stores_it() {
    let mut stage = Stage::ready().await;
    stage.issuer.next(Endpoint::Token, Behaviour::HoldAnswer);
    stage.pass(52 * MINUTE);
    stage.issuer.wait_for(|ledger| ledger.held(Endpoint::Token) == 1).await;
    let clock = stage.inside.clock.clone();
    let release = async {
        tokio::task::yield_now().await;
        stage.issuer.release();
    };
    let (stopped, ()) = futures_util::future::join(stage.inside.halt(), release).await;
    assert!(stopped.orderly);
    stage.inside = harness::daemon::Inside::start_at(&stage.sandbox, clock);
    let token = stage.token().await.expect("the successor was stored");
    assert!(stage.issuer.is_live(bearer(&token)));
    stage.refresh().await.expect("and its refresh token too");
    assert_eq!(stage.issuer.tally().reuse_detections, 0);
}
