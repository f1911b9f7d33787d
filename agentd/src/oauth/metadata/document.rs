//! One metadata document, read from bytes. Pure.
//!
//! RFC 8414 §2, §3.3; OpenID Connect Discovery §3. Members that are used and come twice make it unreadable; members that
//! are not used may be anything.

use serde::Deserialize;
use url::Url;

use super::{DiscoveryError, Metadata, check_issuer};
use crate::http::{EndpointError, check_endpoint, is_loopback};

/// Most scopes kept.
const MAX_SCOPES: usize = 1000;

#[derive(Deserialize)]
struct Wire {
    issuer: String,
    authorization_endpoint: Option<String>,
    device_authorization_endpoint: Option<String>,
    token_endpoint: Option<String>,
    revocation_endpoint: Option<String>,
    scopes_supported: Option<Vec<String>>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    authorization_response_iss_parameter_supported: Option<bool>,
}

/// Reads a document, which must be for `issuer`, to the letter.
pub fn parse(body: &[u8], issuer: &str) -> Result<Metadata, DiscoveryError> {
    let wire: Wire = serde_json::from_slice(body).map_err(|_| DiscoveryError::Unreadable)?;
    if wire.issuer != issuer {
        return Err(DiscoveryError::IssuerMismatch { exact: same_url(&wire.issuer, issuer) });
    }
    checked(wire)
}

/// Reads a document that names its issuer itself.
pub(super) fn parse_any(body: &[u8]) -> Result<Metadata, DiscoveryError> {
    checked(serde_json::from_slice(body).map_err(|_| DiscoveryError::Unreadable)?)
}

fn checked(wire: Wire) -> Result<Metadata, DiscoveryError> {
    let issuer = check_issuer(&wire.issuer).map_err(|why| DiscoveryError::InvalidIssuer { why })?;
    let endpoint = |member, given| endpoint(&issuer, member, given);
    let mut scopes = wire.scopes_supported.unwrap_or_default();
    scopes.truncate(MAX_SCOPES);
    Ok(Metadata {
        issuer: wire.issuer,
        authorization_endpoint: endpoint("authorization_endpoint", wire.authorization_endpoint)?,
        device_authorization_endpoint: endpoint("device_authorization_endpoint", wire.device_authorization_endpoint)?,
        token_endpoint: endpoint("token_endpoint", wire.token_endpoint)?,
        revocation_endpoint: endpoint("revocation_endpoint", wire.revocation_endpoint)?,
        scopes_supported: scopes,
        token_endpoint_auth_methods_supported: wire.token_endpoint_auth_methods_supported,
        authorization_response_iss_parameter_supported: wire.authorization_response_iss_parameter_supported
            == Some(true),
    })
}

/// An endpoint to the letter. Only a service on this machine may name one on this machine: others could reach what
/// listens here through us.
fn endpoint(issuer: &Url, member: &'static str, given: Option<String>) -> Result<Option<String>, DiscoveryError> {
    let Some(given) = given.filter(|given| !given.is_empty()) else { return Ok(None) };
    let url = check_endpoint(&given).map_err(|why| DiscoveryError::Endpoint { member, why })?;
    if is_loopback(&url) && !is_loopback(issuer) {
        return Err(DiscoveryError::Endpoint { member, why: EndpointError::Loopback });
    }
    Ok(Some(given))
}

/// `theirs`, if it is `ours` in another spelling: a slash at the end, the port named, upper case in the host.
fn same_url(theirs: &str, ours: &str) -> Option<String> {
    let plain = |text: &str| check_issuer(text).ok().map(|url| url.as_str().trim_end_matches('/').to_owned());
    (plain(theirs)? == plain(ours)?).then(|| theirs.to_owned())
}
