//! A keeper whose profile gets another name.

use std::sync::Arc;

use super::Keeper;
use crate::store::WriteError;

impl Keeper {
    /// Takes the name over once it is durable. An exchange under way goes on: what it brings is written under the new name.
    pub(super) async fn rename(&mut self, name: Arc<str>) -> Result<(), WriteError> {
        let before = std::mem::replace(&mut self.grant.name, name);
        let record = self.next_record();
        let renamed = self.parts.store.put(record).await;
        if renamed.is_ok() {
            self.unsaved = None;
        } else {
            self.grant.name = before;
            // Whether the other name has reached the disk is not known: the next write that succeeds has the last word.
            self.persist().await;
        }
        self.tell(None);
        renamed
    }
}
