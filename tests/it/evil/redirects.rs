//! Redirects that carry a request on, with the credentials in it (307): followed nowhere.

use harness::evil::{Attack, Evil};
use harness::issuer::Endpoint;
use harness::stage::done;
use proto::problem::Code;
use proto::profile::{ProfileState, Revocation};

use super::{does_nothing, fails, is_fit_to_be_read};

#[tokio::test]
async fn of_the_metadata() {
    let evil = fails(Attack::RedirectedMetadata, Code::InvalidRequest, "metadata").await;
    assert!(evil.stage.issuer.count(Endpoint::OpenidConfiguration) > 0);
}

#[tokio::test]
async fn of_a_registration() {
    let evil = fails(Attack::RedirectedRegistration, Code::InvalidRequest, "does not register").await;
    assert_eq!(evil.stage.issuer.count(Endpoint::Registration), 1);
}

#[tokio::test]
async fn of_a_pushed_request() {
    let evil = fails(Attack::RedirectedPush, Code::LoginFailed, "a redirect to another address").await;
    assert_eq!(evil.stage.issuer.count(Endpoint::Authorization), 0, "the browser is not opened");
}

#[tokio::test]
async fn of_the_exchange_of_the_code() {
    let evil = fails(Attack::RedirectedExchange, Code::LoginFailed, "a redirect to another address").await;
    assert_eq!(evil.stage.issuer.count(Endpoint::Token), 1);
}

#[tokio::test]
async fn of_a_device_authorization() {
    let evil = fails(Attack::RedirectedDevice, Code::LoginFailed, "a redirect to another address").await;
    assert_eq!(evil.stage.issuer.count(Endpoint::DeviceAuthorization), 1);
}

#[tokio::test]
async fn of_the_polls_of_a_device_login() {
    let evil = fails(Attack::RedirectedPoll, Code::LoginFailed, "a redirect to another address").await;
    assert_eq!(evil.stage.issuer.count(Endpoint::Token), 1);
}

#[tokio::test]
async fn of_the_question_who_has_logged_in() {
    let evil = does_nothing(Attack::RedirectedUserinfo, |_, profile, warnings| {
        assert!(warnings.iter().any(|warning| warning.contains("who has logged in is not known")), "{warnings:?}");
        assert!(profile.account.as_ref().is_some_and(|account| account.name.is_none()), "{profile:?}");
    })
    .await;
    assert_eq!(evil.stage.issuer.count(Endpoint::Userinfo), 1);
}

#[tokio::test]
async fn of_a_refresh() {
    let mut evil = Evil::new(Attack::RedirectedRefresh).await;
    done(evil.login(None).await.last);
    evil.turn_on("");
    let problem = evil.stage.refresh().await.expect_err("nothing came of it");
    is_fit_to_be_read(Attack::RedirectedRefresh, &problem);
    evil.nobody_is_harmed().await;
    evil.stage.issuer.clear(Endpoint::Token);
    assert_eq!(evil.stage.refresh().await.expect("the login is kept").state, ProfileState::Usable);
}

#[tokio::test]
async fn of_a_revocation() {
    let mut evil = Evil::new(Attack::RedirectedRevocation).await;
    done(evil.login(None).await.last);
    evil.turn_on("");
    let out = evil.stage.logout().await;
    assert_eq!(out.revocation, Revocation::Failed, "{out:?}");
    assert_eq!(evil.stage.token().await.expect_err("the local copy is gone").code, Code::LoginRequired);
    evil.nobody_is_harmed().await;
}
