//! Who is who: mix-up of two servers, other issuers, ID tokens that are not what they must be.

use harness::evil::Attack;
use harness::issuer::Endpoint;
use proto::problem::Code;

use super::{does_nothing, fails};

const ANOTHER: &str = "does not call itself by the issuer";

#[tokio::test]
async fn metadata_of_another_issuer_is_not_believed() {
    let evil = fails(Attack::AnotherIssuer, Code::LoginFailed, ANOTHER).await;
    assert_eq!(evil.stage.issuer.count(Endpoint::Authorization), 0);
}

/// The code of the honest server never comes to the malicious one, nor the verifier that would redeem it.
#[tokio::test]
async fn a_mix_up_by_metadata_shows_by_the_issuer_of_the_answer() {
    let evil = fails(Attack::MixUpByMetadata, Code::LoginFailed, ANOTHER).await;
    assert_eq!(evil.honest.count(Endpoint::Authorization), 2, "the person was at the honest server");
    assert_eq!(evil.stage.issuer.count(Endpoint::Token), 0);
}

#[tokio::test]
async fn a_mix_up_by_redirect_shows_by_the_issuer_of_the_answer() {
    let evil = fails(Attack::MixUpByRedirect, Code::LoginFailed, ANOTHER).await;
    assert_eq!(evil.honest.count(Endpoint::Authorization), 2, "the person was at the honest server");
    assert_eq!(evil.stage.issuer.count(Endpoint::Token), 0);
}

/// The person sees the honest server, and the client that it knows this program as.
#[tokio::test]
async fn a_mix_up_by_registration_shows_by_the_issuer_of_the_answer() {
    let evil = fails(Attack::MixUpByRegistration, Code::LoginFailed, ANOTHER).await;
    assert_eq!(evil.stage.issuer.count(Endpoint::Registration), 1);
    assert_eq!(evil.honest.count(Endpoint::Authorization), 2, "the person was at the honest server");
    assert_eq!(evil.stage.issuer.count(Endpoint::Token), 0);
}

#[tokio::test]
async fn an_answer_of_another_issuer_is_not_redeemed() {
    let evil = fails(Attack::WrongIss, Code::LoginFailed, ANOTHER).await;
    assert_eq!(evil.stage.issuer.count(Endpoint::Token), 0);
}

#[tokio::test]
async fn an_answer_without_the_issuer_that_was_promised_is_not_redeemed() {
    let evil = fails(Attack::MissingIss, Code::LoginFailed, ANOTHER).await;
    assert_eq!(evil.stage.issuer.count(Endpoint::Token), 0);
}

#[tokio::test]
async fn an_id_token_that_is_not_signed_is_not_believed() {
    fails(Attack::UnsignedToken, Code::LoginFailed, "not signed").await;
}

#[tokio::test]
async fn an_id_token_signed_by_a_secret_that_this_client_has_not_is_not_believed() {
    fails(Attack::SymmetricToken, Code::LoginFailed, "no key for").await;
}

#[tokio::test]
async fn an_id_token_for_another_client_is_not_believed() {
    fails(Attack::AnotherAudience, Code::LoginFailed, "for another client").await;
}

#[tokio::test]
async fn an_id_token_issued_to_another_client_is_not_believed() {
    fails(Attack::AnotherParty, Code::LoginFailed, "for another client").await;
}

#[tokio::test]
async fn an_id_token_of_another_issuer_is_not_believed() {
    fails(Attack::TokenOfAnotherIssuer, Code::LoginFailed, "from another issuer").await;
}

#[tokio::test]
async fn an_id_token_that_has_expired_is_not_believed() {
    fails(Attack::ExpiredToken, Code::LoginFailed, "not valid at this time").await;
}

#[tokio::test]
async fn an_id_token_of_another_login_is_not_believed() {
    fails(Attack::WrongNonce, Code::LoginFailed, "not for this login").await;
}

#[tokio::test]
async fn an_id_token_of_no_login_is_not_believed() {
    fails(Attack::MissingNonce, Code::LoginFailed, "not for this login").await;
}

#[tokio::test]
async fn no_key_is_looked_for_where_an_id_token_says() {
    does_nothing(Attack::KeyByPath, |_, profile, _| assert!(profile.account.is_some())).await;
}
