//! When the issuer is asked, and what its refusals do.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;

use super::stand::{LIFE, Stand, rest, text, until};
use crate::config::{Narrow, ProfileConfig};
use crate::oauth::ExchangeError;
use crate::store::Loaded;
use crate::store::tests::fault::Disk;
use crate::store::tests::on;
use crate::supervise::Tasks;
use crate::vault::{Prospect, Rejection, Scopes, Target, Why};

#[tokio::test]
async fn a_plain_refresh_that_is_refused_for_its_scope_is_not_repeated_at_once() {
    let stand = Stand::new();
    stand.login("work").await;
    stand.fail_with((0..500).map(|_| ExchangeError::ScopeRefused { code: "invalid_scope" }));
    stand.pass(LIFE * 9 / 10).await;
    assert_eq!(stand.asked(), 1, "the next try comes after a wait");
    for _ in 0..4 {
        stand.pass(Duration::from_secs(30)).await;
    }
    rest().await;
    assert_eq!(stand.asked(), 3, "the third time it is believed");
    let snapshot = stand.vault.inspect(Some("work")).unwrap();
    stand.clock.advance(LIFE);
    assert_eq!(snapshot.prospect(stand.clock.now()), Prospect::LoginRequired(Why::Refused));
}

#[tokio::test]
async fn all_who_report_one_refused_token_together_are_given_the_same_new_one() {
    let stand = Stand::new();
    stand.login("work").await;
    let lease = stand.vault.token(None, Target::default(), None).await.unwrap().lease;
    stand.hold();
    let reports = join_all((0..10).map(|_| stand.vault.reject(Some(&lease), None)));
    let release = async {
        rest().await;
        stand.release();
    };
    let (outcomes, ()) = futures_util::future::join(reports, release).await;
    for outcome in outcomes {
        match outcome {
            Ok(Rejection::Refreshed(handed)) => assert_eq!(text(&handed), "at-1"),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(stand.asked(), 1);
    let again = stand.vault.reject(None, Some("work")).await;
    assert!(matches!(again, Ok(Rejection::Unchanged(..))), "at most once in 30 s: {again:?}");
    assert_eq!(stand.asked(), 1);
}

#[tokio::test]
async fn an_unclear_answer_to_a_narrower_request_does_not_settle_what_is_uncertain() {
    let stand = Stand::new();
    stand.login("work").await;
    let rules = ProfileConfig { narrow: Narrow::Refresh, ..ProfileConfig::default() };
    stand.vault.configure([("work".to_owned(), rules)].into());
    let lost = ExchangeError::Uncertain { why: "cut" };
    let unclear = ExchangeError::Doubtful { status: 400, code: None };
    stand.fail_with([lost.clone(), lost, unclear.clone(), unclear]);
    assert!(stand.vault.refresh(None).await.is_err());
    assert!(stand.vault.inspect(None).unwrap().uncertain);
    let narrow = Target { scope: Some(Scopes::parse("a")), ..Target::default() };
    stand.vault.token(None, narrow.clone(), None).await.expect_err("the wait is on");
    assert_eq!(stand.asked(), 2, "what is uncertain is not asked again before its time, whoever asks");
    // Now the daemon and the caller both ask; whoever comes first, the answer settles nothing.
    stand.pass(Duration::from_secs(3)).await;
    stand.vault.token(None, narrow, None).await.expect_err("it is unclear");
    until("it was asked again", || stand.asked() >= 3).await;
    let snapshot = stand.vault.inspect(None).unwrap();
    assert!(snapshot.uncertain, "{snapshot:?}");
}

#[tokio::test]
async fn refreshes_ahead_begin_again_when_the_disk_has_room_again() {
    let (disk, tasks) = (Arc::new(Disk::default()), Tasks::root());
    let stand = Stand::over(on(&disk, &tasks), Loaded::default());
    stand.login("work").await;
    disk.set_full(true);
    stand.pass(LIFE * 9 / 10).await;
    let postponed = || stand.vault.inspect(None).unwrap().next_attempt.is_some_and(|at| at > stand.clock.now());
    until("it is put off", postponed).await;
    assert_eq!(stand.asked(), 0, "without a mark nothing is sent");
    disk.set_full(false);
    stand.pass(Duration::from_secs(31)).await;
    until("it is refreshed with nobody asking", || stand.asked() == 1).await;
}

#[tokio::test]
async fn tokens_of_hardly_any_life_are_not_refreshed_without_a_pause() {
    let stand = Stand::new();
    stand.login("work").await;
    *stand.issuer.life.lock().unwrap() = Duration::from_nanos(1);
    stand.pass(LIFE).await;
    assert_eq!(stand.asked(), 1);
    stand.pass(Duration::from_secs(1)).await;
    assert_eq!(stand.asked(), 2);
}
