//! From the text of a provider's file to the checked [`Provider`], or to every mistake in it at once.
//!
//! The tables are read by the files below, each into its part of the model; with a mistake noted, what was read is of no
//! use. A provider describes requests and members of answers. It never names a program.

mod after;
mod environment;
mod key;
mod login;
mod oauth;
mod person;
mod poll;
mod request;
mod rule;
mod scope;
mod section;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use toml::de::DeTable;

pub(super) use self::environment::Written;
use self::login::Told;
use self::request::{needed_member, request};
pub(super) use self::rule::is_name;
use self::scope::{Ground, Scope};
use self::section::{Section, at, number};
use super::template::Name;
use super::{Environment, Origin, Probe, Provider, Template, builtin};
use crate::config::{Findings, Origin as Spot, Problems, Text};

/// No file of providers or environments is longer, in KiB.
pub(super) const MOST: u64 = 32;
/// The version of the schema that is understood.
const SCHEMA: u64 = 1;

/// Reads a provider. `path` is what messages call the file.
pub(super) fn read(text: &str, path: &Path, origin: Origin) -> Result<Provider, Problems> {
    let mut found = Findings::default();
    let provider = checked(text, path, origin, &mut found);
    found.none_or(path, text, provider)
}

/// Notes every mistake; with one, the provider is of no use.
pub(super) fn checked(text: &str, path: &Path, origin: Origin, found: &mut Findings) -> Provider {
    if text.len() as u64 > MOST * 1024 {
        found.add(Spot::File, format!("is longer than {MOST} KiB"), None);
        return nothing(origin);
    }
    let (root, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        // Only the message: the error's own display quotes the line.
        found.add(at(&error.span().unwrap_or_default()), error.message(), None);
    }
    let mut root = Section::root(root.get_ref());
    if !understood(&mut root, found) {
        return nothing(origin);
    }
    provider(root, path, origin, found)
}

fn understood(root: &mut Section<'_>, found: &mut Findings) -> bool {
    let Some(value) = root.value("schema") else {
        found.add(root.origin(), "`schema` is missing at the top", Some("begin with `schema = 1`".to_owned()));
        return true;
    };
    match number(value) {
        Some(SCHEMA) => true,
        Some(other) if other > SCHEMA => {
            let hint = format!("update the agent, or use `schema = {SCHEMA}`");
            found.add(at(&value.span()), "was written for a newer version of the agent", Some(hint));
            false
        }
        _ => {
            found.add(at(&value.span()), "is not a version of the schema", Some(format!("write `schema = {SCHEMA}`")));
            true
        }
    }
}

fn provider(mut root: Section<'_>, path: &Path, origin: Origin, found: &mut Findings) -> Provider {
    let name = name(&mut root, path, &origin, found);
    let title = root.need("title", found).map(|title| title.value).unwrap_or_default();
    let hosts = hosts(&mut root, found);
    let environments = root.table("environment", found);
    let environments: Vec<Environment> = match environments {
        Some(table) => {
            environment::environments(&table, found).into_iter().map(|written| written.environment).collect()
        }
        None => Vec::new(),
    };
    let address = root.table("address", found).map(|table| person::address(table, found));
    if environments.is_empty() && address.is_none() {
        let hint = "add `[environment.production]` with a `url`, or `[address]` where everybody has another".to_owned();
        found.add(root.origin(), "has no environment", Some(hint));
    }
    let urls = urls(&mut root, found);
    let words = environments.iter().flat_map(|environment| environment.urls.keys()).chain(urls.keys());
    let words = words.filter(|word| !scope::is_reserved(word)).cloned().collect();
    let ground = Ground { urls: words, hosts };
    let scope = |more: &[Name]| Scope::new(&ground, more);
    let user_agent = root.text("user_agent", found).map(|text| scope::header_value(&text, &scope(&[]), found));
    let format = root.text("format", found).map(|format| {
        if !rule::is_name(&format.value) {
            found.add(format.origin, "is not the name of a format", None);
        }
        format.value
    });
    let probe = root.table("probe", found).map(|mut table| {
        let request = request(&mut table, &scope(&[]), found);
        let needs_login = needed_member(&mut table, "needs_login", found);
        table.close(found);
        Probe { request, needs_login }
    });
    let whoami = root.table("whoami", found).map(|table| after::whoami(table, &ground, found));
    let projects = root.table("projects", found).map(|table| after::projects(table, &ground, found));
    let client = root.table("client", found).map(|table| person::client(table, &scope(&[]), found));
    let logins = root.tables("login", found);
    if logins.is_empty() && !root.has("login") {
        found.add(root.origin(), "has no way to log in", Some("add `[[login]]` with a `flow`".to_owned()));
    }
    let told = Told {
        expiry: whoami.as_ref().is_some_and(|whoami| whoami.expires_at.is_some()),
        validity: whoami.is_some() || projects.is_some(),
    };
    let methods = login::methods(logins, &ground, told, found);
    let mut only_request = |key, more: &[Name], found: &mut Findings| {
        let mut table = root.table(key, found)?;
        let request = request(&mut table, &scope(more), found);
        table.close(found);
        Some(request)
    };
    let refresh = only_request("refresh", &[Name::RefreshToken], found);
    let revoke = only_request("revoke", &[], found);
    let secondaries = after::secondaries(root.tables("secondary", found), &ground, found);
    let exec_scope = scope(&[Name::Credential, Name::Profile]);
    let exec = root.table("exec", found).map(|table| key::exec(&table, &exec_scope, found)).unwrap_or_default();
    let (fallback, fallback_scheme) = fallback(&mut root, found);
    root.close(found);
    Provider {
        name,
        title,
        origin,
        environments,
        address,
        client,
        urls,
        probe,
        hosts: ground.hosts,
        user_agent,
        methods,
        refresh,
        whoami,
        projects,
        secondaries,
        revoke,
        exec,
        fallback,
        fallback_scheme,
        format,
    }
}

