//! The real, certified `oidc-provider` (npm) as a child process on loopback.
//!
//! It owns the process and its small control; everything else about the server is in `oidc-provider/server.mjs`. Its
//! packages have to be installed before: a missing one fails the test, it does not skip it.

use crate::browser::client;
use crate::issuer::ClientKey;
use reqwest::{Client, Response};
use serde_json::{Value, json};
use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

/// What the provider is to be like.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Life of access tokens, whole seconds.
    pub access_token_ttl: Duration,
    /// Refresh tokens are given only to logins with `offline_access` (and, in the browser, `prompt=consent`).
    pub offline_access_needed: bool,
    /// A person logs in and consents by forms, instead of by going there.
    pub pages: bool,
    /// Authorization requests have to be pushed.
    pub push_required: bool,
    /// What a registration has to present.
    pub initial_token: Option<String>,
    /// The key of [`OidcProvider::BY_KEY`] and [`OidcProvider::JOB`], which exist with it only.
    pub client_key: Option<ClientKey>,
    /// TCP port on 127.0.0.1; 0 takes a free one. A fixed port lets a test stop the server and start it again.
    pub port: u16,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            access_token_ttl: Duration::from_hours(1),
            offline_access_needed: true,
            pages: false,
            push_required: false,
            initial_token: None,
            client_key: None,
            port: 0,
        }
    }
}

/// A running `oidc-provider`; dropping it ends the process.
#[derive(Debug)]
pub struct OidcProvider {
    /// The issuer identifier.
    pub url: String,
    process: Child,
    http: Client,
}

impl OidcProvider {
    /// The public client; it may use any loopback port with the path `/callback`.
    pub const PUBLIC: &str = "agentd-test";
    /// The confidential client; it authenticates in the `Authorization` header.
    pub const CONFIDENTIAL: &str = "agentd-confidential";
    /// The confidential client that authenticates in the form.
    pub const POST: &str = "agentd-post";
    /// The client that proves itself by a key.
    pub const BY_KEY: &str = "agentd-key";
    /// The client without a person, which proves itself by the same key.
    pub const JOB: &str = "agentd-job";
    /// The secret of both confidential clients.
    pub const SECRET: &str = "canary-cs-confidential+/=%";
    /// A resource indicator (RFC 8707), with the scopes that belong to it.
    pub const FILES: (&str, &str) = ("https://files.example.test/", "files:read files:write");
    /// Another one.
    pub const MAIL: (&str, &str) = ("https://mail.example.test/", "mail:read mail:send");

    /// Starts a provider with access tokens of this life; it accepts connections when this returns.
    pub fn start(access_token_ttl: Duration) -> Self {
        Self::start_with(&Settings { access_token_ttl, ..Settings::default() })
    }

    /// Starts a provider.
    pub fn start_with(settings: &Settings) -> Self {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("oidc-provider");
        assert!(
            directory.join("node_modules/oidc-provider/package.json").exists(),
            "`oidc-provider` is not installed; run `cargo xtask test`, which installs it"
        );
        let argument = json!({
            "accessTokenTtl": settings.access_token_ttl.as_secs(),
            "offlineAccessNeeded": settings.offline_access_needed,
            "pages": settings.pages,
            "pushRequired": settings.push_required,
            "initialToken": settings.initial_token,
            "clientKey": settings.client_key.as_ref().map(ClientKey::jwk),
            "port": settings.port,
        });
        let mut process = Command::new("node")
            .arg("server.mjs")
            .arg(argument.to_string())
            .current_dir(&directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("`node` can be started; `cargo xtask test` names what is missing");
        let output = process.stdout.take().expect("standard output is a pipe");
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line).expect("the provider prints text");
        let url = line
            .trim()
            .strip_prefix("ready ")
            .expect("the provider is ready; `node tests/oidc-provider/server.mjs` shows why it is not")
            .to_owned();
        Self { url, process, http: client(None) }
    }

