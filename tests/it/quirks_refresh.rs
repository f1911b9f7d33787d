//! What real services do at the refresh grant (RFC 6749 §6), and what a refresh token survives.

use std::time::Duration;

use harness::issuer::{Behaviour, Client, Config, Endpoint, Narrow, RefreshRules, Rotation};
use harness::stage::{PROFILE, Stage, bearer, done};
use proto::login::LoginRequest;
use proto::problem::{Code, Reason};
use proto::profile::{ProfileState, RefreshMode};
use proto::token::TokenRequest;

const LIFE: Duration = Duration::from_hours(1);

fn rotating(rotation: Rotation) -> Stage {
    Stage::new(Config { rotation, ..Config::default() })
}

/// A stage whose profile allows narrowing by refresh.
fn narrowing(narrow: Narrow) -> Stage {
    let config = Config { refresh: RefreshRules { narrow, ..RefreshRules::default() }, ..Config::default() };
    Stage::configured(config, &format!("[profile.{PROFILE}]\nnarrow = \"refresh\"\n"))
}

fn narrow() -> TokenRequest {
    TokenRequest { scope: Some("profile".to_owned()), ..harness::wire::of(PROFILE) }
}

#[tokio::test]
async fn a_refresh_token_that_is_not_sent_again_or_repeated_is_kept() {
    for rotation in [Rotation::Absent, Rotation::Repeated] {
        let stage = rotating(rotation);
        stage.logged_in().await;
        for _ in 0..3 {
            stage.refresh().await.expect("a refresh");
        }
        let ledger = stage.issuer.ledger();
        let mut presented: Vec<_> =
            ledger.at(Endpoint::Token).filter_map(|entry| entry.field("refresh_token")).collect();
        assert_eq!(presented.len(), 3);
        presented.dedup();
        assert_eq!(presented.len(), 1, "{rotation:?}");
    }
}

#[tokio::test]
async fn invalid_grant_ends_a_login_at_once_and_still_keeps_the_refresh_token() {
    let stage = rotating(Rotation::On);
    stage.logged_in().await;
    stage.issuer.next(Endpoint::Token, Behaviour::oauth_error("invalid_grant"));
    stage.pass(2 * LIFE);
    let problem = stage.token().await.expect_err("the service has refused");
    assert_eq!((problem.code, problem.reason), (Code::LoginRequired, Some(Reason::Refused)));
    assert_eq!(stage.issuer.exchanges(), 1);
    assert_eq!(stage.profile().await.state, ProfileState::LoginRequired);
    assert_eq!(stage.token().await.expect_err("nothing has changed").code, Code::LoginRequired);
    assert_eq!(stage.issuer.exchanges(), 1, "a refusal is not asked for twice");
    works_again(&stage).await;
}

/// The service was wrong, and a person tries once more.
async fn works_again(stage: &Stage) {
    assert_eq!(stage.refresh().await.expect("the refresh token is there").state, ProfileState::Usable);
    let token = stage.token().await.expect("a token");
    assert!(stage.issuer.is_live(bearer(&token)));
}

#[tokio::test]
async fn an_empty_400_is_a_refusal_only_after_three_tries() {
    three_tries(&Behaviour::Empty400).await;
}

#[tokio::test]
async fn invalid_request_is_a_refusal_only_after_three_tries() {
    three_tries(&Behaviour::InvalidRequest).await;
}

async fn three_tries(answer: &Behaviour) {
    let stage = rotating(Rotation::On);
    stage.logged_in().await;
    stage.issuer.always(Endpoint::Token, answer.clone());
    stage.pass(2 * LIFE);
    for failures in 1..=2 {
        let profile = stage.until(|profile| profile.refresh.failures >= failures).await;
        assert_eq!((profile.refresh.failures, profile.state), (failures, ProfileState::Refreshable));
        let problem = stage.token().await.expect_err("there is no token");
        assert_eq!(problem.code, Code::IssuerUnreachable, "{problem:?}");
        stage.pass(Duration::from_secs(5));
    }
    let profile = stage.until(|profile| profile.state == ProfileState::LoginRequired).await;
    assert_eq!((profile.reason, stage.issuer.exchanges()), (Some(Reason::Refused), 3));
    stage.issuer.clear(Endpoint::Token);
    works_again(&stage).await;
}

#[tokio::test]
async fn reuse_after_a_lost_answer_ends_the_login_and_says_why() {
    let stage = rotating(Rotation::On);
    stage.logged_in().await;
    stage.issuer.next(Endpoint::Token, Behaviour::CutAfterProcessing);
    let problem = stage.refresh().await.expect_err("the service saw a reuse");
    assert_eq!((problem.code, problem.reason), (Code::LoginRequired, Some(Reason::RotationUncertain)));
    let tally = stage.issuer.tally();
    assert_eq!((tally.lost_answers, tally.families_revoked, stage.issuer.exchanges()), (1, 1, 2));
}

#[tokio::test]
async fn reuse_by_somebody_else_is_a_plain_refusal() {
    let stage = rotating(Rotation::On);
    stage.logged_in().await;
    let stolen = stage.issuer.live_refresh_tokens().pop().expect("the login left one");
    stage.refresh().await.expect("a refresh");
    stage.issuer.end_family(&stolen);
    let problem = stage.refresh().await.expect_err("the family is ended");
    assert_eq!((problem.code, problem.reason), (Code::LoginRequired, Some(Reason::Refused)));
}

