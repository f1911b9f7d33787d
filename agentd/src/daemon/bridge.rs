//! Where parts of one row meet: the vault's issuer is the OAuth client; a login's sink is the vault.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use crate::flow::{AdoptError, Adopted, Failure, GrantSink, Outcome};
use crate::notice::{Kind, Notices};
use crate::oauth::{Client, ExchangeError, OAuth, Presented, RevokeError, Revoked, Tokens};
use crate::secret::RefreshToken;
use crate::vault::{Issuer, NewGrant, Scopes, Target, Vault};

/// Renews grants at the real authorization server.
pub(super) struct Renewer(pub(super) OAuth);

impl Issuer for Renewer {
    fn refresh<'a>(
        &'a self,
        client: &'a Client,
        token: &'a RefreshToken,
        target: &'a Target,
    ) -> BoxFuture<'a, Result<Tokens, ExchangeError>> {
        async move {
            let scope = target.scope.as_ref().map(Scopes::join);
            let presented = Presented::RefreshToken {
                token,
                scope: scope.as_deref(),
                audience: target.audience.as_deref(),
                resource: target.resource.as_deref(),
            };
            self.0.exchange(client, presented).await
        }
        .boxed()
    }

    fn revoke<'a>(&'a self, client: &'a Client, token: Revoked<'a>) -> BoxFuture<'a, Result<(), RevokeError>> {
        self.0.revoke(client, token).boxed()
    }
}

/// Takes finished logins into the vault, whether or not anybody still follows them.
pub(super) struct Adopter {
    pub(super) vault: Vault,
    pub(super) notices: Notices,
}

impl GrantSink for Adopter {
    fn adopt(&self, outcome: Outcome) -> BoxFuture<'_, Result<Adopted, AdoptError>> {
        async move {
            let Outcome { profile, settings, client, tokens, account, requested_scope, mut warnings, switch, .. } =
                outcome;
            let flow = settings.flow.unwrap_or(crate::provider::Flow::Device);
            let new = NewGrant { flow, settings, client, tokens, account, requested_scope };
            let snapshot = self.vault.adopt(&profile, new).await;
            if snapshot.unsaved {
                warnings
                    .push("the login is not saved yet: the store cannot be written; it is kept in memory".to_owned());
            }
            if switch && self.vault.switch(&profile).await.is_err() {
                warnings.push("the choice of the current profile could not be saved".to_owned());
            }
            Ok(Adopted { profile, warnings })
        }
        .boxed()
    }

    fn failed(&self, profile: &str, why: &Failure) {
        self.notices.post(Kind::LoginFailed, Some(Arc::from(profile)), Some(why.to_string()));
    }
}
