//! One metadata document, read from bytes. Pure.
//!
//! RFC 8414 §2, §3.3; OpenID Connect Discovery §3. Members that are used and come twice make it unreadable; members that
//! are not used may be anything.

use serde::Deserialize;

use super::{DiscoveryError, Metadata, check_issuer};
use crate::http::{Reach, check_endpoint};

/// Most scopes kept.
const MAX_SCOPES: usize = 1000;

#[derive(Deserialize)]
struct Wire {
    issuer: String,
    authorization_endpoint: Option<String>,
    device_authorization_endpoint: Option<String>,
    token_endpoint: Option<String>,
    revocation_endpoint: Option<String>,
    userinfo_endpoint: Option<String>,
    pushed_authorization_request_endpoint: Option<String>,
    registration_endpoint: Option<String>,
    require_pushed_authorization_requests: Option<bool>,
    scopes_supported: Option<Vec<String>>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    code_challenge_methods_supported: Option<Vec<String>>,
    token_endpoint_auth_signing_alg_values_supported: Option<Vec<String>>,
    authorization_response_iss_parameter_supported: Option<bool>,
}

/// Reads a document, which must be for `issuer`, to the letter, and may name hosts within `reach`.
pub fn parse(body: &[u8], issuer: &str, reach: Reach) -> Result<Metadata, DiscoveryError> {
    let wire: Wire = serde_json::from_slice(body).map_err(|_| DiscoveryError::Unreadable)?;
    if wire.issuer != issuer {
        return Err(DiscoveryError::IssuerMismatch { exact: same_url(&wire.issuer, issuer) });
    }
    checked(wire, reach)
}

/// Reads a document that names its issuer itself.
pub(super) fn parse_any(body: &[u8], reach: Reach) -> Result<Metadata, DiscoveryError> {
    checked(serde_json::from_slice(body).map_err(|_| DiscoveryError::Unreadable)?, reach)
}

fn checked(wire: Wire, reach: Reach) -> Result<Metadata, DiscoveryError> {
    check_issuer(&wire.issuer).map_err(|why| DiscoveryError::InvalidIssuer { why })?;
    let issuer = wire.issuer.as_str();
    let endpoint = |member, given| endpoint(issuer, reach, member, given);
    let mut scopes = wire.scopes_supported.unwrap_or_default();
    scopes.truncate(MAX_SCOPES);
    Ok(Metadata {
        issuer: issuer.to_owned(),
        authorization_endpoint: endpoint("authorization_endpoint", wire.authorization_endpoint)?,
        device_authorization_endpoint: endpoint("device_authorization_endpoint", wire.device_authorization_endpoint)?,
        token_endpoint: endpoint("token_endpoint", wire.token_endpoint)?,
        revocation_endpoint: endpoint("revocation_endpoint", wire.revocation_endpoint)?,
        userinfo_endpoint: endpoint("userinfo_endpoint", wire.userinfo_endpoint)?,
        pushed_authorization_request_endpoint: endpoint(
            "pushed_authorization_request_endpoint",
            wire.pushed_authorization_request_endpoint,
        )?,
        registration_endpoint: endpoint("registration_endpoint", wire.registration_endpoint)?,
        require_pushed_authorization_requests: wire.require_pushed_authorization_requests == Some(true),
        scopes_supported: scopes,
        token_endpoint_auth_methods_supported: wire.token_endpoint_auth_methods_supported,
        code_challenge_methods_supported: wire.code_challenge_methods_supported,
        token_endpoint_auth_signing_alg_values_supported: wire.token_endpoint_auth_signing_alg_values_supported,
        authorization_response_iss_parameter_supported: wire.authorization_response_iss_parameter_supported
            == Some(true),
        reach,
    })
}

/// An endpoint to the letter: on the issuer's own host, or as far as it may send us.
fn endpoint(
    issuer: &str,
    reach: Reach,
    member: &'static str,
    given: Option<String>,
) -> Result<Option<String>, DiscoveryError> {
    let Some(given) = given.filter(|given| !given.is_empty()) else { return Ok(None) };
    let checked = check_endpoint(&given).and_then(|url| reach.towards(&given, issuer).check(&url));
    checked.map_err(|why| DiscoveryError::Endpoint { member, why })?;
    Ok(Some(given))
}

/// `theirs`, if it is `ours` in another spelling: a slash at the end, the port named, upper case in the host.
fn same_url(theirs: &str, ours: &str) -> Option<String> {
    let plain = |text: &str| check_issuer(text).ok().map(|url| url.as_str().trim_end_matches('/').to_owned());
    (plain(theirs)? == plain(ours)?).then(|| theirs.to_owned())
}
