//! What goes wrong, on purpose, with single requests.
//!
//! A [`Behaviour`] is queued for one endpoint and used up by one request ([`Issuer::next`](super::Issuer::next)), or stands
//! until cleared ([`Issuer::always`](super::Issuer::always)). Those that act *before processing* leave the tokens as they
//! were; those that act *after* have rotated already, so the answer that is lost was a real one.

use serde_json::Value;
use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

/// The endpoints a behaviour can be scripted for, and under which requests are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Endpoint {
    /// `/.well-known/openid-configuration` (OIDC Discovery §4).
    OpenidConfiguration,
    /// `/.well-known/oauth-authorization-server` (RFC 8414 §3).
    OauthMetadata,
    /// `/authorize` (RFC 6749 §3.1).
    Authorization,
    /// `/device_authorization` (RFC 8628 §3.1).
    DeviceAuthorization,
    /// `/device`, the page for people (RFC 8628 §3.3).
    Verification,
    /// `/token` (RFC 6749 §3.2).
    Token,
    /// `/userinfo` (OIDC Core §5.3).
    Userinfo,
    /// `/introspect` (RFC 7662).
    Introspection,
    /// `/revoke` (RFC 7009).
    Revocation,
    /// `/jwks`; the key set is empty.
    Jwks,
    /// `/par` (RFC 9126 §2).
    PushedAuthorization,
    /// `/register` (RFC 7591 §3).
    Registration,
    /// `/client` (RFC 7592 §2).
    ClientConfiguration,
}

impl Endpoint {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::OpenidConfiguration,
        Self::OauthMetadata,
        Self::Authorization,
        Self::DeviceAuthorization,
        Self::Verification,
        Self::Token,
        Self::Userinfo,
        Self::Introspection,
        Self::Revocation,
        Self::Jwks,
        Self::PushedAuthorization,
        Self::Registration,
        Self::ClientConfiguration,
    ];

    /// The name in `/_ledger`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OpenidConfiguration => "openid_configuration",
            Self::OauthMetadata => "oauth_metadata",
            Self::Authorization => "authorization",
            Self::DeviceAuthorization => "device_authorization",
            Self::Verification => "verification",
            Self::Token => "token",
            Self::Userinfo => "userinfo",
            Self::Introspection => "introspection",
            Self::Revocation => "revocation",
            Self::Jwks => "jwks",
            Self::PushedAuthorization => "pushed_authorization",
            Self::Registration => "registration",
            Self::ClientConfiguration => "client_configuration",
        }
    }
}

