//! Errors on the wire: RFC 9457 problem documents with a closed list of codes.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The media type of a problem (RFC 9457 §3).
pub const MEDIA_TYPE: &str = "application/problem+json";

/// What the receiver does next. A code exists only if a client can act on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Code {
    /// Too much at once: try again after `retry_after`.
    Busy,
    /// Refused by the person at the service, by policy, or because the caller is not this user.
    Denied,
    /// A bug in the daemon: report it with the request id from the log.
    Internal,
    /// The request breaks a rule of the protocol: correct it.
    InvalidRequest,
    /// The service did not answer, or answered that it cannot now: try again later.
    IssuerUnreachable,
    /// The vault is locked: unlock it.
    Locked,
    /// A login ended without a grant, for a reason in `detail`.
    LoginFailed,
    /// No usable grant: log in. `reason` says why.
    LoginRequired,
    /// Nobody approved the login in time.
    LoginTimeout,
    /// The service does not accept this client's registration or settings: correct them and log in again.
    Misconfigured,
    /// No such profile, login or lease.
    NotFound,
    /// This daemon, or this profile's service, cannot do that.
    Unsupported,
    /// A code from a newer daemon.
    #[serde(other)]
    Unknown,
}

impl Code {
    /// Every code a daemon of this version sends.
    pub const ALL: &[Code] = &[
        Code::Busy,
        Code::Denied,
        Code::Internal,
        Code::InvalidRequest,
        Code::IssuerUnreachable,
        Code::Locked,
        Code::LoginFailed,
        Code::LoginRequired,
        Code::LoginTimeout,
        Code::Misconfigured,
        Code::NotFound,
        Code::Unsupported,
    ];

    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Code::Busy => "busy",
            Code::Denied => "denied",
            Code::Internal => "internal",
            Code::InvalidRequest => "invalid-request",
            Code::IssuerUnreachable => "issuer-unreachable",
            Code::Locked => "locked",
            Code::LoginFailed => "login-failed",
            Code::LoginRequired => "login-required",
            Code::LoginTimeout => "login-timeout",
            Code::Misconfigured => "misconfigured",
            Code::NotFound => "not-found",
            Code::Unsupported => "unsupported",
            Code::Unknown => "unknown",
        }
    }

    /// The HTTP status that goes with the code.
    pub fn status(self) -> u16 {
        match self {
            Code::Busy => 503,
            Code::Denied => 403,
            Code::Internal | Code::Unknown => 500,
            Code::InvalidRequest => 400,
            Code::IssuerUnreachable => 502,
            Code::Locked => 423,
            Code::LoginFailed | Code::LoginTimeout | Code::Misconfigured => 422,
            Code::LoginRequired => 401,
            Code::NotFound => 404,
            Code::Unsupported => 501,
        }
    }

    /// One sentence for people, the same for every occurrence (RFC 9457 `title`).
    pub fn title(self) -> &'static str {
        match self {
            Code::Busy => "The agent is busy",
            Code::Denied => "Denied",
            Code::Internal => "The agent has a bug",
            Code::InvalidRequest => "The request is not valid",
            Code::IssuerUnreachable => "The service cannot be reached",
            Code::Locked => "The vault is locked",
            Code::LoginFailed => "The login failed",
            Code::LoginRequired => "A login is required",
            Code::LoginTimeout => "The login was not approved in time",
            Code::Misconfigured => "The service does not accept this client",
            Code::NotFound => "Not found",
            Code::Unsupported => "Not supported",
            Code::Unknown => "Unknown problem",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a login is required.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Reason {
    /// The access token or key has lapsed and there is no refresh token.
    Expired,
    /// The person logged out of this profile.
    LoggedOut,
    /// No login has been made yet.
    NeverLoggedIn,
    /// There is nothing to refresh with: a key, or a login without a refresh token.
    NotRefreshable,
    /// The issuer refused the refresh token (RFC 6749 §5.2 `invalid_grant`).
    Refused,
    /// The issuer refused the refresh token after an exchange whose answer was never seen: it has probably rotated it.
    RotationUncertain,
    /// The grant does not cover the scope that was asked for.
    ScopeNotGranted,
    /// A reason from a newer daemon.
    #[serde(other)]
    Unknown,
}

/// What a login lacks that a person can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Missing {
    /// The client id.
    ClientId,
    /// The client's secret.
    ClientSecret,
    /// The deployment's URL.
    Environment,
    /// Something that a newer daemon wants.
    #[serde(other)]
    Unknown,
}

/// An error answer. `detail` and `hint` are for people and may change; programs act on `code` and `reason`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// `urn:agentd:problem:CODE`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The code's sentence.
    pub title: String,
    /// The HTTP status, repeated (RFC 9457 §3.1.2).
    pub status: u16,
    /// What the receiver does next.
    pub code: Code,
    /// This occurrence in one sentence, without a full stop. Holds no secret and no byte of a service's answer body.
    pub detail: String,
    /// What to try, as a sentence or a command to type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// With `login-required`: why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// With `invalid-request` to `login`: what it lacks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<Missing>,
    /// Seconds to wait before another try.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
}

impl Problem {
    /// A problem of `code`, described by `detail`.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("urn:agentd:problem:{code}"),
            title: code.title().to_owned(),
            status: code.status(),
            code,
            detail: detail.into(),
            hint: None,
            reason: None,
            missing: None,
            retry_after: None,
        }
    }

    /// Adds what to try.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds why a login is required.
    #[must_use]
    pub fn reason(mut self, reason: Reason) -> Self {
        self.reason = Some(reason);
        self
    }

    /// Adds what a login lacks.
    #[must_use]
    pub fn missing(mut self, missing: Missing) -> Self {
        self.missing = Some(missing);
        self
    }

    /// Adds the seconds to wait.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl std::error::Error for Problem {}
