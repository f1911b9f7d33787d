//! However many ask, the issuer is asked once.

use std::time::Duration;

use harness::issuer::{Behaviour, Config, Endpoint, ErrorBody};
use harness::stage::{Stage, bearer};
use harness::wire::of;
use proto::problem::{Code, Problem};
use proto::token::{Token, TokenRequest};

const HOUR: Duration = Duration::from_hours(1);

/// `count` callers ask at the same time, while the issuer keeps its answer until all of them wait.
async fn ask_together(stage: &Stage, count: usize, request: &TokenRequest) -> Vec<Result<Token, Problem>> {
    stage.issuer.next(Endpoint::Token, Behaviour::HoldAnswer);
    let wire = &stage.wire;
    let callers = (0..count).map(|_| wire.token(request));
    let all = futures_util::future::join_all(callers);
    let release = async {
        stage.issuer.wait_for(|ledger| ledger.held(Endpoint::Token) == 1).await;
        stage.issuer.release();
    };
    futures_util::future::join(all, release).await.0
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_callers_of_an_expired_token_cause_one_exchange() {
    let stage = Stage::ready().await;
    let down = Behaviour::Status { status: 503, body: ErrorBody::Empty, retry_after: None };
    stage.issuer.always(Endpoint::Token, down);
    stage.pass(2 * HOUR);
    stage.until(|profile| profile.refresh.failures >= 1).await;
    stage.issuer.clear(Endpoint::Token);
    stage.pass(Duration::from_secs(1));
    let before = stage.issuer.exchanges();
    let answers = ask_together(&stage, 1000, &of("work")).await;
    let tokens: Vec<_> =
        answers.into_iter().map(|a| bearer(&a.expect("each caller gets a token")).to_owned()).collect();
    assert!(tokens.iter().all(|token| *token == tokens[0] && stage.issuer.is_live(token)));
    assert_eq!(stage.issuer.exchanges() - before, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn equal_scopes_share_an_exchange_and_their_token_is_kept() {
    let stage = Stage::ready_with(Config::default(), "[profile.work]\nnarrow = \"refresh\"\n").await;
    stage.log_in("work", Some("openid mail files")).await;
    let before = stage.issuer.exchanges();
    let request = TokenRequest { scope: Some("mail".to_owned()), ..of("work") };
    let answers = ask_together(&stage, 200, &request).await;
    let tokens: Vec<_> = answers.into_iter().map(|answer| answer.expect("each caller gets a token")).collect();
    assert!(tokens.iter().all(|token| bearer(token) == bearer(&tokens[0]) && token.scope.as_deref() == Some("mail")));
    assert_eq!(stage.issuer.exchanges() - before, 1);
    let again = stage.wire.token(&request).await.expect("it is kept");
    assert_eq!(bearer(&again), bearer(&tokens[0]));
    assert_eq!(stage.issuer.exchanges() - before, 1, "a kept narrower token is served from memory");
    let whole = stage.token().await.expect("the token as granted is untouched");
    assert_ne!(bearer(&whole), bearer(&again));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wish_beyond_the_life_causes_one_exchange_and_is_answered_honestly() {
    let stage = Stage::ready().await;
    stage.pass(Duration::from_mins(20));
    let before = stage.issuer.exchanges();
    let request = TokenRequest { min_ttl: Some(100_000), ..of("work") };
    let answers = ask_together(&stage, 200, &request).await;
    for answer in answers {
        let token = answer.expect("the best there is");
        assert!(!token.min_ttl_met && token.expires_in.expect("the issuer says") > 3500);
    }
    assert_eq!(stage.issuer.exchanges() - before, 1);
    let again = stage.token_for(100_000).await.expect("a fresh token");
    assert!(!again.min_ttl_met);
    assert_eq!(stage.issuer.exchanges() - before, 1, "the same wish again does not refresh a token that is fresh");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_hangs_up_changes_nothing() {
    let stage = Stage::ready().await;
    stage.pass(2 * HOUR);
    stage.until(|profile| profile.refresh.last_at.is_some()).await;
    stage.issuer.next(Endpoint::Token, Behaviour::HoldAnswer);
    let before = stage.issuer.exchanges();
    let wire = &stage.wire;
    let request = TokenRequest { min_ttl: Some(3000), ..of("work") };
    stage.pass(Duration::from_mins(20));
    {
        let asked = wire.token(&request);
        tokio::pin!(asked);
        let held = stage.issuer.wait_for(|ledger| ledger.held(Endpoint::Token) == 1);
        tokio::select! {
            _ = &mut asked => panic!("the issuer holds its answer"),
            () = held => {}
        }
        // The caller goes away here.
    }
    stage.issuer.release();
    let profile = stage.until(|profile| profile.refresh.last_at.is_some()).await;
    assert_eq!(profile.refresh.failures, 0);
    let token = stage.token_for(3000).await.expect("the exchange was finished and kept");
    assert!(token.min_ttl_met && stage.issuer.is_live(bearer(&token)));
    assert_eq!(stage.issuer.exchanges() - before, 1);
    assert_eq!(stage.issuer.tally().reuse_detections, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hung_issuer_holds_up_only_those_who_need_that_grant() {
    let stage = Stage::ready().await;
    stage.log_in("other", None).await;
    stage.issuer.always(Endpoint::Token, Behaviour::Hold);
    let wire = &stage.wire;
    let hurried = TokenRequest { min_ttl: Some(3500), ..of("work") };
    stage.pass(Duration::from_mins(10));
    let stuck = wire.token(&hurried);
    tokio::pin!(stuck);
    let held = stage.issuer.wait_for(|ledger| ledger.held(Endpoint::Token) == 1);
    tokio::select! {
        _ = &mut stuck => panic!("the issuer holds its answer"),
        () = held => {}
    }
    let other = wire.token(&of("other")).await.expect("another grant is not concerned");
    let same = wire.token(&of("work")).await.expect("who is content with less is not held up either");
    assert!(other.min_ttl_met && same.min_ttl_met);
    stage.issuer.clear(Endpoint::Token);
    stage.issuer.release();
    assert!(stuck.await.expect("the held request is answered").min_ttl_met);
}

#[tokio::test(flavor = "multi_thread")]
async fn invented_scopes_are_bounded() {
    let stage = Stage::ready_with(Config::default(), "[profile.work]\nnarrow = \"refresh\"\n").await;
    stage.issuer.always(Endpoint::Token, Behaviour::Hold);
    let wire = &stage.wire;
    let requests: Vec<_> = (0..agentd::vault::MOST_TARGETS + 20)
        .map(|i| TokenRequest { audience: Some(format!("https://api.example/{i}")), ..of("work") })
        .collect();
    let all = futures_util::future::join_all(requests.iter().map(|request| wire.token(request)));
    let release = async {
        stage.issuer.wait_for(|ledger| ledger.held(Endpoint::Token) == 1).await;
        stage.issuer.clear(Endpoint::Token);
        stage.issuer.release();
    };
    let (answers, ()) = futures_util::future::join(all, release).await;
    let busy = answers.iter().filter(|a| a.as_ref().is_err_and(|problem| problem.code == Code::Busy)).count();
    let served = answers.iter().filter(|answer| answer.is_ok()).count();
    assert_eq!(busy + served, requests.len());
    assert!(busy >= 19, "{busy} refused");
    assert_eq!(
        stage.issuer.max_concurrent(Endpoint::Token),
        1,
        "one refresh token is presented by one request at a time"
    );
}
