//! Programs of the person's that are started here: where they are looked for, and what they are given.
//!
//! Names are looked up in those folders of `PATH` that are absolute and that not everybody can write to. A program gets no
//! variable that looks like a credential, the same folders to look further programs up, and works in `/`.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What the name of a variable has in it that holds a credential, between underscores.
const SECRET: [&str; 14] = [
    "API",
    "APIKEY",
    "AUTH",
    "COOKIE",
    "CREDENTIAL",
    "CREDENTIALS",
    "KEY",
    "PASS",
    "PASSPHRASE",
    "PASSWD",
    "PASSWORD",
    "PAT",
    "SECRET",
    "TOKEN",
];

/// The folders of `path` that say where they are, and that not everybody can put programs into.
pub(crate) fn folders(path: &OsStr) -> Vec<PathBuf> {
    std::env::split_paths(path).filter(|folder| folder.is_absolute() && is_closed(folder)).collect()
}

fn is_closed(folder: &Path) -> bool {
    std::fs::metadata(folder).is_ok_and(|folder| folder.is_dir() && folder.permissions().mode() & 0o002 == 0)
}

fn runs(program: &Path) -> bool {
    std::fs::metadata(program).is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

/// Whether there is a program, in a folder that not everybody can put one into.
pub(crate) fn is_trusted(program: &Path) -> bool {
    program.parent().is_some_and(is_closed) && runs(program)
}

/// Where the program lies: at the absolute path that it is named by, or in one of the folders.
pub(crate) fn find(name: &OsStr, folders: &[PathBuf]) -> Option<PathBuf> {
    let named = Path::new(name);
    if name.as_bytes().contains(&b'/') {
        return Some(named.to_owned()).filter(|named| named.is_absolute() && runs(named));
    }
    folders.iter().map(|folder| folder.join(named)).find(|program| runs(program))
}

/// Whether a variable may hold a credential, as far as its name tells.
fn looks_secret(name: &OsStr) -> bool {
    let name = name.to_string_lossy().to_ascii_uppercase();
    name.split('_').any(|word| SECRET.contains(&word))
}

/// The program, about to be started.
pub(crate) fn command(program: &Path, folders: &[PathBuf]) -> Command {
    let mut command = Command::new(program);
    // What is started may look further programs up. Folders that were split from a path can be joined again.
    command.current_dir("/").env("PATH", std::env::join_paths(folders).unwrap_or_default());
    for (name, _) in std::env::vars_os().filter(|(name, _)| looks_secret(name)) {
        command.env_remove(name);
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_looked_up_where_not_everybody_can_put_one() {
        let here = tempfile::tempdir().expect("a directory can be made");
        let folder = |name: &str, mode: u32| {
            let folder = here.path().join(name);
            std::fs::create_dir(&folder).expect("it is ours");
            std::fs::write(folder.join("opener"), "").expect("it is ours");
            let executable = PermissionsExt::from_mode(0o755);
            std::fs::set_permissions(folder.join("opener"), executable).expect("it is ours");
            std::fs::set_permissions(&folder, PermissionsExt::from_mode(mode)).expect("it is ours");
            folder
        };
        let (open, closed) = (folder("open", 0o777), folder("closed", 0o755));
        let path = [OsStr::new(""), OsStr::new("."), OsStr::new("bin"), open.as_os_str(), closed.as_os_str()];
        let found = folders(&std::env::join_paths(path).expect("no colon in them"));
        assert_eq!(found, std::slice::from_ref(&closed));
        assert_eq!(find(OsStr::new("opener"), &found), Some(closed.join("opener")));
        assert_eq!(find(closed.join("opener").as_os_str(), &[]), Some(closed.join("opener")));
        for elsewhere in ["./opener", "bin/opener", "../opener", "", "missing", "/missing"] {
            assert_eq!(find(OsStr::new(elsewhere), &found), None, "{elsewhere}");
        }
    }

    #[test]
    fn variables_that_look_like_credentials_are_known() {
        for secret in ["GITHUB_TOKEN", "LLAMA_CLOUD_API_KEY", "AWS_SECRET_ACCESS_KEY", "db_password", "SSH_AUTH_SOCK"] {
            assert!(looks_secret(OsStr::new(secret)), "{secret}");
        }
        for plain in ["DISPLAY", "XAUTHORITY", "HOME", "DBUS_SESSION_BUS_ADDRESS", "KEYBOARD_LAYOUT", "XDG_RUNTIME_DIR"]
        {
            assert!(!looks_secret(OsStr::new(plain)), "{plain}");
        }
    }
}
