//! `shutdown`: begins an ordered stop; the answer still goes out.

use axum::extract::State;
use proto::status::Done;

use super::Api;
use super::json::Json;

pub(super) async fn shutdown(State(api): State<Api>) -> Json<Done> {
    api.control.shutdown();
    Json(Done {})
}
