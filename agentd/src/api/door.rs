//! Who may come in. The peer's uid was checked before a byte was read (see `transport`); here the request itself is.
//!
//! HTTP over a local socket is still HTTP: a request that a web page could have caused is refused by its headers, and
//! every answer says who answers, so that two versions can explain themselves.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, HOST, ORIGIN, REFERER, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use axum::response::IntoResponse as _;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use proto::hello;
use proto::problem::{Code, Problem};
use tower::Service;

use super::problem::Failure;

/// The router behind its door: one service, so that nothing is reachable around the checks.
#[derive(Debug, Clone)]
pub struct Door {
    router: Router,
    /// Shared: the door is cloned for every request.
    introduction: Arc<[(HeaderName, HeaderValue); 5]>,
}

impl Door {
    /// Puts `router` behind the door of a daemon of `version`.
    pub fn new(router: Router, version: &'static str) -> Self {
        let capabilities = hello::CAPABILITIES.join(" ");
        let introduction = [
            (HeaderName::from_static(hello::VERSION_HEADER), HeaderValue::from_static(version)),
            (HeaderName::from_static(hello::PROTOCOL_HEADER), HeaderValue::from(proto::PROTOCOL_VERSION)),
            (
                HeaderName::from_static(hello::CAPABILITIES_HEADER),
                HeaderValue::try_from(capabilities).expect("capabilities are words of visible ASCII"),
            ),
            (CACHE_CONTROL, HeaderValue::from_static("no-store")),
            (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        ];
        Self { router, introduction: Arc::new(introduction) }
    }

    /// Adds the introduction to an answer, also to one that was made elsewhere.
    pub fn introduce(&self, headers: &mut HeaderMap) {
        introduce(&*self.introduction, headers);
    }
}

fn introduce(introduction: &[(HeaderName, HeaderValue)], headers: &mut HeaderMap) {
    headers.reserve(introduction.len());
    for (name, value) in introduction {
        headers.insert(name.clone(), value.clone());
    }
}

impl Service<Request<Body>> for Door {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        <Router as Service<Request<Body>>>::poll_ready(&mut self.router, context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let admitted = admit(request.headers());
        let answer = match admitted {
            Ok(()) => Ok(self.router.call(request)),
            Err(problem) => Err(Failure(problem).into_response()),
        };
        let introduction = Arc::clone(&self.introduction);
        Box::pin(async move {
            let mut response = match answer {
                Err(refused) => refused,
                // A panic in a request answers `internal`; it is nobody else's business.
                Ok(answer) => match AssertUnwindSafe(answer).catch_unwind().await {
                    Ok(response) => response.unwrap_or_else(|never| match never {}),
                    Err(_panic) => {
                        tracing::error!("a request panicked");
                        let problem = Problem::new(Code::Internal, "the agent failed to answer; its log says where");
                        Failure(problem).into_response()
                    }
                },
            };
            introduce(&*introduction, response.headers_mut());
            Ok(response)
        })
    }
}

/// Refuses what did not come from a program that means this socket.
fn admit(headers: &HeaderMap) -> Result<(), Problem> {
    let mut hosts = headers.get_all(HOST).iter();
    if hosts.next().map(HeaderValue::as_bytes) != Some(hello::HOST.as_bytes()) || hosts.next().is_some() {
        let hint = format!("send `Host: {}`", hello::HOST);
        return Err(Problem::new(Code::Denied, "the request is not addressed to the agent").hint(hint));
    }
    if headers.contains_key(ORIGIN) || headers.contains_key(REFERER) {
        return Err(Problem::new(Code::Denied, "requests from web pages are refused"));
    }
    Ok(())
}

/// Answers every path and method that is not an operation of this version.
pub(super) async fn no_such_operation(headers: HeaderMap) -> Failure {
    let client = headers.get(hello::CLIENT_HEADER).and_then(|v| v.to_str().ok()).filter(|v| v.len() <= 32);
    let client = client.map_or_else(String::new, |version| format!(" (client {version})"));
    let version = env!("CARGO_PKG_VERSION");
    let detail =
        format!("agentd {version} has no such operation; it speaks protocol {}{client}", proto::PROTOCOL_VERSION);
    Failure(
        Problem::new(Code::Unsupported, detail)
            .hint("if the client is newer, restart the daemon: `agentctl daemon stop`"),
    )
}
