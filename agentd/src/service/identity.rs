//! Who is logged in, and whether the credential is good for anything.

use super::token::account;
use super::{CallError, Presented, Services, Site};
use crate::oauth::Account;
use crate::provider::template::Values;

/// What the service says of a credential.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// Who is logged in.
    pub account: Option<Account>,
    /// Whether the credential is of any use; `None` when the service does not say.
    pub usable: Option<bool>,
    /// When it lapses, in seconds since 1970, if the service says so.
    pub expires_at: Option<i64>,
}

impl Services {
    /// Asks. `None`: this service cannot be asked.
    pub async fn whoami(&self, site: &Site, credential: Presented<'_>) -> Option<Result<Identity, CallError>> {
        let whoami = site.provider.whoami.as_ref()?;
        Some(
            async {
                let document = self.send(site, &whoami.request, Values::new(), Some(credential)).await?.document()?;
                if whoami.required.iter().any(|pointer| !document.has(pointer)) {
                    return Err(CallError::Unreadable { why: "a member that has to be there is missing" });
                }
                Ok(Identity {
                    account: account(&document, &whoami.account),
                    usable: whoami.usable.as_ref().map(|pointer| document.truth(pointer).unwrap_or(false)),
                    expires_at: whoami.expires_at.as_ref().and_then(|pointer| document.time(pointer)),
                })
            }
            .await,
        )
    }
}
