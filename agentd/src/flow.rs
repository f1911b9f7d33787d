//! Logins: from a profile's settings to a grant, by the authorization-code or the device flow.
//!
//! The daemon runs a login; whoever shows its steps may go away and come back. This part knows what to ask the service
//! and the person. It does not know where a grant is kept: it hands an [`Outcome`] to a [`GrantSink`] and forgets it.
//! Until the tokens are in hand, the deadline, a cancellation or the daemon's stop end a login at once; from then on
//! nothing does, because what the service has granted must not get lost.

mod authorization_code;
mod device;
mod failure;
mod loopback;
mod plan;
mod redirect;
mod run;
mod table;
#[cfg(test)]
mod testing;
mod warning;

use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::oauth::{Account, Client, Tokens};
use crate::provider;

pub use failure::Failure;
pub use table::{KEPT, Logins, MAX_IN_FLIGHT, StartError};

/// A login to run.
#[derive(Debug, Clone)]
pub struct Login {
    /// Name of the profile it is for.
    pub profile: String,
    /// What to ask, and of whom; `flow` is how the profile's last login was made.
    pub settings: provider::Settings,
    /// The flow the person chose, if any.
    pub flow: Option<provider::Flow>,
    /// Whether a browser can open on this machine, where the person sits.
    pub browser: bool,
    /// After this time the login fails closed.
    pub max_wait: Duration,
    /// Whether the profile becomes the current one when the login succeeds.
    pub switch: bool,
}

/// What a follower of a login sees. `Done` or `Failed` is the last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Open this in a browser on this machine.
    Open {
        /// https, or http to loopback; holds `state`, so it is for the person's eyes only.
        url: String,
    },
    /// Show this to the person (RFC 8628 §3.3).
    Device {
        /// What to type; printable.
        user_code: String,
        /// Where to type it; https, or http to loopback.
        verification_uri: String,
        /// The same with the code inside, on the same host, where the service offers it.
        verification_uri_complete: Option<String>,
        /// When the code stops working, in seconds since 1970.
        expires_at: i64,
    },
    /// The grant is adopted.
    Done(Finished),
    /// No grant was made.
    Failed(Failure),
}

/// A login that left a grant behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// The profile that holds the grant.
    pub profile: String,
    /// What the person should know, one sentence each: the login's own warnings, then those of the adoption.
    pub warnings: Vec<String>,
}

/// What a login brings home.
#[derive(Debug)]
pub struct Outcome {
    /// The profile it is for.
    pub profile: String,
    /// The settings it was made with; `flow` is the one that was used.
    pub settings: provider::Settings,
    /// What later requests for this grant need.
    pub client: Client,
    /// The first tokens.
    pub tokens: Tokens,
    /// From the checked ID token, if one came.
    pub account: Option<Account>,
    /// Scope that was asked for.
    pub requested_scope: String,
    /// Scope the service names in its answer; `None`: as asked for (RFC 6749 §5.1).
    pub granted_scope: Option<String>,
    /// What the person should know, one sentence each.
    pub warnings: Vec<String>,
    /// Whether the profile is to become the current one.
    pub switch: bool,
}

/// Where grants go. The vault, in the daemon.
pub trait GrantSink: Send + Sync + 'static {
    /// Takes the grant over: it is durable, or known to be memory-only, before this returns.
    fn adopt(&self, outcome: Outcome) -> BoxFuture<'_, Result<Adopted, AdoptError>>;

    /// Is told that a login ended without a grant, and why.
    fn failed(&self, _profile: &str, _why: &Failure) {}
}

/// The grant is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Adopted {
    /// The profile that holds it now.
    pub profile: String,
    /// What the person should know of the keeping, one sentence each.
    pub warnings: Vec<String>,
}

/// The grant is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AdoptError {
    /// It can be held neither in memory nor on disk: log in again when the cause is gone.
    #[error("the grant could not be stored")]
    NotStored,
}
