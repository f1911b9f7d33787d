//! Telling the service that a grant is over (RFC 7009). The local copy is already gone when this begins.

use super::Parts;
use super::grant::Renewal;
use super::view::{Credential, Served};
use crate::oauth::{RevokeError, Revoked};

/// What a logout did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Whether there was a grant.
    pub was_logged_in: bool,
    /// What became of it at the service.
    pub outcome: Outcome,
}

/// What became of the grant at the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The service answered 200.
    Accepted,
    /// The request failed.
    Failed(RevokeError),
    /// There was nothing to revoke.
    Nothing,
    /// The service offers no revocation.
    Unsupported,
}

/// Revokes the refresh token, then the access token: some services end the one with the other, some do not. The
/// refresh token's outcome counts, where there is one.
pub(super) async fn revoke(parts: &Parts, renewal: Renewal, main: Option<Served>) -> Outcome {
    let client = renewal.client;
    if client.revocation_endpoint.is_none() {
        return Outcome::Unsupported;
    }
    let refresh = match &renewal.refresh_token {
        Some(token) => Some(parts.issuer.revoke(&client, Revoked::Refresh(token)).await),
        None => None,
    };
    let access = match main.map(|served| served.credential) {
        // A service that cannot be reached is not asked twice.
        Some(Credential::AccessToken(token)) if !matches!(refresh, Some(Err(RevokeError::Unreachable { .. }))) => {
            Some(parts.issuer.revoke(&client, Revoked::Access(&token)).await)
        }
        _ => None,
    };
    match refresh.or(access) {
        Some(Ok(())) => Outcome::Accepted,
        Some(Err(RevokeError::Unsupported)) => Outcome::Unsupported,
        Some(Err(error)) => Outcome::Failed(error),
        None => Outcome::Nothing,
    }
}
