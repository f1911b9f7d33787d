//! Which profile is meant, and changing what is current. Each change is stored before it is in force, one after another, and to its end even when its
//! caller hangs up.

use std::sync::Arc;

use super::select::Selection;
use super::{Handle, SelectError, Snapshot, Standing, SwitchError, Vault};
use crate::notice::Kind;
use crate::store::WriteError;
use crate::store::record::RecordId;

impl Vault {
    /// Which profile: the named one, else the current one, else the only one.
    pub(super) fn find(&self, profile: Option<&str>) -> Result<Handle, SelectError> {
        let directory = self.directory();
        let name = match (profile, &directory.current) {
            (Some(name), _) => name,
            (None, Some(current)) => current,
            (None, None) => match directory.profiles.len() {
                0 => return Err(SelectError::NoProfiles),
                1 => directory.profiles.keys().next().map_or("", |only| only),
                _ if directory.profiles.values().all(is_empty) => return Err(SelectError::NobodyLoggedIn),
                _ => return Err(SelectError::NoneCurrent),
            },
        };
        directory.profiles.get(name).cloned().ok_or_else(|| SelectError::no_such(name, directory.names()))
    }

    /// Makes a profile current.
    ///
    /// # Errors
    /// [`SwitchError`] when there is no such profile, or the choice cannot be stored; then nothing has changed.
    pub async fn switch(&self, name: &str) -> Result<Arc<Snapshot>, SwitchError> {
        let (vault, name) = (self.clone(), name.to_owned());
        let switched = self.to_the_end(async move { vault.make_current(&name).await }).await;
        switched.unwrap_or(Err(SwitchError::NotSaved(WriteError::Closed)))
    }

    async fn make_current(&self, name: &str) -> Result<Arc<Snapshot>, SwitchError> {
        let _one_at_a_time = self.0.changing.lock().await;
        let handle = self.find(Some(name)).map_err(SwitchError::NoProfile)?;
        let snapshot = handle.shared.state.borrow().clone();
        let mut selection = self.selection();
        selection.take(&snapshot);
        self.save(selection).await.map_err(SwitchError::NotSaved)?;
        self.0.parts.notices.post(Kind::Switched, Some(Arc::clone(&snapshot.name)), None);
        Ok(snapshot)
    }

    /// Nobody is current where this profile was.
    pub(super) async fn unselect(&self, id: RecordId) {
        let _one_at_a_time = self.0.changing.lock().await;
        let mut selection = self.selection();
        selection.drop(id);
        if let Err(error) = self.save(selection).await {
            tracing::warn!(%error, "the choice of the current profile is not saved");
        }
    }

    /// Makes an environment of a provider the one in use. The profile last used there becomes current, if there still is
    /// one; else none of this provider's is.
    ///
    /// # Errors
    /// [`WriteError`] when the choice cannot be stored; then nothing has changed.
    pub async fn enter(&self, provider: &str, environment: &str) -> Result<Option<Arc<Snapshot>>, WriteError> {
        let (vault, provider, environment) = (self.clone(), provider.to_owned(), environment.to_owned());
        self.to_the_end(async move { vault.make_environment_current(&provider, &environment).await })
            .await
            .unwrap_or(Err(WriteError::Closed))
    }

    async fn make_environment_current(
        &self,
        provider: &str,
        environment: &str,
    ) -> Result<Option<Arc<Snapshot>>, WriteError> {
        let _one_at_a_time = self.0.changing.lock().await;
        let profiles = self.list();
        let mut selection = self.selection();
        let entered = selection.enter(provider, environment, &profiles);
        self.save(selection).await?;
        if let Some(entered) = &entered {
            self.0.parts.notices.post(Kind::Switched, Some(Arc::clone(&entered.name)), None);
        }
        Ok(entered)
    }

    /// The environment in use of a provider, if one was chosen.
    pub fn environment(&self, provider: &str) -> Option<String> {
        self.directory().choices.get(provider).and_then(|choice| choice.environment.clone())
    }

    /// The current profile of a provider.
    pub fn current_of(&self, provider: &str) -> Option<Arc<Snapshot>> {
        let directory = self.directory();
        let id = directory.choices.get(provider)?.current?;
        let handle = directory.profiles.values().find(|handle| handle.id == id)?;
        let snapshot = handle.shared.state.borrow().clone();
        Some(snapshot)
    }

    /// Whether a profile is its provider's current one.
    pub fn is_current_of(&self, provider: &str, id: RecordId) -> bool {
        self.directory().choices.get(provider).is_some_and(|choice| choice.current == Some(id))
    }

    /// The choices of every provider.
    pub(super) fn choices(&self) -> std::collections::BTreeMap<String, crate::store::record::Choice> {
        self.directory().choices.clone()
    }

    pub(super) fn selection(&self) -> Selection {
        let directory = self.directory();
        let current = directory.current.as_ref().and_then(|name| directory.profiles.get(name)).map(|handle| handle.id);
        Selection { current, choices: directory.choices.clone() }
    }

    /// Stores the selection, then puts it in force.
    pub(super) async fn save(&self, selection: Selection) -> Result<(), WriteError> {
        let saved = self.0.parts.store.select(selection.current, &selection.choices).await;
        if saved.is_ok() || selection.current.is_none() {
            self.put_in_force(selection);
        }
        saved
    }

    pub(super) fn put_in_force(&self, selection: Selection) {
        self.directory_mut(|d| {
            let named = d.profiles.iter().find(|(_, handle)| Some(handle.id) == selection.current);
            d.current = named.map(|(name, _)| Arc::clone(name));
            d.choices = selection.choices;
        });
        self.0.parts.changed();
    }
}

/// Whether nothing is logged in there.
fn is_empty(handle: &Handle) -> bool {
    matches!(handle.shared.state.borrow().standing, Standing::Nothing(_))
}