    /// Approves the device login that shows this code, through the provider's own pages.
    pub async fn approve(&self, user_code: &str) {
        self.decide("_approve", user_code).await;
    }

    /// Refuses the device login that shows this code.
    pub async fn deny(&self, user_code: &str) {
        self.decide("_deny", user_code).await;
    }

    async fn decide(&self, control: &str, user_code: &str) {
        let response = self.post(control, &[("user_code", user_code)]).await;
        assert_eq!(response.status().as_u16(), 204, "the provider knows the user code and takes the decision");
    }

    /// Whether the provider accepts a token now (RFC 7662).
    pub async fn introspect(&self, token: &str) -> bool {
        self.introspection(token).await["active"] == true
    }

    /// Everything the provider says about a token (RFC 7662 §2.2).
    pub async fn introspection(&self, token: &str) -> Value {
        let client = ("client_id", "inspector");
        let form = [client, ("client_secret", "inspector-secret"), ("token", token)];
        let body = self.post("token/introspection", &form).await.bytes().await.expect("the answer arrives");
        serde_json::from_slice(&body).expect("introspection answers JSON")
    }

    /// The status of the userinfo endpoint for an access token: 200 while it is accepted.
    pub async fn userinfo(&self, access_token: &str) -> u16 {
        let request = self.http.get(format!("{}/me", self.url)).bearer_auth(access_token);
        request.send().await.expect("the provider answers").status().as_u16()
    }

    /// How often something happened, by one of the names in `COUNTED` of `server.mjs`.
    pub async fn events(&self, name: &str) -> u64 {
        let response = self.http.get(format!("{}/_events", self.url)).send().await.expect("the provider answers");
        let body = response.bytes().await.expect("the answer arrives");
        let events: Value = serde_json::from_slice(&body).expect("the events are JSON");
        events[name].as_u64().expect("the event is counted")
    }

    /// Every refresh token given so far, oldest first.
    pub async fn refresh_tokens(&self) -> Vec<String> {
        let response = self.http.get(format!("{}/_refresh_tokens", self.url)).send().await;
        let body = response.expect("the provider answers").bytes().await.expect("the answer arrives");
        serde_json::from_slice(&body).expect("the answer is a list")
    }

    /// Presents a refresh token as the public client, as a thief would.
    pub async fn refresh(&self, token: &str) -> Value {
        let form = [("client_id", Self::PUBLIC), ("grant_type", "refresh_token"), ("refresh_token", token)];
        let body = self.post("token", &form).await.bytes().await.expect("the answer arrives");
        serde_json::from_slice(&body).expect("the token endpoint answers JSON")
    }

    async fn post(&self, path: &str, form: &[(&str, &str)]) -> Response {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        self.http
            .post(format!("{}/{path}", self.url))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body)
            .send()
            .await
            .expect("the provider answers")
    }
}

