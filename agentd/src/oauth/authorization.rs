//! The authorization request: its parameters, and a URL for the person's browser. Pure.
//!
//! RFC 6749 §4.1.1, RFC 7636 §4.3 (S256 only), RFC 8707 §2.1, OpenID Connect Core §3.1.2.1. A parameter that the protocol
//! owns is never given twice: not by the person's own parameters, nor by the endpoint's query.

use std::collections::BTreeMap;

use crate::http::{EndpointError, check_endpoint};
use crate::secret::{Nonce, State};

/// Parameters that the person cannot give, as they carry the protocol's promises.
const OWNED: [&str; 13] = [
    "client_id",
    "client_secret",
    "code_challenge",
    "code_challenge_method",
    "nonce",
    "redirect_uri",
    "request",
    "request_uri",
    "resource",
    "response_mode",
    "response_type",
    "scope",
    "state",
];

/// What an authorization request is made of.
#[derive(Debug, Clone, Copy)]
pub struct Authorization<'a> {
    /// RFC 6749 §3.1, to the letter; may have a query.
    pub endpoint: &'a str,
    /// RFC 6749 §2.2.
    pub client_id: &'a str,
    /// Where the browser is sent back to.
    pub redirect_uri: &'a str,
    /// Scopes separated by spaces; `None`: the service's default.
    pub scope: Option<&'a str>,
    /// Ties the answer to this login.
    pub state: &'a State,
    /// From [`super::pkce::challenge`].
    pub challenge: &'a str,
    /// Ties the ID token to this login.
    pub nonce: Option<&'a Nonce>,
    /// RFC 8707 §2.
    pub resources: &'a [String],
    /// The person's own, as `prompt`.
    pub params: &'a BTreeMap<String, String>,
}

/// Why there is no URL: the settings have to be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuthorizationError {
    /// The endpoint is not one.
    #[error("the authorization endpoint cannot be used ({0})")]
    Endpoint(EndpointError),
    /// A parameter is the protocol's own.
    #[error("the parameter `{name}` cannot be set by hand")]
    Owned {
        /// Its name.
        name: &'static str,
    },
}

/// The parameters of the request, as they go into the URL or are pushed.
///
/// # Errors
/// [`AuthorizationError`].
pub fn authorization_parameters(request: &Authorization<'_>) -> Result<Vec<(String, String)>, AuthorizationError> {
    let url = check_endpoint(request.endpoint).map_err(AuthorizationError::Endpoint)?;
    let given: Vec<String> = url.query_pairs().map(|(name, _)| name.into_owned()).collect();
    let mut names = given.iter().chain(request.params.keys());
    if let Some(name) = names.find_map(|name| owned(name, &OWNED)) {
        return Err(AuthorizationError::Owned { name });
    }
    let mut parameters =
        vec![("response_type", "code"), ("client_id", request.client_id), ("redirect_uri", request.redirect_uri)];
    parameters.extend(request.scope.map(|scope| ("scope", scope)));
    // EXPOSE: `state` and `nonce` travel through the browser, by design of the protocol.
    parameters.push(("state", request.state.expose()));
    // EXPOSE: as above.
    parameters.extend(request.nonce.map(|nonce| ("nonce", nonce.expose())));
    parameters.extend([("code_challenge", request.challenge), ("code_challenge_method", "S256")]);
    parameters.extend(request.resources.iter().map(|resource| ("resource", resource.as_str())));
    parameters.extend(request.params.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    Ok(parameters.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}

/// The URL that the browser opens.
///
/// # Errors
/// [`AuthorizationError::Endpoint`].
pub fn authorization_url(endpoint: &str, parameters: &[(String, String)]) -> Result<String, AuthorizationError> {
    let mut url = check_endpoint(endpoint).map_err(AuthorizationError::Endpoint)?;
    url.query_pairs_mut().extend_pairs(parameters);
    Ok(url.into())
}

/// `name` as it stands in `list`, in whatever case it is written.
pub(super) fn owned(name: &str, list: &[&'static str]) -> Option<&'static str> {
    list.iter().copied().find(|owned| name.trim().eq_ignore_ascii_case(owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(endpoint: &str, params: &[(&str, &str)]) -> Result<String, AuthorizationError> {
        let params = params.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let parameters = authorization_parameters(&Authorization {
            endpoint,
            client_id: "me & you",
            redirect_uri: "http://127.0.0.1:9/callback",
            scope: Some("openid email"),
            state: &State::new("s1".to_owned()),
            challenge: "c1",
            nonce: Some(&Nonce::new("n1".to_owned())),
            resources: &["https://api.example/".to_owned(), "urn:b".to_owned()],
            params: &params,
        })?;
        authorization_url(endpoint, &parameters)
    }

    #[test]
    fn the_url_has_every_part_once() {
        assert_eq!(
            url("https://issuer.example/auth/?tenant=a", &[("prompt", "consent")]).as_deref(),
            Ok("https://issuer.example/auth/?tenant=a&response_type=code&client_id=me+%26+you\
                &redirect_uri=http%3A%2F%2F127.0.0.1%3A9%2Fcallback&scope=openid+email&state=s1&nonce=n1\
                &code_challenge=c1&code_challenge_method=S256&resource=https%3A%2F%2Fapi.example%2F&resource=urn%3Ab\
                &prompt=consent")
        );
    }

    #[test]
    fn the_protocols_parameters_cannot_be_replaced() {
        for name in OWNED {
            let refused = Err(AuthorizationError::Owned { name });
            assert_eq!(url("https://issuer.example/auth", &[(name, "x")]), refused);
            assert_eq!(url("https://issuer.example/auth", &[(&name.to_uppercase(), "x")]), refused);
            assert_eq!(url(&format!("https://issuer.example/auth?{name}=x"), &[]), refused);
        }
    }

    #[test]
    fn the_endpoint_is_checked() {
        for endpoint in ["http://issuer.example/", "javascript:alert(1)", "https://issuer.example/#x", "file:///x"] {
            assert!(matches!(url(endpoint, &[]), Err(AuthorizationError::Endpoint(_))), "{endpoint}");
        }
    }
}
