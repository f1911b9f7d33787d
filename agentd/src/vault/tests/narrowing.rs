//! Token exchange: when the token as granted is renewed before, and what a failure leaves behind.

use std::time::Duration;

use super::stand::{LIFE, Stand, until};
use crate::config::{Narrow, ProfileConfig, RefreshMode};
use crate::oauth::ExchangeError;
use crate::vault::{Credential, Scopes, ServeError, Target, Trouble};

async fn stand() -> Stand {
    let stand = Stand::new();
    stand.login("work").await;
    let rules = ProfileConfig { narrow: Narrow::Exchange, refresh: RefreshMode::Late, ..ProfileConfig::default() };
    stand.vault.configure([("work".to_owned(), rules)].into());
    until("the keeper has its rules", || stand.vault.inspect(None).unwrap().rules == rules).await;
    stand
}

async fn narrow(stand: &Stand, scope: &str) -> Result<String, Trouble> {
    let target = Target { scope: Some(Scopes::parse(scope)), ..Target::default() };
    match stand.vault.token(None, target, None).await {
        Ok(handed) => match &handed.served.credential {
            // EXPOSE: the test looks at what was handed out.
            Credential::AccessToken(token) => Ok(token.expose().to_owned()),
            Credential::ApiKey(_) => unreachable!("it is a login"),
        },
        Err(ServeError::Trouble { trouble, .. }) => Err(trouble),
        Err(other) => unreachable!("{other}"),
    }
}

fn exchanged(stand: &Stand) -> Vec<String> {
    stand.issuer.exchanged.lock().unwrap().clone()
}

#[tokio::test]
async fn the_token_as_granted_is_exchanged_and_stays_what_it_is() {
    let stand = stand().await;
    assert_eq!(narrow(&stand, "a").await.as_deref(), Ok("at-101"));
    assert_eq!(narrow(&stand, "a").await.as_deref(), Ok("at-101"), "from memory");
    assert_eq!(narrow(&stand, "b").await.as_deref(), Ok("at-102"));
    assert_eq!((exchanged(&stand), stand.asked()), (vec!["at-0".to_owned(); 2], 0));
    let main = stand.vault.token(None, Target::default(), None).await.expect("a token");
    // EXPOSE: as above.
    assert!(matches!(&main.served.credential, Credential::AccessToken(token) if token.expose() == "at-0"));
}

#[tokio::test]
async fn a_lapsed_token_is_renewed_first_and_then_exchanged() {
    let stand = stand().await;
    stand.issuer.gate.forget_permits(1000);
    stand.pass(LIFE).await;
    let (one, other, ()) = tokio::join!(narrow(&stand, "a"), narrow(&stand, "a"), async {
        stand.issuer.gate.add_permits(1000);
    });
    assert_eq!((one.as_deref(), other.as_deref()), (Ok("at-101"), Ok("at-101")));
    assert_eq!((exchanged(&stand), stand.asked()), (vec!["at-1".to_owned()], 1));
}

#[tokio::test]
async fn a_renewal_that_fails_is_told_to_who_wanted_the_exchange_and_asked_for_once() {
    let stand = stand().await;
    stand.fail_with([ExchangeError::Refused]);
    stand.pass(LIFE).await;
    assert!(matches!(narrow(&stand, "a").await, Err(Trouble::LoginRequired(_))));
    assert_eq!((exchanged(&stand).len(), stand.asked()), (0, 1));
}

#[tokio::test]
async fn a_refused_exchange_leaves_the_grant_as_it_was() {
    let stand = stand().await;
    let refusals = [
        ExchangeError::Misconfigured { code: "invalid_client" },
        ExchangeError::Refused,
        ExchangeError::Uncertain { why: "cut" },
        ExchangeError::Unavailable { status: 429, retry_after: Some(Duration::from_mins(1)) },
    ];
    stand.issuer.refusals.lock().unwrap().extend(refusals);
    assert_eq!(narrow(&stand, "a").await, Err(Trouble::ExchangeRefused { code: "invalid_client" }));
    assert_eq!(narrow(&stand, "a").await, Err(Trouble::TargetRefused { code: "invalid_grant" }));
    assert!(matches!(narrow(&stand, "a").await, Err(Trouble::Unreachable { .. })));
    assert!(matches!(narrow(&stand, "a").await, Err(Trouble::Unreachable { retry_after: Some(_), .. })));
    assert!(matches!(narrow(&stand, "a").await, Err(Trouble::Unreachable { retry_after: Some(_), .. })));
    assert_eq!(exchanged(&stand).len(), 4, "the service asked to wait, and nobody is let through");
    let snapshot = stand.vault.inspect(None).unwrap();
    assert!(!snapshot.uncertain && snapshot.failures == 0 && snapshot.last_trouble.is_none(), "{snapshot:?}");
    assert_eq!(stand.asked(), 0);
}
