//! Contree on the wire.

use crate::{
    browser::client,
    daemon::START,
    service::{Contree, Service},
};
use serde_json::{Value, json};
use std::time::Duration;

async fn whoami(service: &Service<Contree>, key: &str, project: &str) -> (u16, Value) {
    let request = client(None).get(format!("{}/sandboxes{}", service.url(), Contree::WHOAMI));
    let request = request.header("authorization", format!("Bearer {key}")).header("project", project);
    let seen = super::client::seen(request).await.expect("an answer comes");
    (seen.status, seen.json())
}

#[tokio::test]
async fn whoami_tells_whether_a_token_is_good() {
    let base = "/sandboxes".to_owned();
    let service = Service::start(Contree { base: base.clone(), ..Contree::default() }).await;
    service.add_key("canary-key-pasted");
    let (status, answer) = whoami(&service, "canary-key-pasted", Contree::PROJECT).await;
    assert_eq!(
        (status, &answer["token_expiration"], &answer["permissions"]["list"]),
        (200, &json!(null), &json!(true))
    );
    assert!(service.secrets().contains(&"canary-key-pasted".to_owned()));
    assert_eq!(service.ledger().last("/sandboxes/v1/whoami").unwrap().header("project"), Some("project-1"));
    assert_eq!(whoami(&service, "canary-key-pasted", "project-2").await.0, 401);
    assert_eq!(whoami(&service, "canary-key-other", Contree::PROJECT).await.0, 401);

    service.reconfigure(|contree| *contree = Contree { base, ..Contree::default().without_list() });
    service.reconfigure(|contree| contree.expires_at = Some(START + 60));
    service.reconfigure(|contree| contree.left_out = Some("operations_stat".to_owned()));
    let (_, answer) = whoami(&service, "canary-key-pasted", Contree::PROJECT).await;
    assert_eq!((&answer["permissions"]["list"], &answer["token_expiration"]), (&json!(false), &json!(START + 60)));
    assert!(answer.get("operations_stat").is_none());
    service.advance(Duration::from_mins(1));
    let (status, answer) = whoami(&service, "canary-key-pasted", Contree::PROJECT).await;
    assert_eq!((status, answer["error"].is_string()), (401, true));
    service.end("canary-key-pasted");
    assert!(!service.is_live("canary-key-pasted"));
}
