//! `list`: all profiles, from memory.

use axum::extract::State;
use proto::profile::Profiles;

use super::Api;
use super::json::Json;

pub(super) async fn list(State(api): State<Api>) -> Json<Profiles> {
    let profiles = api.vault.list().iter().map(|snapshot| api.profile(snapshot)).collect();
    Json(Profiles { profiles })
}
