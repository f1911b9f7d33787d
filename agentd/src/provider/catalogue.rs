//! Every provider there is: those compiled in, the person's own files, and the environments that the person added.
//!
//! Readers never wait for a disk. What changes something writes a file as a whole and reads everything anew; it blocks,
//! shortly. A file with mistakes hides nothing but itself.

mod added;
mod load;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};

use self::load::State;
use super::{Environment, Origin, Provider, builtin, schema};
use crate::config::Problems;
use crate::private::{self, PrivateError};

/// What messages call a file that has no name yet.
const UNNAMED: &str = "provider.toml";

/// All providers. Clones share what they hold.
#[derive(Debug, Clone)]
pub struct Catalogue(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    directory: PathBuf,
    environments: PathBuf,
    state: RwLock<State>,
    /// One change at a time.
    change: Mutex<()>,
}

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// The text, or a file that would have to be written again, has mistakes: they are to be mended.
    #[error("{0}")]
    Broken(Problems),
    /// It comes with the agent, or with the provider's own file: it stays.
    #[error("it is built in")]
    BuiltIn,
    /// There is one of this name or URL already: another is to be chosen.
    #[error("there is one of this name or URL already")]
    Exists,
    /// There is no such provider.
    #[error("there is no such provider")]
    Unknown,
    /// The file cannot be written: the cause says why.
    #[error(transparent)]
    Unwritable(#[from] PrivateError),
}

impl Catalogue {
    /// Reads the person's own providers, `directory/NAME.toml`, and the environments that were added, `environments`. Both
    /// may be missing.
    pub fn open(directory: PathBuf, environments: PathBuf) -> Self {
        let state = RwLock::new(load::load(&directory, &environments));
        Self(Arc::new(Shared { directory, environments, state, change: Mutex::default() }))
    }

    /// Every provider, sorted by name.
    pub fn list(&self) -> Vec<Arc<Provider>> {
        self.state().known.values().map(|known| known.provider.clone()).collect()
    }

    /// The provider of this name.
    pub fn find(&self, name: &str) -> Option<Arc<Provider>> {
        self.state().known.get(name).map(|known| known.provider.clone())
    }

    /// The text of its file.
    pub fn source(&self, name: &str) -> Option<String> {
        self.state().known.get(name).map(|known| known.text.clone())
    }

    /// Files that cannot be used, and why.
    pub fn broken(&self) -> Vec<(PathBuf, Problems)> {
        self.state().broken.clone()
    }

    /// Whether the person added this environment.
    pub fn is_added(&self, provider: &str, environment: &str) -> bool {
        self.state().added.iter().any(|(whose, added)| whose == provider && added.name == environment)
    }

    /// Reads all files again. What changed by it: of `environments` and `providers`.
    pub fn reload(&self) -> Vec<&'static str> {
        let new = load::load(&self.0.directory, &self.0.environments);
        let mut state = self.0.state.write().unwrap_or_else(PoisonError::into_inner);
        let changed = state.changed(&new);
        *state = new;
        changed
    }

    /// What the text of a file says, or every mistake in it.
    pub fn check(&self, text: &str) -> Result<Provider, Problems> {
        let provider = schema::read(text, Path::new(UNNAMED), Origin::File(PathBuf::new()))?;
        let path = self.path(&provider.name);
        Ok(Provider { origin: Origin::File(path), ..provider })
    }

    /// Adds a provider of the person's own; one of the same name goes only if it is to be replaced.
    pub fn add(&self, text: &str, replace: bool) -> Result<Arc<Provider>, ChangeError> {
        let provider = self.check(text).map_err(ChangeError::Broken)?;
        let path = self.path(&provider.name);
        let _one = self.0.change.lock().unwrap_or_else(PoisonError::into_inner);
        if !replace && path.symlink_metadata().is_ok() {
            return Err(ChangeError::Exists);
        }
        private::directory(&self.0.directory)?;
        private::write(&path, text.as_bytes())?;
        self.reload();
        Ok(self.find(&provider.name).unwrap_or_else(|| Arc::new(provider)))
    }

    /// Removes a provider of the person's own, mistakes or not. Whether there was one.
    pub fn remove(&self, name: &str) -> Result<bool, ChangeError> {
        if builtin::ALL.iter().any(|(known, _)| *known == name) {
            return Err(ChangeError::BuiltIn);
        }
        if !schema::is_name(name) {
            return Ok(false);
        }
        let path = self.path(name);
        let _one = self.0.change.lock().unwrap_or_else(PoisonError::into_inner);
        let existed = match std::fs::remove_file(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => false,
            done => done.map(|()| true).map_err(PrivateError::io(&path, "remove"))?,
        };
        self.reload();
        Ok(existed)
    }

    /// Adds an environment to a provider. The answer is the provider with it.
    pub fn add_environment(&self, provider: &str, environment: Environment) -> Result<Arc<Provider>, ChangeError> {
        let _one = self.0.change.lock().unwrap_or_else(PoisonError::into_inner);
        self.reload();
        let known = self.find(provider).ok_or(ChangeError::Unknown)?;
        if known.environments.iter().any(|own| own.name == environment.name || own.url == environment.url) {
            return Err(ChangeError::Exists);
        }
        let mut added = self.sound_environments()?;
        added.push((provider.to_owned(), environment));
        self.write_environments(&added)?;
        self.find(provider).ok_or(ChangeError::Unknown)
    }

    /// Removes an environment that the person added. Whether there was one.
    pub fn remove_environment(&self, provider: &str, name: &str) -> Result<bool, ChangeError> {
        let _one = self.0.change.lock().unwrap_or_else(PoisonError::into_inner);
        self.reload();
        if !self.is_added(provider, name) {
            let own = self.find(provider).is_some_and(|known| known.environment(name).is_some());
            return if own { Err(ChangeError::BuiltIn) } else { Ok(false) };
        }
        let mut added = self.sound_environments()?;
        added.retain(|(whose, environment)| whose != provider || environment.name != name);
        self.write_environments(&added)?;
        Ok(true)
    }

    /// The added environments, if their file has no mistake: writing it again would lose what was not understood.
    fn sound_environments(&self) -> Result<Vec<(String, Environment)>, ChangeError> {
        let state = self.state();
        match state.broken.iter().find(|(path, _)| *path == self.0.environments) {
            Some((_, problems)) => Err(ChangeError::Broken(problems.clone())),
            None => Ok(state.added.clone()),
        }
    }

    fn write_environments(&self, added: &[(String, Environment)]) -> Result<(), ChangeError> {
        let text = added::written(added);
        added::check(&text, &self.0.environments).map_err(ChangeError::Broken)?;
        private::write(&self.0.environments, text.as_bytes())?;
        self.reload();
        Ok(())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.directory.join(format!("{name}.toml"))
    }

    fn state(&self) -> RwLockReadGuard<'_, State> {
        self.0.state.read().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
