//! `logout`: revokes at the service and drops the grant; the profile's settings stay.

use axum::extract::State;
use proto::profile::{LoggedOut, LogoutRequest, Revocation as Word};

use super::json::Json;
use super::problem::{self, Failure};
use super::token::in_time;
use super::{Api, describe};
use crate::vault::Revocation;

pub(super) async fn logout(
    State(api): State<Api>,
    Json(request): Json<LogoutRequest>,
) -> Result<Json<LoggedOut>, Failure> {
    let profile = request.profile.as_ref().map(proto::id::ProfileName::as_str);
    let (name, report) = in_time(api.vault.logout(profile)).await??;
    let (revocation, problem) = match &report.outcome {
        Revocation::Accepted => (Word::Accepted, None),
        Revocation::Failed(error) => (Word::Failed, Some(problem::revocation(error))),
        Revocation::Nothing => (Word::Nothing, None),
        Revocation::Unsupported => (Word::Unsupported, None),
    };
    Ok(Json(LoggedOut {
        profile: describe::name(&name),
        was_logged_in: report.was_logged_in,
        revocation,
        problem,
        still_valid: Vec::new(),
        retried: false,
    }))
}
