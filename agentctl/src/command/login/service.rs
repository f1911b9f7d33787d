//! A login at a service that a provider describes.

use proto::profile::Profile;
use proto::provider::{Environment, Method, Provider};

use super::inputs::{self, Case, Given, Inputs, Origin};
use super::method::{self, Decision};
use super::options::{Login, Plan};
use super::target::Target;
use crate::browser;
use crate::command::fallback;
use crate::failure::Failure;
use crate::invocation::Invocation;

/// What to ask the agent for, and what is still to be read.
pub(super) fn plan(
    invocation: &Invocation,
    login: Login,
    target: &Target,
    provider: &Provider,
) -> Result<Plan, Failure> {
    if login.registration_token_stdin {
        return Err(
            Failure::usage("`--registration-token-stdin` belongs to a login at an issuer").hint("add `--issuer URL`")
        );
    }
    let (renewed, can_ask) = (target.renewed(), invocation.can_ask());
    let environment = deployment(provider, login.environment.as_deref(), renewed);
    let variable: fallback::Variable<'_> = &fallback::variable;
    let offer = match method::decide(
        provider,
        login.method(),
        renewed,
        environment,
        variable,
        (can_ask, browser::here().opens),
    )? {
        Decision::Take(offer) => Some(offer),
        Decision::Ask => Some(method::pick(invocation, provider)?),
        Decision::None => None,
    };
    let by_key = offer.is_some_and(|offer| offer.method == Method::ApiKey);
    if !by_key && (login.expires_at.is_some() || login.variant.is_some()) {
        return Err(Failure::usage("`--expires-at` and `--type` are for keys").hint("add `--api-key`"));
    }
    let variant = match offer {
        Some(offer) => method::variant(offer, login.variant.as_deref())?,
        None => None,
    };
    let given = Given {
        environment: login.environment.as_deref(),
        project: login.project.as_deref(),
        on_stdin: login.api_key_stdin || login.client_secret_stdin,
        client_key: login.client_key.is_given(),
    };
    let found = match offer {
        Some(offer) => inputs::find(Case { provider, offer, variant, renewed, variable, can_ask }, given)?,
        None => Inputs {
            secret: Origin::Absent,
            environment: given.environment.map_or(Origin::Absent, |url| Origin::Value(url.to_owned(), None)),
            project: given.project.map_or(Origin::Absent, |project| Origin::Value(project.to_owned(), None)),
        },
    };
    let shape = offer.filter(|_| by_key).and_then(|offer| offer.key_prefix.clone());
    // What the person says is a kind; what the agent remembers of the profile is better than our guess.
    let kind = login.variant.clone().or_else(|| match renewed {
        Some(_) => None,
        None => variant.and_then(|variant| variant.name.clone()),
    });
    let secret_of = if login.client_secret_stdin { Some(Method::ClientCredentials) } else { offer.map(|o| o.method) };
    let mut request = login.request()?;
    request.profile.clone_from(&target.name);
    request.provider = Some(provider.name.clone());
    request.method = offer.map(|offer| offer.method);
    request.variant = kind;
    let (ask_url, ask_project) = (matches!(found.environment, Origin::Ask), matches!(found.project, Origin::Ask));
    request.environment = value(invocation, "URL", found.environment);
    request.project = value(invocation, "project", found.project);
    Ok(Plan {
        registers: false,
        request,
        method: secret_of.unwrap_or(Method::Unknown),
        secret: found.secret,
        ask_url,
        ask_project,
        shape: shape.map(|prefix| (provider.title.clone(), prefix)),
    })
}

/// The value, and a word about the variable it comes from.
fn value(invocation: &Invocation, what: &str, from: Origin<String>) -> Option<String> {
    let Origin::Value(value, variable) = from else { return None };
    if let Some(variable) = variable {
        invocation.output.note(&format!("Using the {what} in {variable}"));
    }
    Some(value)
}

/// The deployment that is meant, if the agent knows it.
fn deployment<'p>(provider: &'p Provider, wanted: Option<&str>, renewed: Option<&Profile>) -> Option<&'p Environment> {
    let plain = |text: &str| text.trim_end_matches('/').to_owned();
    let wanted = wanted.or_else(|| renewed.and_then(|profile| profile.environment.as_deref()));
    provider.environments.iter().find(|environment| match wanted {
        Some(wanted) => environment.name == wanted || plain(&environment.url) == plain(wanted),
        None => environment.current,
    })
}
