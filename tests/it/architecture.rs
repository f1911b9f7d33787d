//! The tree keeps its rules. Each is listed by name in `docs/architecture.md`; the harness shows that each can fail.

use std::fmt::Write as _;

use harness::architecture::crates::Dependencies;
use harness::architecture::layers::ROWS;
use harness::architecture::{Violation, check, form, repository, rules, sources};

#[test]
fn every_file_keeps_the_rules() {
    none(&check(&sources()));
}

#[test]
fn every_crate_keeps_its_edges() {
    none(&Dependencies::read().check());
}

#[test]
fn every_test_file_is_compiled() {
    none(&form::unlisted(&sources()));
}

#[test]
fn the_rules_see_every_crate() {
    let sources = sources();
    for krate in ["agentctl", "agentd", "proto", "tests", "xtask"] {
        assert!(sources.iter().any(|source| source.krate() == krate), "no source file of `{krate}` was found");
    }
    let linked = Dependencies::read().linked;
    for program in ["agentctl", "agentd"] {
        assert!(
            linked.iter().any(|(name, on)| name == program && on == "agent-proto"),
            "`{program}` was not looked at"
        );
    }
}

#[test]
fn every_rule_and_every_row_is_in_the_architecture_page() {
    let page = std::fs::read_to_string(repository().join("docs/architecture.md")).expect("docs/architecture.md exists");
    for rule in rules() {
        assert!(page.contains(&format!("`{}`", rule.name)), "docs/architecture.md does not list `{}`", rule.name);
    }
    for module in ROWS.concat() {
        assert!(page.contains(&format!("`{module}`")), "docs/architecture.md does not name the module `{module}`");
    }
    assert!(page.lines().count() <= 300, "docs/architecture.md is meant to be read in one go: at most 300 lines");
}

fn none(violations: &[Violation]) {
    let mut text = String::new();
    for violation in violations {
        writeln!(text, "{violation}").expect("writing to a string cannot fail");
    }
    assert!(violations.is_empty(), "{} places break a rule:\n{text}", violations.len());
}
