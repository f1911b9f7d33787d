//! `unlink`: ends links; what they wrote is taken out before the answer.

use axum::extract::State;
use proto::link::{Links, UnlinkRequest};

use super::Api;
use super::json::Json;
use super::link::message;
use super::problem::{Failure, invalid};
use crate::link::Which;

pub(super) async fn unlink(State(api): State<Api>, Json(request): Json<UnlinkRequest>) -> Result<Json<Links>, Failure> {
    let UnlinkRequest { id, profile, format, all } = request;
    let which = Which { id: id.map(String::from), profile: profile.map(String::from), format, all };
    if which == Which::default() {
        return Err(invalid("name a link, a profile or a format, or ask for `all`"));
    }
    let ended = api.links.end(which).await?;
    Ok(Json(Links { links: ended.into_iter().map(message).collect() }))
}