#[tokio::test]
async fn a_lost_answer_within_a_grace_period_is_fetched_again() {
    let stage = rotating(Rotation::Window(Duration::from_secs(30)));
    stage.logged_in().await;
    stage.issuer.next(Endpoint::Token, Behaviour::CutAfterProcessing);
    assert_eq!(stage.refresh().await.expect("the second try").state, ProfileState::Usable);
    assert_eq!((stage.issuer.exchanges(), stage.issuer.tally().rotated_unseen), (2, 1));
    let profile = stage.refresh().await.expect("the next refresh");
    assert!(!profile.refresh.uncertain && profile.refresh.failures == 0);
    assert_eq!(stage.issuer.tally().reuse_detections, 0);
}

#[tokio::test]
async fn eight_refreshes_at_once_never_overlap() {
    let stage = rotating(Rotation::On);
    stage.logged_in().await;
    stage.issuer.next(Endpoint::Token, Behaviour::Hold);
    let eight = async { futures_util::future::join_all((0..8).map(|_| stage.refresh())).await };
    let release = async {
        stage.issuer.wait_for(|ledger| ledger.held(Endpoint::Token) == 1).await;
        stage.issuer.release();
    };
    let (refreshed, ()) = tokio::join!(eight, release);
    assert!(refreshed.iter().all(Result::is_ok), "{refreshed:?}");
    assert_eq!(stage.issuer.tally().reuse_detections, 0);
    assert_eq!(stage.issuer.max_concurrent(Endpoint::Token), 1);
}

#[tokio::test]
async fn where_a_refresh_ends_the_old_token_a_late_profile_waits_until_it_is_used_up() {
    let rules = RefreshRules { ends_old_access_token: true, ..RefreshRules::default() };
    let config = Config { refresh: rules, access_token_ttl: LIFE, ..Config::default() };
    let stage = Stage::configured(config, &format!("[profile.{PROFILE}]\nrefresh = \"late\"\n"));
    assert_eq!(stage.logged_in().await.refresh.mode, RefreshMode::Late);
    let first = stage.token().await.expect("a token");
    stage.pass(Duration::from_secs(3585));
    let second = stage.token().await.expect("a token");
    assert_eq!(bearer(&first), bearer(&second));
    assert!(stage.issuer.is_live(bearer(&second)));
    assert_eq!(stage.issuer.exchanges(), 0, "nothing was refreshed ahead");
    stage.pass(Duration::from_secs(6));
    stage.issuer.wait_for(|ledger| ledger.exchanges() == 1).await;
    let third = stage.token().await.expect("a token");
    assert_ne!(bearer(&second), bearer(&third));
    assert!(stage.issuer.is_live(bearer(&third)));
}

#[tokio::test]
async fn a_refresh_token_is_never_presented_as_another_client() {
    let rules = RefreshRules { wrong_client_burns: true, ..RefreshRules::default() };
    let mut config = Config { refresh: rules, ..Config::default() };
    config.clients.push(Client::public("other"));
    let stage = Stage::new(config);
    stage.logged_in().await;
    let other = LoginRequest { client_id: Some("other".to_owned()), ..stage.browser_login() };
    // A login that fails leaves the grant with the client it was made for.
    stage.issuer.next(Endpoint::Authorization, Behaviour::oauth_error("access_denied"));
    harness::stage::failed(stage.with_browser(other).await);
    stage.refresh().await.expect("the old login is untouched");
    let other = LoginRequest { client_id: Some("other".to_owned()), ..stage.browser_login() };
    done(stage.with_browser(other).await);
    stage.refresh().await.expect("the new login works");
    assert_eq!(stage.issuer.live_refresh_tokens().len(), 2, "no login was burned");
}

#[tokio::test]
async fn a_narrower_token_is_handed_out_where_the_service_narrows() {
    let stage = narrowing(Narrow::Honoured);
    stage.logged_in().await;
    let token = stage.wire.token(&narrow()).await.expect("a narrower token");
    assert_eq!(token.scope.as_deref(), Some("profile"));
    assert!(stage.issuer.is_live(bearer(&token)));
    let whole = stage.refresh().await.expect("a refresh");
    assert_eq!(whole.scope.as_deref(), Some("openid profile"));
    assert_eq!(stage.token().await.expect("a token").scope.as_deref(), Some("openid profile"));
}

#[tokio::test]
async fn a_wider_token_than_asked_for_is_not_handed_out() {
    let stage = narrowing(Narrow::Ignored);
    stage.logged_in().await;
    let problem = stage.wire.token(&narrow()).await.expect_err("the service ignores the wish");
    assert_eq!(problem.code, Code::Denied);
    assert!(problem.detail.contains("wider"), "{problem:?}");
    works_again(&stage).await;
}

#[tokio::test]
async fn nothing_is_narrowed_where_it_was_not_allowed_since_it_may_end_the_login() {
    let rules = RefreshRules { narrow: Narrow::EndsLogin, ..RefreshRules::default() };
    let stage = Stage::new(Config { refresh: rules, ..Config::default() });
    stage.logged_in().await;
    let problem = stage.wire.token(&narrow()).await.expect_err("it is not allowed");
    assert_eq!((problem.code, stage.issuer.exchanges()), (Code::Unsupported, 0));
    works_again(&stage).await;
}
