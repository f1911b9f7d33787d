//! The program that opens an address: which one, where it lies, and what it is told.
//!
//! `BROWSER` is the person's word; where the program lies is not left to the directory they happen to be in: names are
//! looked up in those folders of `PATH` that are absolute and that not everybody can write to. The program gets no variable
//! that looks like a credential, and works in `/`.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::{MACOS, WSL_VIEWER};
use crate::clock::{self, Deadline};

/// What opens an address where `BROWSER` does not say.
const SYSTEM: &[&str] = if MACOS { &["open"] } else { &["xdg-open", WSL_VIEWER] };
/// How long a program that fails at once is given to say so.
const FAIL_WAIT: Duration = Duration::from_millis(300);
const FAIL_POLL: Duration = Duration::from_millis(10);
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

/// Opens `url` with the first of the person's programs that does not fail; false when none is left.
pub(super) fn open(url: &str, variable: impl Fn(&str) -> Option<OsString>) -> bool {
    let folders = folders(&variable("PATH").unwrap_or_default());
    command_lines(variable("BROWSER").as_deref(), url).iter().any(|line| run(line, &folders))
}

/// The command lines to try, in order: `BROWSER` is a list with `:` between, `%s` stands for the address.
fn command_lines(browser: Option<&OsStr>, url: &str) -> Vec<Vec<OsString>> {
    let listed = browser.unwrap_or_default().as_bytes().split(|b| *b == b':').filter_map(|entry| {
        let mut named = false;
        let mut words: Vec<OsString> = entry
            .split(u8::is_ascii_whitespace)
            .filter(|word| !word.is_empty())
            .map(|word| {
                named |= word.windows(2).any(|pair| pair == b"%s");
                filled(word, url)
            })
            .collect();
        if words.is_empty() {
            return None;
        }
        if !named {
            words.push(url.into());
        }
        Some(words)
    });
    let listed: Vec<Vec<OsString>> = listed.collect();
    if listed.is_empty() {
        return SYSTEM.iter().map(|system| vec![(*system).into(), url.into()]).collect();
    }
    listed
}

/// `word` with the address in place of each `%s`.
fn filled(word: &[u8], url: &str) -> OsString {
    let mut bytes = Vec::new();
    let mut rest = word;
    while let Some(at) = rest.windows(2).position(|pair| pair == b"%s") {
        bytes.extend_from_slice(&rest[..at]);
        bytes.extend_from_slice(url.as_bytes());
        rest = &rest[at + 2..];
    }
    bytes.extend_from_slice(rest);
    OsString::from_vec(bytes)
}

/// The folders of `path` that say where they are, and that not everybody can put programs into.
fn folders(path: &OsStr) -> Vec<PathBuf> {
    let closed = |folder: &PathBuf| {
        std::fs::metadata(folder).is_ok_and(|folder| folder.is_dir() && folder.permissions().mode() & 0o002 == 0)
    };
    std::env::split_paths(path).filter(|folder| folder.is_absolute()).filter(closed).collect()
}

/// Where the program lies: at the absolute path that it is named by, or in one of the folders.
fn find(name: &OsStr, folders: &[PathBuf]) -> Option<PathBuf> {
    let runs = |program: &Path| {
        std::fs::metadata(program).is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
    };
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

fn run(line: &[OsString], folders: &[PathBuf]) -> bool {
    let Some((name, arguments)) = line.split_first() else { return false };
    let Some(program) = find(name, folders) else { return false };
    // What is started may look further programs up.
    let Ok(path) = std::env::join_paths(folders) else { return false };
    let mut command = Command::new(program);
    command.args(arguments).current_dir("/").env("PATH", path);
    for (name, _) in std::env::vars_os().filter(|(name, _)| looks_secret(name)) {
        command.env_remove(name);
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // Ctrl-C ends the login, not the browser.
    command.process_group(0);
    command.spawn().is_ok_and(|mut child| stays_or_succeeds(&mut child))
}

/// `xdg-open` without a browser ends at once with an error; a browser stays.
fn stays_or_succeeds(child: &mut Child) -> bool {
    let deadline = Deadline::after(FAIL_WAIT);
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return status.success(),
            Ok(None) if deadline.left().is_some() => clock::pause(FAIL_POLL),
            _ => return true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_one_argument_wherever_it_stands() {
        let url = "https://x/?a=1&b=$(id);c";
        let lines = |browser: &str| -> Vec<String> {
            let join = |words: &Vec<OsString>| words.iter().map(|w| w.to_string_lossy()).collect::<Vec<_>>().join("|");
            command_lines(Some(OsStr::new(browser)), url).iter().map(join).collect()
        };
        assert_eq!(lines("firefox"), [format!("firefox|{url}")]);
        assert_eq!(lines("a  --new %s x::b --u=%s"), [format!("a|--new|{url}|x"), format!("b|--u={url}")]);
        assert_eq!(lines(" : ")[0], format!("{}|{url}", SYSTEM[0]));
    }

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
