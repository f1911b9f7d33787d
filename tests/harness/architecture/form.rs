//! The form of a file: its name, its length, its first line.

use super::{Rule, Source, Violation};

const ONE_IDEA: Rule =
    Rule { name: "one-idea-per-file", says: "a source file has at most 400 lines and a name that says what it owns" };
const INTRODUCED: Rule =
    Rule { name: "files-introduce-themselves", says: "every file starts with `//!`: what it owns" };
const LISTED: Rule = Rule { name: "every-test-runs", says: "each file of `tests/it` is named in `tests/it/main.rs`" };

/// The rules of this module.
pub const RULES: &[&Rule] = &[&ONE_IDEA, &INTRODUCED, &LISTED];

/// The longest a source file may be.
pub const MAX_LINES: usize = 400;

const EMPTY_NAMES: &[&str] = &["common.rs", "helper.rs", "helpers.rs", "misc.rs", "mod.rs", "util.rs", "utils.rs"];

/// Checks one file.
pub fn check(source: &Source) -> Vec<Violation> {
    let mut found = Vec::new();
    let name = source.path.rsplit('/').next().unwrap_or_default();
    if EMPTY_NAMES.contains(&name) {
        found.push(source.violation_of_file(&ONE_IDEA, format!("the name `{name}`")));
    }
    let lines = source.text.lines().count();
    if lines > MAX_LINES {
        found.push(source.violation_of_file(&ONE_IDEA, format!("{lines} lines")));
    }
    if !source.text.starts_with("//!") {
        found.push(source.violation_of_file(&INTRODUCED, "no `//!` in the first line"));
    }
    found
}

/// Test files that nothing compiles: `main` is `tests/it/main.rs`.
pub fn unlisted(sources: &[Source]) -> Vec<Violation> {
    let Some(main) = sources.iter().find(|source| source.path == "tests/it/main.rs") else { return Vec::new() };
    let listed = |name: &str| main.text.lines().any(|line| line.trim() == format!("mod {name};"));
    let name = |source: &Source| source.path.strip_prefix("tests/it/")?.strip_suffix(".rs").map(str::to_owned);
    let orphan = |source: &&Source| name(source).is_some_and(|n| !n.contains('/') && n != "main" && !listed(&n));
    sources.iter().filter(orphan).map(|source| source.violation_of_file(&LISTED, "not compiled")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(path: &str, text: &str) -> Vec<&'static str> {
        check(&Source::new(path, text)).iter().map(|violation| violation.rule.name).collect()
    }

    #[test]
    fn long_files_empty_names_and_missing_introductions_are_found() {
        assert_eq!(broken("agentd/src/vault.rs", &"//! A.\n".repeat(MAX_LINES + 1)), ["one-idea-per-file"]);
        assert_eq!(broken("agentd/src/utils.rs", "//! A.\n"), ["one-idea-per-file"]);
        assert_eq!(broken("agentd/src/vault/mod.rs", "//! A.\n"), ["one-idea-per-file"]);
        assert_eq!(broken("xtask/src/main.rs", "use std::fs;\n"), ["files-introduce-themselves"]);
        assert!(broken("agentd/src/vault.rs", &"//! A.\n".repeat(MAX_LINES)).is_empty());
    }

    #[test]
    fn a_test_file_that_is_not_named_is_found() {
        let main = Source::new("tests/it/main.rs", "//! A.\n\nmod spine;\n// mod lost;\n");
        let files = [main, Source::new("tests/it/spine.rs", ""), Source::new("tests/it/lost.rs", "")];
        let found = unlisted(&files);
        assert_eq!(found.iter().map(|violation| violation.file.as_str()).collect::<Vec<_>>(), ["tests/it/lost.rs"]);
    }
}
