//! Tensormesh on the wire.

use crate::{
    browser::Browser,
    service::{Rotation, Service, Tensormesh, Terms},
};
use serde_json::json;
use std::time::Duration;

async fn begin(service: &Service<Tensormesh>) -> String {
    let start = service.post_empty(Tensormesh::START, "").await;
    assert_eq!(start.status, 200);
    assert_eq!(service.pending_page(), Some(start.text("auth_url")));
    start.text("cli_code")
}

async fn exchange(service: &Service<Tensormesh>, code: &str) -> super::client::Seen {
    service.post_json(Tensormesh::EXCHANGE, &json!({ "cli_code": code })).await
}

async fn refresh(service: &Service<Tensormesh>, token: &str) -> super::client::Seen {
    service.post_json(Tensormesh::REFRESH, &json!({ "refresh_token": token })).await
}

#[tokio::test]
async fn a_login_is_pending_until_a_person_decides() {
    let service = Service::start(Tensormesh::default()).await;
    let code = begin(&service).await;
    assert_eq!(exchange(&service, &code).await.status, 202);
    assert_eq!(Browser::new().follow(&service.pending_page().unwrap()).await.status, 200);
    let tokens = exchange(&service, &code).await;
    assert_eq!((tokens.status, tokens.json()["expires_in"].as_u64()), (200, Some(3600)));
    assert_eq!(exchange(&service, &code).await.status, 409);

    let access = tokens.text("access_token");
    let profile = service.get_as(Tensormesh::PROFILE, &format!("Bearer {access}")).await;
    assert_eq!(profile.json()["user"]["userEmail"], "ada@example.test");
    service.advance(Duration::from_hours(1));
    assert_eq!(service.get_as(Tensormesh::PROFILE, &format!("Bearer {access}")).await.status, 401);
    assert!(!service.is_live(&access));

    for (decide, status) in [(Service::deny as fn(&Service<Tensormesh>), 403), (Service::expire, 410)] {
        let code = begin(&service).await;
        decide(&service);
        assert_eq!(exchange(&service, &code).await.status, status);
    }
    assert_eq!(service.count(Tensormesh::START), 3);
}

#[tokio::test]
async fn refresh_tokens_rotate_and_reuse_ends_the_login() {
    let service = Service::start(Tensormesh::default()).await;
    service.auto_approve(true);
    let start = service.post_empty(Tensormesh::START, "").await;
    let tokens = exchange(&service, &start.text("cli_code")).await;
    let first = tokens.text("refresh_token");
    let second = refresh(&service, &first).await.text("refresh_token");
    assert_eq!(service.live_refresh_tokens(), [second.as_str()]);
    assert_eq!(refresh(&service, &first).await.status, 401);
    assert_eq!(refresh(&service, &second).await.status, 401);
    assert!(service.live_refresh_tokens().is_empty() && !service.is_live(&tokens.text("access_token")));
    assert!(service.secrets().iter().all(|secret| secret.starts_with("canary-")));
}

#[tokio::test]
async fn an_answer_may_say_little() {
    let terms = Terms { jwt: true, expires_in: false, rotation: Rotation::Absent, ..Terms::default() };
    let service = Service::start(Tensormesh { interval: None, terms, ..Tensormesh::default() }).await;
    service.auto_approve(true);
    let start = service.post_empty(Tensormesh::START, "").await;
    assert!(start.json().get("interval").is_none());
    let tokens = exchange(&service, &start.text("cli_code")).await;
    let again = refresh(&service, &tokens.text("refresh_token")).await.json();
    assert_eq!(again.as_object().unwrap().keys().collect::<Vec<_>>(), ["access_token"]);
    assert_eq!(again["access_token"].as_str().unwrap().split('.').count(), 3);
    service.end_login();
    assert!(!service.is_live(again["access_token"].as_str().unwrap()));
}

#[tokio::test]
async fn models_and_keys_are_listed() {
    let service =
        Service::start(Tensormesh { models: vec!["example/model-small".to_owned()], ..Tensormesh::default() }).await;
    let bearer = format!("Bearer {}", service.make_key());
    assert_eq!(
        service.get_as(Tensormesh::MODELS, &bearer).await.json()["models"][0]["modelName"],
        "example/model-small"
    );
    let keys = service.get_as(&format!("/v1/users/api-keys?userId={}", Tensormesh::USER), &bearer).await.json();
    let live = |index: usize| service.is_live(keys["apiKeys"][index]["id"].as_str().unwrap());
    assert_eq!([live(0), live(1), live(2), live(3)], [true, true, false, false]);
    assert_eq!(service.get_as("/v1/users/api-keys?userId=user-2", &bearer).await.status, 403);
}
