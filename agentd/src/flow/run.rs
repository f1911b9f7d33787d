//! One login from start to end: obtain a credential, complete it with what belongs to it, hand it over.

use crate::flow::at_issuer::{self, Obtained};
use crate::flow::at_service::{self, Raw};
use crate::flow::loopback::{Browser, Page};
use crate::flow::table::{Ground, Row};
use crate::flow::{AdoptError, Brought, BroughtTokens, Failure, Finished, Login, Outcome, Step, Target, warning, who};
use crate::service::Presented;

/// Runs `login` and ends `row`.
pub(super) async fn run(ground: &Ground, row: &Row, login: Login) {
    let mut browser = None;
    let obtained = tokio::select! {
        // What is there when the deadline strikes is kept.
        biased;
        obtained = obtain(ground, row, &login, &mut browser) => obtained,
        () = row.cancelled() => Err(Failure::Cancelled),
        () = ground.tasks.cancelled() => Err(Failure::Cancelled),
        () = ground.clock.sleep_until(row.deadline()) => Err(Failure::TimedOut),
    };
    let label = login.label().to_owned();
    let ended = match obtained {
        Ok(obtained) => adopt(ground, login, obtained).await,
        Err(failure) => Err(failure),
    };
    let last = match ended {
        Ok(finished) => {
            tracing::info!(profile = finished.profile, "a login has succeeded");
            Step::Done(finished)
        }
        Err(failure) => {
            tracing::warn!(profile = label, why = %failure, "a login has failed");
            ground.sink.failed(&label, &failure);
            Step::Failed(failure)
        }
    };
    let page = Page::for_end(&last);
    row.end(last, ground.clock.now());
    if let Some(browser) = browser {
        browser.show(page).await;
    }
}

/// A credential as it came.
enum Got {
    FromIssuer(Box<Obtained>),
    FromService(Box<Raw>),
}

async fn obtain(ground: &Ground, row: &Row, login: &Login, browser: &mut Option<Browser>) -> Result<Got, Failure> {
    let least_interval = login.poll_interval.unwrap_or_default();
    match &login.target {
        Target::Issuer(at) => {
            let discovered = ground.oauth.discover(&at.settings.issuer, at.settings.ca_file.as_deref()).await;
            let obtained =
                at_issuer::obtain(ground, row, at, &login.step_up, discovered, browser, least_interval).await?;
            Ok(Got::FromIssuer(Box::new(obtained)))
        }
        Target::Service(at) => {
            let raw = at_service::obtain(ground, row, at, browser, (&login.step_up, least_interval)).await?;
            Ok(Got::FromService(Box::new(raw)))
        }
    }
}

async fn adopt(ground: &Ground, login: Login, got: Got) -> Result<Finished, Failure> {
    let outcome = match (login.target, got) {
        (Target::Issuer(_), Got::FromIssuer(obtained)) => {
            let mut warnings = Vec::new();
            let mut account = obtained.verified(ground, &mut warnings).await?;
            let Obtained { plan, tokens, mut settings, .. } = *obtained;
            let flow = plan.start.flow();
            settings.flow = Some(flow);
            warnings.extend(warning::of(&tokens, &plan.scope, flow));
            let (settings, client, requested_scope) = (Some(settings), plan.client, plan.scope);
            let brought = BroughtTokens { settings, client, tokens, requested_scope };
            if let Some(teller) = who::standard(&brought, account.as_ref()) {
                let tokens = &brought.tokens;
                // EXPOSE: presented to the service that it is of.
                let credential = Presented { scheme: &tokens.token_type, secret: tokens.access_token.expose() };
                let told = who::asked(ground, &teller, credential, &mut warnings).await.account;
                account = at_service::merged(account, told);
            }
            Outcome {
                profile: login.profile,
                flow,
                grant: Brought::Tokens(Box::new(brought)),
                account,
                warnings,
                switch: login.switch,
                place: None,
                usable: None,
                secondaries: Vec::new(),
            }
        }
        (Target::Service(at), Got::FromService(raw)) => {
            at_service::complete(ground, *at, *raw, login.profile, login.switch).await?
        }
        // What was obtained is of the kind that was asked for.
        _ => return Err(Failure::Internal),
    };
    let mut warnings = outcome.warnings.clone();
    let settings = if let Brought::Tokens(brought) = &outcome.grant { brought.settings.clone() } else { None };
    let adopted = ground.sink.adopt(outcome).await.map_err(|error| match error {
        AdoptError::NotStored => Failure::NotStored,
    })?;
    if let Some(settings) = settings {
        ground.registered.has_login(&settings);
    }
    // A sink may hand the login's warnings back among its own.
    warnings.extend(adopted.warnings.into_iter().filter(|warning| !warnings.contains(warning)).collect::<Vec<_>>());
    Ok(Finished { profile: adopted.profile, warnings })
}
