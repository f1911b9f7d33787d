//! `answer`: hands a login the address at which a browser on another machine ended.

use axum::extract::{Path, State};
use proto::login::LoginAnswer;
use proto::status::Done;

use super::Api;
use super::json::Json;
use super::problem::Failure;

pub(super) async fn answer(
    State(api): State<Api>,
    Path(id): Path<String>,
    Json(answer): Json<LoginAnswer>,
) -> Result<Json<Done>, Failure> {
    // EXPOSE: the login looks for its answer in it.
    api.logins.answer(&id, answer.redirect.expose())?;
    Ok(Json(Done {}))
}
