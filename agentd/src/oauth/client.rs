//! Builds and sends every request of a client to a service.
//!
//! RFC 6749 §2.3.1, §3.2, §4.1.3, §6; RFC 7523 §2.2; RFC 8628 §3.1, §3.4; RFC 8707 §2. Owns how the client authenticates and what a
//! form holds; leaves reading the answers to `response` and `device`, and when to ask again to the caller. A request is
//! sent once, unless the service refused an assertion and told in doing so that the clocks differ.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use url::form_urlencoded::byte_serialize;
use zeroize::Zeroizing;

use super::assertion::{self, KeyError};
use super::authorization::owned;
use super::device::{self, DeviceAuthorization};
use super::response::{self, Received};
use super::times::Times;
use super::{Audience, Authentication, Client, ExchangeError, Presented, Tokens};
use crate::clock::{Clock, Moment};
use crate::http::{AUTHORIZATION, HeaderName, Http, Method, Payload, Reach, Request, Response, SendError, is_loopback};
use crate::secret::ClientSecret;

/// Parameters of a device request that the person cannot give.
const OWNED: [&str; 4] = ["client_id", "client_secret", "resource", "scope"];

/// Speaks OAuth to services.
#[derive(Debug, Clone)]
pub struct OAuth {
    pub(super) http: Http,
    clock: Clock,
    pub(super) times: Times,
}

/// Why a request got no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PostError {
    Key(KeyError),
    NoSecret,
    Send(SendError),
}

/// The text for a confidential client without a secret.
pub(super) const NO_SECRET: &str = "the client secret is missing";

impl PostError {
    /// What is wrong with the settings, if nothing was sent for that reason.
    pub(super) fn settings(self) -> Result<&'static str, SendError> {
        match self {
            Self::Key(error) => Ok(error.why()),
            Self::NoSecret => Ok(NO_SECRET),
            Self::Send(error) => Err(error),
        }
    }
}

impl From<PostError> for ExchangeError {
    fn from(error: PostError) -> Self {
        error.settings().map_or_else(Self::from, |why| Self::Settings { why })
    }
}

impl OAuth {
    /// Sends through `http` and takes the time of sending from `clock`.
    pub fn new(http: Http, clock: Clock) -> Self {
        Self { http, clock, times: Times::default() }
    }

    /// Presents a code or a refresh token at the token endpoint, once (RFC 6749 §3.2).
    pub async fn exchange(&self, client: &Client, presented: Presented<'_>) -> Result<Tokens, ExchangeError> {
        let sent_at = self.clock.now();
        let answer = self.post(client, &client.token_endpoint, form(presented)).await?;
        let read =
            if matches!(presented, Presented::AccessToken { .. }) { response::exchanged } else { response::tokens };
        read(received(&answer, sent_at), &answer.body)
    }

