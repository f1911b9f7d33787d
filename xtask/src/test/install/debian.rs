//! A session bus, a real Secret Service, a browser and a reader of QR codes. They come from the system: nothing else
//! packages them.

use std::path::PathBuf;
use std::process::Command;

use crate::command;
use crate::failure::Failure;
use crate::report;

/// Programs, and the Debian packages that hold them.
const PROGRAMS: [(&str, &str); 6] = [
    ("chromium", "chromium"),
    ("dbus-daemon", "dbus"),
    ("dbus-send", "dbus"),
    ("gnome-keyring-daemon", "gnome-keyring"),
    ("secret-tool", "libsecret-tools"),
    ("zbarimg", "zbar-tools"),
];

/// Installs what is missing, if that is allowed; otherwise an error names the packages.
pub(in crate::test) fn install() -> Result<(), Failure> {
    if !cfg!(target_os = "linux") {
        report::line("    not needed: its tests are for Linux");
        return Ok(());
    }
    if missing().is_empty() {
        report::line("    already installed");
        return Ok(());
    }
    if is_root() && on_path("apt-get") {
        // Without lists, or with old ones, `install` would ask for files that are not there.
        command::run(apt().args(["update", "--quiet"]))?;
        command::run(apt().args(["install", "--yes", "--quiet", "--no-install-recommends"]).args(missing()))?;
    }
    match missing() {
        none if none.is_empty() => Ok(()),
        packages => {
            let packages = packages.join(" ");
            let failure = Failure::new(format!("these Debian packages are missing: {packages}"));
            Err(failure.hint(format!("apt-get install --no-install-recommends {packages}")))
        }
    }
}

fn missing() -> Vec<&'static str> {
    let missing = PROGRAMS.into_iter().filter(|(program, _)| !on_path(program));
    let mut packages: Vec<_> = missing.map(|(_, package)| package).collect();
    packages.dedup();
    packages
}

/// `apt-get` that asks nothing and waits for another one to end.
fn apt() -> Command {
    let mut apt = Command::new("apt-get");
    apt.env("DEBIAN_FRONTEND", "noninteractive").args(["-o", "DPkg::Lock::Timeout=300"]);
    apt
}

fn on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).map(|folder: PathBuf| folder.join(program)).any(|program| program.is_file())
}

#[cfg(target_os = "linux")]
fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

#[cfg(not(target_os = "linux"))]
fn is_root() -> bool {
    false
}
