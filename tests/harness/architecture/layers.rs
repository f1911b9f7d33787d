//! Inside `agentd`: arrows go down, and the words of the wire stop at `api`.

use super::code::{names_at, occurrences};
use super::{Rule, Source, Violation};

const DOWN: Rule = Rule {
    name: "arrows-go-down",
    says: "a module of agentd knows only modules of lower rows; those of one row do not meet",
};
const WIRE: Rule = Rule { name: "wire-stops-at-the-door", says: "in agentd only `api` imports `proto`" };

/// The rules of this module.
pub const RULES: &[&Rule] = &[&DOWN, &WIRE];

/// The modules of agentd, from the top row down. A new module needs a place here and in `docs/architecture.md`.
pub const ROWS: &[&[&str]] = &[
    &["main"],
    &["daemon"],
    &["api"],
    &["inquiry"],
    &["channel", "flow", "link", "policy", "proxy", "vault"],
    &["service"],
    &["audit", "oauth", "provider", "store"],
    &["http", "transport"],
    &["log", "notice", "peer", "platform"],
    &["clock", "config", "private", "secret", "supervise"],
];

/// Arrows that go against the rows, each with its reason: from, to.
const UPWARD: &[(&str, &str)] = &[];

/// Modules besides `api` that use a part of `proto`, which for them is a word of the domain and not of the wire.
const WIRE_WORDS: &[(&str, &str)] = &[
    // The one rule by which daemon and client find the same files.
    ("config", "paths"),
    ("daemon", "paths"),
    ("main", "paths"),
    // Names are parsed once, at the edge, into the type both sides share.
    ("config", "id"),
    ("daemon", "id"),
];

/// Checks one file; only those of agentd have layers.
pub fn check(source: &Source) -> Vec<Violation> {
    let module = source.module();
    let own = module.first().copied().unwrap_or_default();
    if source.krate() != "agentd" || own == "lib" || own.is_empty() {
        return Vec::new();
    }
    let Some(row) = row_of(own) else {
        return vec![source.violation_of_file(&DOWN, format!("`{own}` has no row"))];
    };
    let mut found = Vec::new();
    for (offset, name) in crate_names(source) {
        let known = row_of(name).is_some_and(|other| other > row) || name == own || UPWARD.contains(&(own, name));
        if !known && row_of(name).is_some() {
            found.push(source.violation(&DOWN, offset, format!("`{own}` knows `{name}`")));
        }
    }
    let allowed = |name: &str| own == "api" || WIRE_WORDS.contains(&(own, name));
    for (offset, name) in names_behind(&source.code, "proto::") {
        if !allowed(name) {
            found.push(source.violation(&WIRE, offset, format!("`{own}` imports `proto::{name}`")));
        }
    }
    found
}

fn row_of(module: &str) -> Option<usize> {
    ROWS.iter().position(|row| row.contains(&module))
}

/// Names of top-level modules a file mentions: by `crate::`, in `main` by `agentd::`, or by enough `super::`.
fn crate_names(source: &Source) -> Vec<(usize, &str)> {
    let module = source.module();
    let climb = "super::".repeat(module.len());
    let root = if module == ["main"] { "agentd::" } else { "crate::" };
    let mut names = names_behind(&source.code, root);
    names.extend(names_behind(&source.code, &climb).into_iter().filter(|(offset, _)| {
        // A longer chain is counted from its own start.
        !source.code[..*offset].ends_with("super::")
    }));
    names
}

fn names_behind<'a>(code: &'a str, prefix: &str) -> Vec<(usize, &'a str)> {
    let starts_a_path = |offset: &usize| !code[..*offset].ends_with("::") || prefix.starts_with("super");
    let mut names = Vec::new();
    for offset in occurrences(code, prefix).filter(starts_a_path) {
        names.extend(names_at(code, offset + prefix.len()).into_iter().map(|name| (offset, name)));
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(path: &str, text: &str) -> Vec<&'static str> {
        check(&Source::new(path, text)).iter().map(|violation| violation.rule.name).collect()
    }

    #[test]
    fn arrows_up_and_sideways_are_found() {
        assert_eq!(broken("agentd/src/store/key.rs", "use crate::vault::Keeper;"), ["arrows-go-down"]);
        assert_eq!(broken("agentd/src/flow.rs", "use crate::{clock::Clock, vault::Vault};"), ["arrows-go-down"]);
        assert_eq!(broken("agentd/src/vault/keeper.rs", "fn f() { crate::api::token(); }"), ["arrows-go-down"]);
        assert_eq!(broken("agentd/src/vault/keeper.rs", "use super::super::api::token;"), ["arrows-go-down"]);
        assert_eq!(broken("agentd/src/clock.rs", "use super::config::File;"), ["arrows-go-down"]);
    }

    #[test]
    fn arrows_down_and_inside_are_not() {
        assert!(broken("agentd/src/vault/keeper.rs", "use crate::store::Store; use super::grant::Grant;").is_empty());
        assert!(broken("agentd/src/vault/keeper.rs", "use crate::vault::grant; // crate::api").is_empty());
        assert!(broken("agentd/src/main.rs", "use agentd::daemon::Daemon;").is_empty());
        assert!(broken("agentctl/src/client.rs", "use crate::api;").is_empty());
    }

    #[test]
    fn a_module_without_a_row_is_found() {
        assert_eq!(broken("agentd/src/misc.rs", ""), ["arrows-go-down"]);
    }

    #[test]
    fn the_wire_is_found_outside_api() {
        assert_eq!(broken("agentd/src/vault/view.rs", "use proto::profile::Profile;"), ["wire-stops-at-the-door"]);
        assert_eq!(broken("agentd/src/config.rs", "use proto::{id::ProfileName, token};"), ["wire-stops-at-the-door"]);
        assert!(broken("agentd/src/api/token.rs", "use proto::token::Token;").is_empty());
        assert!(broken("agentd/src/daemon.rs", "use proto::paths::Paths;").is_empty());
    }
}
