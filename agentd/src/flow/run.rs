//! One login from start to end: discover, plan, obtain tokens, check who they are for, hand the grant over.

use crate::flow::authorization_code::{self, Ground as CodeGround};
use crate::flow::loopback::{Browser, Page};
use crate::flow::plan::{Plan, Start};
use crate::flow::table::{Ground, Row};
use crate::flow::{AdoptError, Failure, Finished, Login, Outcome, Step, device, warning};
use crate::oauth::{Account, Tokens, id_token};
use crate::secret::Nonce;

/// Runs `login` and ends `row`.
pub(super) async fn run(ground: &Ground, row: &Row, login: Login) {
    let mut browser = None;
    let obtained = tokio::select! {
        // Tokens that are there when the deadline strikes are kept.
        biased;
        obtained = obtain(ground, row, &login, &mut browser) => obtained,
        () = row.cancelled() => Err(Failure::Cancelled),
        () = ground.tasks.cancelled() => Err(Failure::Cancelled),
        () = ground.clock.sleep_until(row.deadline()) => Err(Failure::TimedOut),
    };
    let profile = login.profile.clone();
    let ended = match obtained {
        Ok(obtained) => adopt(ground, login, obtained).await,
        Err(failure) => Err(failure),
    };
    let last = match ended {
        Ok(finished) => {
            tracing::info!(profile, "a login has succeeded");
            Step::Done(finished)
        }
        Err(failure) => {
            tracing::warn!(profile, why = %failure, "a login has failed");
            ground.sink.failed(&profile, &failure);
            Step::Failed(failure)
        }
    };
    let page = Page::for_end(&last);
    row.end(last, ground.clock.now());
    if let Some(browser) = browser {
        browser.show(page).await;
    }
}

/// Tokens, and what they were asked for with.
struct Obtained {
    plan: Plan,
    tokens: Tokens,
    nonce: Option<Nonce>,
}

async fn obtain(ground: &Ground, row: &Row, login: &Login, browser: &mut Option<Browser>) -> Result<Obtained, Failure> {
    let Ground { oauth, clock, tasks, .. } = ground;
    let discovered = oauth.discover(&login.settings.issuer, login.settings.ca_file.as_deref()).await;
    let plan = Plan::new(login, discovered)?;
    let publish = |step| row.publish(step);
    let deadline = row.deadline();
    let (tokens, nonce) = match &plan.start {
        Start::Authorization(endpoint) => {
            let ground = CodeGround { oauth, clock, tasks, deadline };
            authorization_code::obtain(&ground, login, &plan, endpoint, browser, publish).await?
        }
        Start::Device(endpoint) => {
            (device::obtain(oauth, clock, login, &plan, endpoint, deadline, publish).await?, None)
        }
    };
    Ok(Obtained { plan, tokens, nonce })
}

async fn adopt(ground: &Ground, login: Login, obtained: Obtained) -> Result<Finished, Failure> {
    let Obtained { plan, tokens, nonce } = obtained;
    if let Some(token_type) = tokens.unsupported_type {
        return Err(Failure::UnsupportedTokenType { token_type });
    }
    let account = account(ground, &plan, &tokens, nonce.as_ref())?;
    let mut warnings = warning::of(&tokens, &plan.scope);
    let mut settings = login.settings;
    settings.flow = Some(plan.start.flow());
    let outcome = Outcome {
        profile: login.profile,
        settings,
        client: plan.client,
        granted_scope: tokens.scope.clone(),
        tokens,
        account,
        requested_scope: plan.scope,
        warnings: warnings.clone(),
        switch: login.switch,
    };
    let adopted = ground.sink.adopt(outcome).await.map_err(|error| match error {
        AdoptError::NotStored => Failure::NotStored,
    })?;
    // A sink may hand the login's warnings back among its own.
    warnings.extend(adopted.warnings.into_iter().filter(|warning| !warnings.contains(warning)).collect::<Vec<_>>());
    Ok(Finished { profile: adopted.profile, warnings })
}

fn account(ground: &Ground, plan: &Plan, tokens: &Tokens, nonce: Option<&Nonce>) -> Result<Option<Account>, Failure> {
    let Some(id_token) = &tokens.id_token else { return Ok(None) };
    let client = &plan.client;
    // The service's own time, as this machine's clock may be hours off.
    let wall = tokens.server_time.unwrap_or_else(|| ground.clock.wall());
    id_token::check(id_token, &client.issuer, &client.client_id, nonce, wall).map(Some).map_err(Failure::IdToken)
}
