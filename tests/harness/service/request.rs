//! A request as the services see it.

use super::ledger::field;
use axum::body::Bytes;
use http_body_util::{BodyExt as _, Limited};
use hyper::{Request, body::Incoming};
use serde_json::Value;

/// Largest request body that is read.
const MAX_BODY: usize = 1 << 20;

/// A request, taken apart.
#[derive(Debug, Clone)]
pub struct Call {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Bytes,
}

impl Call {
    pub(super) async fn read(request: Request<Incoming>) -> Option<Self> {
        let (parts, body) = request.into_parts();
        let body = Limited::new(body, MAX_BODY).collect().await.ok()?.to_bytes();
        let text = |value: &hyper::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        Some(Self {
            method: parts.method.to_string(),
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            headers: parts.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
            body,
        })
    }

    /// What the routes are told apart by.
    pub(super) fn route(&self) -> (&str, &str) {
        (&self.method, &self.path)
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(one, _)| one == name).map(|(_, value)| value.as_str())
    }

    /// The credentials of an `Authorization` header with this scheme.
    pub(super) fn authorized(&self, scheme: &str) -> Option<&str> {
        let (given, value) = self.header("authorization")?.split_once(' ')?;
        given.eq_ignore_ascii_case(scheme).then_some(value)
    }

    pub(super) fn query(&self, name: &str) -> Option<String> {
        field(&self.query, name)
    }

    /// The value of a parameter of the body; empty counts as absent (RFC 6749 §3.1), as does a body that is no form.
    pub(super) fn form(&self, name: &str) -> Option<String> {
        let kind = self.header("content-type")?;
        let is_form = kind.starts_with("application/x-www-form-urlencoded");
        let body = std::str::from_utf8(&self.body).ok().filter(|_| is_form)?;
        field(body, name).filter(|value| !value.is_empty())
    }

    /// The body as JSON; `Null` when it is none.
    pub(super) fn json(&self) -> Value {
        let is_json = self.header("content-type").is_some_and(|kind| kind.starts_with("application/json"));
        if is_json { serde_json::from_slice(&self.body).unwrap_or_default() } else { Value::Null }
    }

    /// A person who refuses, as the [`Browser`](crate::browser::Browser) of the harness plays one.
    pub(super) fn refused(&self) -> bool {
        self.header("cookie").is_some_and(|cookie| cookie.split("; ").any(|one| one == "decision=deny"))
    }
}
