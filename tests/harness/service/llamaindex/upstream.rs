//! The OIDC issuer behind `LlamaIndex`: its document, its device login with scopes, its ID tokens.
//!
//! Polls are judged by their body; the status of a refusal is a setting, and 403 unless it is changed.

use super::LlamaIndex;
use crate::{
    issuer::Answer,
    service::{request::Call, terms::Terms, world::World},
};
use serde_json::{Value, json};

/// The issuer's document (OIDC Discovery §4.2).
pub(super) fn document(world: &World) -> Answer {
    let at = |path: &str| format!("{}{path}", world.origin);
    Answer::json(
        200,
        json!({
            "issuer": LlamaIndex::issuer(world),
            "device_authorization_endpoint": at(LlamaIndex::DEVICE),
            "token_endpoint": at(LlamaIndex::TOKEN),
            "jwks_uri": at(LlamaIndex::JWKS),
            "grant_types_supported": ["urn:ietf:params:oauth:grant-type:device_code", "refresh_token"],
            "scopes_supported": ["openid", "email", "profile", "offline_access"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": ["none"],
        }),
    )
}

impl LlamaIndex {
    pub(super) fn authorize(&self, world: &mut World, call: &Call) -> Answer {
        let asked = call.form("scope").unwrap_or_default();
        if self.scopes.iter().all(|needed| asked.split(' ').any(|scope| scope == needed)) {
            self.device.authorize(world, call)
        } else {
            Answer::error(400, "invalid_scope", None)
        }
    }

    pub(super) fn token(&mut self, world: &mut World, call: &Call) -> Answer {
        let all = self.terms;
        let offline = |scope: &str| scope.split(' ').any(|one| one == "offline_access");
        let granted = self.device.token(world, call, |scope| Terms { refresh: all.refresh && offline(scope), ..all });
        let mut granted = match granted {
            Ok(granted) => granted,
            Err(refused) => return refused,
        };
        granted.members.insert("token_type".to_owned(), "Bearer".into());
        if self.id_token {
            granted.members.insert("id_token".to_owned(), self.id_token(world).into());
        }
        if let Some(scope) = granted.scope {
            granted.members.insert("scope".to_owned(), scope.into());
        }
        Answer::json(200, Value::Object(granted.members))
    }

    fn id_token(&self, world: &mut World) -> String {
        let mut claims = json!({
            "iss": Self::issuer(world),
            "aud": self.device.client_id,
            "sub": Self::USER,
            "name": "Ada Example",
            "iat": world.now(),
            "exp": world.later(Some(self.id_token_life)),
        });
        if let Some(email) = &self.email {
            claims["email"] = email.clone().into();
            claims["email_verified"] = true.into();
        }
        world.jwt("id", &claims)
    }
}
