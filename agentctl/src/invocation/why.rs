//! What decided which profile is used.

use std::path::{Path, PathBuf};

use proto::id::ProfileName;

use super::project_file::NAME;

/// See the module's documentation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Why {
    /// The command line.
    Argument,
    /// The profile that is used when nothing else decides.
    Current,
    /// The environment.
    Environment,
    /// The project's file, which lies there.
    ProjectFile(PathBuf),
}

impl Why {
    /// The word in JSON.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Why::Argument => "--profile",
            Why::Current => "current",
            Why::Environment => "AGENTCTL_PROFILE",
            Why::ProjectFile(_) => NAME,
        }
    }

    /// The file, where one decided.
    pub(crate) fn file(&self) -> Option<&Path> {
        match self {
            Why::ProjectFile(path) => Some(path),
            _ => None,
        }
    }

    /// In words for people.
    pub(crate) fn told(&self) -> String {
        self.file().map_or_else(|| self.word().to_owned(), |path| path.display().to_string())
    }
}

/// A profile, and what decided for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chosen {
    /// Its name.
    pub(crate) name: ProfileName,
    /// What decided.
    pub(crate) why: Why,
}
