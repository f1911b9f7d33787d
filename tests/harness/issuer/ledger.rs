//! The record of what reached the issuer, and of what it did to tokens.
//!
//! It holds no secret: values of secret parameters are replaced by a fingerprint, so that two requests can be compared
//! and a failed assertion prints nothing worth hiding.

use super::{Endpoint, request::Call};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::{
    collections::{BTreeMap, HashMap},
    fmt::Write as _,
    time::Duration,
};

/// Parameters whose values are secrets or lead to one.
const SECRET_PARAMETERS: [&str; 9] = [
    "access_token",
    "client_assertion",
    "client_secret",
    "code",
    "code_verifier",
    "device_code",
    "refresh_token",
    "subject_token",
    "token",
];

/// One request.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Where it went.
    pub endpoint: Endpoint,
    /// `GET` or `POST`.
    pub method: String,
    /// Query and form parameters; secret ones as [`Ledger::fingerprint`].
    pub fields: BTreeMap<String, String>,
    /// When it came, since the issuer's start, on the issuer's clock.
    pub at: Duration,
    /// Requests in progress at this endpoint, itself included.
    pub concurrent: usize,
    /// Scheme of the `Authorization` header.
    pub scheme: Option<String>,
    /// The status that was chosen; `None` while in progress or when the connection was cut.
    pub status: Option<u16>,
}

impl Entry {
    /// The value of one parameter.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.get(name).map(String::as_str)
    }
}

/// Everything that happened so far.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    pub(super) entries: Vec<Entry>,
    pub(super) running: HashMap<Endpoint, usize>,
    pub(super) held: HashMap<Endpoint, usize>,
    pub(super) tally: Tally,
}

/// What was done to tokens, in numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Refresh tokens replaced by a successor.
    pub rotations: u64,
    /// Rotations whose answer did not reach the client, on purpose or because it went away.
    pub rotated_unseen: u64,
    /// A superseded refresh token was presented outside any reuse window.
    pub reuse_detections: u64,
    /// The directly preceding token was presented although its successor never was: that answer was lost.
    pub lost_answers: u64,
    /// Families ended by reuse detection.
    pub families_revoked: u64,
    /// Tokens ended by the revocation endpoint.
    pub revocations: u64,
    /// Polls of the device grant that came before the interval was over.
    pub early_polls: u64,
}

impl Ledger {
    /// A short digest that stands for a secret value in [`Entry::fields`].
    pub fn fingerprint(value: &str) -> String {
        let digest = Sha256::digest(value.as_bytes());
        let mut text = "sha256:".to_owned();
        for byte in digest.iter().take(6) {
            write!(text, "{byte:02x}").expect("writing to a String cannot fail");
        }
        text
    }

    /// All requests, oldest first.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The requests at one endpoint, oldest first.
    pub fn at(&self, endpoint: Endpoint) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(move |entry| entry.endpoint == endpoint)
    }

    /// How many requests came to one endpoint.
    pub fn count(&self, endpoint: Endpoint) -> usize {
        self.at(endpoint).count()
    }

    /// How many token requests used this grant type.
    pub fn grants(&self, grant_type: &str) -> usize {
        self.at(Endpoint::Token).filter(|entry| entry.field("grant_type") == Some(grant_type)).count()
    }

    /// How many refresh grants came.
    pub fn exchanges(&self) -> usize {
        self.grants("refresh_token")
    }

    /// The largest number of requests that were in progress together.
    pub fn max_concurrent(&self, endpoint: Endpoint) -> usize {
        self.at(endpoint).map(|entry| entry.concurrent).max().unwrap_or(0)
    }

    /// Requests in progress now.
    pub fn running(&self, endpoint: Endpoint) -> usize {
        self.running.get(&endpoint).copied().unwrap_or(0)
    }

    /// Requests that wait for [`Issuer::release`](super::Issuer::release) now.
    pub fn held(&self, endpoint: Endpoint) -> usize {
        self.held.get(&endpoint).copied().unwrap_or(0)
    }

    /// What was done to tokens.
    pub fn tally(&self) -> Tally {
        self.tally
    }

    pub(super) fn enter(&mut self, call: &Call, at: Duration) -> usize {
        let running = self.running.entry(call.endpoint).or_default();
        *running += 1;
        let secret = |name: &str| SECRET_PARAMETERS.contains(&name);
        let shown = |(name, value): &(String, String)| {
            (name.clone(), if secret(name) { Self::fingerprint(value) } else { value.clone() })
        };
        self.entries.push(Entry {
            endpoint: call.endpoint,
            method: call.method.clone(),
            fields: call.parameters.iter().map(shown).collect(),
            at,
            concurrent: *running,
            scheme: call.authorization.as_deref().and_then(|value| value.split(' ').next()).map(str::to_owned),
            status: None,
        });
        self.entries.len() - 1
    }

    /// The document at `/_ledger`.
    pub(super) fn document(&self, live_refresh_tokens: usize) -> Value {
        let requests: BTreeMap<_, _> =
            Endpoint::ALL.iter().map(|endpoint| (endpoint.name(), self.count(*endpoint))).collect();
        json!({
            "exchanges": self.exchanges(),
            "requests": requests,
            "max_concurrent_token_requests": self.max_concurrent(Endpoint::Token),
            "rotations": self.tally.rotations,
            "rotated_unseen": self.tally.rotated_unseen,
            "reuse_detections": self.tally.reuse_detections,
            "lost_answers": self.tally.lost_answers,
            "families_revoked": self.tally.families_revoked,
            "revocations": self.tally.revocations,
            "early_polls": self.tally.early_polls,
            "live_refresh_tokens": live_refresh_tokens,
        })
    }
}
