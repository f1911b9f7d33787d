//! What comes with a login, and who has logged in, fetched anew.

use std::sync::Arc;

use futures_util::FutureExt as _;

use super::{Inquiries, InquiryError};
use crate::service::{CallError, Identity};
use crate::vault::{Learned, Snapshot};

impl Inquiries {
    /// Fetches anew. What cannot be fetched now stays as it was, with the reason beside it.
    ///
    /// # Errors
    /// [`InquiryError`] when the service refuses the login itself, or cannot be asked at all.
    pub async fn sync(&self, profile: Option<&str>) -> Result<Arc<Snapshot>, InquiryError> {
        let snapshot = self.inspect(profile)?;
        let site = self.site(&snapshot)?;
        if site.provider.whoami.is_none() && site.provider.secondaries.is_empty() {
            let why = format!("{} has nothing that comes with a login", site.provider.title);
            return Err(InquiryError::NotOffered(why));
        }
        let fetched = self.ask(&snapshot, &site, |services, site, credential, snapshot| {
            async move {
                let identity = services.whoami(site, credential).await.unwrap_or(Ok(Identity::default()))?;
                let held = &snapshot.secondaries;
                let secondaries = services.secondaries(site, credential, &snapshot.name, held).await;
                Ok::<_, CallError>((identity, secondaries))
            }
            .boxed()
        });
        let (Identity { account, usable, expires_at }, secondaries) = fetched.await?;
        let learned = Learned {
            logged_in_at: snapshot.logged_in_at,
            account,
            usable,
            expires_at,
            secondaries: Some(secondaries),
            ..Learned::default()
        };
        Ok(self.vault.learn(&snapshot.name, learned).await?)
    }
}
