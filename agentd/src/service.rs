//! The requests that a provider describes, made: sessions, tokens, identities, projects, what comes with a login, its end.
//!
//! Everything goes through one function that builds a request from its template, sends it once and says what came. A
//! credential goes only to the hosts of its place and its provider. Knows nothing of profiles, of when, or of who asked.

mod discovery;
mod document;
mod ending;
mod expiry;
mod identity;
mod projects;
mod request;
mod secondary;
mod session;
mod token;
mod userinfo;

use std::sync::Arc;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::clock::Clock;
use crate::http::{AUTHORIZATION, HeaderName, Http};
use crate::oauth::OAuth;
use crate::provider::{Place, Provider, Template};

pub use discovery::Discovered;
pub use ending::{Ended, Outcome, Report};
pub(crate) use expiry::jwt_expiry;
pub use expiry::settle;
pub use identity::{Identity, Teller};
pub use projects::Project;
pub use secondary::Secondary;
pub use session::{Approval, Session};
pub use token::Granted;
pub use userinfo::Userinfo;

/// Speaks to services as their providers describe it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Services {
    http: Http,
    oauth: OAuth,
    clock: Clock,
}

/// Whom a request is sent for: a provider, and the place that binds one profile to it.
#[derive(Debug, Clone)]
pub struct Site {
    /// What the service is like.
    pub provider: Arc<Provider>,
    /// Where it is.
    pub place: Place,
}

/// A credential as it goes out.
#[derive(Clone, Copy)]
pub struct Presented<'a> {
    /// `Bearer`, `Api-Key`.
    pub scheme: &'a str,
    /// The access token or key.
    pub secret: &'a str,
}

/// Why a request brought nothing. Never holds a word of the service's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// 403: known, and not allowed.
    #[error("the service does not allow it (status 403)")]
    Forbidden,
    /// The request went out and no whole answer came back.
    #[error("the service cannot be reached ({why})")]
    Lost {
        /// What failed, in fixed words.
        why: &'static str,
    },
    /// The service does not offer this: 404, 405, 501.
    #[error("the service does not offer that (status {status})")]
    NotOffered {
        /// HTTP status.
        status: u16,
    },
    /// Not a byte left this machine.
    #[error("the service cannot be reached ({why})")]
    NotSent {
        /// What failed, in fixed words.
        why: &'static str,
    },
    /// 3xx: where to is not followed, since it might be anybody.
    #[error("the service answers with a redirect to another address, which is not followed")]
    Redirected,
    /// 401: the credential is not accepted.
    #[error("the service does not accept the credential (status 401)")]
    Refused,
    /// The description and what is known do not make a request.
    #[error("the request cannot be made: {0}")]
    Settings(String),
    /// 408, 429, 5xx.
    #[error("the service is overloaded or out of order (status {status})")]
    Unavailable {
        /// HTTP status.
        status: u16,
        /// From `Retry-After`, capped.
        retry_after: Option<Duration>,
    },
    /// Another 4xx.
    #[error("the service refused the request (status {status})")]
    Unexpected {
        /// HTTP status.
        status: u16,
    },
    /// What came is not what the description says.
    #[error("the service's answer cannot be used ({why})")]
    Unreadable {
        /// What is wrong with it, in fixed words.
        why: &'static str,
    },
}

impl Site {
    /// A URL of this place, checked like that of any request.
    ///
    /// # Errors
    /// [`CallError::Settings`] when the description and the place do not make one.
    pub fn url(&self, template: &Template) -> Result<String, CallError> {
        request::url(self, template)
    }

    /// The variables that the service's own tools read, with the credential in them, if there is one.
    pub fn variables(&self, credential: Option<&str>, secondaries: &[Secondary]) -> Vec<(String, Zeroizing<String>)> {
        request::variables(self, credential, secondaries)
    }
}

impl Presented<'_> {
    /// As a header (RFC 9110 §11.6.2).
    fn header(self) -> (HeaderName, Zeroizing<String>) {
        let mut value = Zeroizing::new(String::with_capacity(self.scheme.len() + 1 + self.secret.len()));
        value.push_str(self.scheme);
        value.push(' ');
        value.push_str(self.secret);
        (AUTHORIZATION, value)
    }
}

impl CallError {
    /// Whether another try later may go better.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Lost { .. } | Self::NotSent { .. } | Self::Unavailable { .. })
    }
}

impl Services {
    /// Sends through `http`, and what is OAuth through `oauth`; times are those of `clock`.
    pub fn new(http: Http, oauth: OAuth, clock: Clock) -> Self {
        Self { http, oauth, clock }
    }
}

impl std::fmt::Debug for Presented<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Presented").field("scheme", &self.scheme).finish_non_exhaustive()
    }
}
