//! Tank on the wire.

use crate::service::{Service, Tank};
use serde_json::json;
use std::time::Duration;

const STATE: &str = "3f0c1d3e-state";

async fn begin(service: &Service<Tank>) -> String {
    let start = service.post_json(Tank::START, &json!({ "state": STATE })).await;
    assert!(start.text("authUrl").ends_with(&format!("/cli-login?session={}", start.text("sessionCode"))));
    start.text("sessionCode")
}

async fn exchange(service: &Service<Tank>, session: &str, state: &str) -> super::client::Seen {
    service.post_json(Tank::EXCHANGE, &json!({ "sessionCode": session, "state": state })).await
}

#[tokio::test]
async fn whatever_is_not_approved_looks_the_same() {
    let service = Service::start(Tank::default()).await;
    let mut seen = Vec::new();
    let session = begin(&service).await;
    seen.push(exchange(&service, &session, STATE).await);
    service.approve();
    seen.push(exchange(&service, &session, "another-state").await);
    let token = exchange(&service, &session, STATE).await;
    assert_eq!((token.status, token.json()["user"]["name"].as_str()), (200, Some("Ada Example")));
    seen.push(exchange(&service, &session, STATE).await);
    let late = begin(&service).await;
    service.advance(Duration::from_mins(5));
    seen.push(exchange(&service, &late, STATE).await);
    seen.push(exchange(&service, "unknown", STATE).await);
    assert!(seen.iter().all(|one| one.status == 400 && one.text == seen[0].text));

    let session = begin(&service).await;
    service.deny();
    assert_eq!(exchange(&service, &session, STATE).await.status, 403);
    for state in ["short", &"x".repeat(257)] {
        assert_eq!(service.post_json(Tank::START, &json!({ "state": state })).await.status, 400);
    }
}

#[tokio::test]
async fn a_token_lives_ninety_days() {
    let service = Service::start(Tank { user: (None, None), ..Tank::default() }).await;
    service.auto_approve(true);
    let session = begin(&service).await;
    let token = exchange(&service, &session, STATE).await.text("token");
    assert!(token.starts_with("tank_canary-") && service.secrets().contains(&token));
    let bearer = format!("Bearer {token}");
    assert_eq!(service.get_as(Tank::WHOAMI, &bearer).await.json(), json!({ "userId": "user-1" }));
    service.reconfigure(|tank| tank.user_gone = true);
    assert_eq!(service.get_as(Tank::WHOAMI, &bearer).await.status, 404);
    service.advance(Duration::from_hours(90 * 24));
    assert_eq!(service.get_as(Tank::WHOAMI, &bearer).await.status, 401);
}
