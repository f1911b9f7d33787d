//! The file of added environments, as the agent writes it.

use std::fmt::Write as _;
use std::path::Path;

use super::super::{Environment, schema};
use crate::config::{Findings, Problems};

/// The text of the file.
pub(super) fn written(added: &[(String, Environment)]) -> String {
    let mut text = String::from("# Environments added by `agentctl env add`.\n");
    for (provider, environment) in added {
        let Environment { name, url, urls, hosts, needs_login, ca_file } = environment;
        let mut line = |key: &str, value: &str| {
            let _ = writeln!(text, "{key} = {value}");
        };
        line(&format!("\n[{}.{}]\nurl", quoted(provider), quoted(name)), &quoted(url));
        line("login", if *needs_login { "true" } else { "false" });
        if let Some(path) = ca_file {
            line("ca_file", &quoted(&path.to_string_lossy()));
        }
        if !hosts.is_empty() {
            let hosts: Vec<String> = hosts.iter().map(|host| quoted(host)).collect();
            line("hosts", &format!("[{}]", hosts.join(", ")));
        }
        for (name, url) in urls {
            line(&format!("urls.{}", quoted(name)), &quoted(url));
        }
    }
    text
}

/// Whether what was written can be read again.
pub(super) fn check(text: &str, path: &Path) -> Result<(), Problems> {
    let mut found = Findings::default();
    schema::added(text, &mut found);
    found.none_or(path, text, ())
}

/// A text or key of TOML: plain where it can be, else with everything odd escaped.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
