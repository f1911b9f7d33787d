//! When the issuer is asked, and what its refusals do.

use std::time::Duration;

use super::stand::{LIFE, Stand, rest};
use crate::oauth::ExchangeError;
use crate::vault::{Prospect, Why};

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
