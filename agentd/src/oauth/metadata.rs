//! Discovery: what a service says of itself, merged from both documents it may publish.
//!
//! OpenID Connect Discovery §4 and RFC 8414 §3; issuers with a path have a third place to look (RFC 8414 §5). Services
//! put members into either document, so each is taken from the first that has it, OpenID's before the other's. A
//! document for another issuer, or one that cannot be read, is left out if another serves. `grant_types_supported` is
//! not read: what real services list there is not what they do. Knows nothing of endpoints given by hand.

mod document;

use std::path::Path;

use futures_util::future::join_all;
use url::{Position, Url};

use super::OAuth;
use crate::http::{EndpointError, Method, Payload, Reach, Request, Response, SendError, check_endpoint};
pub use document::parse;

/// What a service says of itself. Every endpoint is one that requests may be sent to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Metadata {
    /// The issuer, as asked for.
    pub issuer: String,
    /// RFC 6749 §3.1.
    pub authorization_endpoint: Option<String>,
    /// RFC 8628 §4.
    pub device_authorization_endpoint: Option<String>,
    /// RFC 6749 §3.2.
    pub token_endpoint: Option<String>,
    /// RFC 7009 §2.
    pub revocation_endpoint: Option<String>,
    /// OpenID Connect Core §5.3.
    pub userinfo_endpoint: Option<String>,
    /// RFC 9126 §5.
    pub pushed_authorization_request_endpoint: Option<String>,
    /// RFC 7591 §3.
    pub registration_endpoint: Option<String>,
    /// RFC 9126 §5.
    pub require_pushed_authorization_requests: bool,
    /// May be empty and need not be complete.
    pub scopes_supported: Vec<String>,
    /// Not to be trusted: `none` is often missing although it works.
    pub token_endpoint_auth_methods_supported: Option<Vec<String>>,
    /// RFC 8414 §2, for PKCE (RFC 7636).
    pub code_challenge_methods_supported: Option<Vec<String>>,
    /// RFC 8414 §2.
    pub token_endpoint_auth_signing_alg_values_supported: Option<Vec<String>>,
    /// RFC 9207 §3. `false` does not mean that `iss` is not sent.
    pub authorization_response_iss_parameter_supported: bool,
    /// How far this service may send us, its own host aside.
    pub reach: Reach,
}

/// Why nothing is known of a service.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DiscoveryError {
    /// What the service publishes names an endpoint that must not be used.
    #[error("the service's metadata cannot be used: `{member}`: {why}")]
    Endpoint {
        /// The member.
        member: &'static str,
        /// What is wrong with it.
        why: EndpointError,
    },
    /// The issuer given is not one: correct it.
    #[error("the issuer cannot be used ({why})")]
    InvalidIssuer {
        /// What is wrong with it.
        why: EndpointError,
    },
    /// The service calls itself by another name: correct the issuer, or do not trust the service.
    #[error("the service's metadata is for another issuer")]
    IssuerMismatch {
        /// The service's spelling, if it is the same URL written differently.
        exact: Option<String>,
    },
    /// The service publishes no metadata: give the endpoints by hand.
    #[error("the service publishes no metadata")]
    NotOffered,
    /// What the service publishes is not metadata.
    #[error("the service's metadata cannot be read")]
    Unreadable,
    /// Try again later.
    #[error("the service cannot be reached ({why})")]
    Unreachable {
        /// What failed, in fixed words.
        why: &'static str,
    },
}

impl DiscoveryError {
    /// What to change, where that is known.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::IssuerMismatch { exact: Some(exact) } => Some(format!("the service spells its issuer `{exact}`")),
            Self::NotOffered | Self::Unreadable => Some("give the endpoints by hand".to_owned()),
            _ => None,
        }
    }

    /// Which of several failures tells most: the highest.
    const fn weight(&self) -> u8 {
        match self {
            Self::NotOffered => 0,
            Self::Unreadable => 1,
            Self::Unreachable { .. } => 2,
            Self::Endpoint { .. } => 3,
            Self::IssuerMismatch { .. } => 4,
            Self::InvalidIssuer { .. } => 5,
        }
    }
}

impl OAuth {
    /// Asks the service at `issuer` what it offers, in all places at once.
    pub async fn discover(&self, issuer: &str, ca_file: Option<&Path>) -> Result<Metadata, DiscoveryError> {
        let places = places(issuer)?;
        let documents = join_all(places.iter().map(|place| self.fetch(place, issuer, ca_file))).await;
        merge(documents)
    }

