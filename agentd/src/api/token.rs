//! `token`: a lease. The hot path: a fresh token is answered without waiting for anything.

use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use proto::problem::{Code, Problem};
use proto::token::{Purpose, Token, TokenRequest};

use super::Api;
use super::json::Json;
use super::problem::{Failure, invalid};
use crate::config::Reveal;
use crate::peer::Peer;
use crate::vault::{Handed, Scopes, Target};

/// The longest a request waits for a service: two tries of an exchange and what queues before them.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(90);
/// The longest `scope`, `audience` or `resource`, in bytes.
const LONGEST_TEXT: usize = 4096;

pub(super) async fn token(
    State(api): State<Api>,
    Extension(peer): Extension<Peer>,
    Json(request): Json<TokenRequest>,
) -> Result<Json<Token>, Failure> {
    let profile = request.profile.as_ref().map(proto::id::ProfileName::as_str);
    if let Some(word) = &request.secondary {
        let handed = api.vault.secondary(profile, word)?;
        may_be_shown(&handed, request.purpose)?;
        return Ok(Json(api.lease(&handed, peer)));
    }
    let min_ttl = request.min_ttl.map(Duration::from_secs);
    let target = target(&request)?;
    let handed = match api.vault.at_once(profile, &target, min_ttl)? {
        Some(handed) => handed,
        // Boxed, since every request would carry the room for it.
        None => Box::pin(in_time(api.vault.token(profile, target, min_ttl))).await??,
    };
    may_be_shown(&handed, request.purpose)?;
    Ok(Json(api.lease(&handed, peer)))
}

/// The profile's rule about printing credentials.
pub(super) fn may_be_shown(handed: &Handed, purpose: Option<Purpose>) -> Result<(), Failure> {
    let purpose = purpose.unwrap_or(Purpose::Pipe);
    let refused = |why: &str, hint: &str| {
        let detail = format!("profile `{}`: its credential {why}", handed.profile);
        Err(Failure(Problem::new(Code::Denied, detail).hint(hint)))
    };
    match (handed.reveal, purpose) {
        (Reveal::Always, _) | (_, Purpose::Use) | (Reveal::Pipe, Purpose::Pipe | Purpose::TerminalAcknowledged) => {
            Ok(())
        }
        (Reveal::Pipe, _) => refused("is not shown on a terminal", "send it into a pipe, or add `--yes-i-know`"),
        (Reveal::Never, _) => {
            refused("is never printed (`reveal = \"never\"`)", "use `agentctl exec` or `agentctl link` instead")
        }
    }
}

/// Bounds an operation that may wait for a service.
pub(super) async fn in_time<T>(operation: impl Future<Output = T>) -> Result<T, Failure> {
    tokio::time::timeout(REQUEST_TIMEOUT, operation).await.map_err(|_| {
        let detail = format!("the service did not answer within {} s", REQUEST_TIMEOUT.as_secs());
        Failure(Problem::new(Code::IssuerUnreachable, detail).hint("try again later"))
    })
}

fn target(request: &TokenRequest) -> Result<Target, Failure> {
    let TokenRequest { scope, audience, resource, .. } = request;
    for (what, text) in [("scope", scope), ("audience", audience), ("resource", resource)] {
        let Some(text) = text else { continue };
        if text.len() > LONGEST_TEXT {
            return Err(invalid(format!("`{what}` is longer than {LONGEST_TEXT} bytes")));
        }
        // RFC 6749 §3.3 and RFC 3986 §2 both keep to visible ASCII.
        if !text.bytes().all(|b| b.is_ascii_graphic() || b == b' ') {
            return Err(invalid(format!("`{what}` holds a character that is not allowed there")));
        }
    }
    if resource.as_ref().is_some_and(|r| url::Url::parse(r).map_or(true, |url| url.fragment().is_some())) {
        return Err(invalid("`resource` is not an absolute URI without a fragment (RFC 8707 §2)"));
    }
    let scope = scope.as_deref().map(Scopes::parse).filter(|scopes| !scopes.is_empty());
    Ok(Target { scope, audience: audience.clone(), resource: resource.clone() })
}
