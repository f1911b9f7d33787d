//! Callers who go away in the middle, and keepers who do.

use std::sync::Arc;

use super::stand::{Stand, rest};
use crate::vault::want::{Need, Want};
use crate::vault::{Target, Trouble};

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
