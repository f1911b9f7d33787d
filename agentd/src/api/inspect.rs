//! `inspect`: one profile, from memory.

use axum::extract::{Path, State};
use proto::profile::Profile;

use super::Api;
use super::json::Json;
use super::problem::Failure;

pub(super) async fn inspect(State(api): State<Api>, Path(name): Path<String>) -> Result<Json<Profile>, Failure> {
    let snapshot = api.vault.inspect(Some(&name))?;
    Ok(Json(api.profile(&snapshot)))
}
