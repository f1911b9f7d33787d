//! Answers of the token endpoint, read from bytes. Pure: no network, no clock.
//!
//! RFC 6749 §5.1, §5.2, RFC 8693 §2.2.1. Strict where a mistake would hand out a wrong token (an answer that says a thing twice, a token
//! that cannot be a header), lenient elsewhere: to refuse an answer may lose the refresh token that was in it.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::error::classify;
use super::wire::{Wiped, seconds};
use super::{ExchangeError, Tokens};
use crate::clock::Moment;
use crate::secret::{AccessToken, IdToken, RefreshToken};

/// Longest token accepted, in bytes.
pub const MAX_TOKEN: usize = 64 * 1024;
/// Longest life believed.
pub const MAX_LIFE: Duration = Duration::from_hours(10 * 365 * 24);
/// Longest scope believed, in bytes.
pub const MAX_SCOPE: usize = 16 * 1024;

/// What came with the status line and is needed to read the body.
#[derive(Debug, Clone, Copy)]
pub struct Received {
    /// HTTP status.
    pub status: u16,
    /// From `Retry-After`.
    pub retry_after: Option<Duration>,
    /// The service's wall time, from `Date`, in seconds since 1970.
    pub date: Option<i64>,
    /// When the request was sent.
    pub sent_at: Moment,
}

