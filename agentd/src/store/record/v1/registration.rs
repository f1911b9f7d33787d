//! A client's registration in version 1 of the disk form.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::hidden::Hidden;
use crate::secret::RegistrationToken;
use crate::store::record;

#[derive(Serialize, Deserialize)]
pub(super) struct Registration {
    redirect_uri: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    authentication: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    secret_expires_at: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    uri: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token: Option<Hidden>,
}

impl From<&record::Registration> for Registration {
    fn from(registration: &record::Registration) -> Self {
        Self {
            redirect_uri: registration.redirect_uri.clone(),
            scope: registration.scope.clone(),
            authentication: registration.authentication.clone(),
            secret_expires_at: registration.secret_expires_at,
            uri: registration.uri.clone(),
            // EXPOSE: it is written into the buffer that is sealed.
            token: registration.token.as_ref().map(|token| Hidden::new(token.expose())),
        }
    }
}

impl From<Registration> for record::Registration {
    fn from(registration: Registration) -> Self {
        let Registration { redirect_uri, scope, authentication, secret_expires_at, uri, token } = registration;
        let token = token.map(|token| Arc::new(RegistrationToken::new(token.into_text())));
        Self { redirect_uri, scope, authentication, secret_expires_at, uri, token }
    }
}
