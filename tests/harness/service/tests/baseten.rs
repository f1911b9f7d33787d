//! Baseten on the wire.

use crate::service::{Baseten, Service};
use serde_json::{Value, json};
use std::time::Duration;

const CLIENT: (&str, &str) = ("client_id", "baseten-cli");

async fn begin(service: &Service<Baseten>) -> String {
    let start = service.post_form(Baseten::AUTHORIZE, &[CLIENT]).await;
    assert_eq!((start.json()["expires_in"].as_u64(), start.json()["interval"].as_u64()), (Some(600), Some(5)));
    start.text("device_code")
}

async fn poll(service: &Service<Baseten>, code: &str) -> (u16, Value) {
    let grant = ("grant_type", "urn:ietf:params:oauth:grant-type:device_code");
    let seen = service.post_form(Baseten::TOKEN, &[CLIENT, grant, ("device_code", code)]).await;
    (seen.status, seen.json())
}

async fn whoami(service: &Service<Baseten>, authorization: &str) -> (u16, Value) {
    let query = json!({ "query": "{ organization { workspace_name } user { email } }" });
    let seen = service.post_json_as(Baseten::GRAPHQL, &query, authorization).await;
    (seen.status, seen.json())
}

#[tokio::test]
async fn a_device_login_ends_with_tokens_that_rotate() {
    let service = Service::start(Baseten::default()).await;
    service.reconfigure(|baseten| baseten.device.slow_downs = 1);
    let code = begin(&service).await;
    assert_eq!(poll(&service, &code).await, (400, json!({ "error": "slow_down" })));
    assert_eq!(poll(&service, &code).await, (400, json!({ "error": "authorization_pending" })));
    service.approve();
    let (status, tokens) = poll(&service, &code).await;
    assert_eq!((status, &tokens["expires_in"]), (200, &json!(3600)));
    let refresh =
        [CLIENT, ("grant_type", "refresh_token"), ("refresh_token", tokens["refresh_token"].as_str().unwrap())];
    let again = service.post_form(Baseten::TOKEN, &refresh).await;
    assert_ne!(again.json()["refresh_token"], tokens["refresh_token"]);
    assert_eq!(service.post_form(Baseten::TOKEN, &refresh).await.text("error"), "invalid_grant");

    let code = begin(&service).await;
    service.deny();
    assert_eq!(poll(&service, &code).await.1["error"], "access_denied");
    let code = begin(&service).await;
    service.advance(Duration::from_mins(10));
    assert_eq!(poll(&service, &code).await.1["error"], "expired_token");
    let scoped = service.post_form(Baseten::AUTHORIZE, &[CLIENT, ("scope", "openid")]).await;
    assert_eq!(scoped.text("error"), "invalid_scope");
}

#[tokio::test]
async fn logout_takes_an_access_token_that_is_live() {
    let service = Service::start(Baseten::default()).await;
    service.auto_approve(true);
    let code = begin(&service).await;
    let (_, tokens) = poll(&service, &code).await;
    let bearer = format!("Bearer {}", tokens["access_token"].as_str().unwrap());
    service.advance(Duration::from_hours(1));
    assert_eq!(service.post_empty(Baseten::LOGOUT, &bearer).await.status, 401);
    assert_eq!(service.live_refresh_tokens(), [tokens["refresh_token"].as_str().unwrap()]);

    let refresh = tokens["refresh_token"].as_str().unwrap();
    let form = [CLIENT, ("grant_type", "refresh_token"), ("refresh_token", refresh)];
    let bearer = format!("Bearer {}", service.post_form(Baseten::TOKEN, &form).await.text("access_token"));
    assert_eq!(service.post_empty(Baseten::LOGOUT, &bearer).await.status, 200);
    assert_eq!(service.post_empty(Baseten::LOGOUT, &bearer).await.status, 401);
    assert!(service.live_refresh_tokens().is_empty());
}

#[tokio::test]
async fn keys_have_two_schemes_and_tokens_one() {
    let service = Service::start(Baseten::default()).await;
    service.auto_approve(true);
    let code = begin(&service).await;
    let (_, tokens) = poll(&service, &code).await;
    let (token, key) = (tokens["access_token"].as_str().unwrap(), service.make_key());
    let (status, answer) = whoami(&service, &format!("Api-Key {key}")).await;
    assert_eq!((status, &answer["data"]["user"]["email"]), (200, &json!("ada@example.test")));
    assert_eq!(whoami(&service, &format!("Bearer {key}")).await.0, 200);
    assert_eq!(whoami(&service, &format!("Bearer {token}")).await.0, 200);
    assert_eq!(whoami(&service, &format!("Api-Key {token}")).await.0, 401);
}
