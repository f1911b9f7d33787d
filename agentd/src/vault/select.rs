//! Which profile is current: overall, and for each provider with the environment in use; what a new one is called. Pure.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Vault;
use super::view::Snapshot;
use crate::store::record::{Choice, RecordId};

/// What is current.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Selection {
    /// The profile used when nothing else decides.
    pub(super) current: Option<RecordId>,
    /// The choices of each provider.
    pub(super) choices: BTreeMap<String, Choice>,
}

/// The longest name, with room for a number behind it.
const LONGEST_NAME: usize = 56;

/// A name for a new profile: `wish` as far as a name can hold it, numbered when it is taken by another. `same` says
/// whether a profile is the one that is made anew.
pub fn free_name(vault: &Vault, wish: &str, same: impl Fn(&Snapshot) -> bool) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "._-@+".contains(c);
    let plain: String = wish.chars().map(|c| if allowed(c) { c } else { '-' }).take(LONGEST_NAME).collect();
    let plain = plain.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    let base = if plain.is_empty() { "login" } else { plain };
    let numbered = (2_u32..).map(|number| format!("{base}-{number}"));
    let free = |name: &String| vault.inspect(Some(name)).map_or(true, |known| same(&known));
    std::iter::once(base.to_owned()).chain(numbered).find(free).unwrap_or_else(|| base.to_owned())
}

/// Provider and environment of a profile.
pub(super) fn site_of(snapshot: &Snapshot) -> Option<(&str, &str)> {
    snapshot.place.as_deref().map(|place| (place.provider.as_str(), place.environment.as_str()))
}

impl Selection {
    /// Makes a profile current, overall and of its provider, and its environment the one in use.
    pub(super) fn take(&mut self, profile: &Snapshot) {
        self.current = Some(profile.id);
        if let Some((provider, environment)) = site_of(profile) {
            let choice = self.choices.entry(provider.to_owned()).or_default();
            choice.environment = Some(environment.to_owned());
            choice.current = Some(profile.id);
            choice.last.insert(environment.to_owned(), profile.id);
        }
    }

    /// Nobody is current where this profile was.
    pub(super) fn drop(&mut self, id: RecordId) {
        self.current = self.current.filter(|current| *current != id);
        for choice in self.choices.values_mut() {
            choice.current = choice.current.filter(|current| *current != id);
        }
    }

    /// A profile is gone: `next` takes its place wherever it was current.
    pub(super) fn replace(&mut self, gone: &Snapshot, next: Option<&Snapshot>) {
        let put = |at: &mut Option<RecordId>| {
            if *at == Some(gone.id) {
                *at = next.map(|next| next.id);
            }
        };
        put(&mut self.current);
        for choice in self.choices.values_mut() {
            put(&mut choice.current);
            choice.last.retain(|_, last| *last != gone.id);
        }
        if let Some(next) = next.filter(|next| self.choices.values().any(|choice| choice.current == Some(next.id)))
            && let Some((provider, environment)) = site_of(next)
        {
            let choice = self.choices.entry(provider.to_owned()).or_default();
            choice.last.entry(environment.to_owned()).or_insert(next.id);
        }
    }

    /// Makes an environment the one in use. Returns the profile that is current there now.
    pub(super) fn enter(
        &mut self,
        provider: &str,
        environment: &str,
        profiles: &[Arc<Snapshot>],
    ) -> Option<Arc<Snapshot>> {
        let here = |snapshot: &&Arc<Snapshot>| site_of(snapshot) == Some((provider, environment));
        let choice = self.choices.entry(provider.to_owned()).or_default();
        let last = choice.last.get(environment);
        let entered = profiles.iter().filter(here).find(|snapshot| Some(&snapshot.id) == last).cloned();
        choice.environment = Some(environment.to_owned());
        choice.current = entered.as_ref().map(|snapshot| snapshot.id);
        let of_provider =
            |id: RecordId| profiles.iter().any(|p| p.id == id && site_of(p).is_some_and(|(name, _)| name == provider));
        match &entered {
            Some(snapshot) => self.current = Some(snapshot.id),
            None => self.current = self.current.filter(|current| !of_provider(*current)),
        }
        entered
    }
}
