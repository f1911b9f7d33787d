//! `reject`: "the service refused this one". Checked before anything is thrown away, never an erase.

use axum::Extension;
use axum::extract::State;
use proto::token::{RejectOutcome, RejectRequest, Rejected};

use super::Api;
use super::json::Json;
use super::problem::Failure;
use super::token::{in_time, may_be_shown};
use crate::peer::Peer;
use crate::vault::Rejection;

pub(super) async fn reject(
    State(api): State<Api>,
    Extension(peer): Extension<Peer>,
    Json(request): Json<RejectRequest>,
) -> Result<Json<Rejected>, Failure> {
    let lease = request.lease.as_ref().map(proto::id::LeaseId::as_str);
    let profile = request.profile.as_ref().map(proto::id::ProfileName::as_str);
    let (outcome, handed, wait) = match in_time(api.vault.reject(lease, profile)).await?? {
        Rejection::Newer(handed) => (RejectOutcome::Newer, handed, None),
        Rejection::Refreshed(handed) => (RejectOutcome::Refreshed, handed, None),
        Rejection::Unchanged(handed, wait) => (RejectOutcome::Unchanged, handed, Some(wait.as_secs().max(1))),
    };
    may_be_shown(&handed, request.purpose)?;
    Ok(Json(Rejected { outcome, token: api.lease(&handed, peer), retry_after: wait }))
}
