//! Who is logged in, and whether the credential is good for anything.

use super::token::account;
use super::{CallError, Presented, Services, Site, Userinfo};
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

/// Who can say who is logged in.
#[derive(Debug, Clone)]
pub enum Teller {
    /// The service, as its provider describes it.
    Described(Box<Site>),
    /// The authorization server (OpenID Connect Core §5.3).
    Standard(Userinfo),
}

impl Services {
    /// Asks whoever can say.
    ///
    /// # Errors
    /// [`CallError`] when there is no answer, or none that can be believed.
    pub async fn who(&self, teller: &Teller, credential: Presented<'_>) -> Result<Identity, CallError> {
        match teller {
            Teller::Described(site) => self.whoami(site, credential).await.unwrap_or(Ok(Identity::default())),
            Teller::Standard(userinfo) => self.userinfo(userinfo, credential).await,
        }
    }

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
