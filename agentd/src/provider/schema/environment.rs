//! Environments, in a provider's file and in the file of those that the person added.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::rule;
use super::scope::{base_url, is_reserved};
use super::section::{Section, text};
use crate::config::{Findings, Origin, Text};
use crate::provider::{Authority, Environment};

/// The most environments of a provider.
const MOST: usize = 64;

/// An environment as it was written.
pub(in crate::provider) struct Written {
    /// Where its name stands.
    pub(in crate::provider) spot: Origin,
    pub(in crate::provider) environment: Environment,
    /// Whether there is no mistake in it.
    pub(in crate::provider) is_sound: bool,
}

/// Reads every `[TITLE.NAME]`, in the order of the file.
pub(super) fn environments(table: &Section<'_>, found: &mut Findings) -> Vec<Written> {
    let mut environments: Vec<Written> = Vec::new();
    for (name, value) in table.entries() {
        let before = found.len();
        let title = table.title_of(if rule::is_name(&name.value) { &name.value } else { "NAME" });
        let Some(section) = Section::of(value, title, found) else { continue };
        let environment = environment(&name, section, found);
        if environments.iter().any(|known| known.environment.url == environment.url && !environment.url.is_empty()) {
            found.add(name.origin, "has the URL of another environment", None);
        }
        environments.push(Written { spot: name.origin, environment, is_sound: found.len() == before });
    }
    if environments.len() > MOST {
        found.add(table.origin(), format!("has more than {MOST} entries"), None);
    }
    environments
}

/// Whether a further URL can be called so.
pub(super) fn check_word(word: &Text, found: &mut Findings) {
    if !rule::is_word(&word.value) || is_reserved(&word.value) {
        let hint = "use lower-case letters, digits and `_`, and no name that templates know already".to_owned();
        found.add(word.origin, "is not a name for a URL", Some(hint));
    }
}

fn environment(name: &Text, mut section: Section<'_>, found: &mut Findings) -> Environment {
    if !rule::is_name(&name.value) {
        let hint = "use lower-case letters, digits and dashes, at most 32".to_owned();
        found.add(name.origin, "is not a name for an environment", Some(hint));
    }
    let url = section.need("url", found).map(|url| base_url(&url, found)).unwrap_or_default();
    let mut urls = BTreeMap::new();
    if let Some(table) = section.table("urls", found) {
        for (word, value) in table.entries() {
            check_word(&word, found);
            if let Some(url) = text(value, found) {
                urls.insert(word.value, base_url(&url, found));
            }
        }
    }
    let hosts = section.texts("hosts", found);
    for host in
        hosts.iter().filter(|host| Authority::parse(&host.value).is_none_or(|read| read.to_string() != host.value))
    {
        let hint = "write exact names in lower case, without scheme or `*`; a port, unless it is 443".to_owned();
        found.add(host.origin, "is not a host", Some(hint));
    }
    let needs_login = section.truth("login", found).unwrap_or(true);
    let ca_file = section.text("ca_file", found).map(|path| {
        if !path.value.starts_with('/') {
            found.add(path.origin, "is not an absolute path", None);
        }
        PathBuf::from(path.value)
    });
    section.close(found);
    let hosts = hosts.into_iter().map(|host| host.value).collect();
    Environment { name: name.value.clone(), url, urls, hosts, needs_login, ca_file }
}
