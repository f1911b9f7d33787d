//! Services describe themselves incompletely, in one of two documents, or wrongly (OIDC Discovery §4, RFC 8414 §3).

use harness::issuer::{Config, Discovery, Endpoint, Iss, Published};
use harness::stage::{Stage, done, failed};
use proto::login::LoginRequest;
use proto::problem::Code;
use proto::profile::{ProfileState, Revocation};
use serde_json::{Map, Value, json};

fn discovery(change: impl FnOnce(&mut Discovery)) -> Config {
    let mut config = Config::default();
    change(&mut config.discovery);
    config
}

fn published(places: &[(Endpoint, Published)]) -> Config {
    discovery(|discovery| discovery.published = places.iter().copied().collect())
}

fn overrides(members: Value) -> Config {
    let Value::Object(overrides) = members else { return Config::default() };
    discovery(|discovery| discovery.overrides = overrides)
}

/// Both flows, a refresh and a logout.
async fn everything_works(config: Config) {
    let stage = Stage::new(config);
    done(stage.with_device(stage.device_login(), Some(0)).await);
    done(stage.with_browser(stage.browser_login()).await);
    assert_eq!(stage.refresh().await.expect("a refresh").state, ProfileState::Usable);
    assert_eq!(stage.logout().await.revocation, Revocation::Accepted);
    assert_eq!(stage.token().await.expect_err("logged out").code, Code::LoginRequired);
}

#[tokio::test]
async fn endpoints_that_only_one_of_the_two_documents_names_are_found() {
    everything_works(published(&[
        (Endpoint::Authorization, Published::OpenidOnly),
        (Endpoint::DeviceAuthorization, Published::OauthOnly),
        (Endpoint::Token, Published::OpenidOnly),
        (Endpoint::Revocation, Published::OauthOnly),
    ]))
    .await;
}

#[tokio::test]
async fn a_service_with_the_openid_document_only_is_understood() {
    everything_works(discovery(|discovery| discovery.oauth_metadata = false)).await;
}

#[tokio::test]
async fn a_service_with_the_oauth_document_only_is_understood() {
    everything_works(discovery(|discovery| discovery.openid_configuration = false)).await;
}

#[tokio::test]
async fn an_issuer_may_have_a_path() {
    everything_works(discovery(|discovery| "/tenant/a".clone_into(&mut discovery.path))).await;
}

#[tokio::test]
async fn endpoints_that_end_in_a_slash_are_used_to_the_letter() {
    everything_works(discovery(|discovery| discovery.trailing_slash = true)).await;
}

#[tokio::test]
async fn grant_types_and_auth_methods_that_are_not_listed_work_all_the_same() {
    everything_works(overrides(json!({
        "grant_types_supported": ["implicit"],
        "token_endpoint_auth_methods_supported": ["client_secret_jwt"],
        "response_types_supported": null,
    })))
    .await;
}

#[tokio::test]
async fn a_service_that_lists_plain_first_is_asked_for_s256() {
    let stage = Stage::new(Config::default());
    stage.logged_in().await;
    let ledger = stage.issuer.ledger();
    let asked = ledger.at(Endpoint::Authorization).next().expect("the browser came");
    assert_eq!(asked.field("code_challenge_method"), Some("S256"));
}

#[tokio::test]
async fn an_endpoint_in_no_document_is_missed_clearly_and_can_be_given_by_hand() {
    let stage = Stage::new(published(&[
        (Endpoint::DeviceAuthorization, Published::Nowhere),
        (Endpoint::Revocation, Published::Nowhere),
    ]));
    let problem = failed(stage.with_device(stage.device_login(), None).await);
    assert_eq!(problem.code, Code::Unsupported);
    assert!(problem.hint.is_some_and(|hint| hint.contains("--device-endpoint")));

    let by_hand = LoginRequest {
        device_authorization_endpoint: Some(stage.issuer.endpoint(Endpoint::DeviceAuthorization)),
        revocation_endpoint: Some(stage.issuer.endpoint(Endpoint::Revocation)),
        ..stage.device_login()
    };
    done(stage.with_device(by_hand, Some(0)).await);
    // The profile has kept them.
    done(stage.with_device(stage.device_login(), Some(0)).await);
    assert_eq!(stage.logout().await.revocation, Revocation::Accepted);
}

#[tokio::test]
async fn a_service_without_any_document_works_with_endpoints_given_by_hand() {
    let stage = Stage::new(discovery(|discovery| {
        discovery.openid_configuration = false;
        discovery.oauth_metadata = false;
    }));
    let problem = failed(stage.with_browser(stage.browser_login()).await);
    assert_eq!((problem.code, problem.detail.contains("no metadata")), (Code::InvalidRequest, true), "{problem:?}");
    let by_hand = LoginRequest {
        authorization_endpoint: Some(stage.issuer.endpoint(Endpoint::Authorization)),
        token_endpoint: Some(stage.issuer.endpoint(Endpoint::Token)),
        ..stage.browser_login()
    };
    done(stage.with_browser(by_hand).await);
    assert_eq!(stage.refresh().await.expect("a refresh").state, ProfileState::Usable);
    assert_eq!(stage.logout().await.revocation, Revocation::Unsupported);
}

#[tokio::test]
async fn the_issuer_parameter_is_checked_also_where_it_was_not_promised() {
    done_with(Iss::Unannounced, true).await;
    done_with(Iss::Absent, true).await;
    done_with(Iss::Other("https://evil.example".to_owned()), false).await;
}

async fn done_with(iss_parameter: Iss, good: bool) {
    let stage = Stage::new(Config { iss_parameter: iss_parameter.clone(), ..Config::default() });
    let last = stage.with_browser(stage.browser_login()).await;
    if good {
        done(last);
    } else {
        assert_eq!(failed(last).code, Code::LoginFailed, "{iss_parameter:?}");
        assert_eq!(stage.issuer.count(Endpoint::Token), 0, "the code was not redeemed");
    }
}

#[tokio::test]
async fn an_issuer_parameter_that_was_promised_must_come() {
    let promise: Map<String, Value> =
        [("authorization_response_iss_parameter_supported".to_owned(), true.into())].into_iter().collect();
    let mut config = Config { iss_parameter: Iss::Absent, ..Config::default() };
    config.discovery.overrides = promise;
    let stage = Stage::new(config);
    assert_eq!(failed(stage.with_browser(stage.browser_login()).await).code, Code::LoginFailed);
}
