//! `env-add`, `env-switch`, `env-remove`: the deployments of a service.

use std::path::PathBuf;
use std::sync::Arc;

use axum::extract::State;
use proto::id::ProviderName;
use proto::problem::{Code, Problem};
use proto::provider::{Environment, EnvironmentRequest, EnvironmentSwitched, Forgotten};

use super::json::Json;
use super::problem::{Failure, invalid};
use super::provider::environment as described;
use super::token::in_time;
use super::{Api, describe};
use crate::provider::{self, Authority, ChangeError, Provider};

pub(super) async fn env_add(
    State(api): State<Api>,
    Json(request): Json<EnvironmentRequest>,
) -> Result<Json<Environment>, Failure> {
    let provider = api.provider_of(request.provider.as_ref())?;
    let url = request.url.ok_or_else(|| invalid("an environment has a URL"))?;
    let ca_file = request.ca_file.map(PathBuf::from);
    if ca_file.as_ref().is_some_and(|path| !path.is_absolute()) {
        return Err(invalid("`ca_file` is not an absolute path"));
    }
    if !request.hosts.iter().all(|host| Authority::is_exact(host)) {
        let problem = Problem::new(Code::InvalidRequest, "a further host is not one");
        return Err(Failure(
            problem.hint("write exact names in lower case, without scheme or `*`; a port, unless it is 443"),
        ));
    }
    // Nobody is asked for the sake of an environment that will not be added.
    if provider.environments.iter().any(|own| own.name == request.name || own.url == url.trim_end_matches('/')) {
        return Err(refused(&ChangeError::Exists));
    }
    let asked = api.inquiries.deployment(&provider, &request.name, &url, ca_file, request.needs_login);
    let environment = in_time(asked).await??;
    let environment = provider::Environment { hosts: request.hosts, ..environment };
    match api.catalogue.add_environment(&provider.name, environment.clone()) {
        Ok(with) => Ok(Json(Environment { added: true, ..described(&with, &environment, false) })),
        Err(error) => Err(refused(&error)),
    }
}

pub(super) async fn env_remove(
    State(api): State<Api>,
    Json(request): Json<EnvironmentRequest>,
) -> Result<Json<Forgotten>, Failure> {
    let provider = api.provider_of(request.provider.as_ref())?;
    match api.catalogue.remove_environment(&provider.name, &request.name) {
        Ok(existed) => Ok(Json(Forgotten { name: request.name, existed })),
        Err(error) => Err(refused(&error)),
    }
}

pub(super) async fn env_switch(
    State(api): State<Api>,
    Json(request): Json<EnvironmentRequest>,
) -> Result<Json<EnvironmentSwitched>, Failure> {
    let provider = api.provider_of(request.provider.as_ref())?;
    let environment = in_time(api.inquiries.environment(&provider, Some(&request.name))).await??;
    let entered = api.vault.enter(&provider.name, &environment.name).await?;
    Ok(Json(EnvironmentSwitched {
        provider: ProviderName::parse(&provider.name).expect("names of providers are checked"),
        environment: described(&provider, &environment, true),
        profile: entered.map(|snapshot| describe::name(&snapshot.name)),
    }))
}

fn refused(error: &ChangeError) -> Failure {
    let problem = Problem::new(Code::InvalidRequest, error.to_string());
    Failure(match error {
        ChangeError::Exists | ChangeError::Unknown | ChangeError::BuiltIn => {
            problem.hint("`agentctl env list` shows them")
        }
        _ => problem,
    })
}

impl Api {
    /// The named provider, else that of the current profile.
    fn provider_of(&self, named: Option<&ProviderName>) -> Result<Arc<Provider>, Failure> {
        let current = || self.vault.inspect(None).ok()?.place.as_deref().map(|place| place.provider.clone());
        let name = named.map(ToString::to_string).or_else(current);
        let name = name.ok_or_else(|| {
            Failure(
                Problem::new(Code::InvalidRequest, "nothing says which service is meant")
                    .hint("add `--provider PROVIDER`"),
            )
        })?;
        Ok(self.inquiries.provider(&name)?)
    }
}
