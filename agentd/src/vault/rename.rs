//! Another name for a profile. Its record, its grant, its leases and what is current stay: all of them go by the record's id.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::keeper::Command;
use super::{SelectError, Snapshot, Vault};
use crate::notice::Kind;
use crate::store::WriteError;

/// Why a profile keeps its name.
#[derive(Debug, thiserror::Error)]
pub enum RenameError {
    /// The configuration has other rules for the new name: `reveal` and the like would change unseen.
    #[error("config.toml has other rules for `{from}` than for `{to}`")]
    OtherRules {
        /// The name it has.
        from: String,
        /// The name it was to have.
        to: String,
    },
    /// Correct the name.
    #[error(transparent)]
    NoProfile(#[from] SelectError),
    /// The store cannot be written.
    #[error("the name cannot be saved")]
    NotSaved(#[source] WriteError),
    /// Choose another name.
    #[error("there is a profile `{0}` already")]
    Taken(String),
}

impl Vault {
    /// Gives a profile another name; durable when it returns. The name that it has is no error. It is to be carried through by
    /// [`Vault::to_the_end`], with whatever else goes by the name.
    ///
    /// # Errors
    /// [`RenameError`]; then it has the name that it had.
    pub async fn rename(&self, from: &str, to: &str) -> Result<Arc<Snapshot>, RenameError> {
        let _one_at_a_time = self.0.changing.lock().await;
        let handle = self.find(Some(from))?;
        if from == to {
            return Ok(handle.shared.state.borrow().clone());
        }
        if self.directory().profiles.contains_key(to) {
            return Err(RenameError::Taken(to.to_owned()));
        }
        if self.rules(from) != self.rules(to) {
            return Err(RenameError::OtherRules { from: from.to_owned(), to: to.to_owned() });
        }
        let name: Arc<str> = Arc::from(to);
        let (reply, done) = oneshot::channel();
        let _ending = handle.commands.unbounded_send(Command::Rename(Arc::clone(&name), reply));
        done.await.unwrap_or(Err(WriteError::Closed)).map_err(RenameError::NotSaved)?;
        self.directory_mut(|directory| {
            if let Some(handle) = directory.profiles.remove(from) {
                directory.profiles.insert(Arc::clone(&name), handle);
            }
            if directory.current.as_deref() == Some(from) {
                directory.current = Some(Arc::clone(&name));
            }
        });
        self.0.parts.notices.post(Kind::Renamed, Some(name), Some(from.to_owned()));
        self.0.parts.changed();
        let snapshot = handle.shared.state.borrow().clone();
        Ok(snapshot)
    }
}
