//! A login at an authorization server, from its metadata to its tokens. Tokens that cannot be kept are given back.

use std::time::Duration;

use crate::flow::authorization_code::{self, Ground as CodeGround};
use crate::flow::loopback::Browser;
use crate::flow::plan::{Plan, Start};
use crate::flow::table::{Ground, Row};
use crate::flow::{AtIssuer, Failure, Step, StepUp, device, registration};
use crate::oauth::id_token::{self, Authenticated, IdTokenError, Wanted};
use crate::oauth::{Account, DiscoveryError, Metadata, Presented, Revoked, Tokens};
use crate::provider::Endpoints;
use crate::provider::Settings;
use crate::secret::Nonce;

/// What a person should know who wanted to be authenticated in a certain way.
const UNSAID: &str = "the service does not say how you were authenticated: it may not be as was asked for";

/// How long the service may take to hear that tokens are not wanted.
const GIVING_BACK: Duration = Duration::from_secs(10);

/// Tokens, and what they were asked for with.
pub(super) struct Obtained {
    pub(super) plan: Plan,
    pub(super) tokens: Tokens,
    nonce: Option<Nonce>,
    step_up: StepUp,
    /// What it was asked with; a client that was registered is in it.
    pub(super) settings: Settings,
}

/// Sees to a client, plans with what was discovered, and asks until tokens come.
pub(super) async fn obtain(
    ground: &Ground,
    row: &Row,
    at: &AtIssuer,
    step_up: &StepUp,
    discovered: Result<Metadata, DiscoveryError>,
    browser: &mut Option<Browser>,
    least_interval: Duration,
) -> Result<Obtained, Failure> {
    let mut at = at.clone();
    let new = registration::ensure(ground, &mut at, &discovered).await?;
    let registered = at.settings.registration.is_some() && !new;
    let first = Box::pin(attempt(ground, row, &at, step_up, discovered.clone(), (browser, least_interval))).await;
    // The service may have forgotten a client that it registered some time ago.
    // What endpoints given by hand say of a client is no reason to make another for them.
    let by_hand = at.settings.endpoints != Endpoints::default();
    if !registered || by_hand || !matches!(first, Err(Failure::Misconfigured { code: "invalid_client" })) {
        return first;
    }
    registration::renew(ground, &mut at, &discovered).await?;
    Box::pin(attempt(ground, row, &at, step_up, discovered, (browser, least_interval))).await
}

async fn attempt(
    ground: &Ground,
    row: &Row,
    at: &AtIssuer,
    step_up: &StepUp,
    discovered: Result<Metadata, DiscoveryError>,
    (browser, least_interval): (&mut Option<Browser>, Duration),
) -> Result<Obtained, Failure> {
    let Ground { oauth, clock, tasks, .. } = ground;
    let mut plan = Plan::new(at, step_up, discovered)?;
    row.asks(plan.start.flow(), Some(&plan.client.client_id), plan.scope());
    let publish = |step: Step| row.publish(step);
    let deadline = row.deadline();
    let (tokens, nonce) = match plan.start.clone() {
        Start::Authorization(endpoint) => {
            let ground = CodeGround { oauth, clock, tasks, deadline, row };
            authorization_code::obtain(&ground, &at.settings, &mut plan, &endpoint, browser, publish).await?
        }
        Start::Client => (client_credentials(ground, at, &mut plan).await?, None),
        Start::Device(endpoint) => {
            let time = (deadline, least_interval);
            (device::obtain(oauth, clock, &at.settings, &mut plan, &endpoint, time, publish).await?, None)
        }
    };
    Ok(Obtained { plan, tokens, nonce, step_up: step_up.clone(), settings: at.settings.clone() })
}

/// RFC 6749 §4.4: the client asks for itself. A lost answer does no harm, since nothing is used up.
async fn client_credentials(ground: &Ground, at: &AtIssuer, plan: &mut Plan) -> Result<Tokens, Failure> {
    loop {
        let scope = plan.scope().map(str::to_owned);
        let resource = at.settings.only_resource();
        let presented = Presented::Client { scope: scope.as_deref(), audience: None, resource };
        match ground.oauth.exchange(&plan.client, presented).await {
            Ok(tokens) => return Ok(tokens),
            Err(error) if plan.authenticates_otherwise(&error) => {}
            Err(error) => return Err(Failure::of_exchange(&error)),
        }
    }
}

impl Obtained {
    /// Whether the tokens can be kept, and who the checked ID token says has logged in. Tokens that cannot be kept are
    /// revoked, as far as the service lets them be: nobody will use them.
    pub(super) async fn verified(
        &self,
        ground: &Ground,
        warnings: &mut Vec<String>,
    ) -> Result<Option<Account>, Failure> {
        let account = self.account(ground, warnings);
        if account.is_err() {
            let _late = tokio::time::timeout(GIVING_BACK, self.give_back(ground)).await;
        }
        account
    }

    async fn give_back(&self, ground: &Ground) {
        let Self { plan, tokens, .. } = self;
        if let Some(token) = &tokens.refresh_token {
            let told = ground.oauth.revoke(&plan.client, Revoked::Refresh(token)).await;
            tracing::info!(?told, "the refresh token of a login that is not kept was given back");
        }
        let told = ground.oauth.revoke(&plan.client, Revoked::Access(&tokens.access_token)).await;
        tracing::info!(?told, "the access token of a login that is not kept was given back");
    }

    fn account(&self, ground: &Ground, warnings: &mut Vec<String>) -> Result<Option<Account>, Failure> {
        if let Some(token_type) = self.tokens.unsupported_type {
            return Err(Failure::UnsupportedTokenType { token_type });
        }
        let wanted = Wanted { contexts: self.step_up.acr_values.as_deref(), max_age: self.step_up.max_age };
        let Some(id_token) = &self.tokens.id_token else {
            if wanted.contexts.is_some() || wanted.max_age.is_some() {
                warnings.push(UNSAID.to_owned());
            }
            return Ok(None);
        };
        let client = &self.plan.client;
        // The service's own time, as this machine's clock may be hours off.
        let wall = self.tokens.server_time.unwrap_or_else(|| ground.clock.wall());
        let refused = |why| match why {
            IdTokenError::AuthenticatedOtherwise | IdTokenError::AuthenticatedTooLongAgo => Failure::WeakLogin(why),
            why => Failure::IdToken(why),
        };
        let party = (client.client_id.as_str(), client.client_secret.is_some());
        let account = id_token::check(id_token, &client.issuer, party, self.nonce.as_ref(), wall).map_err(refused)?;
        if id_token::authenticated(id_token, wanted, wall).map_err(refused)? == Authenticated::Unsaid {
            warnings.push(UNSAID.to_owned());
        }
        Ok(Some(account))
    }
}
