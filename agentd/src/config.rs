//! The configuration: one file and what overrides it, checked as a whole.
//!
//! `file` reads text into what was written where; `resolve` checks that and fills in what was not written. Every
//! mistake is found in one go, each with its line. What the settings do is not known here.

mod file;
mod problem;
mod resolve;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fmt;
use std::path::Path;

pub(crate) use self::file::{Text, read};
pub(crate) use self::problem::{Findings, Origin, quoted};
pub use self::problem::{Place, Problem, Problems};
pub use proto::paths::{LOG_FORMAT_VARIABLE, LOG_VARIABLE};

/// Overrides `store.key`.
pub const STORE_KEY_VARIABLE: &str = "AGENTD_STORE_KEY";

/// The settings in force. `Debug` does not show the proxy, whose URL may hold a password.
#[derive(Clone, Default, PartialEq)]
pub struct Config {
    /// Where the key that seals the store comes from.
    pub store_key: StoreKey,
    /// How much is logged.
    pub log: Level,
    /// In which form.
    pub log_format: LogFormat,
    /// The proxy for all requests, an `http` or `https` URL. When absent, `HTTPS_PROXY` and `NO_PROXY` decide.
    pub proxy: Option<String>,
    /// Settings of profiles that have any.
    pub profiles: BTreeMap<String, ProfileConfig>,
}

/// Where the key that seals the store comes from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum StoreKey {
    /// The best place there is. In this version that is memory.
    #[default]
    Auto,
    /// The key file beside the store.
    File,
    /// There is no store: logins end with the daemon.
    Memory,
}

/// The form of the log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// Lines for people.
    #[default]
    Text,
    /// One JSON object on each line.
    Json,
}

/// How much is logged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// What failed.
    Error,
    /// And what may fail.
    Warn,
    /// And what happened.
    #[default]
    Info,
    /// And how.
    Debug,
    /// And every step.
    Trace,
}

/// Settings of one profile.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ProfileConfig {
    /// When tokens are refreshed.
    pub refresh: RefreshMode,
    /// How a narrower token is made.
    pub narrow: Narrow,
    /// When the credential itself may be printed.
    pub reveal: Reveal,
}

/// When a credential may be printed. Programs that use it for the person are not meant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Reveal {
    /// Whenever it is asked for.
    #[default]
    Always,
    /// Never.
    Never,
    /// Into a pipe or file; on a terminal only when acknowledged.
    Pipe,
}

/// When tokens are refreshed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RefreshMode {
    /// Well before they expire.
    #[default]
    Early,
    /// As late as possible, for issuers whose refresh ends the old access token at once.
    Late,
}

/// How a narrower token is made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Narrow {
    /// Not at all: some issuers end the login when a refresh asks for less.
    #[default]
    Never,
    /// By a refresh request with fewer scopes (RFC 6749 §6).
    Refresh,
    /// In exchange for the access token as granted (RFC 8693).
    Exchange,
}

/// What differs between two configurations, as the names of settings, sorted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// Take effect at once.
    pub applied: Vec<String>,
    /// Take effect when the daemon is started again.
    pub restart_needed: Vec<String>,
    /// Mistakes in other files, which concern nothing but those files.
    pub warnings: Vec<String>,
}

impl Level {
    /// The words for it.
    pub fn words() -> impl Iterator<Item = &'static str> {
        resolve::LEVELS.iter().map(|(word, _)| *word)
    }
}

impl LogFormat {
    /// The words for it.
    pub fn words() -> impl Iterator<Item = &'static str> {
        resolve::LOG_FORMATS.iter().map(|(word, _)| *word)
    }
}

impl Config {
    /// Reads the file at `path`, which may be missing, and the environment.
    pub fn load(path: &Path, env: impl Fn(&str) -> Option<OsString>) -> Result<Self, Problems> {
        let mut found = Findings::default();
        let text = file::read(path, file::MOST, &mut found);
        let raw = file::parse(&text, &mut found);
        let config = resolve::resolve(raw, env, &mut found);
        found.none_or(path, &text, config)
    }

    /// What changes when `new` replaces this configuration in a running daemon.
    pub fn diff(&self, new: &Self) -> Changes {
        let mut changes = Changes::default();
        if self.log != new.log {
            changes.applied.push("log.level".to_owned());
        }
        let names: BTreeSet<&String> = self.profiles.keys().chain(new.profiles.keys()).collect();
        for name in names {
            let of = |config: &Self| config.profiles.get(name).copied().unwrap_or_default();
            let (old, new) = (of(self), of(new));
            if old.narrow != new.narrow {
                changes.applied.push(format!("profile.{name}.narrow"));
            }
            if old.reveal != new.reveal {
                changes.applied.push(format!("profile.{name}.reveal"));
            }
            if old.refresh != new.refresh {
                changes.applied.push(format!("profile.{name}.refresh"));
            }
        }
        if self.proxy != new.proxy {
            changes.restart_needed.push("http.proxy".to_owned());
        }
        if self.log_format != new.log_format {
            changes.restart_needed.push("log.format".to_owned());
        }
        if self.store_key != new.store_key {
            changes.restart_needed.push("store.key".to_owned());
        }
        changes
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("store_key", &self.store_key)
            .field("log", &self.log)
            .field("log_format", &self.log_format)
            .field("proxy", &self.proxy.as_ref().map(|_| "(hidden)"))
            .field("profiles", &self.profiles)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diff_says_what_applies_at_once_and_what_waits() {
        let old = Config::default();
        assert_eq!(old.diff(&old), Changes::default());
        let mut new = Config { log: Level::Debug, store_key: StoreKey::File, ..Config::default() };
        new.proxy = Some("http://user:canary@proxy.example".to_owned());
        new.profiles.insert("same".to_owned(), ProfileConfig::default());
        new.profiles.insert(
            "work".to_owned(),
            ProfileConfig { refresh: RefreshMode::Late, narrow: Narrow::Refresh, ..ProfileConfig::default() },
        );
        let changes = old.diff(&new);
        assert_eq!(changes.applied, ["log.level", "profile.work.narrow", "profile.work.refresh"]);
        assert_eq!(changes.restart_needed, ["http.proxy", "store.key"]);
        assert_eq!(new.diff(&old), changes);
        assert!(!format!("{new:?} {changes:?}").contains("canary"));
    }
}
