//! What binds a profile to a provider: the environment, its URLs as they were at login, the project.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// Where the requests of one profile go. The URLs are those of the login: a grant is never sent elsewhere because a file
/// was edited later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The provider's name.
    pub provider: String,
    /// The environment's name, or its URL where it has none.
    pub environment: String,
    /// The environment's URL, without a slash at the end.
    pub base: String,
    /// Further URLs of the environment, by name.
    pub urls: BTreeMap<String, String>,
    /// Further trusted roots (PEM) for this environment.
    pub ca_file: Option<PathBuf>,
    /// Whether the environment needs a login at all.
    pub needs_login: bool,
    /// The method of the login, as the provider names it.
    pub method: String,
    /// The variant of a `key` flow.
    pub variant: Option<String>,
    /// How the credential is sent, `Bearer` or `Api-Key`.
    pub scheme: String,
    /// The chosen project's identifier.
    pub project: Option<String>,
    /// The chosen project's name, where the service has one.
    pub project_name: Option<String>,
}