fn name(root: &mut Section<'_>, path: &Path, origin: &Origin, found: &mut Findings) -> String {
    let Some(Text { value: name, origin: spot }) = root.need("name", found) else { return String::new() };
    if !rule::is_name(&name) {
        let hint = "use lower-case letters, digits and dashes, at most 32".to_owned();
        found.add(spot, "is not a name for a provider", Some(hint));
        return name;
    }
    if *origin == Origin::BuiltIn {
        return name;
    }
    if builtin::ALL.iter().any(|(known, _)| *known == name) {
        found.add(spot, "is the name of a provider that is built in", Some("choose another name".to_owned()));
    }
    let named = matches!(origin, Origin::File(path) if path.file_name().is_some());
    if named && path.file_stem().is_none_or(|stem| stem != name.as_str()) {
        found.add(spot, "is not the name of its file", Some(format!("call the file `{name}.toml`")));
    }
    name
}

fn hosts(root: &mut Section<'_>, found: &mut Findings) -> Vec<String> {
    let hosts = root.texts("hosts", found);
    for host in hosts.iter().filter(|host| !rule::is_host(&host.value)) {
        let hint = "write exact names in lower case, without scheme, port or `*`".to_owned();
        found.add(host.origin, "is not a host", Some(hint));
    }
    hosts.into_iter().map(|host| host.value).collect()
}

/// Where the further URLs of an environment are that names none: below its base URL.
fn urls(root: &mut Section<'_>, found: &mut Findings) -> BTreeMap<String, Template> {
    let Some(table) = root.table("urls", found) else { return BTreeMap::new() };
    let ground = Ground { urls: BTreeSet::new(), hosts: Vec::new() };
    let mut urls = BTreeMap::new();
    for (word, value) in table.entries() {
        environment::check_word(&word, found);
        let Some(url) = section::text(value, found) else { continue };
        let template = Scope::new(&ground, &[]).address(&url, found);
        if !url.value.starts_with("{base}") || url.value.contains('?') || url.value.ends_with('/') {
            let hint = "write `{base}/…`, without a query and without a slash at the end".to_owned();
            found.add(url.origin, "is not below the environment's URL", Some(hint));
        }
        urls.insert(word.value, template);
    }
    urls
}

fn fallback(root: &mut Section<'_>, found: &mut Findings) -> (Vec<String>, String) {
    let Some(mut table) = root.table("fallback", found) else { return (Vec::new(), "Bearer".to_owned()) };
    if !table.has("variables") {
        table.missing("variables", found);
    }
    let variables = key::variables(&mut table, "variables", found);
    let scheme = login::scheme(&mut table, found);
    table.close(found);
    (variables, scheme)
}

/// Reads the file of environments that the person added, each with its provider's name.
pub(super) fn added(text: &str, found: &mut Findings) -> Vec<(String, Written)> {
    let (root, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        found.add(at(&error.span().unwrap_or_default()), error.message(), None);
    }
    let mut all = Vec::new();
    for (name, value) in Section::root(root.get_ref()).entries() {
        if !rule::is_name(&name.value) {
            found.add(name.origin, "is not the name of a provider", None);
            continue;
        }
        let Some(table) = Section::of(value, name.value.clone(), found) else { continue };
        all.extend(environment::environments(&table, found).into_iter().map(|written| (name.value.clone(), written)));
    }
    all
}

/// What stands for a file that was not read.
fn nothing(origin: Origin) -> Provider {
    Provider {
        name: String::new(),
        title: String::new(),
        origin,
        environments: Vec::new(),
        address: None,
        client: None,
        urls: BTreeMap::new(),
        probe: None,
        hosts: Vec::new(),
        user_agent: None::<Template>,
        methods: Vec::new(),
        refresh: None,
        whoami: None,
        projects: None,
        secondaries: Vec::new(),
        revoke: None,
        exec: Vec::new(),
        fallback: Vec::new(),
        fallback_scheme: String::new(),
        format: None,
    }
}

#[cfg(test)]
mod tests;
