//! Tests that a page names: whether there are such tests, looked for in the sources.

use std::fs;
use std::path::{Path, PathBuf};

use crate::architecture::repository;

/// The tests that a cell of a table names, without their quotes; a dash stands for none.
///
/// # Panics
/// When something in it is not in quotes.
pub fn named(cell: &str) -> Vec<&str> {
    if cell == "–" {
        return Vec::new();
    }
    let quoted = cell.split(", ").map(|name| name.strip_prefix('`').and_then(|name| name.strip_suffix('`')));
    quoted.map(|name| name.expect("each test is in quotes")).collect()
}

/// Where the files of a test are, and its path from there: `agentd: link::x` is beside the code, the rest in `tests/it`.
fn root(name: &str) -> (PathBuf, &str) {
    match name.split_once(": ") {
        Some((krate, path)) => (repository().join(krate).join("src"), path),
        None => (repository().join("tests/it"), name),
    }
}

/// Those of the tests named in these cells that do not exist, each with its row.
pub fn missing<'a>(rows: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<String> {
    let absent = |(row, cell): (&'a str, &'a str)| {
        named(cell).into_iter().filter(|name| !exists(name)).map(move |name| format!("{row}: {name}"))
    };
    rows.into_iter().flat_map(absent).collect()
}

/// Whether there is a test of this name. A module is a file, a directory, or stands in the file of the one above it.
pub fn exists(name: &str) -> bool {
    let (root, path) = root(name);
    let mut modules: Vec<&str> = path.split("::").collect();
    let Some(test) = modules.pop() else { return false };
    (1..=modules.len()).rev().any(|files| {
        let file = root.join(modules[..files].join("/")).with_extension("rs");
        holds(&file, &modules[files..], test)
    })
}

/// Whether a file has the modules, and the test in it.
fn holds(file: &Path, modules: &[&str], name: &str) -> bool {
    let Ok(text) = fs::read_to_string(file) else { return false };
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let is_test = |line: &str| line.starts_with("#[test]") || line.starts_with("#[tokio::test");
    let is_it = |line: &str| {
        let line = line.strip_prefix("async ").unwrap_or(line);
        line.strip_prefix("fn ").and_then(|rest| rest.strip_prefix(name)).is_some_and(|rest| rest.starts_with('('))
    };
    let at = lines.iter().position(|line| is_it(line));
    // Other attributes may stand between the two.
    let attributes = at.into_iter().flat_map(|at| lines[..at].iter().rev().take_while(|line| line.starts_with('#')));
    modules.iter().all(|module| lines.contains(&format!("mod {module} {{").as_str()))
        && attributes.into_iter().any(|line| is_test(line))
}
