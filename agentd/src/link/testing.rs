//! A home directory and a credential for tests of formats.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Credential, Export, Format, Spot, To, Variables};
use crate::secret::{AccessToken, ApiKey};

/// A home directory that goes away.
pub(super) struct Home(pub(super) tempfile::TempDir);

impl Home {
    pub(super) fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary directory"))
    }

    pub(super) fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    /// The variables of a shell in it, with these besides.
    pub(super) fn variables(&self, more: &[(&str, &str)]) -> Variables {
        let mut variables = Variables::from([("HOME".to_owned(), self.0.path().display().to_string())]);
        variables.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        variables
    }

    pub(super) fn spot(&self, format: &dyn Format) -> Spot {
        format.spot(&self.variables(&[]), To::Home, &self.path("run")).expect("there is a home")
    }

    /// Puts a file there with a mode.
    pub(super) fn file(&self, path: &str, text: &str, mode: u32) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("below home")).expect("it can be made");
        fs::write(&path, text).expect("it can be written");
        fs::set_permissions(&path, Permissions::from_mode(mode)).expect("it is ours");
    }

    pub(super) fn text(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).expect("it is there")
    }
}

/// The permission bits.
pub(super) fn mode(path: &Path) -> u32 {
    path.metadata().expect("it is there").mode() & 0o7777
}

/// An export of an access token.
pub(super) fn token(profile: &str, token: &str) -> Export {
    Export {
        profile: profile.to_owned(),
        url: "https://service.example".to_owned(),
        scheme: "Bearer".to_owned(),
        variant: None,
        credential: Credential::AccessToken(Arc::new(AccessToken::new(token.to_owned()))),
        expires_at: Some(1_900_000_000),
        project: Some("project-1".to_owned()),
        name: Some("Ada".to_owned()),
        email: Some("ada@example.org".to_owned()),
        secondaries: Vec::new(),
    }
}

/// An export of a key.
pub(super) fn key(profile: &str, key: &str) -> Export {
    Export { credential: Credential::ApiKey(Arc::new(ApiKey::new(key.to_owned()))), ..token(profile, "") }
}

/// A credential that came with the login.
pub(super) fn secondary(
    word: &str,
    key: &str,
    values: &[(&str, &str)],
) -> (String, Arc<ApiKey>, BTreeMap<String, String>) {
    let values = values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    (word.to_owned(), Arc::new(ApiKey::new(key.to_owned())), values.collect())
}