#[derive(Deserialize)]
struct Success {
    access_token: Option<Wiped>,
    token_type: Option<String>,
    expires_in: Option<Value>,
    refresh_token: Option<Wiped>,
    scope: Option<Value>,
    id_token: Option<Wiped>,
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Failure {
    error: Option<Value>,
}

/// Reads an answer of the token endpoint.
pub fn tokens(received: Received, body: &[u8]) -> Result<Tokens, ExchangeError> {
    if !(200..300).contains(&received.status) {
        return Err(failure(received, body));
    }
    let answer: Success = serde_json::from_slice(body).map_err(|_| uncertain("not the JSON of a token answer"))?;
    // Some services send their errors with 200.
    if let Some(code) = answer.error.as_ref().and_then(code) {
        return Err(classify(received.status, Some(code), received.retry_after));
    }
    let access_token = answer.access_token.ok_or(uncertain("no access token in it"))?;
    if !is_sendable(access_token.text()) {
        return Err(uncertain("the access token is no token"));
    }
    let token_type = answer.token_type.unwrap_or_else(|| "Bearer".to_owned());
    let unsupported_type = (!token_type.eq_ignore_ascii_case("bearer")).then(|| known_type(&token_type));
    let refresh_token = answer.refresh_token.filter(|token| !token.text().is_empty());
    if refresh_token.as_ref().is_some_and(|token| token.text().len() > MAX_TOKEN) {
        return Err(uncertain("the refresh token is too long"));
    }
    let id_token = answer.id_token.filter(|token| (1..=MAX_TOKEN).contains(&token.text().len()));
    Ok(Tokens {
        access_token: AccessToken::new(access_token.take()),
        token_type,
        unsupported_type,
        expires_in: seconds(answer.expires_in.as_ref(), MAX_LIFE),
        refresh_token: refresh_token.map(|token| RefreshToken::new(token.take())),
        scope: answer.scope.as_ref().and_then(scope),
        id_token: id_token.map(|token| IdToken::new(token.take())),
        sent_at: received.sent_at,
        server_time: received.date,
    })
}

/// The type of an access token (RFC 8693 §3).
pub(super) const ACCESS_TOKEN_TYPE: &str = "urn:ietf:params:oauth:token-type:access_token";

#[derive(Deserialize)]
struct Issued {
    issued_token_type: Option<String>,
}

/// Reads the answer to a token exchange. What is not an access token that can be sent as `Bearer` is no answer to what was
/// asked. A refresh token beside it is not taken: the grant that was exchanged has its own.
pub fn exchanged(received: Received, body: &[u8]) -> Result<Tokens, ExchangeError> {
    let tokens = tokens(received, body)?;
    let issued: Issued = serde_json::from_slice(body).map_err(|_| uncertain("not the JSON of a token answer"))?;
    if issued.issued_token_type.as_deref() != Some(ACCESS_TOKEN_TYPE) {
        return Err(uncertain("it does not say that this is an access token"));
    }
    if tokens.unsupported_type.is_some() {
        return Err(uncertain("it is no bearer token"));
    }
    Ok(Tokens { refresh_token: None, ..tokens })
}

/// What an answer with a status other than 2xx means, whatever its body is.
pub fn failure(received: Received, body: &[u8]) -> ExchangeError {
    classify(received.status, error_code(body).as_deref(), received.retry_after)
}

/// Whether `text` can be sent as a credential in a header, and is not too long to be one.
pub fn is_credential(text: &str) -> bool {
    is_sendable(text)
}

/// The error code in `body`, for [`super::error::classify`] and nothing else: it is the service's own word.
pub fn read_error_code(body: &[u8]) -> Option<String> {
    error_code(body)
}

/// The error code in `body`, if it is what RFC 6749 §5.2 describes.
pub(super) fn error_code(body: &[u8]) -> Option<String> {
    let failure: Failure = serde_json::from_slice(body).ok()?;
    failure.error.as_ref().and_then(code).map(str::to_owned)
}

/// The error code as the service spelled it; its words go no further than `classify`.
pub(super) fn code(error: &Value) -> Option<&str> {
    error.as_str().filter(|code| !code.is_empty())
}

pub(super) const fn uncertain(why: &'static str) -> ExchangeError {
    ExchangeError::Uncertain { why }
}

/// RFC 6749 appendix A.12: visible ASCII and space. Anything else could end a header or a line.
fn is_sendable(token: &str) -> bool {
    (1..=MAX_TOKEN).contains(&token.len()) && token.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

fn known_type(token_type: &str) -> &'static str {
    let known = ["DPoP", "MAC", "N_A", "PoP"];
    known.into_iter().find(|known| token_type.eq_ignore_ascii_case(known)).unwrap_or("unknown")
}

/// A scope as text or as a list, words separated by one space; `None` when it is neither or not fit to be shown.
fn scope(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Array(words) => words.iter().map(Value::as_str).collect::<Option<Vec<_>>>()?.join(" "),
        _ => return None,
    };
    if text.len() > MAX_SCOPE || text.chars().any(|c| c != ' ' && !c.is_ascii_graphic()) {
        return None;
    }
    // GitHub separates its words by commas.
    let separator = if text.contains(' ') { ' ' } else { ',' };
    Some(text.split(separator).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn received(status: u16) -> Received {
        let sent_at = Moment::new(Duration::from_secs(100));
        Received { status, retry_after: None, date: Some(1_790_000_000), sent_at }
    }

    fn read(body: &str) -> Result<Tokens, ExchangeError> {
        tokens(received(200), body.as_bytes())
    }

    fn with(member: &str) -> Result<Tokens, ExchangeError> {
        read(&format!(r#"{{"access_token":"at","token_type":"Bearer",{member}}}"#))
    }

    #[test]
    fn a_whole_answer_is_read() {
        let tokens = read(
            r#"{"access_token":"at","token_type":"bearer","expires_in":300,"refresh_token":"rt","scope":"openid  a",
                "id_token":"a.b.c","not_known":{"x":[1]}}"#,
        )
        .expect("tokens");
        // EXPOSE: a test looks at what was read.
        assert_eq!(tokens.access_token.expose(), "at");
        assert!(tokens.refresh_token.is_some_and(|token| token.matches("rt")));
        assert!(tokens.id_token.is_some_and(|token| token.matches("a.b.c")));
        assert_eq!((tokens.token_type.as_str(), tokens.scope.as_deref()), ("bearer", Some("openid a")));
        assert_eq!(tokens.expires_in, Some(Duration::from_mins(5)));
        assert_eq!((tokens.sent_at, tokens.server_time), (received(200).sent_at, Some(1_790_000_000)));
    }

    #[test]
    fn what_is_absent_null_or_empty_is_absent() {
        for body in [
            r#"{"access_token":"at"}"#,
            r#"{"access_token":"at","refresh_token":null,"expires_in":null,"scope":null,"id_token":null,"error":null}"#,
            r#"{"access_token":"at","refresh_token":"","id_token":"","error":""}"#,
        ] {
            let tokens = read(body).expect("tokens");
            assert!(tokens.refresh_token.is_none() && tokens.id_token.is_none() && tokens.scope.is_none(), "{body}");
            assert_eq!((tokens.expires_in, tokens.token_type.as_str()), (None, "Bearer"));
        }
    }

    #[test]
    fn lives_are_believed_within_reason() {
        let life = |value: &str| with(&format!(r#""expires_in":{value}"#)).expect("tokens").expires_in;
        assert_eq!(life("3600"), Some(Duration::from_hours(1)));
        assert_eq!(life(r#""3600""#), Some(Duration::from_hours(1)));
        assert_eq!(life("0.25"), Some(Duration::from_millis(250)));
        assert_eq!(life("1000000000000000000"), Some(MAX_LIFE));
        for value in ["0", "-1", r#""soon""#, "[]", "true"] {
            assert_eq!(life(value), None, "{value}");
        }
    }

    #[test]
    fn scopes_are_text_or_lists() {
        let scope = |value: &str| with(&format!(r#""scope":{value}"#)).expect("tokens").scope;
        assert_eq!(scope(r#""a b""#).as_deref(), Some("a b"));
        assert_eq!(scope(r#"["a","b c"]"#).as_deref(), Some("a b c"));
        assert_eq!(scope(r#""""#).as_deref(), Some(""), "nothing was granted");
        for value in ["7", r#"["a",7]"#, r#""a\u001b[2J""#, r#""ü""#] {
            assert_eq!(scope(value), None, "{value}");
        }
    }

    #[test]
    fn an_answer_that_cannot_be_read_is_uncertain() {
        let long = format!(r#"{{"access_token":"{}"}}"#, "x".repeat(MAX_TOKEN + 1));
        for body in [
            "",
            "<html>welcome</html>",
            "[]",
            "null",
            "{}",
            r#"{"access_token":"at""#,
            r#"{"access_token":""}"#,
            r#"{"access_token":null}"#,
            r#"{"access_token":7}"#,
            r#"{"access_token":"a\nb"}"#,
            r#"{"access_token":"a\u0000"}"#,
            r#"{"access_token":"ü"}"#,
            r#"{"access_token":"at","access_token":"at"}"#,
            r#"{"access_token":"at","refresh_token":"a","refresh_token":"b"}"#,
            r#"{"access_token":"at","expires_in":1,"expires_in":2}"#,
            r#"{"access_token":"at"} {"access_token":"at"}"#,
            &long,
        ] {
            assert!(matches!(read(body), Err(ExchangeError::Uncertain { .. })), "{body}");
        }
        assert!(matches!(tokens(received(200), b"{\"access_token\":\"\xff\"}"), Err(ExchangeError::Uncertain { .. })));
        assert!(matches!(tokens(received(204), b""), Err(ExchangeError::Uncertain { .. })));
    }

    #[test]
    fn a_token_that_is_no_bearer_token_is_told_and_the_refresh_token_beside_it_is_kept() {
        let read = |kind: &str| {
            let body = format!(r#"{{"access_token":"at","token_type":"{kind}","refresh_token":"rt"}}"#);
            let tokens = read(&body).expect("a whole answer");
            assert!(tokens.refresh_token.is_some());
            tokens.unsupported_type
        };
        assert_eq!(read("BEARER"), None);
        assert_eq!(read("dpop"), Some("DPoP"));
        assert_eq!(read("canary"), Some("unknown"));
    }

    #[test]
    fn only_an_access_token_is_taken_in_exchange_and_without_a_refresh_token() {
        let read = |more: &str| {
            let body = format!(r#"{{"access_token":"at","refresh_token":"rt"{more}}}"#);
            exchanged(received(200), body.as_bytes())
        };
        let issued = |kind: &str| format!(r#","issued_token_type":"urn:ietf:params:oauth:token-type:{kind}""#);
        let tokens = read(&format!(r#"{},"token_type":"Bearer""#, issued("access_token"))).expect("tokens");
        assert!(tokens.refresh_token.is_none());
        for other in [String::new(), issued("jwt"), issued("id_token"), issued("refresh_token")] {
            assert!(matches!(read(&other), Err(ExchangeError::Uncertain { .. })), "{other}");
        }
        for kind in ["N_A", "DPoP"] {
            let answer = read(&format!(r#"{},"token_type":"{kind}""#, issued("access_token")));
            assert!(matches!(answer, Err(ExchangeError::Uncertain { .. })), "{kind}");
        }
        let refused = exchanged(received(400), br#"{"error":"invalid_target"}"#);
        assert!(matches!(refused, Err(ExchangeError::ScopeRefused { code: "invalid_target" })));
    }

    #[test]
    fn failures_are_read_whatever_the_status() {
        let read = |status, body: &str| tokens(received(status), body.as_bytes()).expect_err("a failure");
        assert_eq!(read(400, r#"{"error":"invalid_grant","error_description":"x"}"#), ExchangeError::Refused);
        assert_eq!(read(200, r#"{"error":"authorization_pending"}"#), ExchangeError::AuthorizationPending);
        let doubtful = ExchangeError::Doubtful { status: 400, code: None };
        for body in [
            "",
            "<html>",
            "{}",
            r#"{"error":null}"#,
            r#"{"error":{"code":"invalid_grant"}}"#,
            r#"{"error":"invalid_grant","error":"invalid_grant"}"#,
        ] {
            assert_eq!(read(400, body), doubtful, "{body}");
        }
        assert!(matches!(read(302, ""), ExchangeError::Doubtful { status: 302, .. }));
    }
}
