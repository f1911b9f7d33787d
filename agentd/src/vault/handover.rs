//! A refresh token that another program gets: from then on nothing is refreshed here.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::keeper::Command;
use super::{SelectError, Vault};
use crate::secret::RefreshToken;

impl Vault {
    /// Tells the refresh token, so that another program can have it, and refreshes nothing from now on. It is still kept:
    /// [`Vault::remove`] follows when the other program has it, else [`Vault::reclaim`]. A restart reclaims as well.
    ///
    /// # Errors
    /// [`SelectError`] when there is no such profile.
    pub async fn surrender(&self, name: &str) -> Result<Option<Arc<RefreshToken>>, SelectError> {
        let (reply, done) = oneshot::channel();
        let _ending = self.find(Some(name))?.commands.unbounded_send(Command::Surrender(reply));
        done.await.map_err(|_removed| SelectError::no_such(name, self.directory().names()))
    }

    /// Takes up again what was surrendered.
    ///
    /// # Errors
    /// [`SelectError`] when there is no such profile.
    pub async fn reclaim(&self, name: &str) -> Result<(), SelectError> {
        let (reply, done) = oneshot::channel();
        let _ending = self.find(Some(name))?.commands.unbounded_send(Command::Reclaim(reply));
        done.await.map_err(|_removed| SelectError::no_such(name, self.directory().names()))
    }
}
