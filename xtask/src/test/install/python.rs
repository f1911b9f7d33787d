//! Python packages by hash, each list in a virtual environment of its own.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command;
use crate::failure::Failure;

/// An empty virtual environment; what was in the folder before is gone.
pub(super) fn environment(python: impl AsRef<OsStr>, folder: &Path) -> Result<(), Failure> {
    command::run(Command::new(python).args(["-m", "venv", "--clear"]).arg(folder))
}

/// Installs exactly what the list names: a package that is missing there, or whose hash differs, is an error.
pub(super) fn packages(environment: &Path, list: &Path) -> Result<(), Failure> {
    let arguments = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes"];
    let from = ["--only-binary", ":all:", "--requirement"];
    command::run(Command::new(program(environment, "python")).args(arguments).args(from).arg(list))
}

/// A program of a virtual environment.
pub(super) fn program(environment: &Path, name: &str) -> PathBuf {
    let folder = if cfg!(windows) { "Scripts" } else { "bin" };
    environment.join(folder).join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

/// A Python that is at least this new and can make virtual environments: one on `PATH`, else one that pyenv keeps.
pub(super) fn find(major: u8, minor: u8) -> Result<PathBuf, Failure> {
    let probe = format!("import ensurepip, sys, venv; sys.exit(sys.version_info < ({major}, {minor}))");
    let named = (minor..minor + 4).map(|minor| PathBuf::from(format!("python{major}.{minor}")));
    let found = std::iter::once(PathBuf::from("python3"))
        .chain(named)
        .chain(of_pyenv())
        .find(|python| command::works(Command::new(python).arg("-c").arg(&probe)));
    found.ok_or_else(|| {
        let what =
            format!("no Python {major}.{minor} or newer with `venv`; the tests run clients that are written in it");
        Failure::new(what)
            .hint("install it as `python3`, as `python3.12`, or with pyenv; on Debian also `python3-venv`")
    })
}

/// What pyenv has installed, the newest last; only the chosen one is on `PATH`.
fn of_pyenv() -> Vec<PathBuf> {
    let root = std::env::var_os("PYENV_ROOT").map(PathBuf::from);
    let root = root.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".pyenv")));
    let entries = root.and_then(|root| std::fs::read_dir(root.join("versions")).ok());
    let mut found: Vec<_> =
        entries.into_iter().flatten().flatten().map(|entry| program(&entry.path(), "python")).collect();
    found.sort();
    found
}
