//! `provider-check`: all mistakes of a description.

use axum::extract::State;
use proto::provider::{ProviderChecked, ProviderFile};

use super::Api;
use super::json::Json;
use super::provider::mistakes;

pub(super) async fn provider_check(State(api): State<Api>, Json(file): Json<ProviderFile>) -> Json<ProviderChecked> {
    Json(match api.catalogue.check(&file.text) {
        Ok(provider) => ProviderChecked { provider: Some(api.described(&provider)), mistakes: Vec::new() },
        Err(problems) => ProviderChecked { provider: None, mistakes: mistakes(&problems) },
    })
}
