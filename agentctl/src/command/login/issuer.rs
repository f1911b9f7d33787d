//! A login that no provider describes: at an issuer, or a key of a service that nobody describes.

use proto::login::Flow;
use proto::provider::Method;

use super::inputs::{Origin, secret_words};
use super::options::{Login, Plan};
use super::target::Target;
use crate::failure::Failure;
use crate::invocation::Invocation;

/// What to ask the agent for, and what is still to be read.
pub(super) fn plan(invocation: &Invocation, login: Login, target: &Target) -> Result<Plan, Failure> {
    if login.environment.is_some() || login.project.is_some() || login.variant.is_some() {
        return Err(Failure::usage("`--environment`, `--project` and `--type` belong to a login at a provider")
            .hint("`agentctl login PROVIDER`"));
    }
    let wanted = login.method();
    let renews_key = wanted.is_none()
        && login.issuer.is_none()
        && target.known.as_ref().is_some_and(|known| known.flow == Flow::Key);
    let by_key = wanted == Some(Method::ApiKey) || renews_key;
    if login.expires_at.is_some() && !by_key {
        return Err(Failure::usage("`--expires-at` is for keys: it needs `--api-key` or `--api-key-stdin`"));
    }
    if by_key && target.name.is_none() {
        return Err(Failure::usage("a key needs a profile to be kept in").hint("add `--profile NAME`"));
    }
    let by_secret = login.client_secret_stdin || wanted == Some(Method::ClientCredentials);
    // The agent keeps the client secret of a profile that is renewed.
    let needed = by_key || (by_secret && target.known.is_none() && !login.client_key.is_given());
    let method = if by_secret { Method::ClientCredentials } else { Method::ApiKey };
    let (what, option) = secret_words(method);
    let registers = login.registration_token_stdin;
    let secret = if login.api_key_stdin || login.client_secret_stdin || registers {
        Origin::Stdin
    } else if !needed {
        Origin::Absent
    } else if invocation.can_ask() {
        Origin::Ask
    } else {
        return Err(
            Failure::usage(format!("the {what} is missing, and nobody can be asked")).hint(format!("add `{option}`"))
        );
    };
    let mut request = login.request()?;
    request.profile.clone_from(&target.name);
    request.flow = match wanted {
        _ if by_key => Some(Flow::Key),
        Some(Method::Browser) => Some(Flow::AuthorizationCode),
        Some(Method::Device) => Some(Flow::Device),
        Some(Method::ClientCredentials) => Some(Flow::ClientCredentials),
        _ => None,
    };
    Ok(Plan { request, method, registers, secret, ask_url: false, ask_project: false, shape: None })
}
