//! `logout`: drops the grant and tells the service; the profile's settings stay.

use axum::extract::State;
use proto::problem::{Code, Problem};
use proto::profile::{LoggedOut, LogoutRequest, Revocation};

use super::json::Json;
use super::problem::Failure;
use super::token::in_time;
use super::{Api, describe};
use crate::service::Outcome;

pub(super) async fn logout(
    State(api): State<Api>,
    Json(request): Json<LogoutRequest>,
) -> Result<Json<LoggedOut>, Failure> {
    let profile = request.profile.as_ref().map(proto::id::ProfileName::as_str);
    let (name, report) = in_time(api.vault.logout(profile)).await??;
    let at_the_site = "end the session at the service's own site if it must not stay valid until it lapses";
    let (revocation, problem) = match report.outcome {
        Outcome::Accepted => (Revocation::Accepted, None),
        Outcome::Later(why) => (Revocation::Failed, Some(Problem::new(Code::IssuerUnreachable, why).hint(at_the_site))),
        Outcome::Nothing => (Revocation::Nothing, None),
        Outcome::Refused(why) => (Revocation::Failed, Some(Problem::new(Code::Denied, why).hint(at_the_site))),
        Outcome::Unsupported => (Revocation::Unsupported, None),
    };
    Ok(Json(LoggedOut {
        profile: describe::name(&name),
        was_logged_in: report.was_logged_in,
        revocation,
        problem,
        still_valid: report.still_valid,
        retried: report.retried,
    }))
}
