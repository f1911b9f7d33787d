//! `exec`: what a child process needs to act as a profile.

use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use proto::secret::Secret;
use proto::token::{ExecRequest, ExecVariables};

use super::Api;
use super::json::Json;
use super::problem::Failure;
use super::token::in_time;
use crate::peer::Peer;

pub(super) async fn exec(
    State(api): State<Api>,
    Extension(peer): Extension<Peer>,
    Json(request): Json<ExecRequest>,
) -> Result<Json<ExecVariables>, Failure> {
    let profile = request.profile.as_ref().map(proto::id::ProfileName::as_str);
    let min_ttl = request.min_ttl.map(Duration::from_secs);
    let (variables, handed) = in_time(api.inquiries.exec(profile, min_ttl)).await??;
    let variables = variables.into_iter().map(|(name, value)| (name, Secret::new(value.to_string()))).collect();
    Ok(Json(ExecVariables { variables, token: handed.map(|handed| api.lease(&handed, peer)) }))
}
