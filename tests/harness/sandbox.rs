//! Private directories and a cleared environment for one test. Nothing of the user's is touched.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use proto::paths::Paths;
use tempfile::TempDir;

/// A directory that stands for home, run-time and agent directories, removed at the end.
#[derive(Debug)]
pub struct Sandbox {
    directory: TempDir,
}

impl Sandbox {
    /// A new, empty one. The store is a key file: tests that want a memory-only vault write their own `config.toml`.
    pub fn new() -> Self {
        let sandbox = Self::memory_only();
        sandbox.write_config("[store]\nkey = \"file\"\n");
        sandbox
    }

    /// A new, empty one without a configuration file: the vault is memory-only.
    pub fn memory_only() -> Self {
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        let directory = tempfile::Builder::new()
            .prefix("agentd-test-")
            .permissions(private)
            .tempdir()
            .expect("a temporary directory");
        Self { directory }
    }

    /// Writes `config.toml`.
    pub fn write_config(&self, text: &str) {
        use std::os::unix::fs::OpenOptionsExt as _;
        let mut options = std::fs::OpenOptions::new();
        let file = options.write(true).create(true).truncate(true).mode(0o600).open(self.paths().config);
        std::io::Write::write_all(&mut file.expect("the sandbox is writable"), text.as_bytes()).expect("it has room");
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// The agent's paths in here.
    pub fn paths(&self) -> Paths {
        let home = OsString::from(self.path());
        Paths::find(|name| (name == "AGENTD_HOME").then(|| home.clone()), 0).expect("AGENTD_HOME is given")
    }

    /// A command whose environment has nothing but `PATH` and this sandbox.
    pub fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        command.env_clear().env("AGENTD_HOME", self.path()).env("HOME", self.path()).current_dir(self.path());
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        command
    }

    /// Everything the sandbox's files hold, by path.
    pub fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut found = Vec::new();
        let mut directories = vec![self.path().to_owned()];
        while let Some(directory) = directories.pop() {
            for entry in std::fs::read_dir(&directory).into_iter().flatten().flatten() {
                let path = entry.path();
                match entry.file_type() {
                    Ok(kind) if kind.is_dir() => directories.push(path),
                    Ok(kind) if kind.is_file() => found.push((path.clone(), std::fs::read(&path).unwrap_or_default())),
                    _ => {}
                }
            }
        }
        found
    }
}

impl Default for Sandbox {
    fn default() -> Self {
        Self::new()
    }
}

/// The path of a program of this workspace, built beside the test.
///
/// # Panics
/// When it is missing; says which command builds it.
pub fn program(name: &str) -> PathBuf {
    let here = std::env::current_exe().expect("a test knows its own path");
    let beside = here.ancestors().skip(1).take(2).map(|directory| directory.join(name)).find(|path| path.is_file());
    beside.unwrap_or_else(|| panic!("`{name}` is not built: run `cargo build --workspace`, or `cargo xtask test`"))
}
