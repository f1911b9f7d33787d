//! What a client puts on the wire and what it makes of the answers, over real sockets.

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::http::stub::{Reply, Stub};
use crate::secret::{AuthorizationCode, DeviceCode, PkceVerifier, RefreshToken};

const TOKENS: &str = r#"{"access_token":"at","token_type":"Bearer","expires_in":300}"#;

fn oauth() -> (OAuth, Clock) {
    let clock = Clock::manual(1_790_000_000);
    (OAuth::new(Http::new(None), clock.clone()), clock)
}

fn client(stub: &Stub, authentication: Authentication) -> Client {
    Client {
        issuer: stub.url.clone(),
        client_id: "me:1".to_owned(),
        client_secret: Some(Arc::new(ClientSecret::new("pässword & more".to_owned()))),
        authentication,
        token_endpoint: format!("{}/token/", stub.url),
        ..Client::default()
    }
}

fn refresh(token: &RefreshToken) -> Presented<'_> {
    Presented::RefreshToken { token, scope: None, audience: None, resource: None }
}

/// The request line, the `Authorization` header and the body of the only request.
fn sent(stub: &Stub) -> (String, Option<String>, String) {
    let [request] = stub.received().try_into().expect("one request");
    let (head, body) = request.split_once("\r\n\r\n").expect("a head");
    let line = head.lines().next().expect("a line").to_owned();
    let authorization = head.lines().find_map(|line| line.strip_prefix("authorization: ")).map(str::to_owned);
    (line, authorization, body.to_owned())
}

#[tokio::test]
async fn a_public_client_names_itself_in_the_body_and_keeps_its_secret() {
    let stub = Stub::json(200, TOKENS).await;
    let (oauth, clock) = oauth();
    let tokens = oauth
        .exchange(&client(&stub, Authentication::None), refresh(&RefreshToken::new("r+t".to_owned())))
        .await
        .expect("tokens");
    assert!(tokens.access_token.matches("at") && tokens.sent_at == clock.now());
    let line = "POST /token/ HTTP/1.1".to_owned();
    let body = "grant_type=refresh_token&refresh_token=r%2Bt&client_id=me%3A1".to_owned();
    assert_eq!(sent(&stub), (line, None, body));
}

#[tokio::test]
async fn basic_encodes_both_parts_before_joining_them() {
    let stub = Stub::json(200, TOKENS).await;
    let code = AuthorizationCode::new("c1".to_owned());
    let verifier = PkceVerifier::new("v1".to_owned());
    let presented = Presented::AuthorizationCode {
        code: &code,
        redirect_uri: "http://127.0.0.1:9/callback",
        verifier: &verifier,
        resource: Some("urn:y"),
    };
    oauth().0.exchange(&client(&stub, Authentication::Basic), presented).await.expect("tokens");
    let (_, authorization, body) = sent(&stub);
    let encoded = BASE64_STANDARD.encode("me%3A1:p%C3%A4ssword+%26+more");
    assert_eq!(authorization, Some(format!("Basic {encoded}")));
    let redirect = "http%3A%2F%2F127.0.0.1%3A9%2Fcallback";
    let resource = "resource=urn%3Ay";
    assert_eq!(
        body,
        format!("grant_type=authorization_code&code=c1&redirect_uri={redirect}&code_verifier=v1&{resource}")
    );
}

#[tokio::test]
async fn post_sends_the_secret_in_the_body() {
    let stub = Stub::json(200, TOKENS).await;
    let code = DeviceCode::new("d1".to_owned());
    oauth()
        .0
        .exchange(&client(&stub, Authentication::Post), Presented::DeviceCode { code: &code, resource: None })
        .await
        .expect("tokens");
    let (_, authorization, body) = sent(&stub);
    let grant = "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code";
    let secret = "p%C3%A4ssword+%26+more";
    assert_eq!(body, format!("grant_type={grant}&device_code=d1&client_id=me%3A1&client_secret={secret}"));
    assert_eq!(authorization, None);
}

