//! `reload`: reads the configuration again. A file with mistakes changes nothing.

use axum::extract::State;
use proto::problem::{Code, Problem};
use proto::status::Reloaded;

use super::Api;
use super::json::Json;
use super::problem::Failure;
use crate::notice::Kind;

pub(super) async fn reload(State(api): State<Api>) -> Result<Json<Reloaded>, Failure> {
    let changes = api.control.reload().await.map_err(|problems| {
        Failure(Problem::new(Code::InvalidRequest, problems.to_string()).hint("nothing was changed; correct the file"))
    })?;
    api.notices.post(Kind::Reloaded, None, None);
    Ok(Json(Reloaded { applied: changes.applied, restart_needed: changes.restart_needed }))
}
