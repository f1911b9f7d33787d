//! Get an access token (or key), say that one was refused, force a refresh.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::{LeaseId, ProfileName};
use crate::secret::Secret;
use crate::timestamp::Timestamp;

/// Asks for a lease. All fields absent: the current profile's token as it was granted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TokenRequest {
    /// Which profile; the current one when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<ProfileName>,
    /// Least remaining life in seconds. Absent: 60, or half the token's life, whichever is less. A wish above 90 % of
    /// the last known life is cut to that; the answer says whether it was met.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_ttl: Option<u64>,
    /// Scopes separated by spaces (RFC 6749 §3.3). Absent: all that were granted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// Whom the token is for, as the issuer names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
    /// Absolute URI of the service the token is for (RFC 8707).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// A credential that came with the login, by its word, instead of the login's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secondary: Option<String>,
    /// What it is for. Absent: it is printed into a pipe or file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<Purpose>,
}

/// What a lease is for. The profile's `reveal` rule looks at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Purpose {
    /// To be printed into a pipe or file.
    Pipe,
    /// To be shown on a terminal.
    Terminal,
    /// To be shown on a terminal, and the person has said that they know what that means.
    TerminalAcknowledged,
    /// To be used for the person without being shown: `exec`, a helper.
    Use,
    /// A purpose of a newer client; it counts as the strictest.
    #[serde(other)]
    Unknown,
}

/// Asks for what a child process needs to act as the profile.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ExecRequest {
    /// Which profile; the current one when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<ProfileName>,
    /// Least remaining life in seconds, as in [`TokenRequest`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_ttl: Option<u64>,
}

/// Answer to [`ExecRequest`].
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ExecVariables {
    /// The variables that the provider's own tools read, with their values.
    pub variables: BTreeMap<String, Secret>,
    /// The lease behind them; absent where no login is needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Token>,
}

/// A lease: the token or key and what is known of it.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Token {
    /// Names this lease in `reject`.
    pub lease: LeaseId,
    /// The profile it belongs to.
    pub profile: ProfileName,
    /// The access token or key.
    pub access_token: Secret,
    /// How to send it, normally `Bearer` (RFC 6749 §7.1).
    pub token_type: String,
    /// When it stops being valid; absent when the issuer did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// Seconds left at the time of the answer; absent when the issuer did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<u64>,
    /// Scopes the token has, separated by spaces; absent when unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// Whether `min_ttl` as asked for is met.
    pub min_ttl_met: bool,
}

/// "The service refused this one." Nothing is thrown away because of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RejectRequest {
    /// The refused lease. Absent: whatever the profile serves now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<LeaseId>,
    /// Used only without `lease`; the current profile when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<ProfileName>,
    /// What the lease in the answer is for, as in [`TokenRequest`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<Purpose>,
}

/// What became of a rejected lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum RejectOutcome {
    /// The agent already held a newer token; here it is.
    Newer,
    /// The token was refreshed; here is the new one.
    Refreshed,
    /// It was refreshed less than 30 s ago for the same reason; this is the same token again.
    Unchanged,
    /// A word from a newer agent.
    #[serde(other)]
    Unknown,
}

/// Answer to [`RejectRequest`].
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Rejected {
    /// What was done.
    pub outcome: RejectOutcome,
    /// The lease to use now.
    pub token: Token,
    /// Seconds until another `reject` can cause a refresh; with `unchanged` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
}

/// Forces a refresh now. A refresh already under way counts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RefreshRequest {
    /// Which profile; the current one when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<ProfileName>,
}
