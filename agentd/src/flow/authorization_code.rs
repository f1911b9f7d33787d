//! The authorization-code flow with PKCE and a loopback redirect (RFC 6749 §4.1, RFC 7636, RFC 8252), its request pushed
//! where the service takes that (RFC 9126).
//!
//! `state` ties the answer to this login, the verifier ties the code to it, the nonce ties the ID token to it. A code
//! is presented again only when the service cannot have used it: a second use may revoke what the first one brought
//! (RFC 6749 §4.1.2), so an answer that was lost ends the login.

use std::time::Duration;

use crate::clock::{Clock, Moment};
use crate::flow::loopback::{Browser, Expected, Listener};
use crate::flow::plan::Plan;
use crate::flow::redirect::Redirect;
use crate::flow::row::Row;
use crate::flow::{Failure, Step};
use crate::http::OUT_OF_REACH;
use crate::oauth::{
    Authentication, Authorization, AuthorizationError, ExchangeError, OAuth, Presented, PushError, Tokens,
    authorization_parameters, authorization_url, pkce,
};
use crate::provider::Settings;
use crate::secret::Nonce;
use crate::supervise::Tasks;

/// How often a code is presented at most, while the service does not see it or says that it did nothing.
const MAX_TRIES: u32 = 5;

/// The wait before the second try; each further one doubles it.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// What this flow works with.
pub(super) struct Ground<'a> {
    pub(super) oauth: &'a OAuth,
    pub(super) clock: &'a Clock,
    pub(super) tasks: &'a Tasks,
    pub(super) deadline: Moment,
    pub(super) row: &'a Row,
}

/// Runs the flow from `endpoint` until tokens come. The browser that waits for its page is left in `browser`.
pub(super) async fn obtain(
    ground: &Ground<'_>,
    settings: &Settings,
    plan: &mut Plan,
    endpoint: &str,
    browser: &mut Option<Browser>,
    publish: impl Fn(Step),
) -> Result<(Tokens, Option<Nonce>), Failure> {
    let redirect = Redirect::new(settings.redirect_uri.as_deref(), settings.redirect_port)?;
    let (verifier, state) = (pkce::verifier(), pkce::state());
    let nonce = plan.is_openid().then(pkce::nonce);
    let mut parameters = Ok(Vec::new());
    let listener = Listener::open(redirect, ground.tasks, |redirect, port| {
        let request = Authorization {
            endpoint,
            client_id: &plan.client.client_id,
            redirect_uri: &redirect.uri(port),
            scope: plan.scope(),
            state: &state,
            challenge: &pkce::challenge(&verifier),
            nonce: nonce.as_ref(),
            resources: &settings.resources,
            params: &plan.params,
        };
        parameters = authorization_parameters(&request);
        Expected { redirect, port, state, issuer: plan.client.issuer.clone(), iss_promised: plan.iss_promised }
    })
    .await?;
    let redirect_uri = listener.redirect_uri().to_owned();
    let bad = |error: AuthorizationError| Failure::BadSettings { why: error.to_string() };
    let parameters = pushed(ground.oauth, plan, parameters.map_err(bad)?).await?;
    let url = authorization_url(endpoint, &parameters).map_err(bad)?;
    ground.row.opens(listener.hatch());
    publish(Step::Open { url, anywhere: false, redirect_uri: Some(redirect_uri.clone()) });
    let (waiting, answer) = listener.answer().await;
    *browser = Some(waiting);
    let code = answer?;
    let presented = Presented::AuthorizationCode {
        code: &code,
        redirect_uri: &redirect_uri,
        verifier: &verifier,
        resource: settings.only_resource(),
    };
    Ok((exchange(ground, plan, presented).await?, nonce))
}

/// What the browser carries: a reference to the request, where the service takes it directly, else the request itself.
/// Where the service requires it, there is no other way. Elsewhere a request that finds nothing there, or a public client
/// that is not let in, loses no more than what most services never offer: the answer is checked in the same way.
async fn pushed(
    oauth: &OAuth,
    plan: &mut Plan,
    parameters: Vec<(String, String)>,
) -> Result<Vec<(String, String)>, Failure> {
    let Some(to) = plan.pushed.clone() else { return Ok(parameters) };
    loop {
        let error = match oauth.push(&plan.client, &to.endpoint, &parameters).await {
            Ok(request_uri) => {
                let client_id = plan.client.client_id.clone();
                return Ok(vec![("client_id".to_owned(), client_id), ("request_uri".to_owned(), request_uri)]);
            }
            Err(error) => error,
        };
        let public = plan.client.authentication == Authentication::None;
        match error {
            PushError::Failed(error) if plan.authenticates_otherwise(&error) => {}
            PushError::NotOffered if !to.required => break,
            PushError::Failed(ExchangeError::Misconfigured { code: "invalid_client" | "unauthorized_client" })
                if public && !to.required =>
            {
                break;
            }
            PushError::NotOffered => {
                return Err(Failure::BadAnswer { why: "nothing takes the requests it wants pushed" });
            }
            PushError::Failed(error) => return Err(Failure::of_first_request(&error)),
        }
    }
    tracing::info!("the service did not take a pushed authorization request; the browser carries it");
    Ok(parameters)
}

async fn exchange(ground: &Ground<'_>, plan: &mut Plan, presented: Presented<'_>) -> Result<Tokens, Failure> {
    let mut pause = FIRST_PAUSE;
    for tries in 1.. {
        let error = match ground.oauth.exchange(&plan.client, presented).await {
            Ok(tokens) => return Ok(tokens),
            Err(error) if plan.authenticates_otherwise(&error) => continue,
            Err(error) => error,
        };
        let wait = match error {
            ExchangeError::NotSent { why } if why != OUT_OF_REACH => pause,
            ExchangeError::Unavailable { retry_after, .. } => pause.max(retry_after.unwrap_or_default()),
            _ => return Err(Failure::of_exchange(&error)),
        };
        if tries >= MAX_TRIES || ground.clock.now() + wait >= ground.deadline {
            return Err(Failure::of_exchange(&error));
        }
        ground.clock.sleep(wait).await;
        pause = pause.saturating_mul(2);
    }
    Err(Failure::TimedOut)
}

#[cfg(test)]
mod tests;
