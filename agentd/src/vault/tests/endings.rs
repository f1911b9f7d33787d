//! Callers who go away in the middle, and keepers who do.

use std::sync::Arc;

use futures_util::future::poll_immediate;

use super::stand::{LIFE, Stand, rest};
use crate::vault::want::{Need, Want};
use crate::vault::{LANES_PER_ISSUER, Target, Trouble};

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
    for _ in 0..2 {
        for logout in &mut logouts {
            ended += usize::from(poll_immediate(logout).await.is_some());
        }
        rest().await;
    }
    assert_eq!(ended, 1, "the others wait for what was sent");
}
