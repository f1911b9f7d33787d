//! Logins, discovery and the window for other processes.

use super::client::{VERIFIER, authorization, device, get, issuer, login, poll, post, refresh, seen};
use crate::{
    browser::{Browser, client},
    canary::Canaries,
    issuer::{Behaviour, Client, Endpoint, Iss, Issuer, Ledger, Published, Redirects},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use std::time::Duration;

const CALLBACK: &str = "http://127.0.0.1:4711/callback";

/// Where the authorization endpoint sends the browser.
async fn sent_back(issuer: &Issuer, request: url::Url, cookie: &str) -> Value {
    let answer = seen(client(None).get(request).header("cookie", cookie)).await.unwrap();
    assert_eq!(answer.status, 302, "{}", issuer.url());
    let location = url::Url::parse(answer.headers["location"].to_str().unwrap()).unwrap();
    location.query_pairs().map(|(key, value)| (key.into_owned(), Value::from(value))).collect()
}

async fn redeem(issuer: &Issuer, code: &str, verifier: &str) -> super::client::Seen {
    let grant = [("grant_type", "authorization_code"), ("client_id", Client::PUBLIC), ("redirect_uri", CALLBACK)];
    let form = [&grant[..], &[("code", code), ("code_verifier", verifier)]].concat();
    post(issuer, Endpoint::Token, &form).await.unwrap()
}

#[tokio::test]
async fn a_code_is_redeemed_once_with_its_verifier() {
    let issuer = issuer(|_| {}).await;
    let back = sent_back(&issuer, authorization(&issuer, CALLBACK), "").await;
    assert_eq!((back["state"].as_str(), back["iss"].as_str()), (Some("the-state"), Some(issuer.url())));
    let code = back["code"].as_str().unwrap();
    assert_eq!(redeem(&issuer, code, "wrong").await.error(), (400, "invalid_grant".to_owned()));

    let tokens = redeem(&issuer, code, VERIFIER).await;
    let id_token = tokens.text("id_token");
    let claims = URL_SAFE_NO_PAD.decode(id_token.split('.').nth(1).unwrap()).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!((&claims["iss"], &claims["nonce"]), (&json!(issuer.url()), &json!("the-nonce")));
    assert_eq!(claims["aud"], Client::PUBLIC);

    assert_eq!(redeem(&issuer, code, VERIFIER).await.status, 400);
    assert!(!issuer.is_live(&tokens.text("access_token")));
}

#[tokio::test]
async fn authorization_is_refused_bent_or_not_even_redirected() {
    let issuer = issuer(|_| {}).await;
    let request = || authorization(&issuer, CALLBACK);
    assert_eq!(sent_back(&issuer, request(), "decision=deny").await["error"], "access_denied");
    issuer.next(Endpoint::Authorization, Behaviour::oauth_error("server_error"));
    assert_eq!(sent_back(&issuer, request(), "").await["error"], "server_error");
    let forged = Behaviour::RedirectParameter { name: "state".to_owned(), value: Some("forged".to_owned()) };
    issuer.next(Endpoint::Authorization, forged);
    assert_eq!(sent_back(&issuer, request(), "").await["state"], "forged");
    issuer.reconfigure(|config| config.iss_parameter = Iss::Absent);
    assert!(sent_back(&issuer, request(), "").await.get("iss").is_none());

    let elsewhere = authorization(&issuer, "https://example.test/callback");
    assert_eq!(get(&issuer, elsewhere.as_str(), None).await.status, 400);
    issuer.reconfigure(|config| config.clients[0].redirects = Redirects::Exactly(vec![]));
    let refused = get(&issuer, request().as_str(), None).await;
    assert_eq!((refused.status, refused.text.as_str()), (403, ""));
}

#[tokio::test]
async fn a_device_login_waits_for_the_button() {
    let issuer = issuer(|config| config.device.slow_down = true).await;
    let codes = device(&issuer, "openid").await;
    let (device_code, user_code) = (codes.text("device_code"), codes.text("user_code"));
    assert_eq!(poll(&issuer, &device_code).await.error().1, "authorization_pending");
    assert_eq!(poll(&issuer, &device_code).await.error().1, "slow_down");
    assert_eq!(issuer.tally().early_polls, 1);

    let page = Browser::new().follow(&codes.text("verification_uri_complete")).await;
    assert!(page.body.contains(&user_code) && page.body.contains("Approve"));
    let press = [("user_code", user_code.as_str()), ("action", "approve")];
    assert_eq!(post(&issuer, Endpoint::Verification, &press).await.unwrap().status, 200);
    assert_eq!(post(&issuer, Endpoint::Verification, &press).await.unwrap().status, 404);
    issuer.advance(Duration::from_secs(6));
    assert_eq!(poll(&issuer, &device_code).await.status, 200);
    assert_eq!(poll(&issuer, &device_code).await.error().1, "invalid_grant");
}

#[tokio::test]
async fn a_device_login_is_denied_expires_or_approves_itself() {
    let issuer = issuer(|config| config.device.interval = None).await;
    let codes = device(&issuer, "openid").await;
    assert!(codes.json().get("interval").is_none());
    issuer.deny(&codes.text("user_code"));
    assert_eq!(poll(&issuer, &codes.text("device_code")).await.error().1, "access_denied");
    let late = device(&issuer, "openid").await.text("device_code");
    issuer.advance(Duration::from_mins(11));
    assert_eq!(poll(&issuer, &late).await.error().1, "expired_token");
    issuer.reconfigure(|config| config.device.auto_approve = Some(Duration::from_secs(3)));
    let codes = device(&issuer, "openid").await.text("device_code");
    assert_eq!(poll(&issuer, &codes).await.status, 400);
    issuer.advance(Duration::from_secs(3));
    issuer.reconfigure(|config| config.device.redeemable_again = true);
    assert_eq!(poll(&issuer, &codes).await.status, 200);
    assert_eq!(poll(&issuer, &codes).await.status, 200);
}

#[tokio::test]
async fn confidential_clients_authenticate_in_their_own_way_only() {
    let issuer = issuer(|_| {}).await;
    let url = issuer.endpoint(Endpoint::DeviceAuthorization);
    let encoded: String = url::form_urlencoded::byte_serialize(Client::SECRET.as_bytes()).collect();
    let basic = |id: &str, secret: &str| client(None).post(&url).basic_auth(id, Some(secret));
    assert_eq!(seen(basic(Client::BASIC, &encoded)).await.unwrap().status, 200);
    assert_eq!(seen(basic(Client::BASIC, "wrong")).await.unwrap().error(), (401, "invalid_client".to_owned()));
    assert_eq!(seen(basic(Client::POST, &encoded)).await.unwrap().status, 401);
    let form = async |id| {
        let form = [("client_id", id), ("client_secret", Client::SECRET)];
        post(&issuer, Endpoint::DeviceAuthorization, &form).await.unwrap().status
    };
    assert_eq!((form(Client::POST).await, form(Client::BASIC).await), (200, 401));
}

#[tokio::test]
async fn documents_name_what_they_are_told_to() {
    let issuer = issuer(|config| {
        config.discovery.path = "/tenant".to_owned();
        config.discovery.trailing_slash = true;
        config.discovery.published.insert(Endpoint::Revocation, Published::OauthOnly);
        config.discovery.published.insert(Endpoint::DeviceAuthorization, Published::Nowhere);
        config.discovery.overrides.insert("jwks_uri".to_owned(), Value::Null);
    })
    .await;
    let openid = get(&issuer, &issuer.endpoint(Endpoint::OpenidConfiguration), None).await.json();
    let oauth = get(&issuer, &issuer.endpoint(Endpoint::OauthMetadata), None).await.json();
    assert!(issuer.url().ends_with("/tenant"));
    assert!(issuer.endpoint(Endpoint::OauthMetadata).ends_with("/.well-known/oauth-authorization-server/tenant"));
    assert_eq!((&openid["issuer"], &oauth["issuer"]), (&json!(issuer.url()), &json!(issuer.url())));
    assert_eq!(openid["token_endpoint"], format!("{}/token/", issuer.url()));
    assert!(openid.get("revocation_endpoint").is_none() && oauth.get("revocation_endpoint").is_some());
    assert!(oauth.get("device_authorization_endpoint").is_none() && oauth.get("jwks_uri").is_none());
    assert_eq!(get(&issuer, &format!("{}/token", issuer.url()), None).await.status, 404);
    issuer.reconfigure(|config| config.discovery.oauth_metadata = false);
    assert_eq!(get(&issuer, &issuer.endpoint(Endpoint::OauthMetadata), None).await.status, 404);
}

#[tokio::test]
async fn a_tls_issuer_is_reached_with_its_authority_only() {
    let issuer = issuer(|config| config.tls = true).await;
    assert!(issuer.url().starts_with("https://127.0.0.1:"));
    assert_eq!(login(&issuer, "openid").await.status, 200);
    assert!(seen(client(None).get(issuer.endpoint(Endpoint::Jwks))).await.is_none());
}

#[tokio::test]
async fn other_processes_read_the_ledger_and_approve() {
    let issuer = issuer(|_| {}).await;
    let codes = device(&issuer, "openid").await;
    let approve = format!("{}/_approve?user_code={}", issuer.url(), codes.text("user_code"));
    assert_eq!(seen(client(None).post(approve)).await.unwrap().status, 204);
    let token = poll(&issuer, &codes.text("device_code")).await.text("refresh_token");
    refresh(&issuer, &token).await.unwrap();
    let ledger = get(&issuer, &format!("{}/_ledger", issuer.url()), None).await.json();
    assert_eq!((&ledger["exchanges"], &ledger["requests"]["token"]), (&json!(1), &json!(2)));
    assert_eq!((&ledger["rotations"], &ledger["live_refresh_tokens"]), (&json!(1), &json!(1)));
}

#[tokio::test]
async fn the_ledger_holds_no_secret_but_tells_equal_ones_apart() {
    let issuer = issuer(|config| config.token_length = 300).await;
    let tokens = login(&issuer, "openid").await;
    assert_eq!(tokens.text("refresh_token").len(), 300);
    refresh(&issuer, &tokens.text("refresh_token")).await.unwrap();
    let ledger = issuer.ledger();
    Canaries::new(issuer.secrets()).assert_absent("the ledger", format!("{ledger:?}"));
    let presented = ledger.entries().last().unwrap().field("refresh_token").unwrap();
    assert_eq!(presented, Ledger::fingerprint(&tokens.text("refresh_token")));
}
