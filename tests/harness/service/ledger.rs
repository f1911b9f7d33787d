//! The record of every request: what came, and what was answered.

use super::{fault::matches, request::Call};
use serde_json::Value;
use std::time::Duration;

/// One request.
#[derive(Debug, Clone)]
pub struct Entry {
    /// HTTP method.
    pub method: String,
    /// Path without the query.
    pub path: String,
    /// Query without the `?`; empty when there is none.
    pub query: String,
    /// Header names, in small letters, and values.
    pub headers: Vec<(String, String)>,
    /// The body as text.
    pub body: String,
    /// Seconds since 1970 when it came, on the service's clock.
    pub at: Duration,
    /// The status that was chosen; `None` while in progress or when the connection was cut.
    pub status: Option<u16>,
    /// Whether it is in progress.
    pub running: bool,
}

impl Entry {
    /// The first value of a header; the name is written in small letters.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(one, _)| one == name).map(|(_, value)| value.as_str())
    }

    /// The value of a parameter of the query or the form.
    pub fn field(&self, name: &str) -> Option<String> {
        field(&self.query, name).or_else(|| field(&self.body, name))
    }

    /// The body as JSON; `Null` when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}

/// The first value of a parameter.
pub(super) fn field(form: &str, name: &str) -> Option<String> {
    url::form_urlencoded::parse(form.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// Everything that happened so far.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    pub(super) entries: Vec<Entry>,
}

impl Ledger {
    /// All requests, oldest first.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The requests for a path, oldest first; one that ends with `*` stands for all that begin like it.
    pub fn at(&self, path: &str) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(move |entry| matches(path, &entry.path))
    }

    /// How many requests came for a path.
    pub fn count(&self, path: &str) -> usize {
        self.at(path).count()
    }

    /// How many of them are in progress.
    pub fn running(&self, path: &str) -> usize {
        self.at(path).filter(|entry| entry.running).count()
    }

    /// The newest request for a path.
    pub fn last(&self, path: &str) -> Option<&Entry> {
        self.at(path).last()
    }

    pub(super) fn enter(&mut self, call: &Call, at: Duration) -> usize {
        self.entries.push(Entry {
            method: call.method.clone(),
            path: call.path.clone(),
            query: call.query.clone(),
            headers: call.headers.clone(),
            body: String::from_utf8_lossy(&call.body).into_owned(),
            at,
            status: None,
            running: true,
        });
        self.entries.len() - 1
    }
}
