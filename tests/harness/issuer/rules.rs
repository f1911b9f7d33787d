//! The rules of single grants and of revocation, where real servers differ from each other.
//!
//! Like all settings they hold for every request; see [`Config`](super::Config).

use std::time::Duration;

/// Rules of the refresh grant.
#[derive(Debug, Clone, Default)]
pub struct RefreshRules {
    /// The access token handed out before ends at once.
    pub ends_old_access_token: bool,
    /// What a smaller `scope` does.
    pub narrow: Narrow,
    /// How a refused token is answered.
    pub refusal: Refusal,
    /// A refresh token presented by another client is ended.
    pub wrong_client_burns: bool,
}

/// What a smaller `scope` at the refresh grant does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Narrow {
    /// The answer is narrowed.
    #[default]
    Honoured,
    /// The parameter is ignored, the answer has the whole scope.
    Ignored,
    /// The answer is narrowed, comes without a refresh token, and the old one is ended.
    EndsLogin,
}

/// How a refused refresh token is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Refusal {
    /// 400 `invalid_grant`.
    #[default]
    InvalidGrant,
    /// 400 with an empty body.
    Empty400,
    /// 400 `invalid_request` "Refresh token inactive".
    InvalidRequest,
}

/// Rules of the device grant (RFC 8628).
#[derive(Debug, Clone)]
#[allow(clippy::struct_excessive_bools, reason = "each is one fact about a server")]
pub struct DeviceRules {
    /// `interval` in seconds; `None` leaves it out.
    pub interval: Option<u64>,
    /// User codes are `XXXX-XXXX`, else `XXXXXXXX`.
    pub dash: bool,
    /// `verification_uri_complete` is sent.
    pub complete_uri: bool,
    /// The parameter in it that holds the user code.
    pub complete_parameter: &'static str,
    /// Life of the codes.
    pub code_lifetime: Duration,
    /// Polling earlier than the interval is answered `slow_down`.
    pub slow_down: bool,
    /// How an unknown or used device code is answered.
    pub unknown_code: UnknownCode,
    /// An approved code gives tokens again and again.
    pub redeemable_again: bool,
    /// Logins approve themselves after this time.
    pub auto_approve: Option<Duration>,
}

impl Default for DeviceRules {
    fn default() -> Self {
        Self {
            interval: Some(1),
            dash: true,
            complete_uri: true,
            complete_parameter: "user_code",
            code_lifetime: Duration::from_mins(10),
            slow_down: false,
            unknown_code: UnknownCode::InvalidGrant,
            redeemable_again: false,
            auto_approve: None,
        }
    }
}

/// How an unknown or used device code is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnknownCode {
    /// 400 `invalid_grant`.
    InvalidGrant,
    /// 400 `access_denied`.
    AccessDenied,
    /// 404 `device_not_found`.
    NotFound,
}

/// Rules of revocation (RFC 7009).
#[derive(Debug, Clone)]
pub struct RevocationRules {
    /// Revoking a refresh token ends the access tokens of its family.
    pub ends_access: bool,
    /// Revoking an access token ends the refresh token of its family.
    pub ends_refresh: bool,
    /// A public client is answered 401 with an empty body.
    pub refuses_public: bool,
    /// What `token_type_hint` does.
    pub trusts_hint: Hint,
}

impl Default for RevocationRules {
    fn default() -> Self {
        Self { ends_access: true, ends_refresh: true, refuses_public: false, trusts_hint: Hint::Ignored }
    }
}

/// What `token_type_hint` does at the revocation endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hint {
    /// Nothing, as RFC 7009 §2.1 asks.
    Ignored,
    /// Only tokens of the named kind are looked for.
    Trusted,
}
