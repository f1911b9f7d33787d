//! Dynamic client registration (RFC 7591) and the end of a registration (RFC 7592 §2.3).
//!
//! The client is the one that this program is: native, public, with a redirect on loopback. A service may give it a secret
//! all the same, and may name the way to send it.

use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::client::OAuth;
use super::response::{MAX_TOKEN, error_code, is_credential};
use super::wire::Wiped;
use crate::http::{AUTHORIZATION, HeaderName, Method, Payload, Reach, Request, Response, SendError, check_endpoint};
use crate::secret::{ClientSecret, RegistrationToken};

/// Longest client id accepted, in bytes.
const MAX_ID: usize = 4096;

/// Error codes of RFC 7591 §3.2.2, and of RFC 6750 §3.1 for the initial access token.
const CODES: [&str; 6] = [
    "insufficient_scope",
    "invalid_client_metadata",
    "invalid_redirect_uri",
    "invalid_software_statement",
    "invalid_token",
    "unapproved_software_statement",
];

/// What a client is registered as.
#[derive(Debug, Clone, Copy)]
pub struct ClientMetadata<'a> {
    /// Its name for people.
    pub name: &'a str,
    /// The redirect, on loopback; services let native clients use any port (RFC 8252 §7.3).
    pub redirect_uri: &'a str,
    /// Whether it is to log in with device codes as well.
    pub device: bool,
    /// Scopes separated by spaces; `None`: whatever the service allows.
    pub scope: Option<&'a str>,
}

/// A client that the service has registered.
#[derive(Debug, Clone)]
pub struct Registered {
    /// RFC 6749 §2.2.
    pub client_id: String,
    /// Where the service gives one.
    pub client_secret: Option<Arc<ClientSecret>>,
    /// When the secret expires, in seconds since 1970; `None`: never.
    pub secret_expires_at: Option<i64>,
    /// `token_endpoint_auth_method`, as the service registered it.
    pub authentication: Option<String>,
    /// What manages the registration (RFC 7592 §3): the address, and the token for it.
    pub management: Option<(String, Arc<RegistrationToken>)>,
    /// The scope that the service registered.
    pub scope: Option<String>,
}

/// Why a client was not registered, or a registration not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RegistrationError {
    /// The service does not want to.
    #[error("the service answered {status}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// The error code, if it is one that an RFC registers.
        code: Option<&'static str>,
    },
    /// What came is no registration.
    #[error("the service's answer cannot be used ({why})")]
    Unreadable {
        /// What is wrong with it, in fixed words.
        why: &'static str,
    },
    /// No whole answer came.
    #[error("the service cannot be reached ({why})")]
    Unreachable {
        /// What failed, in fixed words.
        why: &'static str,
    },
}

#[derive(Serialize)]
struct Asked<'a> {
    client_name: &'a str,
    application_type: &'static str,
    redirect_uris: [&'a str; 1],
    response_types: [&'static str; 1],
    grant_types: Vec<&'static str>,
    token_endpoint_auth_method: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'a str>,
}

#[derive(Deserialize)]
struct Wire {
    client_id: Option<String>,
    client_secret: Option<Wiped>,
    client_secret_expires_at: Option<i64>,
    token_endpoint_auth_method: Option<String>,
    registration_access_token: Option<Wiped>,
    registration_client_uri: Option<String>,
    scope: Option<String>,
}

/// Where registrations are made and ended.
#[derive(Debug, Clone, Copy)]
pub struct Registry<'a> {
    /// The endpoint (RFC 7591 §3), or the address of one registration (RFC 7592 §2).
    pub url: &'a str,
    /// How far a request to it may go.
    pub reach: Reach,
    /// Further trusted roots (PEM).
    pub ca_file: Option<&'a Path>,
}

