//! Reads everything: what is compiled in, the person's directory, the file of added environments.
//!
//! Who can write these files can choose where credentials go, so owner and mode are checked as for the configuration.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::super::schema::{self, Written};
use super::super::{Environment, Origin, Provider, builtin};
use crate::config::{self, Findings, Origin as Spot, Problems};

/// The most files that are read.
const MOST_FILES: usize = 256;

/// What was found.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) known: BTreeMap<String, Known>,
    pub(super) added: Vec<(String, Environment)>,
    pub(super) broken: Vec<(PathBuf, Problems)>,
}

/// A provider and the text it was read from.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) provider: Arc<Provider>,
    pub(super) text: String,
}

pub(super) fn load(directory: &Path, environments: &Path) -> State {
    let mut state = State::default();
    for (name, text) in builtin::ALL {
        // A test reads every one of them.
        if let Ok(provider) = schema::read(text, Path::new(name), Origin::BuiltIn) {
            state.insert(provider, (*text).to_owned());
        }
    }
    let mut found = Findings::default();
    for path in files(directory, &mut found) {
        match file(&path) {
            Ok((provider, text)) => state.insert(provider, text),
            Err(problems) => state.broken.push((path, problems)),
        }
    }
    state.note(directory, "", found);
    let mut found = Findings::default();
    let text = config::read(environments, schema::MOST, &mut found);
    for (name, Written { spot, environment, is_sound }) in schema::added(&text, &mut found) {
        if !is_sound {
            continue;
        }
        // Its provider may be away for a while.
        if let Some(known) = state.known.get_mut(&name) {
            let provider = Arc::make_mut(&mut known.provider);
            if provider.environments.iter().any(|own| own.name == environment.name || own.url == environment.url) {
                found.add(spot, "has the name or the URL of an environment that the provider has already", None);
                continue;
            }
            provider.environments.push(environment.clone());
        }
        state.added.push((name, environment));
    }
    state.note(environments, &text, found);
    state
}

impl State {
    fn insert(&mut self, provider: Provider, text: String) {
        self.known.insert(provider.name.clone(), Known { provider: Arc::new(provider), text });
    }

    /// What differs: of `environments` and `providers`.
    pub(super) fn changed(&self, new: &Self) -> Vec<&'static str> {
        let providers =
            |state: &Self| state.known.iter().map(|(name, known)| (name.clone(), known.text.clone())).collect();
        let (old_ones, new_ones): (Vec<(String, String)>, Vec<_>) = (providers(self), providers(new));
        let changes = [("environments", self.added != new.added), ("providers", old_ones != new_ones)];
        changes.into_iter().filter(|(_, differs)| *differs).map(|(word, _)| word).collect()
    }

    fn note(&mut self, path: &Path, text: &str, found: Findings) {
        if let Err(problems) = found.none_or(path, text, ()) {
            self.broken.push((path.to_owned(), problems));
        }
    }
}

fn file(path: &Path) -> Result<(Provider, String), Problems> {
    let mut found = Findings::default();
    let text = config::read(path, schema::MOST, &mut found);
    if found.len() > 0 && text.is_empty() {
        found.none_or(path, "", ())?;
        found = Findings::default();
    }
    let provider = schema::checked(&text, path, Origin::File(path.to_owned()), &mut found);
    let provider = found.none_or(path, &text, provider)?;
    Ok((provider, text))
}

/// The files of the directory, sorted; none when it is not there.
fn files(directory: &Path, found: &mut Findings) -> Vec<PathBuf> {
    if !trusted(directory, found) {
        return Vec::new();
    }
    let paths = match std::fs::read_dir(directory).and_then(Iterator::collect::<Result<Vec<_>, _>>) {
        Ok(entries) => entries.into_iter().map(|entry| entry.path()),
        Err(error) => {
            found.add(Spot::File, format!("cannot be read: {error}"), None);
            return Vec::new();
        }
    };
    let mut files: Vec<PathBuf> = paths.filter(|path| path.extension().is_some_and(|end| end == "toml")).collect();
    files.sort();
    if files.len() > MOST_FILES {
        found.add(Spot::File, format!("has more than {MOST_FILES} files; the others are not read"), None);
        files.truncate(MOST_FILES);
    }
    files
}

/// Whether the directory is there, and nobody else can put a file into it.
fn trusted(directory: &Path, found: &mut Findings) -> bool {
    let Ok(metadata) = directory.metadata() else { return false };
    let (owner, mode) = (metadata.uid(), metadata.mode() & 0o7777);
    if owner != 0 && owner != rustix::process::geteuid().as_raw() {
        found.add(Spot::File, format!("belongs to user {owner}, not to you"), None);
        return false;
    }
    if mode & 0o022 != 0 {
        let hint = format!("run `chmod go-w '{}'`", directory.display());
        found.add(Spot::File, format!("can be written by other users (mode {mode:04o})"), Some(hint));
        return false;
    }
    true
}
