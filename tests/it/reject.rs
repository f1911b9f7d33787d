//! "The service refused this one": checked before anything is thrown away, never an erase.

use std::time::Duration;

use harness::issuer::{Behaviour, Endpoint, ErrorBody};
use harness::stage::{Stage, bearer};
use proto::id::LeaseId;
use proto::problem::Code;
use proto::token::RejectOutcome;

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_token_is_refreshed_once_in_thirty_seconds() {
    let stage = Stage::ready().await;
    let first = stage.token().await.expect("a token");
    let answer = stage.reject(&first.lease).await.expect("a refresh");
    assert_eq!(answer.outcome, RejectOutcome::Refreshed);
    assert_ne!(bearer(&answer.token), bearer(&first));
    let again = stage.reject(&answer.token.lease).await.expect("the same again");
    assert_eq!(again.outcome, RejectOutcome::Unchanged);
    assert_eq!(bearer(&again.token), bearer(&answer.token));
    assert!((1..=30).contains(&again.retry_after.expect("it says when")));
    assert_eq!(stage.issuer.exchanges(), 1);
    stage.pass(Duration::from_secs(31));
    let later = stage.reject(&again.token.lease).await.expect("a refresh");
    assert_eq!(later.outcome, RejectOutcome::Refreshed);
    assert_eq!(stage.issuer.exchanges(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_who_were_refused_the_same_token_together_get_the_same_new_one() {
    let stage = Stage::ready().await;
    let first = stage.token().await.expect("a token");
    let all = futures_util::future::join_all((0..50).map(|_| stage.reject(&first.lease))).await;
    let fresh = stage.token().await.expect("a token");
    assert_ne!(bearer(&fresh), bearer(&first));
    for answer in all {
        let answer = answer.expect("a new token");
        assert_eq!(bearer(&answer.token), bearer(&fresh), "{:?}", answer.outcome);
    }
    assert_eq!(stage.issuer.exchanges(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_lease_is_answered_with_the_newer_token_and_no_exchange() {
    let stage = Stage::ready().await;
    let first = stage.token().await.expect("a token");
    stage.refresh().await.expect("a refresh");
    let newest = stage.token().await.expect("a token");
    for _ in 0..3 {
        let answer = stage.reject(&first.lease).await.expect("there is a newer one");
        assert_eq!((answer.outcome, bearer(&answer.token)), (RejectOutcome::Newer, bearer(&newest)));
    }
    assert_eq!(stage.issuer.exchanges(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reject_while_the_issuer_is_down_loses_nothing() {
    let stage = Stage::ready().await;
    let first = stage.token().await.expect("a token");
    let down = Behaviour::Status { status: 503, body: ErrorBody::Empty, retry_after: None };
    stage.issuer.next(Endpoint::Token, down);
    let problem = stage.reject(&first.lease).await.expect_err("no other token can be had");
    assert_eq!(problem.code, Code::IssuerUnreachable);
    let still = stage.token().await.expect("the one that was refused is still served");
    assert_eq!(bearer(&still), bearer(&first));
    assert!(stage.profile().await.refresh.possible);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_that_was_never_given_is_not_found() {
    let stage = Stage::ready().await;
    for invented in ["l0.0.0.0", "x", "lffff.0.1.2"] {
        let lease = LeaseId::parse(invented).expect("well-formed");
        assert_eq!(stage.reject(&lease).await.expect_err("unknown").code, Code::NotFound);
    }
    assert_eq!(stage.issuer.exchanges(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_is_known_after_a_restart() {
    let mut stage = Stage::ready().await;
    let first = stage.token().await.expect("a token");
    stage.refresh().await.expect("a refresh");
    stage.restart().await;
    let answer = stage.reject(&first.lease).await.expect("there is a newer one");
    assert_eq!(answer.outcome, RejectOutcome::Newer);
    assert_eq!(stage.issuer.exchanges(), 1);
}
