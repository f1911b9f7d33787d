//! `provider-remove`: forgets a description of the person's own. Profiles made with it stay.

use axum::extract::{Path, State};
use proto::problem::{Code, Problem};
use proto::provider::Forgotten;

use super::Api;
use super::json::Json;
use super::problem::Failure;

pub(super) async fn provider_remove(
    State(api): State<Api>,
    Path(name): Path<String>,
) -> Result<Json<Forgotten>, Failure> {
    match api.catalogue.remove(&name) {
        Ok(existed) => Ok(Json(Forgotten { name, existed })),
        Err(error) => Err(Failure(Problem::new(Code::Denied, error.to_string()))),
    }
}