#[tokio::test]
async fn a_refresh_can_ask_for_less_and_for_an_audience() {
    let stub = Stub::json(200, TOKENS).await;
    let token = RefreshToken::new("rt".to_owned());
    let presented =
        Presented::RefreshToken { token: &token, scope: Some("a b"), audience: Some("x"), resource: Some("urn:y") };
    oauth().0.exchange(&client(&stub, Authentication::None), presented).await.expect("tokens");
    assert!(sent(&stub).2.contains("&scope=a+b&audience=x&resource=urn%3Ay&"));
}

#[tokio::test]
async fn a_confidential_client_without_a_secret_sends_nothing() {
    let stub = Stub::json(200, TOKENS).await;
    for authentication in [Authentication::Basic, Authentication::Post] {
        let client = Client { client_secret: None, ..client(&stub, authentication) };
        let error = oauth().0.exchange(&client, refresh(&RefreshToken::new("rt".to_owned()))).await.expect_err("none");
        assert_eq!(error, ExchangeError::Settings { why: NO_SECRET });
    }
    assert!(stub.received().is_empty());
}

#[tokio::test]
async fn every_kind_of_answer_has_its_meaning() {
    let retry = "retry-after: 7\r\n";
    for (reply, meaning) in [
        (Reply::json(400, r#"{"error":"invalid_grant"}"#), ExchangeError::Refused),
        (Reply::json(400, ""), ExchangeError::Doubtful { status: 400, code: None }),
        (
            Reply::with(429, retry, ""),
            ExchangeError::Unavailable { status: 429, retry_after: Some(Duration::from_secs(7)) },
        ),
        (Reply::json(500, "<html>"), ExchangeError::Uncertain { why: "the service failed on the way" }),
        (Reply::json(200, "<html>"), ExchangeError::Uncertain { why: "not the JSON of a token answer" }),
        (Reply::with(302, "location: /x\r\n", ""), ExchangeError::Doubtful { status: 302, code: None }),
        (Reply::Bytes(Vec::new()), ExchangeError::Uncertain { why: "the connection broke" }),
    ] {
        let mut reply = Some(reply);
        let stub = Stub::start(move |_| reply.take().expect("one request")).await;
        let client = client(&stub, Authentication::None);
        let token = RefreshToken::new("canary".to_owned());
        let error = oauth().0.exchange(&client, refresh(&token)).await.expect_err("a failure");
        assert_eq!(error, meaning);
        assert_eq!(stub.received().len(), 1, "never sent twice");
        assert!(!format!("{error} {error:?} {client:?}").contains("canary"));
    }
}

#[tokio::test]
async fn a_service_that_is_not_there_has_seen_nothing() {
    let stub = Stub::json(200, TOKENS).await;
    let client = Client { token_endpoint: "http://issuer.example/".to_owned(), ..client(&stub, Authentication::None) };
    let error = oauth().0.exchange(&client, refresh(&RefreshToken::new("rt".to_owned()))).await.expect_err("none");
    assert_eq!(error, ExchangeError::NotSent { why: "the URL is not https" });
}

#[tokio::test]
async fn a_device_login_asks_for_what_it_was_told_to() {
    let stub = Stub::start(|_| {
        Reply::json(200, r#"{"device_code":"dc","user_code":"AB","verification_uri":"https://issuer.example/d"}"#)
    })
    .await;
    let client = client(&stub, Authentication::None);
    let endpoint = format!("{}/device/", stub.url);
    let resources = ["urn:a".to_owned(), "urn:b".to_owned()];
    let params = |name: &str| BTreeMap::from([(name.to_owned(), "x".to_owned())]);
    let (oauth, _) = oauth();
    let login = oauth
        .device_authorization(&client, &endpoint, Some("openid"), &resources, &params("tenant"))
        .await
        .expect("a login");
    assert_eq!(login.user_code, "AB");
    let (line, _, body) = sent(&stub);
    assert_eq!(line, "POST /device/ HTTP/1.1");
    assert_eq!(body, "scope=openid&resource=urn%3Aa&resource=urn%3Ab&tenant=x&client_id=me%3A1");
    for name in OWNED {
        let error =
            oauth.device_authorization(&client, &endpoint, None, &[], &params(name)).await.expect_err("refused");
        assert!(matches!(error, ExchangeError::Settings { .. }), "{name}");
    }
    assert_eq!(stub.received().len(), 1);
}

const KEY: &str = include_str!("../assertion/testdata/p256.pem");

/// A client that proves itself by a key, and its service.
fn by_key(stub: &Stub, audience: Audience) -> Client {
    let key = crate::secret::SigningKey { key: Arc::new(crate::secret::ClientKey::new(KEY.to_owned())), id: None };
    let authentication = Authentication::PrivateKeyJwt(super::super::Algorithm::Es256, audience);
    Client { client_key: Some(key), client_secret: None, ..client(stub, authentication) }
}

/// The claims of the assertion in each request so far.
fn assertions(stub: &Stub) -> Vec<serde_json::Value> {
    let claims = |request: String| {
        let (_, body) = request.split_once("\r\n\r\n").expect("a head").to_owned();
        let form: BTreeMap<String, String> = url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
        assert_eq!(form["client_assertion_type"], assertion::TYPE);
        assert_eq!(form["client_id"], "me:1");
        let claims = form["client_assertion"].split('.').nth(1).expect("a JWT");
        let claims = base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(claims).expect("base64url");
        serde_json::from_slice(&claims).expect("JSON")
    };
    stub.received().into_iter().map(claims).collect()
}

#[tokio::test]
async fn an_assertion_names_the_issuer_or_the_very_endpoint_it_is_sent_to() {
    for audience in [Audience::Issuer, Audience::Endpoint] {
        let stub = Stub::json(200, TOKENS).await;
        let client = by_key(&stub, audience);
        oauth().0.exchange(&client, refresh(&RefreshToken::new("rt".to_owned()))).await.expect("tokens");
        let [claims] = assertions(&stub).try_into().expect("one request");
        let receiver = if audience == Audience::Issuer { &client.issuer } else { &client.token_endpoint };
        assert_eq!(claims["aud"], *receiver.as_str());
        assert_eq!((claims["iat"].as_i64(), claims["exp"].as_i64()), (Some(1_790_000_000), Some(1_790_000_060)));
    }
}

#[tokio::test]
async fn a_refused_assertion_is_made_again_once_when_the_service_told_another_time() {
    const REFUSED: &str = r#"{"error":"invalid_client"}"#;
    let two_hours_on = "date: Mon, 21 Sep 2026 16:13:20 GMT\r\n";
    for (headers, tries, last) in [(two_hours_on, 2, 1_790_007_200), ("", 1, 1_790_000_000)] {
        let stub = Stub::start(move |_| Reply::with(401, headers, REFUSED)).await;
        let client = by_key(&stub, Audience::Issuer);
        let (oauth, _) = oauth();
        let token = RefreshToken::new("rt".to_owned());
        let error = oauth.exchange(&client, refresh(&token)).await.expect_err("it is refused");
        assert_eq!(error, ExchangeError::Misconfigured { code: "invalid_client" });
        let sent = assertions(&stub);
        assert_eq!((sent.len(), sent.last().expect("one")["iat"].as_i64()), (tries, Some(last)));
        // The difference is known by now.
        let _refused = oauth.exchange(&client, refresh(&token)).await;
        assert_eq!(assertions(&stub).len(), tries + 1);
    }
}

#[tokio::test]
async fn a_key_that_is_missing_or_broken_sends_nothing() {
    let stub = Stub::json(200, TOKENS).await;
    let broken = crate::secret::ClientKey::new("canary".to_owned());
    let broken = crate::secret::SigningKey { key: Arc::new(broken), id: None };
    for client_key in [None, Some(broken)] {
        let client = Client { client_key, ..by_key(&stub, Audience::Issuer) };
        let error = oauth().0.exchange(&client, refresh(&RefreshToken::new("rt".to_owned()))).await;
        let error = error.expect_err("it is no client");
        assert!(matches!(error, ExchangeError::Settings { .. }) && !error.to_string().contains("canary"));
    }
    assert!(stub.received().is_empty());
}
