//! What a child process needs to act as a profile: the variables that its service's own tools read.

use std::time::Duration;

use zeroize::Zeroizing;

use super::{Inquiries, InquiryError, secret_of};
use crate::vault::{Handed, Standing, Target};

impl Inquiries {
    /// The variables with their values, and the lease behind them, where a login is needed. A variable whose value is not
    /// known is left out; a profile without a provider has none.
    ///
    /// # Errors
    /// [`InquiryError`] when there is no credential.
    pub async fn exec(
        &self,
        profile: Option<&str>,
        min_ttl: Option<Duration>,
    ) -> Result<(Vec<(String, Zeroizing<String>)>, Option<Handed>), InquiryError> {
        let snapshot = self.inspect(profile)?;
        if snapshot.standing == Standing::Open {
            return Ok((self.site(&snapshot)?.variables(None, &[]), None));
        }
        let handed = self.vault.token(profile, Target::default(), min_ttl).await?;
        let snapshot = self.inspect(Some(&handed.profile))?;
        let variables = match self.site(&snapshot) {
            Ok(site) => site.variables(Some(secret_of(&handed.served.credential)), &snapshot.secondaries),
            Err(_) => Vec::new(),
        };
        Ok((variables, Some(handed)))
    }
}
