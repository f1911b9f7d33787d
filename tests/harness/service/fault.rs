//! What goes wrong, on purpose, with the requests of one path.
//!
//! A [`Fault`] is queued for one request ([`Service::next`](super::Service::next)) or stands until cleared
//! ([`Service::always`](super::Service::always)). Paths are compared to the letter; one that ends with `*` stands for all
//! that begin like it, and gives way to a longer one.

use crate::issuer::{Answer, Behaviour, Content};
use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

/// How a request is treated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Nothing special; takes its place in a queue.
    None,
    /// The connection stays open and nothing comes, until [`Service::release`](super::Service::release).
    NeverAnswers,
    /// The connection is closed without an answer; nothing was processed.
    Refuses,
    /// This status with an empty body; nothing was processed.
    Status {
        /// HTTP status.
        status: u16,
        /// The `Retry-After` header, to the letter.
        retry_after: Option<String>,
    },
    /// This status with a JSON body; nothing was processed.
    Json(u16, serde_json::Value),
    /// This status with a web page; nothing was processed.
    Html(u16),
    /// 307 to this address; nothing was processed.
    Redirect(String),
    /// 200 with bytes that are called JSON; nothing was processed.
    Garbage,
    /// Processes, then answers with this many bytes of padding in the body.
    HugeBody(usize),
    /// Processes, then sends one byte of the body per this time.
    SlowDrip(Duration),
    /// Processes, then closes the connection after half of the body.
    Truncate,
    /// Processes, then closes the connection: the lost answer.
    CutAfterProcessing,
    /// Processes, then answers this status without the result, as a broken gateway does.
    StatusAfterProcessing(u16),
    /// Processes, then keeps the answer until [`Service::release`](super::Service::release).
    AnswerHeld,
}

impl Fault {
    /// A failure with an empty body.
    pub fn status(status: u16) -> Self {
        Self::Status { status, retry_after: None }
    }

    /// 429 or 503 with `Retry-After` in seconds.
    pub fn retry_after(status: u16, seconds: u64) -> Self {
        Self::Status { status, retry_after: Some(seconds.to_string()) }
    }

    /// The answer in place of the true one.
    pub(super) fn instead(&self) -> Option<Answer> {
        Some(match self {
            Self::Status { status, retry_after } => {
                let mut answer = Answer::empty(*status);
                answer.headers.extend(retry_after.clone().map(|value| ("retry-after", value)));
                answer
            }
            Self::Json(status, body) => Answer::json(*status, body.clone()),
            Self::Html(status) => Answer::raw(*status, "text/html", "<html><body><h1>Bad gateway</h1></body></html>"),
            Self::Redirect(to) => Answer::redirect(307, to.clone()),
            Self::Garbage => Answer::raw(200, "application/json", b"\x1f\x8b\xff{\"access_token\":".to_vec()),
            _ => return None,
        })
    }

    /// The true answer, bent where the body is.
    pub(super) fn bend(&self, mut answer: Answer) -> Answer {
        match self {
            Self::StatusAfterProcessing(status) => Answer::empty(*status),
            Self::HugeBody(size) if !matches!(answer.body, Content::Json(_)) => {
                answer.body = Content::Raw { kind: "application/json", bytes: vec![b' '; *size] };
                answer
            }
            _ => answer,
        }
    }

    /// How the bytes of the answer are sent.
    pub(super) fn sending(&self) -> Vec<Behaviour> {
        match self {
            Self::HugeBody(size) => vec![Behaviour::HugeBody(*size)],
            Self::SlowDrip(pause) => vec![Behaviour::SlowDrip(*pause)],
            Self::Truncate => vec![Behaviour::Truncate],
            _ => Vec::new(),
        }
    }
}

/// Whether a path is the one that is meant.
pub(super) fn matches(pattern: &str, path: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == path, |start| path.starts_with(start))
}

/// The faults that wait for their requests.
#[derive(Debug, Default)]
pub(super) struct Script {
    queued: HashMap<String, VecDeque<Fault>>,
    standing: HashMap<String, Fault>,
}

impl Script {
    pub(super) fn queue(&mut self, path: &str, fault: Fault) {
        self.queued.entry(path.to_owned()).or_default().push_back(fault);
    }

    pub(super) fn stand(&mut self, path: &str, fault: Fault) {
        self.standing.insert(path.to_owned(), fault);
    }

    pub(super) fn clear(&mut self, path: &str) {
        self.queued.remove(path);
        self.standing.remove(path);
    }

    /// What the next request is treated with: the head of a queue, else what stands.
    pub(super) fn take(&mut self, path: &str) -> Fault {
        let waiting = self.queued.iter_mut().filter(|(pattern, queue)| !queue.is_empty() && matches(pattern, path));
        let queue = waiting.max_by_key(|(pattern, _)| pattern.len());
        let queued = queue.and_then(|(_, queue)| queue.pop_front());
        let standing = self.standing.iter().filter(|(pattern, _)| matches(pattern, path));
        let stands = || standing.max_by_key(|(pattern, _)| pattern.len());
        queued.or_else(|| stands().map(|(_, fault)| fault.clone())).unwrap_or(Fault::None)
    }
}