impl Drop for OidcProvider {
    fn drop(&mut self) {
        // It may have ended by itself; there is nobody to tell.
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that meets `None` is to fail")]
mod tests {
    use super::*;
    use crate::browser::{Browser, Page};
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
    };

    /// Verifier and challenge of RFC 7636, appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    const CLIENT: (&str, &str) = ("client_id", OidcProvider::PUBLIC);

    async fn json(provider: &OidcProvider, path: &str, form: &[(&str, &str)]) -> Value {
        let body = provider.post(path, form).await.bytes().await.unwrap();
        serde_json::from_slice(&body).unwrap()
    }

    async fn refresh(provider: &OidcProvider, token: &Value) -> Value {
        let form = [CLIENT, ("grant_type", "refresh_token"), ("refresh_token", token.as_str().unwrap())];
        json(provider, "token", &form).await
    }

    async fn device_login(provider: &OidcProvider, approve: bool) -> Value {
        let codes = json(provider, "device/auth", &[CLIENT, ("scope", "openid offline_access")]).await;
        let user_code = codes["user_code"].as_str().unwrap();
        if approve {
            provider.approve(user_code).await;
        } else {
            provider.deny(user_code).await;
        }
        let grant = ("grant_type", "urn:ietf:params:oauth:grant-type:device_code");
        json(provider, "token", &[CLIENT, grant, ("device_code", codes["device_code"].as_str().unwrap())]).await
    }

    #[tokio::test]
    async fn a_device_login_rotates_and_reuse_ends_it() {
        let provider = OidcProvider::start(Duration::from_mins(1));
        let first = device_login(&provider, true).await;
        assert_eq!(first["expires_in"], 60);
        let second = refresh(&provider, &first["refresh_token"]).await;
        let access = second["access_token"].as_str().unwrap();
        assert!(provider.introspect(access).await);
        assert_eq!(provider.userinfo(access).await, 200);
        assert_eq!(provider.events("refresh_token.consumed").await, 1);

        assert_eq!(refresh(&provider, &first["refresh_token"]).await["error"], "invalid_grant");
        assert!(!provider.introspect(access).await);
        assert_eq!(provider.events("grant.revoked").await, 1);
        assert_eq!(device_login(&provider, false).await["error"], "access_denied");
    }

    /// Opens an authorization request in the browser and plays the client's loopback listener.
    async fn authorize(provider: &OidcProvider, deny: bool, more: &[(&str, &str)]) -> (Page, String, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let redirect_uri = format!("http://{}/callback", listener.local_addr().unwrap());
        let mut url = url::Url::parse(&format!("{}/auth", provider.url)).unwrap();
        url.query_pairs_mut().extend_pairs([CLIENT, ("response_type", "code"), ("state", "s")]);
        url.query_pairs_mut().extend_pairs([("code_challenge", CHALLENGE), ("code_challenge_method", "S256")]);
        url.query_pairs_mut().extend_pairs([("redirect_uri", redirect_uri.as_str()), ("prompt", "consent")]);
        url.query_pairs_mut().extend_pairs(more);
        let received = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 4096];
            let length = stream.read(&mut request).await.unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone").await.unwrap();
            String::from_utf8_lossy(&request[..length]).split(' ').nth(1).unwrap().to_owned()
        });
        let mut browser = Browser::new();
        let page = if deny { browser.deny(url.as_str()).await } else { browser.follow(url.as_str()).await };
        (page, received.await.unwrap(), redirect_uri)
    }

    #[tokio::test]
    async fn a_browser_login_reaches_the_loopback_listener_with_a_code_for_a_resource() {
        let provider = OidcProvider::start(Duration::from_secs(5));
        let (resource, scope) = OidcProvider::FILES;
        let scope = format!("openid offline_access {scope}");
        let (page, target, redirect_uri) =
            authorize(&provider, false, &[("scope", &scope), ("resource", resource)]).await;
        assert_eq!((page.status, page.body.as_str()), (200, "done"));
        let target = url::Url::parse(&format!("http://x{target}")).unwrap();
        let code = target.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned();
        let grant = [CLIENT, ("grant_type", "authorization_code"), ("redirect_uri", redirect_uri.as_str())];
        let proof = [("code", code.as_str()), ("code_verifier", VERIFIER), ("resource", resource)];
        let tokens = json(&provider, "token", &[&grant[..], &proof].concat()).await;
        assert_eq!((&tokens["scope"], &tokens["expires_in"]), (&json!("files:read files:write"), &json!(5)));
        assert!(tokens["refresh_token"].is_string());
        let seen = provider.introspection(tokens["access_token"].as_str().unwrap()).await;
        assert_eq!(seen["aud"], resource);
    }

    #[tokio::test]
    async fn a_person_can_refuse_in_the_browser() {
        let provider = OidcProvider::start(Duration::from_mins(1));
        let (page, target, _) = authorize(&provider, true, &[("scope", "openid")]).await;
        assert_eq!(page.status, 200);
        assert!(target.contains("error=access_denied") && target.contains("state=s"), "{target}");
    }
}
