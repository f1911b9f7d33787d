//! OAuth 2.0 as a client speaks it: discovery, the token endpoint, revocation.
//!
//! Knows requests, answers and what they mean; knows nothing of profiles, of when to refresh, or of who asked. Every
//! request is built in `client`; redirects are never followed and bodies are capped (see `http`).

pub mod assertion;
pub mod authorization;
pub mod client;
pub mod device;
pub mod error;
pub mod id_token;
pub mod issuer;
pub mod metadata;
pub mod pkce;
mod pushed;
pub mod registration;
pub mod response;
pub mod revoke;
mod times;
mod wire;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::Moment;
use crate::http::Reach;
use crate::secret::{
    AccessToken, AuthorizationCode, ClientSecret, DeviceCode, IdToken, PkceVerifier, RefreshToken, SigningKey,
};
pub use assertion::{Algorithm, Audience};
pub use authorization::{Authorization, AuthorizationError, authorization_parameters, authorization_url};
pub use client::OAuth;
pub use device::DeviceAuthorization;
pub use metadata::{DiscoveryError, Metadata};
pub use pushed::PushError;
pub use revoke::{RevokeError, Revoked};

/// How the client authenticates at the token endpoint (RFC 6749 §2.3, OpenID Connect Core §9).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Authentication {
    /// `client_secret_basic`.
    Basic,
    /// Public client: `client_id` in the body.
    #[default]
    None,
    /// `client_secret_post`.
    Post,
    /// `private_key_jwt` (RFC 7523 §2.2).
    PrivateKeyJwt(Algorithm, Audience),
}

/// All that a request to the token or revocation endpoint needs.
#[derive(Debug, Clone, Default)]
pub struct Client {
    /// The issuer's identifier.
    pub issuer: String,
    /// RFC 6749 §2.2.
    pub client_id: String,
    /// Present for confidential clients.
    pub client_secret: Option<Arc<ClientSecret>>,
    /// Present for clients that prove themselves by one.
    pub client_key: Option<SigningKey>,
    /// How the client authenticates.
    pub authentication: Authentication,
    /// RFC 6749 §3.2, to the letter.
    pub token_endpoint: String,
    /// RFC 7009 §2; absent when the service offers none.
    pub revocation_endpoint: Option<String>,
    /// OpenID Connect Core §5.3, for logins with `openid` among their scopes.
    pub userinfo_endpoint: Option<String>,
    /// Further trusted roots (PEM).
    pub ca_file: Option<PathBuf>,
    /// How far requests to hosts other than the issuer's may go.
    pub reach: Reach,
}

impl Client {
    /// How far a request to `endpoint` may go: the person has named the issuer, and the issuer the rest.
    pub fn reach_of(&self, endpoint: &str) -> Reach {
        self.reach.towards(endpoint, &self.issuer)
    }
}

/// What is presented at the token endpoint.
#[derive(Debug, Clone, Copy)]
pub enum Presented<'a> {
    /// RFC 6749 §4.1.3 with RFC 7636 §4.5.
    AuthorizationCode {
        /// The code from the redirect.
        code: &'a AuthorizationCode,
        /// The redirect URI of the authorization request, to the letter.
        redirect_uri: &'a str,
        /// PKCE.
        verifier: &'a PkceVerifier,
        /// RFC 8707 §2.2.
        resource: Option<&'a str>,
    },
    /// RFC 6749 §4.4.2: the client itself, by its secret or key.
    Client {
        /// RFC 6749 §3.3.
        scope: Option<&'a str>,
        /// Audience, if asked for.
        audience: Option<&'a str>,
        /// RFC 8707 §2.2.
        resource: Option<&'a str>,
    },
    /// RFC 8628 §3.4.
    DeviceCode {
        /// From the answer that began the login.
        code: &'a DeviceCode,
        /// RFC 8707 §2.2.
        resource: Option<&'a str>,
    },
    /// RFC 8693 §2.1, from one access token to another.
    AccessToken {
        /// The subject: the access token as granted.
        token: &'a AccessToken,
        /// Narrower scope, if asked for.
        scope: Option<&'a str>,
        /// Audience, if asked for.
        audience: Option<&'a str>,
        /// RFC 8707 §2.2.
        resource: Option<&'a str>,
    },
    /// RFC 6749 §6.
    RefreshToken {
        /// The grant's refresh token.
        token: &'a RefreshToken,
        /// Narrower scope, if asked for.
        scope: Option<&'a str>,
        /// Audience, if asked for.
        audience: Option<&'a str>,
        /// RFC 8707 §2.2.
        resource: Option<&'a str>,
    },
}

