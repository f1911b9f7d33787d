//! Callers who go away in the middle, and keepers who do.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::poll_immediate;

use super::stand::{LIFE, PATIENCE, Stand, rest};
use crate::secret::ApiKey;
use crate::store::{Location, Store};
use crate::supervise::Tasks;
use crate::vault::want::{Need, Want};
use crate::vault::{LANES_PER_ISSUER, NewKey, Target, Trouble};

#[tokio::test]
async fn nobody_waits_for_a_keeper_that_has_ended() {
    let stand = Stand::new();
    stand.login("work").await;
    let handle = stand.vault.find(Some("work")).unwrap();
    assert!(stand.vault.remove("work").await.unwrap());
    rest().await;
    let want = Want { target: Arc::new(Target::default()), need: Need::Ttl(None) };
    assert_eq!(handle.shared.board.post(&want), Err(Trouble::Superseded));
}

#[tokio::test]
async fn what_still_waits_for_a_lane_does_not_hold_up_a_logout() {
    let stand = Stand::new();
    let names: Vec<String> = (0..=LANES_PER_ISSUER).map(|i| format!("p{i}")).collect();
    for name in &names {
        stand.login(name).await;
    }
    stand.hold();
    stand.pass(LIFE * 9 / 10).await;
    assert_eq!(stand.asked(), LANES_PER_ISSUER, "one more than there are lanes is due");
    let mut logouts: Vec<_> = names.iter().map(|name| Box::pin(stand.vault.logout(Some(name)))).collect();
    let mut ended = 0;
    for _ in 0..8 {
        logouts.retain_mut(|logout| {
            let over = poll_immediate(logout).now_or_never().flatten().is_some();
            ended += usize::from(over);
            !over
        });
        rest().await;
    }
    assert_eq!(ended, 1, "the others wait for what was sent");
}

#[tokio::test]
async fn a_key_is_kept_whether_or_not_its_giver_stays() {
    let stand = Stand::new();
    let new = NewKey::bare(ApiKey::new("key".to_owned()), None);
    assert!(poll_immediate(Box::pin(stand.vault.adopt_key("k", new))).await.is_none(), "given, and not waited for");
    rest().await;
    assert!(stand.vault.token(Some("k"), Target::default(), None).await.is_ok());
}

#[tokio::test]
async fn a_removal_is_finished_whether_or_not_its_caller_stays() {
    let (home, tasks) = (tempfile::tempdir().unwrap(), Tasks::root());
    let place = Location::File { database: home.path().join("data/store"), key: home.path().join("data/key") };
    let (store, loaded) = Store::open(place.clone(), &tasks).unwrap();
    let stand = Stand::over(store.clone(), loaded);
    stand.login("a").await;
    stand.login("b").await;
    stand.vault.switch("a").await.unwrap();
    assert!(poll_immediate(Box::pin(stand.vault.remove("a"))).await.is_none(), "asked, and not waited for");
    assert!(!stand.vault.remove("a").await.unwrap(), "one change comes after the other");
    store.close();
    assert!(tasks.stop(PATIENCE).await);
    let (_, loaded) = Store::open(place, &Tasks::root()).unwrap();
    assert_eq!(loaded.records.iter().map(|record| record.name.as_str()).collect::<Vec<_>>(), ["b"]);
    assert_eq!(loaded.current, loaded.records.first().map(|record| record.id));
}

#[tokio::test]
async fn a_key_in_place_of_a_login_has_nothing_of_its_scopes() {
    let stand = Stand::new();
    stand.login("work").await;
    let new = NewKey::bare(ApiKey::new("key".to_owned()), None);
    assert_eq!(stand.vault.adopt_key("work", new).await.requested_scope, None);
}
