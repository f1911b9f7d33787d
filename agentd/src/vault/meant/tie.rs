//! One of several profiles that are for the same host: the one that its provider or its environment uses, else the only one.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Scene;
use crate::vault::select::site_of;
use crate::vault::view::{Snapshot, Standing};

impl Scene<'_> {
    /// The one of `fitting` that is meant, and why, as the end of a sentence; `None` where nothing tells them apart.
    pub(super) fn settle(&self, fitting: &[&Arc<Snapshot>]) -> Option<(Arc<Snapshot>, String)> {
        if let [only] = fitting {
            return Some((Arc::clone(only), String::new()));
        }
        let mut providers: BTreeMap<&str, Vec<&Arc<Snapshot>>> = BTreeMap::new();
        for snapshot in fitting {
            providers.entry(site_of(snapshot)?.0).or_default().push(snapshot);
        }
        let mut winners = providers.iter().map(|(provider, of_it)| self.of_provider(provider, of_it));
        if let (winner, None) = (winners.next()?, winners.next()) {
            return winner;
        }
        // The same host is served by several providers.
        let current = self.fallback.as_ref().ok()?;
        let current = fitting.iter().find(|snapshot| snapshot.id == current.id)?;
        Some((Arc::clone(current), format!("; `{}` is the current one", current.name)))
    }

    fn of_provider(&self, provider: &str, of_it: &[&Arc<Snapshot>]) -> Option<(Arc<Snapshot>, String)> {
        let choice = self.choices.get(provider)?;
        if let Some(current) = of_it.iter().find(|snapshot| Some(snapshot.id) == choice.current) {
            return Some((Arc::clone(current), format!("; `{}` is the current one of {provider}", current.name)));
        }
        // Another environment of the provider is in use: what was last used in this one, unless the person has logged out of
        // it. Another login that is left is not taken for it.
        let last = |snapshot: &&&Arc<Snapshot>| {
            let used = site_of(snapshot).and_then(|(_, environment)| choice.last.get(environment));
            used == Some(&snapshot.id) && !matches!(snapshot.standing, Standing::Nothing(_))
        };
        let mut used = of_it.iter().filter(last);
        match (used.next(), used.next()) {
            (Some(last), None) => Some((Arc::clone(last), format!("; `{}` was the last one used there", last.name))),
            _ => None,
        }
    }
}

/// Names in a sentence.
pub(super) fn names(profiles: &[Arc<str>]) -> String {
    let quoted: Vec<String> = profiles.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}
