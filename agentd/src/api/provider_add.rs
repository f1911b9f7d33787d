//! `provider-add`: adds a description of the person's own.

use axum::extract::State;
use proto::problem::{Code, Problem};
use proto::provider::{ProviderChecked, ProviderFile};

use super::Api;
use super::json::Json;
use super::problem::Failure;
use super::provider::mistakes;
use crate::provider::AddError;

pub(super) async fn provider_add(
    State(api): State<Api>,
    Json(file): Json<ProviderFile>,
) -> Result<Json<ProviderChecked>, Failure> {
    match api.catalogue.add(&file.text, file.replace) {
        Ok(provider) => {
            Ok(Json(ProviderChecked { provider: Some(api.described(&provider)), mistakes: Vec::new() }))
        }
        Err(AddError::Mistakes(problems)) => {
            Ok(Json(ProviderChecked { provider: None, mistakes: mistakes(&problems) }))
        }
        Err(error) => {
            let problem = Problem::new(Code::Denied, error.to_string());
            Err(Failure(match error.hint() {
                Some(hint) => problem.hint(hint),
                None => problem,
            }))
        }
    }
}
