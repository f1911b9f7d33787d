//! Which crate may depend on which, as cargo itself sees it.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

use super::{Rule, Violation, repository};

const MEET_IN_PROTO: Rule =
    Rule { name: "sides-meet-in-proto", says: "`agentctl` and `agentd` know each other only through `proto`" };
const PROTO_IS_WORDS: Rule =
    Rule { name: "proto-is-words", says: "`proto` has no I/O, no runtime and no clock: its dependencies are listed" };
const CLIENT_IS_THIN: Rule =
    Rule { name: "client-is-thin", says: "no runtime, no TLS, no HTTP library behind `agentctl`" };
const SCHEMAS_STAY_HOME: Rule =
    Rule { name: "schemas-stay-home", says: "no shipped program carries the `OpenAPI` derives" };
const CHORES_ARE_PLAIN: Rule = Rule { name: "chores-are-plain", says: "`xtask` uses the standard library only" };

/// The rules of this module.
pub const RULES: &[&Rule] = &[&MEET_IN_PROTO, &PROTO_IS_WORDS, &CLIENT_IS_THIN, &SCHEMAS_STAY_HOME, &CHORES_ARE_PLAIN];

/// Everything `proto` may depend on.
const PROTO_MAY: &[&str] = &["jiff", "serde", "thiserror", "utoipa", "zeroize"];

/// What must not be found behind the client, at any depth.
const CLIENT_MUST_NOT: &[&str] = &[
    "async-std",
    "axum",
    "futures-util",
    "hyper",
    "native-tls",
    "openssl",
    "reqwest",
    "rustls",
    "smol",
    "tokio",
    "tower",
];

/// Declared and resolved dependencies of the workspace's crates.
#[derive(Debug, Default)]
pub struct Dependencies {
    /// Crate and dependency as declared for building and running, not for tests.
    pub declared: Vec<(String, String)>,
    /// Crate and everything that is linked into it, at any depth, on any platform.
    pub linked: Vec<(String, String)>,
}

impl Dependencies {
    /// Asks cargo.
    ///
    /// # Panics
    /// When cargo cannot be run or fails: then nothing would be checked.
    pub fn read() -> Self {
        let metadata = cargo(&["metadata", "--format-version", "1", "--no-deps", "--locked"]);
        let metadata: Value = serde_json::from_str(&metadata).expect("cargo metadata prints JSON");
        let mut dependencies = Self::default();
        for package in metadata["packages"].as_array().into_iter().flatten() {
            let name = package["name"].as_str().unwrap_or_default();
            for dependency in package["dependencies"].as_array().into_iter().flatten() {
                if dependency["kind"] != "dev" {
                    let on = dependency["name"].as_str().unwrap_or_default();
                    dependencies.declared.push((name.to_owned(), on.to_owned()));
                }
            }
        }
        for program in ["agentctl", "agentd"] {
            let tree = ["tree", "--locked", "-e", "normal", "--target", "all", "--prefix", "none", "--format", "{p}"];
            let tree = cargo(&[&tree[..], &["-p", program]].concat());
            let names: BTreeSet<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
            dependencies.linked.extend(names.into_iter().map(|name| (program.to_owned(), name.to_owned())));
        }
        dependencies
    }

    /// Checks all edges.
    pub fn check(&self) -> Vec<Violation> {
        let mut found = Vec::new();
        let mut broken = |rule: &'static Rule, name: &str, on: &str| {
            let folder = if name == "agent-proto" { "proto" } else { name };
            let (file, found_here) = (format!("{folder}/Cargo.toml"), format!("`{name}` depends on `{on}`"));
            found.push(Violation { rule, file, line: 0, found: found_here });
        };
        for (name, on) in &self.declared {
            match name.as_str() {
                "agent-proto" if !PROTO_MAY.contains(&on.as_str()) => broken(&PROTO_IS_WORDS, name, on),
                "xtask" => broken(&CHORES_ARE_PLAIN, name, on),
                _ => {}
            }
        }
        for (name, on) in &self.linked {
            match (name.as_str(), on.as_str()) {
                ("agentctl", "agentd") | ("agentd", "agentctl") => broken(&MEET_IN_PROTO, name, on),
                ("agentctl", on) if CLIENT_MUST_NOT.contains(&on) => broken(&CLIENT_IS_THIN, name, on),
                (_, "utoipa") => broken(&SCHEMAS_STAY_HOME, name, on),
                _ => {}
            }
        }
        found
    }
}

fn cargo(words: &[&str]) -> String {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    let output = command.args(words).current_dir(repository()).output().expect("cargo can be run");
    assert!(output.status.success(), "cargo {words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("cargo prints UTF-8")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(declared: &[(&str, &str)], linked: &[(&str, &str)]) -> Vec<&'static str> {
        let owned = |edges: &[(&str, &str)]| edges.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        let dependencies = Dependencies { declared: owned(declared), linked: owned(linked) };
        dependencies.check().iter().map(|violation| violation.rule.name).collect()
    }

    #[test]
    fn forbidden_edges_are_found() {
        assert_eq!(broken(&[("agent-proto", "tokio")], &[]), ["proto-is-words"]);
        assert_eq!(broken(&[("xtask", "anyhow")], &[]), ["chores-are-plain"]);
        assert_eq!(broken(&[], &[("agentctl", "agentd")]), ["sides-meet-in-proto"]);
        assert_eq!(broken(&[], &[("agentctl", "rustls")]), ["client-is-thin"]);
        assert_eq!(broken(&[], &[("agentd", "utoipa")]), ["schemas-stay-home"]);
    }

    #[test]
    fn permitted_edges_are_not() {
        assert!(broken(&[("agent-proto", "serde")], &[("agentctl", "serde"), ("agentd", "tokio")]).is_empty());
    }
}
