//! The doctor: credentials that lie badly, in the places of other tools and in the agent's own. Looks, and changes nothing.

use std::path::{Path, PathBuf};

use super::format::{Finding, FindingKind, Variables};
use super::formats::Formats;
use super::inspect;

/// The word for places of the agent itself.
const OWN: &str = "agentd";

/// Looks at the formats' places and the agent's own.
#[derive(Debug, Clone)]
pub struct Doctor {
    formats: Formats,
    /// Files of the agent that must stay on this machine.
    own: Vec<PathBuf>,
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diagnosis {
    /// With the format each is about, sorted by place.
    pub findings: Vec<(String, Finding)>,
    /// Places that could not be looked at, one sentence each.
    pub notes: Vec<String>,
}

impl Doctor {
    /// A doctor that also looks at the agent's `own` files.
    pub fn new(formats: Formats, own: Vec<PathBuf>) -> Self {
        Self { formats, own }
    }

    /// Looks.
    pub async fn look(&self, variables: &Variables) -> Diagnosis {
        let mut diagnosis = Diagnosis::default();
        for format in self.formats.names() {
            let variables = variables.clone();
            match self.formats.call(format, move |format| format.findings(&variables)).await {
                Ok(found) => diagnosis.findings.extend(found.into_iter().map(|one| (format.to_owned(), one))),
                Err(error) => diagnosis.notes.push(format!("{format}: {error}")),
            }
        }
        let own = self.own.clone();
        match self.formats.with_files(move || own.iter().filter_map(|path| versioned(path)).collect::<Vec<_>>()).await {
            Ok(found) => diagnosis.findings.extend(found.into_iter().map(|one| (OWN.to_owned(), one))),
            Err(error) => diagnosis.notes.push(error.to_string()),
        }
        diagnosis.findings.sort_by(|(a, one), (b, other)| (&one.place, a).cmp(&(&other.place, b)));
        diagnosis
    }
}

/// A file of the agent that lies where the next commit may take it along.
fn versioned(path: &Path) -> Option<Finding> {
    let top = inspect::working_copy(path)?;
    path.symlink_metadata().ok()?;
    Some(Finding {
        kind: FindingKind::Versioned,
        place: path.display().to_string(),
        detail: format!("lies below `{}`, which is under version control", top.display()),
        hint: Some("keep it out of the repository, or let `AGENTD_HOME` name another directory".to_owned()),
    })
}
