//! Who is logged in, asked live; what is known from the last time when the service cannot be asked.

use std::sync::Arc;

use futures_util::FutureExt as _;

use super::{Inquiries, InquiryError, is_offline};
use crate::provider::Environment;
use crate::secret::ApiKey;
use crate::service::{CallError, Identity, Presented, Site};
use crate::vault::{Learned, Snapshot};

/// What came of asking.
#[derive(Debug)]
pub enum Known {
    /// The service answered.
    Live,
    /// It could not be asked: the identity is that of the last time.
    Offline(InquiryError),
}

/// Who is logged in to a profile.
#[derive(Debug)]
pub struct Asked {
    /// The profile, with what was learned.
    pub snapshot: Arc<Snapshot>,
    /// How it is known.
    pub known: Known,
}

impl Inquiries {
    /// Asks the service who is logged in.
    ///
    /// # Errors
    /// [`InquiryError`], where the service's answer was a refusal or there was nothing to ask with.
    pub async fn whoami(&self, profile: Option<&str>) -> Result<Asked, InquiryError> {
        let snapshot = self.inspect(profile)?;
        let teller = self.teller(&snapshot)?;
        let told = self.ask(&snapshot, &teller, |services, teller, credential, _| {
            async move { services.who(teller, credential).await }.boxed()
        });
        match told.await {
            Ok(identity) => {
                let Identity { account, usable, expires_at } = identity;
                let learned =
                    Learned { logged_in_at: snapshot.logged_in_at, account, usable, expires_at, ..Learned::default() };
                let snapshot = self.vault.learn(&snapshot.name, learned).await?;
                Ok(Asked { snapshot, known: Known::Live })
            }
            Err(error) if is_offline(&error) => Ok(Asked { snapshot, known: Known::Offline(error) }),
            Err(error) => Err(error),
        }
    }

    /// The same with a key that is not kept.
    ///
    /// # Errors
    /// [`InquiryError`]; nothing is known from before.
    pub async fn whoami_with(
        &self,
        provider: &str,
        environment: Option<&str>,
        key: &ApiKey,
    ) -> Result<(Environment, Identity), InquiryError> {
        let provider = self.provider(provider)?;
        let environment = self.environment(&provider, environment).await?;
        let scheme = provider.fallback_scheme.clone();
        let place = super::deployment::place(&provider, &environment, "api-key", &scheme);
        let site = Site { provider, place };
        // EXPOSE: presented to the service that it is of.
        let credential = Presented { scheme: &scheme, secret: key.expose() };
        let told = self.services.whoami(&site, credential).await.unwrap_or(Err(CallError::NotOffered { status: 0 }));
        let title = site.provider.title.clone();
        told.map(|identity| (environment, identity)).map_err(|error| InquiryError::Call { profile: title, error })
    }
}
