//! Pushed authorization requests (RFC 9126): what is asked for goes to the service directly, and the browser carries no
//! more than a reference to it.

use serde::Deserialize;

use super::client::{OAuth, PostError};
use super::error::registered;
use super::response::{Received, error_code, failure, uncertain};
use super::{Authentication, Client, ExchangeError};
use crate::http::SendError;

/// Longest reference accepted, in bytes.
const MAX_REFERENCE: usize = 2048;

/// Why a request was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PushError {
    /// There is nothing that takes pushed requests at this address.
    NotOffered,
    /// It was refused or not answered.
    Failed(ExchangeError),
}

impl From<ExchangeError> for PushError {
    fn from(error: ExchangeError) -> Self {
        Self::Failed(error)
    }
}

#[derive(Deserialize)]
struct Wire {
    request_uri: String,
}

impl OAuth {
    /// Pushes the `parameters` of an authorization request. Returns the `request_uri` that stands for them.
    ///
    /// # Errors
    /// [`PushError`].
    pub async fn push(
        &self,
        client: &Client,
        endpoint: &str,
        parameters: &[(String, String)],
    ) -> Result<String, PushError> {
        // With its own way to authenticate, a client is named by that.
        let named = client.authentication == Authentication::Basic;
        let form = parameters.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let form = form.filter(|(name, _)| named || *name != "client_id").collect();
        let sent_at = self.now();
        let answer = match self.post(client, endpoint, form).await {
            // Nothing is granted here, so an answer that is lost on the way leaves no doubt.
            Err(PostError::Send(SendError::Lost { why } | SendError::NotSent { why })) => {
                return Err(ExchangeError::NotSent { why }.into());
            }
            other => other.map_err(ExchangeError::from)?,
        };
        let received = Received { status: answer.status, retry_after: answer.retry_after, date: answer.date, sent_at };
        if !answer.is_success() {
            let known = error_code(&answer.body).as_deref().and_then(registered).is_some();
            return Err(match answer.status {
                404 | 405 | 501 if !known => PushError::NotOffered,
                _ => failure(received, &answer.body).into(),
            });
        }
        let wire: Wire = serde_json::from_slice(&answer.body).map_err(|_| uncertain("not a pushed request"))?;
        let fits = (1..=MAX_REFERENCE).contains(&wire.request_uri.len())
            && wire.request_uri.bytes().all(|byte| byte.is_ascii_graphic());
        if fits { Ok(wire.request_uri) } else { Err(uncertain("no usable request URI in it").into()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::http::Http;
    use crate::http::stub::{Reply, Stub};

    fn client(authentication: Authentication) -> Client {
        let client_secret = Some(std::sync::Arc::new(crate::secret::ClientSecret::new("s".to_owned())));
        Client { client_id: "me".to_owned(), client_secret, authentication, ..Client::default() }
    }

    async fn push(reply: Reply, authentication: Authentication) -> (Result<String, PushError>, String) {
        let mut reply = Some(reply);
        let stub = Stub::start(move |_| reply.take().expect("one request")).await;
        let parameters =
            [("client_id", "me"), ("scope", "a b")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        let oauth = OAuth::new(Http::new(None), Clock::manual(0));
        let pushed = oauth.push(&client(authentication), &format!("{}/par", stub.url), &parameters).await;
        let body = stub.received().join("").rsplit_once("\r\n\r\n").expect("a body").1.to_owned();
        (pushed, body)
    }

    const GOOD: &str = r#"{"request_uri":"urn:ietf:params:oauth:request_uri:x","expires_in":60}"#;

    #[tokio::test]
    async fn the_client_is_named_once_whatever_proves_it() {
        for (authentication, body) in [
            (Authentication::None, "scope=a+b&client_id=me"),
            (Authentication::Basic, "client_id=me&scope=a+b"),
            (Authentication::Post, "scope=a+b&client_id=me&client_secret=s"),
        ] {
            let (pushed, sent) = push(Reply::json(201, GOOD), authentication).await;
            assert_eq!(pushed.as_deref(), Ok("urn:ietf:params:oauth:request_uri:x"));
            assert_eq!(sent, body);
        }
    }

    #[tokio::test]
    async fn only_what_is_not_there_counts_as_not_offered() {
        let failed = PushError::Failed;
        for (reply, error) in [
            (Reply::json(404, ""), PushError::NotOffered),
            (Reply::json(405, "<html>"), PushError::NotOffered),
            (
                Reply::json(404, r#"{"error":"invalid_client"}"#),
                failed(ExchangeError::Misconfigured { code: "invalid_client" }),
            ),
            (
                Reply::json(400, r#"{"error":"invalid_request"}"#),
                failed(ExchangeError::Doubtful { status: 400, code: Some("invalid_request") }),
            ),
            (Reply::json(503, ""), failed(ExchangeError::Unavailable { status: 503, retry_after: None })),
            (Reply::Bytes(Vec::new()), failed(ExchangeError::NotSent { why: "the connection broke" })),
            (Reply::json(201, "{}"), failed(ExchangeError::Uncertain { why: "not a pushed request" })),
            (
                Reply::json(201, r#"{"request_uri":""}"#),
                failed(ExchangeError::Uncertain { why: "no usable request URI in it" }),
            ),
            (
                Reply::json(201, r#"{"request_uri":"a b"}"#),
                failed(ExchangeError::Uncertain { why: "no usable request URI in it" }),
            ),
        ] {
            assert_eq!(push(reply, Authentication::None).await.0, Err(error));
        }
    }
}
