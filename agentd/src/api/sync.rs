//! `sync`: fetches what comes with a login anew.

use axum::extract::State;
use proto::profile::Profile;
use proto::whoami::SyncRequest;

use super::Api;
use super::json::Json;
use super::problem::Failure;
use super::token::in_time;

pub(super) async fn sync(State(api): State<Api>, Json(request): Json<SyncRequest>) -> Result<Json<Profile>, Failure> {
    let profile = request.profile.as_ref().map(proto::id::ProfileName::as_str);
    let snapshot = in_time(api.inquiries.sync(profile)).await??;
    Ok(Json(api.profile(&snapshot)))
}