    /// Starts a device login (RFC 8628 §3.1). `params` are the person's own.
    pub async fn device_authorization(
        &self,
        client: &Client,
        endpoint: &str,
        scope: Option<&str>,
        resources: &[String],
        params: &BTreeMap<String, String>,
    ) -> Result<DeviceAuthorization, ExchangeError> {
        if params.keys().any(|name| owned(name, &OWNED).is_some()) {
            return Err(ExchangeError::Settings { why: "a parameter given by hand is one of the protocol's" });
        }
        let mut form: Vec<_> = scope.map(|scope| ("scope", scope)).into_iter().collect();
        form.extend(resources.iter().map(|resource| ("resource", resource.as_str())));
        form.extend(params.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        if client.authentication == Authentication::Basic {
            // RFC 8628 §3.1 does not ask for it then; Google does.
            form.push(("client_id", &client.client_id));
        }
        let sent_at = self.clock.now();
        // Nothing is granted here, so an answer that is lost on the way leaves no doubt: it is asked for anew.
        let answer = match self.post(client, endpoint, form).await {
            Err(PostError::Send(SendError::Lost { why })) => return Err(ExchangeError::NotSent { why }),
            other => other?,
        };
        // Whoever gave the endpoint by hand has named the service, not whatever page it sends people to.
        let pages = client.reach.min(if on_this_machine(endpoint) { Reach::Machine } else { Reach::Private });
        match device::authorization(received(&answer, sent_at), &answer.body, |page| {
            pages.towards(page.as_str(), &client.issuer).check(page).is_ok()
        }) {
            Err(ExchangeError::Uncertain { .. }) if answer.status >= 500 => {
                Err(ExchangeError::Unavailable { status: answer.status, retry_after: answer.retry_after })
            }
            told => told,
        }
    }

    /// Posts `form` to `endpoint` as `client`.
    pub(super) async fn post(
        &self,
        client: &Client,
        endpoint: &str,
        form: Vec<(&str, &str)>,
    ) -> Result<Response, PostError> {
        let there = || self.times.there(&client.issuer, self.clock.wall());
        let before = there() - self.clock.wall();
        let answer = self.post_once(client, endpoint, form.clone(), there()).await?;
        let moved = there() - self.clock.wall() - before;
        // Who a client is, is looked at before anything else (RFC 6749 §3.2.1): nothing was done.
        let asserted = matches!(client.authentication, Authentication::PrivateKeyJwt(..));
        if asserted
            && moved.abs() > CLOCKS_APART
            && response::error_code(&answer.body).as_deref() == Some("invalid_client")
        {
            return self.post_once(client, endpoint, form, there()).await;
        }
        Ok(answer)
    }

    async fn post_once(
        &self,
        client: &Client,
        endpoint: &str,
        form: Vec<(&str, &str)>,
        wall: i64,
    ) -> Result<Response, PostError> {
        let assertion = assertion(client, endpoint, wall)?;
        let mut form = form;
        let headers = authenticate(client, assertion.as_ref().map(|jwt| jwt.as_str()), &mut form)?;
        let ca_file = client.ca_file.as_deref();
        let reach = client.reach_of(endpoint);
        let payload = Payload::Form(form);
        let request = Request { method: Method::Post, url: endpoint, payload, headers, ca_file, reach };
        let answer = self.http.send(request).await.map_err(PostError::Send)?;
        self.times.learn(&client.issuer, answer.date, self.clock.wall());
        Ok(answer)
    }

    pub(super) fn now(&self) -> Moment {
        self.clock.now()
    }

    pub(super) fn wall(&self) -> i64 {
        self.clock.wall()
    }
}

/// How many seconds a service's clock has to be off for an assertion that it refused to be made again.
const CLOCKS_APART: i64 = 15;

fn on_this_machine(endpoint: &str) -> bool {
    url::Url::parse(endpoint).is_ok_and(|endpoint| is_loopback(&endpoint))
}

fn received(answer: &Response, sent_at: Moment) -> Received {
    Received { status: answer.status, retry_after: answer.retry_after, date: answer.date, sent_at }
}

fn form(presented: Presented<'_>) -> Vec<(&'static str, &str)> {
    match presented {
        Presented::AuthorizationCode { code, redirect_uri, verifier, resource } => {
            let mut form = vec![
                ("grant_type", "authorization_code"),
                // EXPOSE: the code and its verifier are redeemed at the service that issued the code.
                ("code", code.expose()),
                ("redirect_uri", redirect_uri),
                // EXPOSE: as above.
                ("code_verifier", verifier.expose()),
            ];
            form.extend(resource.map(|resource| ("resource", resource)));
            form
        }
        Presented::Client { scope, audience, resource } => {
            let mut form = vec![("grant_type", "client_credentials")];
            form.extend(scope.map(|scope| ("scope", scope)));
            form.extend(audience.map(|audience| ("audience", audience)));
            form.extend(resource.map(|resource| ("resource", resource)));
            form
        }
        Presented::DeviceCode { code, resource } => {
            let mut form = vec![
                ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
                // EXPOSE: polled with at the service that issued it.
                ("device_code", code.expose()),
            ];
            form.extend(resource.map(|resource| ("resource", resource)));
            form
        }
        Presented::AccessToken { token, scope, audience, resource } => {
            let mut form = vec![
                ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
                // EXPOSE: exchanged at the service that issued it.
                ("subject_token", token.expose()),
                ("subject_token_type", response::ACCESS_TOKEN_TYPE),
                ("requested_token_type", response::ACCESS_TOKEN_TYPE),
            ];
            form.extend(scope.map(|scope| ("scope", scope)));
            form.extend(audience.map(|audience| ("audience", audience)));
            form.extend(resource.map(|resource| ("resource", resource)));
            form
        }
        Presented::RefreshToken { token, scope, audience, resource } => {
            // EXPOSE: presented to the service that issued it, and to no other.
            let mut form = vec![("grant_type", "refresh_token"), ("refresh_token", token.expose())];
            form.extend(scope.map(|scope| ("scope", scope)));
            form.extend(audience.map(|audience| ("audience", audience)));
            form.extend(resource.map(|resource| ("resource", resource)));
            form
        }
    }
}

type Headers = Vec<(HeaderName, Zeroizing<String>)>;

/// The assertion for a request to `endpoint`, where the client authenticates by one.
fn assertion(client: &Client, endpoint: &str, wall: i64) -> Result<Option<Zeroizing<String>>, PostError> {
    let Authentication::PrivateKeyJwt(algorithm, audience) = client.authentication else { return Ok(None) };
    let key = client.client_key.as_ref().ok_or(PostError::NoSecret)?;
    let audience = if audience == Audience::Issuer { &client.issuer } else { endpoint };
    assertion::sign(key, algorithm, &client.client_id, audience, wall).map(Some).map_err(PostError::Key)
}

fn authenticate<'a>(
    client: &'a Client,
    assertion: Option<&'a str>,
    form: &mut Vec<(&'a str, &'a str)>,
) -> Result<Headers, PostError> {
    let secret = || client.client_secret.as_deref().ok_or(PostError::NoSecret);
    match client.authentication {
        Authentication::Basic => return Ok(vec![(AUTHORIZATION, basic(&client.client_id, secret()?))]),
        Authentication::None => form.push(("client_id", &client.client_id)),
        Authentication::Post => {
            // EXPOSE: how this client proves itself to its service.
            form.extend([("client_id", client.client_id.as_str()), ("client_secret", secret()?.expose())]);
        }
        Authentication::PrivateKeyJwt(..) => {
            form.extend([("client_id", client.client_id.as_str()), ("client_assertion_type", assertion::TYPE)]);
            form.extend(assertion.map(|jwt| ("client_assertion", jwt)));
        }
    }
    Ok(Vec::new())
}

/// RFC 6749 §2.3.1: both parts are form-encoded before they are joined, so that neither can hold a colon.
fn basic(client_id: &str, secret: &ClientSecret) -> Zeroizing<String> {
    // EXPOSE: how this client proves itself to its service.
    let secret = secret.expose();
    // Room for the longest outcome, so that no buffer moves and leaves a copy.
    let longest = 3 * (client_id.len() + secret.len()) + 1;
    let mut pair = Zeroizing::new(String::with_capacity(longest));
    pair.extend(byte_serialize(client_id.as_bytes()));
    pair.push(':');
    pair.extend(byte_serialize(secret.as_bytes()));
    let mut header = Zeroizing::new(String::with_capacity("Basic ".len() + 4 * longest.div_ceil(3)));
    header.push_str("Basic ");
    BASE64_STANDARD.encode_string(pair.as_bytes(), &mut header);
    header
}

#[cfg(test)]
mod tests;
