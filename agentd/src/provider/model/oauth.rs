//! A login at an authorization server, checked: where the server is, and as whom it is asked.

use std::collections::BTreeMap;

use super::{Pointer, Request};
use crate::provider::Template;

/// An authorization server. What is absent here is discovered, or given by the person.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OauthSpec {
    /// RFC 8414 §2; discovered from when there is no [`OauthSpec::discovery`].
    pub issuer: Option<Template>,
    /// The service's own document that names issuer and client id.
    pub discovery: Option<Discovery>,
    /// The metadata document, where that names its issuer itself.
    pub document: Option<Template>,
    /// RFC 6749 §2.2.
    pub client_id: Option<String>,
    /// Whether the client has to have a secret.
    pub needs_secret: bool,
    /// Scopes to ask for, separated by spaces. `None`: the service's default; empty: none.
    pub scope: Option<String>,
    /// RFC 6749 §3.1.
    pub authorization_endpoint: Option<Template>,
    /// RFC 8628 §3.1.
    pub device_authorization_endpoint: Option<Template>,
    /// RFC 6749 §3.2.
    pub token_endpoint: Option<Template>,
    /// RFC 7009 §2.
    pub revocation_endpoint: Option<Template>,
    /// Further parameters of the first request.
    pub auth_params: BTreeMap<String, String>,
}

/// The first of two steps of discovery.
#[derive(Debug, Clone, PartialEq)]
pub struct Discovery {
    /// Sent without a credential.
    pub request: Request,
    /// The URL of the issuer's metadata document.
    pub document: Pointer,
    /// The client id.
    pub client_id: Option<Pointer>,
    /// Statuses that mean "not offered here".
    pub absent: Vec<u16>,
}

impl OauthSpec {
    /// Whether the person has to bring a client.
    pub fn wants_client(&self) -> bool {
        let told = self.discovery.as_ref().is_some_and(|discovery| discovery.client_id.is_some());
        self.client_id.is_none() && !told
    }
}

/// A client (RFC 6749 §2) that the person registers at the service.
#[derive(Debug, Clone, PartialEq)]
pub struct OwnClient {
    /// The page where that is done.
    pub obtain: Option<Template>,
    /// Of which kind it has to be, in a few words.
    pub kind: String,
    /// The redirect to register, and to come back to; the agent's own when absent.
    pub redirect: Option<String>,
    /// Whether the agent may register one by itself (RFC 7591), where the service offers it.
    pub register: bool,
}
