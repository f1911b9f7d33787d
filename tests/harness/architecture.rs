//! The rules of the tree, checked on its text: who may know whom, and what may happen only in one place.
//!
//! A rule is a name, a sentence and the places it excepts. `docs/architecture.md` lists every rule by name; a failure says
//! the rule, the file, the line and what was found there. Test code (`#[cfg(test)]`) is exempt, comments and text in
//! quotes are never looked at.

pub mod code;
pub mod crates;
pub mod form;
pub mod layers;
pub mod words;

use std::fmt;
use std::path::{Path, PathBuf};

/// What must hold.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// The name in `docs/architecture.md`.
    pub name: &'static str,
    /// One sentence.
    pub says: &'static str,
}

/// One place that breaks a rule.
#[derive(Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which rule.
    pub rule: &'static Rule,
    /// The file, relative to the repository.
    pub file: String,
    /// The line, from 1; 0 when it is about the file as a whole.
    pub line: usize,
    /// What was found.
    pub found: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Rule { name, says } = self.rule;
        write!(
            f,
            "{}:{}: {}\n    rule `{name}`: {says} (docs/architecture.md, Invariants)",
            self.file, self.line, self.found
        )
    }
}

/// One Rust file.
#[derive(Debug, Clone)]
pub struct Source {
    /// Relative to the repository, with `/`.
    pub path: String,
    /// As it is.
    pub text: String,
    /// The same bytes with comments, quoted text and test items blanked; see [`code::shipped`].
    pub code: String,
}

impl Source {
    /// A file with `text` at `path`.
    pub fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned(), code: code::shipped(text) }
    }

    /// The crate's folder.
    pub fn krate(&self) -> &str {
        self.path.split('/').next().unwrap_or_default()
    }

    /// The module path below the crate's `src`: `["vault", "keeper"]`; `["main"]` and `["lib"]` for the roots.
    pub fn module(&self) -> Vec<&str> {
        let below = self.path.split_once("/src/").map_or("", |(_, below)| below);
        below.trim_end_matches(".rs").split('/').collect()
    }

    /// Whether the file is the module `place` (such as `agentd/src/clock`) or below it.
    pub fn is_in(&self, place: &str) -> bool {
        self.path.strip_prefix(place).is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
    }

    /// The violation of `rule` at byte `offset`.
    pub fn violation(&self, rule: &'static Rule, offset: usize, found: impl Into<String>) -> Violation {
        let line = 1 + self.code[..offset].matches('\n').count();
        Violation { rule, file: self.path.clone(), line, found: found.into() }
    }

    /// The violation of `rule` by the file as a whole.
    pub fn violation_of_file(&self, rule: &'static Rule, found: impl Into<String>) -> Violation {
        Violation { rule, file: self.path.clone(), line: 0, found: found.into() }
    }
}

/// The repository.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the test crate lies in the repository").to_path_buf()
}

/// Every Rust file of the workspace, sorted by path; files that only tests compile are left out.
pub fn sources() -> Vec<Source> {
    let root = repository();
    let mut files = Vec::new();
    for folder in ["agentctl", "agentd", "benches", "fuzz", "proto", "tests", "xtask"] {
        rust_files(&root.join(folder), &mut files);
    }
    files.sort();
    let read = |path: &PathBuf| {
        let text = std::fs::read_to_string(path).expect("a file that was just listed can be read");
        let relative = path.strip_prefix(&root).expect("the file was found below the repository");
        Source::new(&relative.to_string_lossy().replace('\\', "/"), &text)
    };
    let mut sources: Vec<Source> = files.iter().map(read).collect();
    let test_only: Vec<String> = sources.iter().flat_map(code::test_only_files).collect();
    for source in &mut sources {
        if test_only.iter().any(|place| source.is_in(place)) {
            source.code = code::blank(&source.code);
        }
    }
    sources
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() && !path.ends_with("node_modules") && !path.ends_with("target") {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Every rule there is.
pub fn rules() -> Vec<&'static Rule> {
    [crates::RULES, form::RULES, layers::RULES, words::RULES].concat()
}

/// Every rule but those about crates, applied to `sources`.
pub fn check(sources: &[Source]) -> Vec<Violation> {
    sources
        .iter()
        .flat_map(|source| [form::check(source), layers::check(source), words::check(source)])
        .flatten()
        .collect()
}
