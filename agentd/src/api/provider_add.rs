//! `provider-add`: adds a description of the person's own.

use axum::extract::State;
use proto::problem::{Code, Problem};
use proto::provider::{ProviderChecked, ProviderFile};

use super::Api;
use super::json::Json;
use super::problem::Failure;
use super::provider::mistakes;
use crate::provider::ChangeError;

pub(super) async fn provider_add(
    State(api): State<Api>,
    Json(file): Json<ProviderFile>,
) -> Result<Json<ProviderChecked>, Failure> {
    match api.catalogue.add(&file.text, file.replace) {
        Ok(provider) => Ok(Json(ProviderChecked { provider: Some(api.described(&provider)), mistakes: Vec::new() })),
        Err(ChangeError::Broken(problems)) => {
            Ok(Json(ProviderChecked { provider: None, mistakes: mistakes(&problems) }))
        }
        Err(error) => {
            let hint = match &error {
                ChangeError::Exists => "`--replace` takes its place",
                ChangeError::BuiltIn => "give yours another name",
                _ => "check the directory of the configuration",
            };
            Err(Failure(Problem::new(Code::Denied, error.to_string()).hint(hint)))
        }
    }
}