/// A successful answer of the token endpoint (RFC 6749 §5.1).
#[derive(Debug)]
pub struct Tokens {
    /// The access token.
    pub access_token: AccessToken,
    /// `Bearer` unless the service says otherwise; its spelling as the service sent it.
    pub token_type: String,
    /// Set when the token cannot be used as a bearer token (RFC 6750): its type, if it is one that is registered, else
    /// `unknown`. The refresh token beside it is good all the same and must not be lost.
    pub unsupported_type: Option<&'static str>,
    /// Life from [`Tokens::sent_at`]; `None` when absent or not believable (zero, negative, no number).
    pub expires_in: Option<Duration>,
    /// Present at login where the service grants one, and at refresh where it rotates.
    pub refresh_token: Option<RefreshToken>,
    /// Granted scope; absent means as asked for (RFC 6749 §5.1).
    pub scope: Option<String>,
    /// OpenID Connect Core §3.1.3.3.
    pub id_token: Option<IdToken>,
    /// When the request was sent: the start of `expires_in`, on the safe side.
    pub sent_at: Moment,
    /// The service's own wall time when it answered, in seconds since 1970, if it said: for [`id_token::check`].
    pub server_time: Option<i64>,
}

/// Who the service says is logged in, from the ID token.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    /// `sub`.
    pub subject: Option<String>,
    /// `name`, else `preferred_username`.
    pub name: Option<String>,
    /// `email`.
    pub email: Option<String>,
    /// Organization or workspace, where the service says so.
    pub organization: Option<String>,
}

impl Account {
    /// What is known once the service has said more. The subject stays the one that the login began with: another answer
    /// may number people otherwise.
    #[must_use]
    pub fn updated(&self, later: Self) -> Self {
        let first = self.clone();
        Self {
            subject: first.subject.or(later.subject),
            name: later.name.or(first.name),
            email: later.email.or(first.email),
            organization: later.organization.or(first.organization),
        }
    }
}

/// Why no tokens came. Variants say what to do next; see `error` for the table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExchangeError {
    /// RFC 8628 §3.5 `authorization_pending`: poll again after the interval.
    #[error("the login is not approved yet")]
    AuthorizationPending,
    /// `access_denied`: the person, or the service, said no.
    #[error("the login was refused")]
    Denied,
    /// Might be a refusal: an empty 400, `invalid_request`, an unknown code. Believe it at the third time.
    #[error("the service answered {status} without a clear reason")]
    Doubtful {
        /// HTTP status.
        status: u16,
        /// The error code, if it is one registered by an RFC.
        code: Option<&'static str>,
    },
    /// `expired_token`: start the device login again.
    #[error("the code has expired")]
    Expired,
    /// The settings are wrong: `invalid_client`, `unauthorized_client`, `unsupported_grant_type`.
    #[error("the service does not accept this client (`{code}`)")]
    Misconfigured {
        /// The error code.
        code: &'static str,
    },
    /// The connection was never made, so the service has seen nothing: try again later.
    #[error("the service cannot be reached ({why})")]
    NotSent {
        /// What failed, in fixed words.
        why: &'static str,
    },
    /// `invalid_grant`: the code or refresh token is of no more use.
    #[error("the service refused the grant (`invalid_grant`)")]
    Refused,
    /// `invalid_scope` or `invalid_target` (RFC 8707): ask for something else; the grant is untouched.
    #[error("the service does not grant that (`{code}`)")]
    ScopeRefused {
        /// The error code.
        code: &'static str,
    },
    /// The settings cannot make a request; nothing was sent.
    #[error("the settings cannot be used ({why})")]
    Settings {
        /// What is wrong with them, in fixed words.
        why: &'static str,
    },
    /// RFC 8628 §3.5 `slow_down`: poll again, five seconds slower from now on.
    #[error("polling too fast")]
    SlowDown,
    /// 408, 429, 5xx: the service says it did not do it: try again, not before `retry_after`.
    #[error("the service answered {status}")]
    Unavailable {
        /// HTTP status.
        status: u16,
        /// From `Retry-After`, capped.
        retry_after: Option<Duration>,
    },
    /// The request went out and no whole answer came back, or one that cannot be read: it may have been done.
    #[error("the service's answer was lost or unreadable ({why})")]
    Uncertain {
        /// What failed, in fixed words.
        why: &'static str,
    },
}
