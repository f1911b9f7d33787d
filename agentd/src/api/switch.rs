//! `switch`: makes a profile current. No request is made and no grant is touched.

use axum::extract::State;
use proto::profile::{Profile, SwitchRequest};

use super::Api;
use super::json::Json;
use super::problem::Failure;

pub(super) async fn switch(
    State(api): State<Api>,
    Json(request): Json<SwitchRequest>,
) -> Result<Json<Profile>, Failure> {
    let snapshot = api.vault.switch(request.profile.as_str()).await?;
    Ok(Json(api.profile(&snapshot)))
}
