//! Every operation that asks a service, against every way in which a service can fail: it ends in bounded time with the
//! right words, nothing is sent elsewhere, nothing storms, and no credential is lost.
//!
//! What needs the daemon's true time-outs is in `hung`, all at once.

mod asking;
mod ending;
mod hung;
mod login;
mod refresh;

use std::time::Duration;

use harness::service::{Elsewhere, Entry, Fault, Service, Wire};

const MINUTE: Duration = Duration::from_mins(1);
/// What a service asks to wait, in seconds.
const WAIT: u64 = 120;

/// A fault, and the words by which its cause is told.
struct Case {
    fault: Fault,
    says: &'static str,
    /// The service has done what was asked, and nobody heard of it.
    is_done: bool,
}

impl Case {
    const fn new(fault: Fault, says: &'static str) -> Self {
        Self { fault, says, is_done: false }
    }
}

/// Every fault that shows at once.
fn cases(elsewhere: &Elsewhere) -> Vec<Case> {
    let done = |fault, says| Case { is_done: true, ..Case::new(fault, says) };
    let overloaded = "overloaded or out of order";
    vec![
        Case::new(Fault::Refuses, "the connection broke"),
        Case::new(Fault::status(500), overloaded),
        Case::new(Fault::status(503), overloaded),
        Case::new(Fault::retry_after(429, WAIT), overloaded),
        Case::new(Fault::Html(502), overloaded),
        Case::new(Fault::Html(200), "JSON"),
        Case::new(Fault::Redirect(elsewhere.url()), "redirect"),
        Case::new(Fault::Garbage, "JSON"),
        done(Fault::HugeBody(1 << 20), "the answer is too large"),
        done(Fault::Truncate, "the answer was cut off"),
        done(Fault::CutAfterProcessing, "the connection broke"),
        done(Fault::StatusAfterProcessing(504), overloaded),
    ]
}

/// Everything that came for a path.
fn asked<W: Wire>(service: &Service<W>, path: &str) -> Vec<Entry> {
    service.ledger().at(path).cloned().collect()
}
