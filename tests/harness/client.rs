//! The services' own command line clients, run as a person would in a sandbox: `tm` (Tensormesh) and `truss` (Baseten).
//!
//! They see nothing of the user's. What they would ask of the internet goes to a closed port of this machine; only a
//! server on loopback is reached. `cargo xtask test` installs them: a missing one fails the test.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::ctl::{Ctl, Ran};
use crate::sandbox::Sandbox;

/// A proxy that refuses: nothing listens on this port.
const NOWHERE: &str = "http://127.0.0.1:1";

/// `tm`, whose control plane is a server on loopback.
#[derive(Debug)]
pub struct Tm {
    home: PathBuf,
    client: Client,
}

impl Tm {
    /// Its files are in the sandbox, where it looks by itself.
    pub fn new(sandbox: &Sandbox, base_url: &str) -> Self {
        let home = sandbox.path().join(".config").join("tensormesh");
        let client = Client::new(sandbox, "tm").env("TENSORMESH_CONTROL_PLANE_BASE_URL", base_url);
        Self { home, client: client.env("TENSORMESH_ENABLE_ON_DEMAND", "1") }
    }

    /// The directory of `auth.json` and `config.toml`; it need not exist.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// Sets a variable for all runs.
    #[must_use]
    pub fn env(self, name: &str, value: impl AsRef<OsStr>) -> Self {
        Self { client: self.client.env(name, value), ..self }
    }

    /// Runs `tm ARGUMENTS` to its end.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        self.client.run(arguments)
    }
}

/// `truss`. Which server it asks is in its settings, per remote: `remote_url`.
#[derive(Debug)]
pub struct Truss {
    trussrc: PathBuf,
    client: Client,
}

impl Truss {
    /// Its settings are in the sandbox, and it finds no keyring.
    pub fn new(sandbox: &Sandbox) -> Self {
        let trussrc = sandbox.path().join(".trussrc");
        let client = Client::new(sandbox, "truss").env("TRUSS_NO_UPDATE_CHECK", "1");
        Self { trussrc: trussrc.clone(), client: client.env("USER_TRUSSRC_PATH", trussrc) }
    }

    /// The file of its settings; it need not exist.
    pub fn trussrc(&self) -> &Path {
        &self.trussrc
    }

    /// Sets a variable for all runs.
    #[must_use]
    pub fn env(self, name: &str, value: impl AsRef<OsStr>) -> Self {
        Self { client: self.client.env(name, value), ..self }
    }

    /// Gives it a keyring.
    #[cfg(target_os = "linux")]
    #[must_use]
    pub fn with_keyring(self, service: &crate::secret_service::SecretService) -> Self {
        service.environment().into_iter().fold(self, |truss, (name, value)| truss.env(name, value))
    }

    /// Runs `truss ARGUMENTS` to its end.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        self.client.run(arguments)
    }
}

/// One client and its variables.
#[derive(Debug)]
struct Client {
    program: PathBuf,
    home: PathBuf,
    environment: Vec<(OsString, OsString)>,
}

impl Client {
    fn new(sandbox: &Sandbox, name: &str) -> Self {
        let client = Self { program: installed(name), home: sandbox.path().to_owned(), environment: Vec::new() };
        client
            .env("LC_ALL", "C.UTF-8")
            .env("NO_COLOR", "1")
            .env("TERM", "dumb")
            .env("COLUMNS", "400")
            .env("http_proxy", NOWHERE)
            .env("https_proxy", NOWHERE)
            .env("no_proxy", "127.0.0.1,localhost")
    }

    /// The last one wins where a name is set twice.
    fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.environment.push((name.into(), value.as_ref().to_owned()));
        self
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        let mut command = Command::new(&self.program);
        command.env_clear().env("HOME", &self.home).current_dir(&self.home);
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value))).args(arguments);
        Ctl::of(command).run()
    }
}

/// The directory of the programs, which `cargo xtask test` made below the target directory.
///
/// # Panics
/// When they are not installed.
pub fn programs() -> PathBuf {
    let here = std::env::current_exe().expect("a test knows its own path");
    let below = |directory: &Path| directory.join("tools").join("clients").join("bin");
    let found = here.ancestors().map(below).find(|path| path.is_dir());
    found.expect("the clients of services are not installed; run `cargo xtask test`, which installs them")
}

fn installed(name: &str) -> PathBuf {
    let program = programs().join(name);
    assert!(program.is_file(), "`{name}` is not installed; run `cargo xtask test`, which installs it");
    program
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tm_runs_and_has_no_login() {
        let sandbox = Sandbox::new();
        let tm = Tm::new(&sandbox, NOWHERE);
        let ran = tm.run(&["auth", "status"]).ok();
        assert!(ran.out.contains(tm.home().to_str().expect("a path in UTF-8")), "{ran:?}");
        let ran = tm.run(&["auth", "whoami"]).fails(2);
        assert!(ran.err.contains("No control plane access token found"), "{ran:?}");
    }

    #[test]
    fn truss_runs_and_has_no_login() {
        let ran = Truss::new(&Sandbox::new()).run(&["whoami"]).fails(2);
        assert!(ran.err.contains("No remote configured"), "{ran:?}");
    }
}
