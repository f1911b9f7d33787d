//! `LlamaIndex` and its issuer on the wire.

use crate::service::{LlamaIndex, Oidc, Service};
use agentd::{oauth::id_token, secret::IdToken};
use serde_json::{Value, json};
use std::time::Duration;

const CLIENT: (&str, &str) = ("client_id", LlamaIndex::CLIENT);
const SCOPE: (&str, &str) = ("scope", "email offline_access openid profile");

async fn begin(service: &Service<LlamaIndex>, scope: (&str, &str)) -> String {
    service.post_form(LlamaIndex::DEVICE, &[CLIENT, scope]).await.text("device_code")
}

async fn poll(service: &Service<LlamaIndex>, code: &str) -> (u16, Value) {
    let grant = ("grant_type", "urn:ietf:params:oauth:grant-type:device_code");
    let seen = service.post_form(LlamaIndex::TOKEN, &[CLIENT, grant, ("device_code", code)]).await;
    (seen.status, seen.json())
}

async fn login(service: &Service<LlamaIndex>) -> Value {
    service.auto_approve(true);
    let code = begin(service, SCOPE).await;
    poll(service, &code).await.1
}

#[tokio::test]
async fn two_documents_lead_to_the_issuer() {
    let service = Service::start(LlamaIndex::default()).await;
    let version = service.try_get(LlamaIndex::VERSION).await.unwrap().json();
    assert_eq!((&version["requires_auth"], version.get("min_llamactl_version")), (&json!(true), None));
    let discovery = service.try_get(LlamaIndex::DISCOVERY).await.unwrap().json();
    assert_eq!(discovery["client_ids"]["cli"], LlamaIndex::CLIENT);
    assert_eq!(discovery["discovery_url"], format!("{}{}", service.url(), LlamaIndex::ISSUER_DOCUMENT));
    let document = service.try_get(LlamaIndex::ISSUER_DOCUMENT).await.unwrap().json();
    assert_eq!(document["issuer"], format!("{}/oidc", service.url()));
    assert_eq!(document["token_endpoint"], format!("{}{}", service.url(), LlamaIndex::TOKEN));
    service.reconfigure(|llama| llama.oidc = Oidc::Missing(501));
    let missing = service.try_get(LlamaIndex::DISCOVERY).await.unwrap();
    assert_eq!((missing.status, missing.json()["detail"].is_string()), (501, true));
}

#[tokio::test]
async fn a_login_ends_with_an_id_token_that_the_daemon_believes() {
    let service = Service::start(LlamaIndex::default()).await;
    let code = begin(&service, SCOPE).await;
    assert_eq!(poll(&service, &code).await, (403, json!({ "error": "authorization_pending" })));
    service.reconfigure(|llama| llama.device.refusal_status = 200);
    assert_eq!(poll(&service, &code).await.0, 200);
    service.approve();
    let tokens = poll(&service, &code).await.1;
    assert!(tokens.get("expires_in").is_none());
    let issuer = format!("{}/oidc", service.url());
    let token = IdToken::new(tokens["id_token"].as_str().unwrap().to_owned());
    let account = id_token::check(&token, &issuer, (LlamaIndex::CLIENT, false), None, service.now()).unwrap();
    assert_eq!((account.subject.as_deref(), account.email.as_deref()), (Some("user-1"), Some("ada@example.test")));

    let access = tokens["access_token"].as_str().unwrap();
    service.advance(Duration::from_mins(5));
    assert!(!service.is_live(access));
    let refresh =
        [CLIENT, ("grant_type", "refresh_token"), ("refresh_token", tokens["refresh_token"].as_str().unwrap())];
    let again = service.post_form(LlamaIndex::TOKEN, &refresh).await.json();
    assert!(service.is_live(again["access_token"].as_str().unwrap()) && again["refresh_token"].is_string());
}

#[tokio::test]
async fn scopes_decide_what_is_issued() {
    let service = Service::start(LlamaIndex::default()).await;
    service.auto_approve(true);
    let code = begin(&service, ("scope", "openid email")).await;
    assert!(poll(&service, &code).await.1.get("refresh_token").is_none());
    let refused = service.post_form(LlamaIndex::DEVICE, &[CLIENT, ("scope", "email")]).await;
    assert_eq!((refused.status, refused.text("error")), (400, "invalid_scope".to_owned()));
    let stranger = service.post_form(LlamaIndex::DEVICE, &[("client_id", "stranger"), SCOPE]).await;
    assert_eq!(stranger.text("error"), "invalid_client");
}

#[tokio::test]
async fn projects_and_keys() {
    let service = Service::start(LlamaIndex::default()).await;
    let bearer = format!("Bearer {}", login(&service).await["access_token"].as_str().unwrap());
    let named = json!({ "name": "work llamactl on host", "project_id": null });
    let key = service.post_json_as(LlamaIndex::KEYS, &named, &bearer).await;
    let (id, secret) = (key.text("id"), key.text("redacted_api_key"));
    let key = format!("Bearer {secret}");
    for bearer in [&bearer, &key] {
        let projects = service.get_as(LlamaIndex::PROJECTS, bearer).await.json();
        assert_eq!(projects["projects"].as_array().unwrap().len(), 2);
        assert_eq!(service.get_as(LlamaIndex::ME, bearer).await.json()["email"], "ada@example.test");
    }
    let other = service.get_as(&format!("{}?org_id=org-2", LlamaIndex::PROJECTS), &key).await.json();
    assert_eq!((&other["projects"][0]["project_name"], &other["projects"][1]), (&json!("Second"), &json!(null)));
    let organizations = service.get_as(LlamaIndex::ORGANIZATIONS, &key).await.json();
    assert_eq!(organizations["organizations"][0]["is_default"], true);
    service.reconfigure(|llama| llama.capabilities.clear());
    assert_eq!(service.get_as(LlamaIndex::ORGANIZATIONS, &key).await.status, 404);

    let address = format!("{}/{id}", LlamaIndex::KEYS);
    service.end_login();
    assert!(service.is_live(&secret));
    assert_eq!(service.delete_as(&address, &bearer).await.status, 401);
    assert_eq!(service.delete_as(&address, &key).await.status, 204);
    assert_eq!(service.get_as(LlamaIndex::ME, &key).await.status, 401);
    assert_eq!(service.count("/api/v1/api-keys/*"), 2);
}
