//! A refresh token that another program gets, or that comes back from it: one owner at a time.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::keeper::Command;
use super::{SelectError, Vault};
use crate::secret::RefreshToken;

impl Vault {
    /// Gives the refresh token away, so that another program can have it: from now on nothing is refreshed here.
    ///
    /// # Errors
    /// [`SelectError`] when there is no such profile.
    pub async fn surrender(&self, name: &str) -> Result<Option<Arc<RefreshToken>>, SelectError> {
        let (reply, done) = oneshot::channel();
        let _ending = self.find(Some(name))?.commands.unbounded_send(Command::Surrender(reply));
        Ok(done.await.unwrap_or(None))
    }

    /// Takes a refresh token back that was given away.
    ///
    /// # Errors
    /// [`SelectError`] when there is no such profile.
    pub async fn reclaim(&self, name: &str, token: RefreshToken) -> Result<(), SelectError> {
        let (reply, done) = oneshot::channel();
        let _ending = self.find(Some(name))?.commands.unbounded_send(Command::Reclaim(Arc::new(token), reply));
        let _ending = done.await;
        Ok(())
    }
}
