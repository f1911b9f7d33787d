//! Asks a service to end a token (RFC 7009).
//!
//! The hint is the right one: one observed service answers 200 to a wrong hint and revokes nothing. So 200 is what the
//! service says, not proof; the caller forgets the token whatever comes out here.

use std::time::Duration;

use super::client::OAuth;
use super::error::registered;
use super::{Client, response};
use crate::http::{Response, SendError};
use crate::secret::{AccessToken, RefreshToken};

/// The token to end.
#[derive(Debug, Clone, Copy)]
pub enum Revoked<'a> {
    /// Some services end the refresh token with it.
    Access(&'a AccessToken),
    /// Some services end the access tokens with it.
    Refresh(&'a RefreshToken),
}

/// Why a token may live on at the service.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RevokeError {
    /// The service did not do it and will not: some refuse public clients with an empty 401.
    #[error("the service refused to revoke the token (status {status})")]
    Refused {
        /// HTTP status.
        status: u16,
        /// The error code, if it is one registered by an RFC.
        code: Option<&'static str>,
    },
    /// The settings cannot make a request; nothing was sent.
    #[error("the settings cannot be used ({why})")]
    Settings {
        /// What is wrong with them, in fixed words.
        why: &'static str,
    },
    /// The service says to come back later (RFC 7009 §2.2.1), or failed.
    #[error("the service answered {status}")]
    Unavailable {
        /// HTTP status.
        status: u16,
        /// From `Retry-After`, capped.
        retry_after: Option<Duration>,
    },
    /// No whole answer came. To ask again does no harm.
    #[error("the service cannot be reached ({why})")]
    Unreachable {
        /// What failed, in fixed words.
        why: &'static str,
    },
    /// The service has no revocation endpoint, or none for this kind of token.
    #[error("the service offers no revocation")]
    Unsupported,
}

impl OAuth {
    /// Asks the service to end a token. `Ok` is the service's word, no proof.
    pub async fn revoke(&self, client: &Client, token: Revoked<'_>) -> Result<(), RevokeError> {
        let endpoint = client.revocation_endpoint.as_deref().ok_or(RevokeError::Unsupported)?;
        let (hint, token) = match token {
            // EXPOSE: handed back to the service that issued it.
            Revoked::Access(token) => ("access_token", token.expose()),
            // EXPOSE: as above.
            Revoked::Refresh(token) => ("refresh_token", token.expose()),
        };
        let form = vec![("token", token), ("token_type_hint", hint)];
        match self.post(client, endpoint, form).await {
            Ok(answer) => outcome(&answer),
            Err(error) => Err(match error.settings() {
                Ok(why) => RevokeError::Settings { why },
                Err(SendError::Lost { why } | SendError::NotSent { why }) => RevokeError::Unreachable { why },
            }),
        }
    }
}

fn outcome(answer: &Response) -> Result<(), RevokeError> {
    let Response { status, retry_after, .. } = *answer;
    let code = response::error_code(&answer.body);
    match (status, code.as_deref().and_then(registered)) {
        (_, Some("unsupported_token_type")) => Err(RevokeError::Unsupported),
        (200..=299, None) => Ok(()),
        (408 | 429 | 500..=599, _) => Err(RevokeError::Unavailable { status, retry_after }),
        (_, code) => Err(RevokeError::Refused { status, code }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::http::Http;
    use crate::http::stub::{Reply, Stub};

    fn client(endpoint: Option<String>) -> Client {
        Client {
            issuer: "https://issuer.example".to_owned(),
            client_id: "me".to_owned(),
            revocation_endpoint: endpoint,
            ..Client::default()
        }
    }

    async fn revoke(endpoint: Option<String>, token: Revoked<'_>) -> Result<(), RevokeError> {
        OAuth::new(Http::new(None), Clock::manual(0)).revoke(&client(endpoint), token).await
    }

    #[tokio::test]
    async fn the_token_goes_with_its_own_hint() {
        let stub = Stub::json(200, "").await;
        let (access, refresh) = (AccessToken::new("at".to_owned()), RefreshToken::new("rt".to_owned()));
        let endpoint = || Some(format!("{}/revoke/", stub.url));
        assert_eq!(revoke(endpoint(), Revoked::Access(&access)).await, Ok(()));
        assert_eq!(revoke(endpoint(), Revoked::Refresh(&refresh)).await, Ok(()));
        let [first, second] = stub.received().try_into().expect("two requests");
        assert!(
            first.starts_with("POST /revoke/ ")
                && first.ends_with("\r\n\r\ntoken=at&token_type_hint=access_token&client_id=me")
        );
        assert!(second.ends_with("\r\n\r\ntoken=rt&token_type_hint=refresh_token&client_id=me"));
    }

    #[tokio::test]
    async fn every_answer_has_its_meaning() {
        let refused = |status, code| Err(RevokeError::Refused { status, code });
        let unavailable = |status, retry_after| Err(RevokeError::Unavailable { status, retry_after });
        for (reply, meaning) in [
            (Reply::json(200, "{}"), Ok(())),
            (Reply::with(204, "", ""), Ok(())),
            (Reply::with(401, "", ""), refused(401, None)),
            (Reply::json(400, r#"{"error":"invalid_client"}"#), refused(400, Some("invalid_client"))),
            (Reply::json(400, r#"{"error":"canary"}"#), refused(400, None)),
            (Reply::json(400, r#"{"error":"unsupported_token_type"}"#), Err(RevokeError::Unsupported)),
            (Reply::with(302, "location: /\r\n", ""), refused(302, None)),
            (Reply::with(503, "retry-after: 5\r\n", ""), unavailable(503, Some(Duration::from_secs(5)))),
            (Reply::json(500, ""), unavailable(500, None)),
            (Reply::Bytes(Vec::new()), Err(RevokeError::Unreachable { why: "the connection broke" })),
        ] {
            let mut reply = Some(reply);
            let stub = Stub::start(move |_| reply.take().expect("one request")).await;
            let token = RefreshToken::new("rt".to_owned());
            assert_eq!(revoke(Some(stub.url.clone()), Revoked::Refresh(&token)).await, meaning);
        }
    }

    #[tokio::test]
    async fn without_an_endpoint_nothing_is_sent() {
        let token = AccessToken::new("at".to_owned());
        assert_eq!(revoke(None, Revoked::Access(&token)).await, Err(RevokeError::Unsupported));
    }
}
