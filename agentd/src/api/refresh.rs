//! `refresh`: refreshes now, also where the agent has given up.

use axum::extract::State;
use proto::profile::Profile;
use proto::token::RefreshRequest;

use super::Api;
use super::json::Json;
use super::problem::Failure;
use super::token::in_time;

pub(super) async fn refresh(
    State(api): State<Api>,
    Json(request): Json<RefreshRequest>,
) -> Result<Json<Profile>, Failure> {
    let profile = request.profile.as_ref().map(proto::id::ProfileName::as_str);
    let snapshot = in_time(api.vault.refresh(profile)).await??;
    Ok(Json(api.profile(&snapshot)))
}
