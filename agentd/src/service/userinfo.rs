//! The userinfo endpoint (OpenID Connect Core §5.3): who is logged in, of every service that follows the standard.
//!
//! Only plain JSON is read. A signed or encrypted answer (§5.3.2) would need keys to check it with, and whoever wants one
//! has to register for it; an answer that was not asked for in this form is not believed.

use std::path::PathBuf;

use super::request::Answer;
use super::{CallError, Identity, Presented, Services};
use crate::http::{Method, Payload, Reach, Request};
use crate::oauth::Account;
use crate::provider::Pointer;

/// Where to ask, and about whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Userinfo {
    /// The endpoint, from the service's metadata.
    pub endpoint: String,
    /// Further trusted roots (PEM).
    pub ca_file: Option<PathBuf>,
    /// How far it may be from its issuer, which has named it.
    pub reach: Reach,
    /// `sub` of the ID token, where there was one.
    pub subject: Option<String>,
}

impl Services {
    /// Asks, with the access token of the login.
    ///
    /// # Errors
    /// [`CallError::Unreadable`] for an answer about somebody else: another `sub` than that of the ID token, or none (§5.3.2).
    pub async fn userinfo(&self, at: &Userinfo, credential: Presented<'_>) -> Result<Identity, CallError> {
        let sent_at = self.clock.now();
        let headers = vec![credential.header()];
        let ca_file = at.ca_file.as_deref();
        let request = Request {
            method: Method::Get,
            url: &at.endpoint,
            payload: Payload::None,
            headers,
            ca_file,
            reach: at.reach,
        };
        let response = self.http.send(request).await?;
        let signed = response.content_type.as_deref() == Some("application/jwt");
        let answer = Answer::of(response, sent_at);
        answer.good()?;
        if signed {
            return Err(CallError::Unreadable { why: "it is a JWT, which is not read here" });
        }
        let document = answer.document()?;
        let member = |name: &str| document.shown(&Pointer::new(name));
        let subject = member("sub").ok_or(CallError::Unreadable { why: "it does not say about whom it is" })?;
        if at.subject.as_ref().is_some_and(|known| *known != subject) {
            return Err(CallError::Unreadable { why: "it is about somebody else than the login" });
        }
        let name = member("name").or_else(|| member("preferred_username")).or_else(|| member("nickname"));
        let account = Account { subject: Some(subject), name, email: member("email"), organization: None };
        Ok(Identity { account: Some(account), ..Identity::default() })
    }
}
