//! `links`: all links, as they are now. Nothing is looked at for it.

use axum::extract::State;
use proto::link::Links;

use super::Api;
use super::json::Json;
use super::link::message;

pub(super) async fn links(State(api): State<Api>) -> Json<Links> {
    Json(Links { links: api.links.list().into_iter().map(message).collect() })
}
