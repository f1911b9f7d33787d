//! What the browser brings back, and what of PKCE the metadata speaks of.

use harness::evil::Attack;
use harness::issuer::Endpoint;
use proto::problem::Code;

use super::fails;

/// It may be anybody's: the listener goes on, and the login ends by its own time.
#[tokio::test]
async fn an_answer_with_another_state_is_left_aside() {
    let evil = fails(Attack::WrongState, Code::LoginTimeout, "in time").await;
    assert_eq!(evil.stage.issuer.count(Endpoint::Token), 0);
}

#[tokio::test]
async fn an_answer_without_state_is_left_aside() {
    let evil = fails(Attack::MissingState, Code::LoginTimeout, "in time").await;
    assert_eq!(evil.stage.issuer.count(Endpoint::Token), 0);
}

#[tokio::test]
async fn an_answer_that_is_yes_and_no_is_left_aside() {
    let evil = fails(Attack::CodeAndError, Code::LoginTimeout, "in time").await;
    assert_eq!(evil.stage.issuer.count(Endpoint::Token), 0);
}

/// It would go into the address that the browser opens.
#[tokio::test]
async fn a_reference_to_a_pushed_request_that_is_none_is_not_used() {
    let evil = fails(Attack::HostileReference, Code::LoginFailed, "no usable request URI").await;
    assert_eq!(evil.stage.issuer.count(Endpoint::Authorization), 0, "the browser is not opened");
}

/// PKCE ties the code to the login that asked for it: the server, which checks, refuses.
#[tokio::test]
async fn the_code_of_another_login_gives_nothing() {
    let evil = fails(Attack::CodeOfAnother, Code::LoginFailed, "does not accept the login's code").await;
    assert_eq!(evil.stage.issuer.count(Endpoint::Token), 1, "it is presented once");
}

#[tokio::test]
async fn an_error_is_not_repeated() {
    fails(Attack::ErrorWithMarkup, Code::LoginFailed, "an error that no standard knows").await;
}

#[tokio::test]
async fn a_server_that_knows_plain_pkce_only_is_not_logged_in_to() {
    let evil = fails(Attack::PlainPkceOnly, Code::Unsupported, "S256").await;
    assert_eq!(evil.stage.issuer.count(Endpoint::Authorization), 0, "the browser is not opened");
}

#[tokio::test]
async fn a_server_that_knows_no_pkce_is_not_logged_in_to() {
    let evil = fails(Attack::NoPkceMethods, Code::Unsupported, "S256").await;
    assert_eq!(evil.stage.issuer.count(Endpoint::Authorization), 0, "the browser is not opened");
}
