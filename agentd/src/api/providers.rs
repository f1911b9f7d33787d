//! `providers`: all services the agent knows.

use axum::extract::State;
use proto::provider::{BrokenFile, Providers};

use super::Api;
use super::json::Json;
use super::provider::mistakes;

pub(super) async fn providers(State(api): State<Api>) -> Json<Providers> {
    api.catalogue.reload();
    let providers = api.catalogue.list().iter().map(|provider| api.described(provider)).collect();
    let broken = api
        .catalogue
        .broken()
        .into_iter()
        .map(|(path, problems)| BrokenFile { path: path.display().to_string(), mistakes: mistakes(&problems) });
    Json(Providers { providers, broken: broken.collect() })
}
