//! `reload`: reads the configuration again. A configuration with mistakes changes nothing; of the other files, one with
//! mistakes concerns itself.

use axum::extract::State;
use proto::problem::{Code, Problem};
use proto::status::Reloaded;

use super::Api;
use super::json::Json;
use super::problem::Failure;
use crate::config::Changes;
use crate::notice::Kind;

pub(super) async fn reload(State(api): State<Api>) -> Result<Json<Reloaded>, Failure> {
    let changes = api.control.reload().await.map_err(|problems| {
        Failure(Problem::new(Code::InvalidRequest, problems.to_string()).hint("nothing was changed; correct the file"))
    })?;
    api.notices.post(Kind::Reloaded, None, None);
    let Changes { applied, restart_needed, warnings } = changes;
    Ok(Json(Reloaded { applied, restart_needed, warnings }))
}
