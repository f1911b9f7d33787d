//! `cancel`: ends a login that is no longer wanted.

use axum::extract::{Path, State};
use proto::status::Done;

use super::Api;
use super::follow::unknown;
use super::json::Json;
use super::problem::Failure;

pub(super) async fn cancel(State(api): State<Api>, Path(id): Path<String>) -> Result<Json<Done>, Failure> {
    if api.logins.cancel(&id) { Ok(Json(Done {})) } else { Err(unknown()) }
}
