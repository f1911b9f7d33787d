//! Links of a profile that gets another name.
//!
//! A link knows its profile by name, and the name is changed elsewhere. So the name to come is recorded first, and whichever
//! of the two exists afterwards is followed, also by a daemon that starts after a crash in between.

use super::engine::{Command, LinkError, Links};
use super::profiles::{Absent, Follow};
use super::tend::Tender;

impl Links {
    /// Records that `from` is about to be called `to`. [`Links::renamed`] must follow, whatever becomes of it.
    ///
    /// # Errors
    /// [`LinkError`] when it cannot be recorded; then the profile must keep its name.
    pub async fn renaming(&self, from: &str, to: &str) -> Result<(), LinkError> {
        let (from, to) = (from.to_owned(), to.to_owned());
        self.ask(|reply| Command::Renaming { from, to, reply }).await.unwrap_or(Err(LinkError::Ending))
    }

    /// The profile has its new name, or keeps the one it had.
    pub async fn renamed(&self) {
        self.ask(Command::Renamed).await;
    }
}

impl Tender {
    pub(super) async fn renaming(&mut self, from: &str, to: &str) -> Result<(), LinkError> {
        for entry in &mut self.entries {
            if matches!(&entry.record.follow, Follow::Profile(name) if name == from) {
                entry.record.heir = Some(to.to_owned());
            }
        }
        let saved = self.save().await;
        if saved.is_err() {
            self.entries.iter_mut().for_each(|entry| entry.record.heir = None);
        }
        saved
    }

    /// Follows the new name where only that exists.
    pub(super) fn inherit(&mut self, at: usize) {
        let record = &mut self.entries[at].record;
        let (Some(heir), Follow::Profile(name)) = (&record.heir, &record.follow) else { return };
        let gone = matches!(self.profiles.about(Some(name)), Err(Absent::NoProfile(_)));
        if gone && self.profiles.about(Some(heir)).is_ok() {
            record.follow = Follow::Profile(heir.clone());
            record.heir = None;
        }
    }

    /// Nobody is renamed now: what is still there under its name keeps it.
    pub(super) async fn names_are_settled(&mut self) {
        for at in 0..self.entries.len() {
            self.inherit(at);
            let record = &mut self.entries[at].record;
            if let Follow::Profile(name) = &record.follow
                && self.profiles.about(Some(name)).is_ok()
            {
                record.heir = None;
            }
        }
        self.settle().await;
    }
}