impl OAuth {
    /// Registers a client. `initial` is the initial access token, where the service wants one.
    ///
    /// # Errors
    /// [`RegistrationError`].
    pub async fn register(
        &self,
        at: Registry<'_>,
        initial: Option<&RegistrationToken>,
        metadata: ClientMetadata<'_>,
    ) -> Result<Registered, RegistrationError> {
        let mut grant_types = vec!["authorization_code", "refresh_token"];
        if metadata.device {
            grant_types.push("urn:ietf:params:oauth:grant-type:device_code");
        }
        let asked = Asked {
            client_name: metadata.name,
            application_type: "native",
            redirect_uris: [metadata.redirect_uri],
            response_types: ["code"],
            grant_types,
            token_endpoint_auth_method: "none",
            scope: metadata.scope,
        };
        let document = serde_json::to_vec(&asked).expect("texts always become JSON");
        let payload = Payload::Json(Zeroizing::new(document));
        let answer = self.ask_registry(at, Method::Post, payload, initial).await?;
        if !answer.is_success() {
            return Err(refused(&answer));
        }
        read(&answer.body)
    }

    /// Ends a registration.
    ///
    /// # Errors
    /// [`RegistrationError`]; a registration that is gone already is no error.
    pub async fn unregister(&self, at: Registry<'_>, token: &RegistrationToken) -> Result<(), RegistrationError> {
        let answer = self.ask_registry(at, Method::Delete, Payload::None, Some(token)).await?;
        match answer.status {
            200..=299 | 404 | 410 => Ok(()),
            _ => Err(refused(&answer)),
        }
    }

    async fn ask_registry(
        &self,
        Registry { url, reach, ca_file }: Registry<'_>,
        method: Method,
        payload: Payload<'_>,
        token: Option<&RegistrationToken>,
    ) -> Result<Response, RegistrationError> {
        let headers: Vec<(HeaderName, Zeroizing<String>)> = token
            // EXPOSE: presented to the service that issued it.
            .map(|token| (AUTHORIZATION, Zeroizing::new(format!("Bearer {}", token.expose()))))
            .into_iter()
            .collect();
        let request = Request { method, url, payload, headers, ca_file, reach };
        self.http.send(request).await.map_err(|error| match error {
            SendError::Lost { why } | SendError::NotSent { why } => RegistrationError::Unreachable { why },
        })
    }
}

fn refused(answer: &Response) -> RegistrationError {
    if matches!(answer.status, 408 | 429 | 500..=599) {
        return RegistrationError::Unreachable { why: "it is overloaded or out of order" };
    }
    let code = error_code(&answer.body).and_then(|code| CODES.into_iter().find(|known| *known == code));
    RegistrationError::Refused { status: answer.status, code }
}