    /// Reads the one document at `document`, no further than `reach`; it names its issuer itself: for services that say where
    /// it is. It has to lie with its issuer, as a document from elsewhere could name anybody's endpoints.
    pub async fn discover_at(
        &self,
        document: &str,
        ca_file: Option<&Path>,
        reach: Reach,
    ) -> Result<Metadata, DiscoveryError> {
        let place = check_endpoint(document).map_err(|why| DiscoveryError::InvalidIssuer { why })?;
        let answer = self.document(document, ca_file, reach).await?;
        let metadata = document::parse_any(&answer.body, answer.reach)?;
        let issuer = check_issuer(&metadata.issuer).map_err(|why| DiscoveryError::InvalidIssuer { why })?;
        if issuer.origin() == place.origin() {
            self.times.learn(&metadata.issuer, answer.date, self.wall());
            Ok(metadata)
        } else {
            Err(DiscoveryError::IssuerMismatch { exact: None })
        }
    }

    async fn fetch(&self, url: &str, issuer: &str, ca_file: Option<&Path>) -> Result<Metadata, DiscoveryError> {
        let answer = self.document(url, ca_file, Reach::Anywhere).await?;
        let metadata = parse(&answer.body, issuer, answer.reach)?;
        self.times.learn(issuer, answer.date, self.wall());
        Ok(metadata)
    }

    async fn document(&self, url: &str, ca_file: Option<&Path>, reach: Reach) -> Result<Response, DiscoveryError> {
        let request = Request { method: Method::Get, url, payload: Payload::None, headers: Vec::new(), ca_file, reach };
        let unreachable = |why| DiscoveryError::Unreachable { why };
        let answer = self.http.send(request).await.map_err(|error| match error {
            SendError::Lost { why } | SendError::NotSent { why } => unreachable(why),
        })?;
        match answer.status {
            200..=299 => Ok(answer),
            408 | 429 | 500..=599 => Err(unreachable("the service is busy or broken")),
            _ => Err(DiscoveryError::NotOffered),
        }
    }
}

/// Where the documents of `issuer` may be, those of OpenID first.
fn places(issuer: &str) -> Result<Vec<String>, DiscoveryError> {
    let url = check_issuer(issuer).map_err(|why| DiscoveryError::InvalidIssuer { why })?;
    let (origin, path) = (&url[..Position::BeforePath], url.path().trim_end_matches('/'));
    let mut places = vec![format!("{origin}{path}/.well-known/openid-configuration")];
    if !path.is_empty() {
        places.push(format!("{origin}/.well-known/openid-configuration{path}"));
    }
    places.push(format!("{origin}/.well-known/oauth-authorization-server{path}"));
    Ok(places)
}

/// RFC 8414 §2: no query, no fragment.
fn check_issuer(issuer: &str) -> Result<Url, EndpointError> {
    let url = check_endpoint(issuer)?;
    if url.query().is_some() { Err(EndpointError::NotAUrl) } else { Ok(url) }
}

/// Each member from the first document that has it; without a document, the failure that tells most.
fn merge(documents: Vec<Result<Metadata, DiscoveryError>>) -> Result<Metadata, DiscoveryError> {
    let mut merged: Option<Metadata> = None;
    let mut failure = DiscoveryError::NotOffered;
    for document in documents {
        match document {
            Ok(document) => merged = Some(merged.map_or(document.clone(), |first| first.or(document))),
            Err(error) if error.weight() > failure.weight() => failure = error,
            Err(_) => {}
        }
    }
    merged.ok_or(failure)
}

impl Metadata {
    fn or(self, other: Self) -> Self {
        let scopes = if self.scopes_supported.is_empty() { other.scopes_supported } else { self.scopes_supported };
        Self {
            issuer: self.issuer,
            authorization_endpoint: self.authorization_endpoint.or(other.authorization_endpoint),
            device_authorization_endpoint: self.device_authorization_endpoint.or(other.device_authorization_endpoint),
            token_endpoint: self.token_endpoint.or(other.token_endpoint),
            revocation_endpoint: self.revocation_endpoint.or(other.revocation_endpoint),
            userinfo_endpoint: self.userinfo_endpoint.or(other.userinfo_endpoint),
            pushed_authorization_request_endpoint: self
                .pushed_authorization_request_endpoint
                .or(other.pushed_authorization_request_endpoint),
            registration_endpoint: self.registration_endpoint.or(other.registration_endpoint),
            // What either document requires is required.
            require_pushed_authorization_requests: self.require_pushed_authorization_requests
                || other.require_pushed_authorization_requests,
            scopes_supported: scopes,
            token_endpoint_auth_methods_supported: self
                .token_endpoint_auth_methods_supported
                .or(other.token_endpoint_auth_methods_supported),
            code_challenge_methods_supported: self
                .code_challenge_methods_supported
                .or(other.code_challenge_methods_supported),
            token_endpoint_auth_signing_alg_values_supported: self
                .token_endpoint_auth_signing_alg_values_supported
                .or(other.token_endpoint_auth_signing_alg_values_supported),
            // Either document promises it for the one authorization endpoint.
            authorization_response_iss_parameter_supported: self.authorization_response_iss_parameter_supported
                || other.authorization_response_iss_parameter_supported,
            reach: self.reach.min(other.reach),
        }
    }
}

#[cfg(test)]
mod tests;
