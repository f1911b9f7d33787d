//! What real services do when a login is revoked (RFC 7009). The local copy is gone in every case.

use harness::issuer::{Behaviour, Config, Endpoint, Hint, Published, RevocationRules};
use harness::stage::{Stage, bearer};
use proto::problem::{Code, Reason};
use proto::profile::{LoggedOut, ProfileState, Revocation};

fn revoking(revocation: RevocationRules) -> Stage {
    Stage::new(Config { revocation, ..Config::default() })
}

/// Logs in and out again.
async fn logged_out(stage: &Stage) -> (LoggedOut, String) {
    stage.logged_in().await;
    let token = stage.token().await.expect("a token");
    let out = stage.logout().await;
    assert!(out.was_logged_in);
    let problem = stage.token().await.expect_err("the local copy is gone");
    assert_eq!((problem.code, problem.reason), (Code::LoginRequired, Some(Reason::LoggedOut)));
    assert_eq!(stage.profile().await.state, ProfileState::LoggedOut);
    (out, bearer(&token).to_owned())
}

#[tokio::test]
async fn a_service_that_refuses_public_clients_is_reported() {
    let stage = revoking(RevocationRules { refuses_public: true, ..RevocationRules::default() });
    let (out, access) = logged_out(&stage).await;
    assert_eq!(out.revocation, Revocation::Failed);
    let problem = out.problem.expect("it is said why");
    assert!(problem.detail.contains("401") && problem.hint.is_some(), "{problem:?}");
    assert!(stage.issuer.is_live(&access), "the service has kept it");
}

#[tokio::test]
async fn each_token_is_revoked_with_the_hint_that_fits() {
    let rules =
        RevocationRules { trusts_hint: Hint::Trusted, ends_access: false, ends_refresh: false, refuses_public: false };
    let stage = revoking(rules);
    let (out, access) = logged_out(&stage).await;
    assert_eq!(out.revocation, Revocation::Accepted);
    assert!(!stage.issuer.is_live(&access) && stage.issuer.live_refresh_tokens().is_empty());
    let ledger = stage.issuer.ledger();
    let hints: Vec<_> = ledger.at(Endpoint::Revocation).filter_map(|entry| entry.field("token_type_hint")).collect();
    assert_eq!(hints, ["refresh_token", "access_token"]);
}

#[tokio::test]
async fn a_service_without_revocation_is_left_alone() {
    let mut config = Config::default();
    config.discovery.published.insert(Endpoint::Revocation, Published::Nowhere);
    let stage = Stage::new(config);
    let (out, _) = logged_out(&stage).await;
    assert_eq!((out.revocation, stage.issuer.count(Endpoint::Revocation)), (Revocation::Unsupported, 0));
}

#[tokio::test]
async fn a_service_that_fails_is_reported_and_asked_once_per_token() {
    let stage = revoking(RevocationRules::default());
    stage.issuer.always(Endpoint::Revocation, Behaviour::CutBeforeProcessing);
    let (out, _) = logged_out(&stage).await;
    assert_eq!(out.revocation, Revocation::Failed);
    assert_eq!(out.problem.expect("it is said why").code, Code::IssuerUnreachable);
    assert_eq!(stage.issuer.count(Endpoint::Revocation), 1);
}

#[tokio::test]
async fn a_second_logout_has_nothing_to_revoke() {
    let stage = revoking(RevocationRules::default());
    logged_out(&stage).await;
    let again = stage.logout().await;
    assert_eq!((again.was_logged_in, again.revocation), (false, Revocation::Nothing));
}