fn read(body: &[u8]) -> Result<Registered, RegistrationError> {
    let unreadable = |why| RegistrationError::Unreadable { why };
    let wire: Wire = serde_json::from_slice(body).map_err(|_| unreadable("not the JSON of a registration"))?;
    let plain = |id: &String| (1..=MAX_ID).contains(&id.len()) && id.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    let client_id = wire.client_id.filter(plain).ok_or(unreadable("no client id in it"))?;
    let secret = wire.client_secret.filter(|secret| (1..=MAX_TOKEN).contains(&secret.text().len()));
    let token = wire.registration_access_token.filter(|token| is_credential(token.text()));
    let uri = wire.registration_client_uri.filter(|uri| check_endpoint(uri).is_ok());
    Ok(Registered {
        client_id,
        client_secret: secret.map(|secret| Arc::new(ClientSecret::new(secret.take()))),
        // RFC 7591 §3.2.1: 0 is never.
        secret_expires_at: wire.client_secret_expires_at.filter(|at| *at != 0),
        authentication: wire.token_endpoint_auth_method,
        management: uri.zip(token.map(|token| Arc::new(RegistrationToken::new(token.take())))),
        scope: wire.scope.filter(|scope| !scope.is_empty()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::http::Http;
    use crate::http::stub::{Reply, Stub};

    fn at(stub: &Stub) -> Registry<'_> {
        Registry { url: &stub.url, reach: Reach::Anywhere, ca_file: None }
    }

    fn oauth() -> OAuth {
        OAuth::new(Http::new(None), Clock::manual(0))
    }

    async fn register(reply: Reply) -> (Result<Registered, RegistrationError>, String) {
        let mut reply = Some(reply);
        let stub = Stub::start(move |_| reply.take().expect("one request")).await;
        let metadata = ClientMetadata {
            name: "agentctl on \"x\"",
            redirect_uri: "http://127.0.0.1/callback",
            device: true,
            scope: Some("a b"),
        };
        let token = RegistrationToken::new("iat".to_owned());
        let told = oauth().register(at(&stub), Some(&token), metadata).await;
        (told, stub.received().join(""))
    }

    #[tokio::test]
    async fn a_native_public_client_is_asked_for_and_all_of_the_answer_is_kept() {
        let body = r#"{"client_id":"c1","client_secret":"s","client_secret_expires_at":99,"scope":"a",
            "token_endpoint_auth_method":"client_secret_post","registration_access_token":"rat",
            "registration_client_uri":"https://issuer.example/client?id=c1"}"#;
        let (told, sent) = register(Reply::json(201, body)).await;
        let told = told.expect("a client");
        assert_eq!(
            (told.client_id.as_str(), told.secret_expires_at, told.scope.as_deref()),
            ("c1", Some(99), Some("a"))
        );
        assert!(told.client_secret.is_some_and(|secret| secret.matches("s")));
        let (uri, token) = told.management.expect("it can be managed");
        assert!(uri == "https://issuer.example/client?id=c1" && token.matches("rat"));
        let (head, json) = sent.split_once("\r\n\r\n").expect("a head");
        assert!(head.contains("authorization: Bearer iat") && head.contains("application/json"));
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(json).expect("JSON"),
            serde_json::json!({
                "client_name": "agentctl on \"x\"",
                "application_type": "native",
                "redirect_uris": ["http://127.0.0.1/callback"],
                "response_types": ["code"],
                "grant_types": ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"],
                "token_endpoint_auth_method": "none",
                "scope": "a b",
            })
        );
    }

    #[tokio::test]
    async fn what_is_no_registration_is_told_apart() {
        let refused = |status, code| RegistrationError::Refused { status, code };
        for (reply, error) in [
            (Reply::json(400, r#"{"error":"invalid_redirect_uri"}"#), refused(400, Some("invalid_redirect_uri"))),
            (Reply::json(401, r#"{"error":"canary"}"#), refused(401, None)),
            (Reply::json(302, ""), refused(302, None)),
            (Reply::json(503, ""), RegistrationError::Unreachable { why: "it is overloaded or out of order" }),
            (Reply::Bytes(Vec::new()), RegistrationError::Unreachable { why: "the connection broke" }),
            (Reply::json(201, "{}"), RegistrationError::Unreadable { why: "no client id in it" }),
            (Reply::json(201, r#"{"client_id":"a\nb"}"#), RegistrationError::Unreadable { why: "no client id in it" }),
            (Reply::json(201, "<html>"), RegistrationError::Unreadable { why: "not the JSON of a registration" }),
        ] {
            assert_eq!(register(reply).await.0.err(), Some(error));
        }
        let half =
            r#"{"client_id":"c","client_secret_expires_at":0,"registration_client_uri":"http://issuer.example/"}"#;
        let told = register(Reply::json(201, half)).await.0.expect("a client");
        assert!(told.management.is_none() && told.secret_expires_at.is_none() && told.client_secret.is_none());
    }

    #[tokio::test]
    async fn a_registration_that_is_gone_has_ended() {
        for (status, ended) in [(204, true), (404, true), (401, false), (405, false)] {
            let stub = Stub::start(move |_| Reply::with(status, "", "")).await;
            let told = oauth().unregister(at(&stub), &RegistrationToken::new("rat".to_owned())).await;
            assert_eq!(told.is_ok(), ended, "{status}");
            assert!(stub.received().join("").starts_with("DELETE / "));
        }
    }
}
