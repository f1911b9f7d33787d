//! The one way out of the machine: builds every HTTP client and sends every request.
//!
//! Owns the limits of an exchange (time, size, where to), and says of each failure whether the service can have seen
//! the request. Redirects are never followed, nothing is sent twice, nothing is decompressed. Plain http goes to this
//! machine only, and a host that no person has named is reached only where its service may send us (`reach`). Knows nothing of OAuth; the caller reads status and body.

mod client;
mod endpoint;
mod form;
mod names;
mod reach;
#[cfg(test)]
pub(crate) mod stub;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Bytes;
use reqwest::header::{ACCEPT, CONTENT_TYPE, DATE, HeaderMap, HeaderValue, RETRY_AFTER};
use zeroize::Zeroizing;

use url::Url;

use crate::notice::traffic::{Exchange, Outcome, Shown, Traffic};
use client::{Clients, Timeouts};
pub use endpoint::{EndpointError, MAX_URL, check_endpoint, check_page, is_loopback};
pub use reach::Reach;
pub use reqwest::header::{AUTHORIZATION, HeaderName, USER_AGENT};

/// Longest time to a usable connection: name, proxy and TLS handshake included.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest time of a request, the answer's last byte included.
pub const TOTAL_TIMEOUT: Duration = Duration::from_secs(30);
/// Longest body accepted, in bytes.
pub const MAX_BODY: usize = 256 * 1024;
/// Longest wait that a `Retry-After` can ask for.
pub const MAX_RETRY_AFTER: Duration = Duration::from_hours(1);

/// Why nothing was sent: nobody that is trusted vouches for the service.
pub const UNTRUSTED: &str = "the certificate is not trusted";
/// Why nothing was sent: the further roots cannot be read.
pub const NO_ROOTS: &str = "the CA file has no usable certificate";
/// Why nothing was sent: there is no such file of further roots, or it is not readable.
pub const ROOTS_UNREADABLE: &str = "the CA file cannot be read";

/// Why nothing was sent: a service on the internet has named a host inside a private network, or on this machine.
pub const OUT_OF_REACH: &str = "its name leads to an address that the service may not send us to";

/// How a request is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Ends something.
    Delete,
    /// Without a body.
    Get,
    /// May carry a body.
    Post,
}

impl Method {
    fn word(self) -> &'static str {
        match self {
            Method::Delete => "DELETE",
            Method::Get => "GET",
            Method::Post => "POST",
        }
    }
}

/// What a request carries. It may hold secrets, so it has no `Debug`.
pub enum Payload<'a> {
    /// `application/x-www-form-urlencoded`: fields in order.
    Form(Vec<(&'a str, &'a str)>),
    /// `application/json`: the whole document.
    Json(Zeroizing<Vec<u8>>),
    /// Nothing.
    None,
}

/// A request. It may hold secrets, so it has no `Debug`.
pub struct Request<'a> {
    /// GET, POST or DELETE.
    pub method: Method,
    /// Checked by [`check_endpoint`] before anything is sent.
    pub url: &'a str,
    /// The body.
    pub payload: Payload<'a>,
    /// Further headers, each in place of what would be sent by default; values are taken for secrets.
    pub headers: Vec<(HeaderName, Zeroizing<String>)>,
    /// Further trusted roots (PEM).
    pub ca_file: Option<&'a Path>,
    /// How far it may go; [`Reach::Anywhere`] where a person has named the host.
    pub reach: Reach,
}

/// An answer. It may hold secrets, so it has no `Debug`.
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// Media type in lower case, without parameters.
    pub content_type: Option<String>,
    /// From `Retry-After` (RFC 9110 §10.2.3), at most [`MAX_RETRY_AFTER`].
    pub retry_after: Option<Duration>,
    /// The service's wall time, from `Date`, in seconds since 1970.
    pub date: Option<i64>,
    /// How far this service may send us.
    pub reach: Reach,
    /// At most [`MAX_BODY`] bytes; a larger body of a failure is left out.
    pub body: Zeroizing<Vec<u8>>,
}

impl Response {
    /// Whether the status is 2xx.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Sent, and no whole answer came: the service may have acted on it.
    #[error("{why}")]
    Lost {
        /// What failed, in fixed words.
        why: &'static str,
    },
    /// Not a byte of the request left this machine.
    #[error("{why}")]
    NotSent {
        /// What failed, in fixed words.
        why: &'static str,
    },
}

/// Sends requests. Clones share the clients underneath, which are built when first needed.
#[derive(Debug, Clone)]
pub struct Http {
    clients: Arc<Clients>,
    traffic: Option<Traffic>,
}

impl Http {
    /// Requests go through `proxy`, else as `HTTPS_PROXY` and the system's settings say; `NO_PROXY` is heeded.
    pub fn new(proxy: Option<String>) -> Self {
        Self::with_timeouts(proxy, Timeouts { connect: CONNECT_TIMEOUT, total: TOTAL_TIMEOUT })
    }

    fn with_timeouts(proxy: Option<String>, timeouts: Timeouts) -> Self {
        Self { clients: Arc::new(Clients::new(proxy, timeouts, names::system)), traffic: None }
    }

    /// The same, with every exchange told there.
    #[must_use]
    pub fn telling(self, traffic: Traffic) -> Self {
        Self { traffic: Some(traffic), ..self }
    }

