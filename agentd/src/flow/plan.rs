//! From a profile's settings and the service's metadata to what one login will ask for. Pure.
//!
//! What the person gave by hand wins over metadata. Defaults: RFC 6749 §2.3.1 for the client's authentication, RFC 9126 §5
//! for pushed requests, OpenID Connect Core §11 for `offline_access` and the consent it needs.

use std::collections::BTreeMap;

use crate::flow::{AtIssuer, Failure, StepUp};
use crate::http::{self, Reach};
use crate::oauth::{Audience, Authentication, Client, DiscoveryError, ExchangeError, Metadata, assertion};
use crate::provider::{Endpoints, Flow, Settings};

/// What one login asks for.
#[derive(Debug)]
pub(super) struct Plan {
    /// Which flow, and where it begins.
    pub(super) start: Start,
    /// For the token endpoint, now and later.
    pub(super) client: Client,
    /// Scopes separated by spaces; may be empty.
    pub(super) scope: String,
    /// Further parameters of the first request.
    pub(super) params: BTreeMap<String, String>,
    /// Where the authorization request is pushed to, if it is.
    pub(super) pushed: Option<Pushed>,
    /// RFC 9207 §3 `authorization_response_iss_parameter_supported`.
    pub(super) iss_promised: bool,
}

/// Where authorization requests are pushed to (RFC 9126 §5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pushed {
    pub(super) endpoint: String,
    /// The service takes no others.
    pub(super) required: bool,
}

/// The first endpoint of a flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Start {
    /// RFC 6749 §3.1.
    Authorization(String),
    /// RFC 6749 §4.4: nobody has to approve.
    Client,
    /// RFC 8628 §3.1.
    Device(String),
}

impl Start {
    pub(super) fn flow(&self) -> Flow {
        match self {
            Self::Authorization(_) => Flow::AuthorizationCode,
            Self::Client => Flow::ClientCredentials,
            Self::Device(_) => Flow::Device,
        }
    }
}

impl Plan {
    /// The plan of `login` at a service with this metadata. A failed discovery matters only if an endpoint is missing.
    pub(super) fn new(
        login: &AtIssuer,
        step_up: &StepUp,
        discovered: Result<Metadata, DiscoveryError>,
    ) -> Result<Self, Failure> {
        let (metadata, failed) = match discovered {
            Ok(metadata) => (metadata, None),
            Err(error) => (Metadata::default(), Some(error)),
        };
        let settings = &login.settings;
        let by_hand = settings.endpoints.clone();
        let authentication = authentication(settings, &metadata);
        let missing = |failure: Failure| failed.as_ref().map_or(failure, Failure::of_discovery);
        let authorization = by_hand.authorization.or(metadata.authorization_endpoint);
        let device = by_hand.device_authorization.or(metadata.device_authorization_endpoint);
        let start = start(login, authorization, device).map_err(missing)?;
        // Absent says nothing: services that have it leave it out.
        let methods = metadata.code_challenge_methods_supported.as_deref();
        if matches!(start, Start::Authorization(_)) && methods.is_some_and(|known| !known.iter().any(|m| m == "S256")) {
            return Err(Failure::NoPkce);
        }
        let to_push = (metadata.pushed_authorization_request_endpoint, metadata.require_pushed_authorization_requests);
        let pushed = pushed(&start, to_push)?;
        let token_endpoint = by_hand.token.or(metadata.token_endpoint).ok_or_else(|| {
            missing(Failure::BadSettings {
                why: "the service names no token endpoint: give it with `--token-endpoint`".to_owned(),
            })
        })?;
        let revocation_endpoint = by_hand.revocation.or(metadata.revocation_endpoint);
        let first = match &start {
            Start::Authorization(first) | Start::Device(first) => Some(("first", first)),
            Start::Client => None,
        };
        for (what, endpoint) in first.into_iter().chain([("token", &token_endpoint)]) {
            http::check_endpoint(endpoint).map_err(|e| Failure::BadSettings {
                why: format!("the {what} endpoint of this login cannot be used: {}", e.why()),
            })?;
        }
        let scope = match (&start, settings.scope.as_deref()) {
            // There is no person whose identity the default scope could ask for.
            (Start::Client, None) => String::new(),
            (_, given) => default_scope(given, &metadata.scopes_supported),
        };
        if start == Start::Client && !settings.is_confidential() {
            return Err(Failure::BadSettings {
                why: "client credentials need a client secret or a client key".to_owned(),
            });
        }
        let params = params(&settings.auth_params, step_up, &start, &scope);
        let client = Client {
            issuer: settings.issuer.clone(),
            client_id: settings.client_id.clone(),
            client_secret: settings.client_secret.clone(),
            client_key: settings.client_key.clone(),
            authentication: authentication?,
            token_endpoint,
            revocation_endpoint,
            userinfo_endpoint: metadata.userinfo_endpoint.filter(|_| has(&scope, "openid")),
            ca_file: settings.ca_file.clone(),
            // Who gives an endpoint by hand vouches for the network that the service is in.
            reach: if settings.endpoints == Endpoints::default() { metadata.reach } else { Reach::Anywhere },
        };
        let iss_promised = metadata.authorization_response_iss_parameter_supported;
        Ok(Self { start, client, scope, params, pushed, iss_promised })
    }

