//! Where things are: the repository, the target directory, the tools installed below it.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The repository.
pub(crate) fn root() -> PathBuf {
    let crate_directory = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let crate_directory = crate_directory.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")));
    crate_directory.parent().map(Path::to_path_buf).unwrap_or(crate_directory)
}

/// Cargo's target directory: this program lies in `TARGET/debug`, wherever the person moved it.
pub(crate) fn target() -> PathBuf {
    let from_program = std::env::current_exe().ok().and_then(|program| Some(program.parent()?.parent()?.to_path_buf()));
    from_program.unwrap_or_else(|| root().join("target"))
}

/// A program built by `cargo build`.
pub(crate) fn program(name: &str) -> PathBuf {
    target().join("debug").join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

/// A program built by `cargo build --release`.
pub(crate) fn release_program(name: &str) -> PathBuf {
    target().join("release").join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

/// Where `cargo xtask test` installs tools.
pub(crate) fn tools() -> PathBuf {
    target().join("tools")
}

/// The cargo that runs this program, in the repository.
///
/// What cargo told this program about its own package is taken away: build scripts watch those variables and would run
/// again on every second command.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") || name.starts_with("CARGO_BIN_") {
            command.env_remove(name);
        }
    }
    command
}
