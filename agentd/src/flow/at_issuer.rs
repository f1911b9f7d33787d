//! A login at an authorization server, from its metadata to its tokens.

use std::time::Duration;

use crate::flow::authorization_code::{self, Ground as CodeGround};
use crate::flow::loopback::Browser;
use crate::flow::plan::{Plan, Start};
use crate::flow::table::{Ground, Row};
use crate::flow::{AtIssuer, Failure, Step, device};
use crate::oauth::{Account, DiscoveryError, Metadata, Presented, Tokens, id_token};
use crate::secret::Nonce;

/// Tokens, and what they were asked for with.
pub(super) struct Obtained {
    pub(super) plan: Plan,
    pub(super) tokens: Tokens,
    nonce: Option<Nonce>,
}

/// Plans with what was discovered, and asks until tokens come.
pub(super) async fn obtain(
    ground: &Ground,
    row: &Row,
    at: &AtIssuer,
    discovered: Result<Metadata, DiscoveryError>,
    browser: &mut Option<Browser>,
    least_interval: Duration,
) -> Result<Obtained, Failure> {
    let Ground { oauth, clock, tasks, .. } = ground;
    let mut plan = Plan::new(at, discovered)?;
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
    Ok(Obtained { plan, tokens, nonce })
}

/// RFC 6749 §4.4: the client asks for itself. A lost answer does no harm, since nothing is used up.
async fn client_credentials(ground: &Ground, at: &AtIssuer, plan: &mut Plan) -> Result<Tokens, Failure> {
    loop {
        let scope = plan.scope().map(str::to_owned);
        let presented = Presented::Client { scope: scope.as_deref(), resource: at.settings.only_resource() };
        match ground.oauth.exchange(&plan.client, presented).await {
            Ok(tokens) => return Ok(tokens),
            Err(error) if plan.authenticates_otherwise(&error) => {}
            Err(error) => return Err(Failure::of_exchange(&error)),
        }
    }
}

impl Obtained {
    /// Whether the tokens can be kept, and who the checked ID token says has logged in.
    pub(super) fn account(&self, ground: &Ground) -> Result<Option<Account>, Failure> {
        if let Some(token_type) = self.tokens.unsupported_type {
            return Err(Failure::UnsupportedTokenType { token_type });
        }
        let Some(id_token) = &self.tokens.id_token else { return Ok(None) };
        let client = &self.plan.client;
        // The service's own time, as this machine's clock may be hours off.
        let wall = self.tokens.server_time.unwrap_or_else(|| ground.clock.wall());
        let party = (client.client_id.as_str(), client.client_secret.is_some());
        id_token::check(id_token, &client.issuer, party, self.nonce.as_ref(), wall).map(Some).map_err(Failure::IdToken)
    }
}
