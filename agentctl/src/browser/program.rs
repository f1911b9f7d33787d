//! The program that opens an address: which one, where it lies, and what it is told.
//!
//! `BROWSER` is the person's word; where the program lies is found out by [`crate::program`].

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::Duration;

use super::{MACOS, WSL_VIEWER};
use crate::clock::{self, Deadline};
use crate::program;

/// What opens an address where `BROWSER` does not say.
const SYSTEM: &[&str] = if MACOS { &["open"] } else { &["xdg-open", WSL_VIEWER] };
/// How long a program that fails at once is given to say so.
const FAIL_WAIT: Duration = Duration::from_millis(300);
const FAIL_POLL: Duration = Duration::from_millis(10);

/// Opens `url` with the first of the person's programs that does not fail; false when none is left.
pub(super) fn open(url: &str, variable: impl Fn(&str) -> Option<OsString>) -> bool {
    let folders = program::folders(&variable("PATH").unwrap_or_default());
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

fn run(line: &[OsString], folders: &[PathBuf]) -> bool {
    let Some((name, arguments)) = line.split_first() else { return false };
    let Some(program) = program::find(name, folders) else { return false };
    let mut command = program::command(&program, folders);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
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
}