    /// After a failed request: whether it is worth another try with the secret sent the other way, or with an assertion
    /// that names the endpoint and not the issuer. Metadata lists what the service can, not what this client is registered
    /// for, and a client that authenticates wrongly is refused before anything else is looked at (RFC 6749 §3.2.1).
    pub(super) fn authenticates_otherwise(&mut self, error: &ExchangeError) -> bool {
        if !matches!(error, ExchangeError::Misconfigured { code: "invalid_client" }) {
            return false;
        }
        self.client.authentication = match self.client.authentication {
            Authentication::Basic => Authentication::Post,
            Authentication::PrivateKeyJwt(algorithm, Audience::Issuer) => {
                Authentication::PrivateKeyJwt(algorithm, Audience::Endpoint)
            }
            _ => return false,
        };
        true
    }

    /// The scopes as a parameter, which is left out rather than empty (RFC 6749 §3.3).
    pub(super) fn scope(&self) -> Option<&str> {
        Some(self.scope.as_str()).filter(|scope| !scope.is_empty())
    }

    /// Whether the login is one of OpenID Connect.
    pub(super) fn is_openid(&self) -> bool {
        has(&self.scope, "openid")
    }
}

fn start(login: &AtIssuer, authorization: Option<String>, device: Option<String>) -> Result<Start, Failure> {
    let last = login.settings.flow.filter(|flow| *flow != Flow::Key);
    let flow = login.flow.or(last).unwrap_or(match (&authorization, &device) {
        (Some(_), _) if login.browser => Flow::AuthorizationCode,
        (_, Some(_)) => Flow::Device,
        _ => Flow::AuthorizationCode,
    });
    match flow {
        Flow::AuthorizationCode => authorization.map(Start::Authorization),
        Flow::Device => device.map(Start::Device),
        Flow::ClientCredentials => Some(Start::Client),
        Flow::Key | Flow::None | Flow::PollExchange => None,
    }
    .ok_or(Failure::NoSuchFlow { flow })
}

fn authentication(settings: &Settings, metadata: &Metadata) -> Result<Authentication, Failure> {
    if let Some(key) = &settings.client_key {
        let listed = metadata.token_endpoint_auth_signing_alg_values_supported.as_deref();
        let algorithm = assertion::choose(key, listed);
        let algorithm = algorithm.map_err(|error| Failure::BadSettings { why: error.to_string() })?;
        return Ok(Authentication::PrivateKeyJwt(algorithm, Audience::Issuer));
    }
    // What this client is registered for is better than what the service can.
    let own = settings.registration.as_ref().and_then(|known| known.authentication.clone()).map(|method| vec![method]);
    let listed = own.as_deref().or(metadata.token_endpoint_auth_methods_supported.as_deref());
    let lists = |method: &str| listed.is_some_and(|listed| listed.iter().any(|name| name == method));
    Ok(match &settings.client_secret {
        None => Authentication::None,
        Some(_) if lists("client_secret_post") && !lists("client_secret_basic") => Authentication::Post,
        Some(_) => Authentication::Basic,
    })
}

/// Where the authorization request is pushed to: wherever that is offered.
fn pushed(start: &Start, (endpoint, required): (Option<String>, bool)) -> Result<Option<Pushed>, Failure> {
    if !matches!(start, Start::Authorization(_)) {
        return Ok(None);
    }
    if required && endpoint.is_none() {
        return Err(Failure::BadAnswer { why: "it takes pushed authorization requests only, and does not say where" });
    }
    Ok(endpoint.map(|endpoint| Pushed { endpoint, required }))
}

/// The scope to ask for: what was given, else who it is, and a refresh token where there is a word for it.
pub(super) fn default_scope(given: Option<&str>, supported: &[String]) -> String {
    let offline = supported.iter().any(|scope| scope == "offline_access");
    match given {
        Some(given) => given.split_ascii_whitespace().collect::<Vec<_>>().join(" "),
        None if offline => "openid offline_access".to_owned(),
        None => "openid".to_owned(),
    }
}

fn params(given: &BTreeMap<String, String>, step_up: &StepUp, start: &Start, scope: &str) -> BTreeMap<String, String> {
    let mut params = given.clone();
    // What is asked for this once outweighs what is asked for each time.
    params.extend(step_up.parameters().map(|(name, value)| (name.to_owned(), value)));
    // OpenID Connect Core §11: without it a service ignores `offline_access`.
    if matches!(start, Start::Authorization(_)) && has(scope, "offline_access") {
        params.entry("prompt".to_owned()).or_insert_with(|| "consent".to_owned());
    }
    params
}

fn has(scope: &str, word: &str) -> bool {
    scope.split(' ').any(|scope| scope == word)
}

#[cfg(test)]
mod tests;
