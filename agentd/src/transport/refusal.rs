//! The three answers the socket gives by itself, without asking the service: too many, too much, too slow.
//!
//! They are problem documents (RFC 9457) with fixed texts. Every answer of the daemon carries the same introductory
//! headers; what those are is told by whoever builds [`Refusals`].

use std::fmt::Write as _;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{CONNECTION, CONTENT_TYPE, HeaderValue};
use hyper::{HeaderMap, Response, StatusCode};

const MEDIA_TYPE: &str = "application/problem+json";

const BUSY: &str = r#"{"type":"urn:agentd:problem:busy","title":"The agent is busy","status":503,"code":"busy","detail":"every connection has a request in progress","retry_after":1}"#;
const TOO_LARGE: &str = r#"{"type":"urn:agentd:problem:invalid-request","title":"The request is not valid","status":413,"code":"invalid-request","detail":"the request body is too large"}"#;
const TOO_SLOW: &str = r#"{"type":"urn:agentd:problem:invalid-request","title":"The request is not valid","status":408,"code":"invalid-request","detail":"the request did not arrive in time"}"#;
const CUT: &str = r#"{"type":"urn:agentd:problem:invalid-request","title":"The request is not valid","status":400,"code":"invalid-request","detail":"the request body is not framed correctly"}"#;

/// The prepared answers. Each ends its connection.
#[derive(Debug, Clone)]
pub struct Refusals {
    introduction: HeaderMap,
    busy: Bytes,
}

/// Why a request was not handed to the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// The body's framing is broken (RFC 9112 §7.1), or it ended early.
    Cut,
    /// The body exceeds its limit.
    TooLarge,
    /// The body took too long.
    TooSlow,
}

impl Refusals {
    /// Answers that carry `introduction` as header fields.
    pub fn new(introduction: HeaderMap) -> Self {
        let mut head = format!(
            "HTTP/1.1 503 Service Unavailable\r\ncontent-type: {MEDIA_TYPE}\r\ncontent-length: {}\r\nretry-after: 1\r\n\
             connection: close\r\n",
            BUSY.len()
        );
        for (name, value) in &introduction {
            if let Ok(value) = value.to_str() {
                // Writing to a string cannot fail.
                let _ = write!(head, "{name}: {value}\r\n");
            }
        }
        let busy = Bytes::from(format!("{head}\r\n{BUSY}"));
        Self { introduction, busy }
    }

    /// The whole answer "busy", as bytes for a connection that no parser has seen.
    pub(super) fn busy(&self) -> &Bytes {
        &self.busy
    }

    pub(super) fn answer(&self, refused: Refused) -> Response<Full<Bytes>> {
        let (status, body) = match refused {
            Refused::Cut => (StatusCode::BAD_REQUEST, CUT),
            Refused::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, TOO_LARGE),
            Refused::TooSlow => (StatusCode::REQUEST_TIMEOUT, TOO_SLOW),
        };
        let mut answer = Response::new(Full::from(body));
        *answer.status_mut() = status;
        let headers = answer.headers_mut();
        headers.extend(self.introduction.clone());
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
        answer
    }
}

impl Default for Refusals {
    fn default() -> Self {
        Self::new(HeaderMap::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fixed_texts_are_json_with_the_status_they_are_sent_with() {
        for (text, status, code) in [
            (BUSY, 503, "busy"),
            (TOO_LARGE, 413, "invalid-request"),
            (TOO_SLOW, 408, "invalid-request"),
            (CUT, 400, "invalid-request"),
        ] {
            let problem: serde_json::Value = serde_json::from_str(text).expect("JSON");
            assert_eq!((problem["status"].as_u64(), problem["code"].as_str()), (Some(status), Some(code)));
        }
    }

    #[test]
    fn the_introduction_is_part_of_every_refusal() {
        let mut introduction = HeaderMap::new();
        introduction.insert("agentd-protocol", HeaderValue::from_static("1"));
        let refusals = Refusals::new(introduction);
        let busy = std::str::from_utf8(refusals.busy()).expect("text");
        assert!(busy.contains("\r\nagentd-protocol: 1\r\n") && busy.contains("\r\nretry-after: 1\r\n"));
        for refused in [Refused::Cut, Refused::TooLarge, Refused::TooSlow] {
            assert_eq!(refusals.answer(refused).headers()["agentd-protocol"], "1");
        }
    }
}