/// How one request is treated.
#[derive(Debug, Clone)]
pub enum Behaviour {
    /// Nothing special; takes its place in a queue.
    Normal,
    /// Waits before processing.
    Delay(Duration),
    /// Waits before processing until [`Issuer::release`](super::Issuer::release).
    Hold,
    /// Closes the connection; nothing was processed, nothing is answered.
    CutBeforeProcessing,
    /// Answers a failure; nothing was processed.
    Status {
        /// HTTP status.
        status: u16,
        /// What the body looks like.
        body: ErrorBody,
        /// The `Retry-After` header, to the letter.
        retry_after: Option<String>,
    },
    /// 400 with an OAuth error (RFC 6749 §5.2); at the authorization endpoint an error redirect (§4.1.2.1). Not processed.
    OAuthError {
        /// `error`.
        code: String,
        /// `error_description`.
        description: Option<String>,
    },
    /// 400 with an empty body; nothing was processed.
    Empty400,
    /// 400 `invalid_request`; nothing was processed.
    InvalidRequest,
    /// 307 to this address; nothing was processed.
    Redirect(String),
    /// 302 to this address with all that was asked for; nothing was processed.
    PassOn(String),
    /// This answer, whatever was asked; nothing was processed.
    Instead {
        /// HTTP status.
        status: u16,
        /// Name and value of further headers.
        headers: Vec<(&'static str, String)>,
        /// The body, as it goes over the wire.
        body: Vec<u8>,
    },
    /// Puts a member into the JSON object that is answered, or leaves one out (`null`).
    Member(&'static str, Value),
    /// Claims another life of the access token; the true one stays.
    ExpiresIn(ExpiresIn),
    /// Does not rotate, and leaves the refresh token out.
    OmitRefreshToken,
    /// Answers with more scope than was asked for (` admin` is added).
    WidenScope,
    /// Answers with the first word of the scope only.
    NarrowScope,
    /// Leaves `scope` out.
    OmitScope,
    /// Answers another `token_type`.
    TokenType(String),
    /// The JSON object has some keys twice, the wrong values first.
    DuplicateKeys,
    /// Adds members nobody asked for.
    ExtraFields,
    /// Sets (or removes) one parameter of the authorization response, such as `state`, `iss` or `code`.
    RedirectParameter {
        /// Its name.
        name: String,
        /// Its value; `None` removes it.
        value: Option<String>,
    },
    /// Processes, then waits with the answer.
    DelayAnswer(Duration),
    /// Processes, then keeps the answer until [`Issuer::release`](super::Issuer::release).
    HoldAnswer,
    /// Processes, then closes the connection: the lost answer.
    CutAfterProcessing,
    /// Processes, then answers this status without the result, as a broken gateway does.
    StatusAfterProcessing(u16),
    /// Processes, then closes the connection after half of the body.
    Truncate,
    /// Processes, then answers a valid body with this many bytes of padding in it.
    HugeBody(usize),
    /// Processes, then sends one byte of the body per this time.
    SlowDrip(Duration),
    /// Several of these at once.
    All(Vec<Behaviour>),
}

impl Behaviour {
    /// A failure with an empty body.
    pub fn status(status: u16) -> Self {
        Self::Status { status, body: ErrorBody::Empty, retry_after: None }
    }

    /// 429 or 503 with `Retry-After` in seconds.
    pub fn retry_after(status: u16, seconds: u64) -> Self {
        Self::Status { status, body: ErrorBody::Empty, retry_after: Some(seconds.to_string()) }
    }

    /// An OAuth error without a description.
    pub fn oauth_error(code: &str) -> Self {
        Self::OAuthError { code: code.to_owned(), description: None }
    }

    fn flatten(self, into: &mut Vec<Self>) {
        match self {
            Self::All(several) => several.into_iter().for_each(|one| one.flatten(into)),
            one => into.push(one),
        }
    }
}

/// What the body of a failure looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorBody {
    /// Nothing.
    Empty,
    /// `{"error":"server_error"}`.
    Json,
    /// An OAuth error with this code, for servers that answer one with another status than 400.
    Error(&'static str),
    /// A web page.
    Html,
    /// Bytes that are no text, called JSON.
    Garbage,
}

/// What `expires_in` says (RFC 6749 §5.1).
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ExpiresIn {
    /// The true life, as a JSON string.
    Text,
    /// `0`.
    Zero,
    /// `-1`.
    Negative,
    /// `10^18`.
    Huge,
    /// Left out.
    Absent,
    /// The true life and a half second, as a fraction.
    Float,
    /// This many seconds.
    Value(u64),
}

/// The behaviours that wait for their requests.
#[derive(Debug, Default)]
pub(super) struct Script {
    queued: HashMap<Endpoint, VecDeque<Behaviour>>,
    standing: HashMap<Endpoint, Behaviour>,
}

impl Script {
    pub(super) fn queue(&mut self, endpoint: Endpoint, behaviour: Behaviour) {
        self.queued.entry(endpoint).or_default().push_back(behaviour);
    }

    pub(super) fn stand(&mut self, endpoint: Endpoint, behaviour: Behaviour) {
        self.standing.insert(endpoint, behaviour);
    }

    pub(super) fn clear(&mut self, endpoint: Endpoint) {
        self.queued.remove(&endpoint);
        self.standing.remove(&endpoint);
    }

    /// What the next request is treated with: the head of the queue, else what stands.
    pub(super) fn take(&mut self, endpoint: Endpoint) -> Vec<Behaviour> {
        let queued = self.queued.get_mut(&endpoint).and_then(VecDeque::pop_front);
        let mut plan = Vec::new();
        if let Some(behaviour) = queued.or_else(|| self.standing.get(&endpoint).cloned()) {
            behaviour.flatten(&mut plan);
        }
        plan
    }
}