    /// Sends `request` once and reads the whole answer, whatever its status.
    pub async fn send(&self, request: Request<'_>) -> Result<Response, SendError> {
        let Some(traffic) = &self.traffic else { return self.exchange(request).await };
        let (method, begun) = (request.method.word(), traffic.clock().now());
        let url = Url::parse(request.url).map(|url| Shown::of(&url));
        let answer = self.exchange(request).await;
        let outcome = match &answer {
            Ok(told) => Outcome::answered(told.status, told.content_type.as_deref(), told.retry_after, &told.body),
            Err(SendError::Lost { why }) => Outcome::Lost(why),
            Err(SendError::NotSent { why }) => Outcome::NotSent(why),
        };
        if let Ok(url) = url {
            traffic.exchanged(Exchange { method, url, outcome, took: traffic.clock().now().since(begun) });
        }
        answer
    }

    async fn exchange(&self, request: Request<'_>) -> Result<Response, SendError> {
        let url = check_endpoint(request.url).map_err(|error| SendError::NotSent { why: error.why() })?;
        request.reach.check(&url).map_err(|error| SendError::NotSent { why: error.why() })?;
        let (client, is_direct) = self.clients.client_for(&url, request.ca_file, request.reach)?;
        let asked = url.clone();
        let builder = match request.method {
            Method::Delete => client.delete(url),
            Method::Get => client.get(url),
            Method::Post => client.post(url),
        };
        let mut builder = match request.payload {
            Payload::Form(fields) => builder
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(Bytes::from_owner(form::encode(&fields))),
            Payload::Json(document) => {
                builder.header(CONTENT_TYPE, "application/json").body(Bytes::from_owner(document))
            }
            Payload::None => builder,
        };
        builder = builder.header(ACCEPT, "application/json");
        for (name, value) in request.headers {
            let mut value = HeaderValue::from_maybe_shared(Bytes::from_owner(value))
                .map_err(|_| SendError::NotSent { why: "a header cannot be written" })?;
            value.set_sensitive(true);
            builder = builder.header(name, value);
        }
        let answer = builder.send().await.map_err(|error| failure(&error))?;
        let reach = Reach::of_service(&asked, answer.remote_addr().filter(|_| is_direct));
        let status = answer.status().as_u16();
        let date = text(answer.headers(), &DATE).and_then(http_date);
        let retry_after = text(answer.headers(), &RETRY_AFTER).and_then(|value| wait(value, date));
        let content_type = text(answer.headers(), &CONTENT_TYPE).map(media_type);
        let body = match read(answer).await? {
            Some(body) => body,
            None if (200..300).contains(&status) => return Err(SendError::Lost { why: "the answer is too large" }),
            None => Zeroizing::default(),
        };
        Ok(Response { status, content_type, retry_after, date, reach, body })
    }
}

/// The body, or `None` when it is too large.
async fn read(mut answer: reqwest::Response) -> Result<Option<Zeroizing<Vec<u8>>>, SendError> {
    let mut body = Zeroizing::new(Vec::new());
    while let Some(chunk) = answer.chunk().await.map_err(|error| failure(&error))? {
        if body.len() + chunk.len() > MAX_BODY {
            return Ok(None);
        }
        form::append(&mut body, &chunk);
    }
    Ok(Some(body))
}

/// Only an error of the connector proves that nothing was sent: it ends when the TLS handshake has.
fn failure(error: &reqwest::Error) -> SendError {
    if error.is_builder() {
        return SendError::NotSent { why: "the request cannot be built" };
    }
    if error.is_connect() {
        return SendError::NotSent { why: unconnected(error) };
    }
    let why = match () {
        () if error.is_timeout() => "no answer in time",
        () if error.is_body() || error.is_decode() => "the answer was cut off",
        () => "the connection broke",
    };
    SendError::Lost { why }
}

fn unconnected(error: &reqwest::Error) -> &'static str {
    if cause::<names::OutOfReach>(error).is_some() {
        return OUT_OF_REACH;
    }
    match cause::<rustls::Error>(error) {
        Some(rustls::Error::InvalidCertificate(_)) => UNTRUSTED,
        Some(_) => "the TLS handshake failed",
        None if error.is_dns() => "the name cannot be resolved",
        None if error.is_timeout() => "no connection in time",
        None => "no connection",
    }
}

/// The error of this type behind `error`.
fn cause<E: std::error::Error + 'static>(error: &reqwest::Error) -> Option<&E> {
    let mut next = std::error::Error::source(error);
    while let Some(current) = next {
        if let Some(found) = current.downcast_ref() {
            return Some(found);
        }
        // An `io::Error` hides the error it wraps from `source()`.
        next = match current.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
            Some(wrapped) => Some(wrapped),
            None => current.source(),
        };
    }
    None
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim)
}

fn media_type(value: &str) -> String {
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Seconds since 1970 of a date as in RFC 9110 §5.6.7; the two obsolete forms are not read.
fn http_date(value: &str) -> Option<i64> {
    jiff::fmt::rfc2822::parse(value).ok().map(|date| date.timestamp().as_second())
}

/// `Retry-After` as a duration. A point in time counts from the service's own `date`, as our clock may be wrong.
fn wait(value: &str, date: Option<i64>) -> Option<Duration> {
    let wait = if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        Duration::from_secs(value.parse().unwrap_or(u64::MAX))
    } else {
        Duration::from_secs(http_date(value)?.saturating_sub(date?).max(0).unsigned_abs())
    };
    Some(wait.min(MAX_RETRY_AFTER))
}

#[cfg(test)]
mod tests;
