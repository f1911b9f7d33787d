//! Opens an address in the person's browser. The agent never does; it cannot know which screen the person sits at.
//!
//! Only `https`, or `http` to this machine, and only characters that RFC 3986 allows, so that no address can be an
//! option, a file or a command. No shell is involved.

use std::ffi::{OsStr, OsString};
use std::net::Ipv4Addr;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::clock::{self, Deadline};

/// The longest address, in bytes.
const URL_LIMIT: usize = 8 * 1024;
/// Every Mac has a screen, and `open`.
const MACOS: bool = matches!(std::env::consts::OS.as_bytes(), b"macos");
/// What opens an address in the browser of Windows, from the package `wslu`.
const WSL_VIEWER: &str = "/usr/bin/wslview";
/// How long a program that fails at once is given to say so.
const FAIL_WAIT: Duration = Duration::from_millis(300);
const FAIL_POLL: Duration = Duration::from_millis(10);

/// Where the person sits, as far as a browser is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seat {
    /// Whether a browser can be opened here, in front of the person.
    pub(crate) opens: bool,
    /// What says so.
    pub(crate) why: &'static str,
}

/// Files that only containers have.
const CONTAINER_MARKS: [&str; 2] = ["/.dockerenv", "/run/.containerenv"];

/// Looks where the person sits: `BROWSER` says how to open one, or there is a screen and they sit in front of it.
pub(crate) fn seat(variable: impl Fn(&str) -> Option<OsString>, exists: impl Fn(&str) -> bool) -> Seat {
    let set = |name: &str| variable(name).is_some_and(|value| !value.is_empty());
    let at = |opens, why| Seat { opens, why };
    match () {
        () if set("BROWSER") => at(true, "`BROWSER` says how to open one"),
        () if ["SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY"].iter().any(|name| set(name)) => {
            at(false, "the session is remote (SSH)")
        }
        () if set("container") || CONTAINER_MARKS.iter().any(|mark| exists(mark)) => {
            at(false, "this is a container, and `BROWSER` is not set")
        }
        () if MACOS => at(true, "this is a Mac"),
        () if set("DISPLAY") || set("WAYLAND_DISPLAY") => at(true, "there is a screen"),
        () if set("WSL_DISTRO_NAME") && exists(WSL_VIEWER) => at(true, "Windows has one"),
        () => at(false, "there is no screen"),
    }
}

/// Looks where the person sits now.
pub(crate) fn here() -> Seat {
    seat(|name| std::env::var_os(name), |path| std::path::Path::new(path).exists())
}

/// Opens `url`; false when that was not possible. A missing program is no error.
pub(crate) fn open(url: &str, variable: impl Fn(&str) -> Option<OsString>) -> bool {
    permitted(url) && programs(variable("BROWSER").as_deref(), url).iter().any(|program| run(program))
}

/// Whether `url` may be given to a program.
fn permitted(url: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&b);
    if url.len() > URL_LIMIT || !url.bytes().all(allowed) {
        return false;
    }
    let authority = |rest: &'static str| url.strip_prefix(rest).and_then(|r| r.split(['/', '?', '#']).next());
    match (authority("https://"), authority("http://")) {
        (Some(authority), _) => !authority.is_empty() && !authority.contains('@'),
        (_, Some(authority)) => loopback(authority),
        _ => false,
    }
}

/// Whether an authority (RFC 3986 §3.2) is this machine.
fn loopback(authority: &str) -> bool {
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port),
        _ => (authority, ""),
    };
    let here = host == "localhost" || host == "[::1]" || host.parse::<Ipv4Addr>().is_ok_and(|ip| ip.is_loopback());
    here && port.bytes().all(|b| b.is_ascii_digit())
}

/// The command lines to try, in order: `BROWSER` is a list with `:` between, `%s` stands for the address.
fn programs(browser: Option<&OsStr>, url: &str) -> Vec<Vec<OsString>> {
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
        let systems: &[&str] = if MACOS { &["open"] } else { &["xdg-open", WSL_VIEWER] };
        return systems.iter().map(|system| vec![(*system).into(), url.into()]).collect();
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

fn run(program: &[OsString]) -> bool {
    let Some((name, arguments)) = program.split_first() else { return false };
    let mut command = Command::new(name);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // Ctrl-C ends the login, not the browser.
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
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
    fn only_https_and_http_to_this_machine_are_opened() {
        let good = [
            "https://login.example.org/device?user_code=WDJB-MJHT",
            "https://x",
            "http://127.0.0.1:8080/cb",
            "http://127.9.9.9/",
            "http://localhost:3000",
            "http://[::1]:80/x",
            "http://[::1]",
        ];
        for url in good {
            assert!(permitted(url), "{url}");
        }
        let long = format!("https://x/{}", "a".repeat(URL_LIMIT));
        let bad = [
            "",
            "http://example.org/",
            "http://127.0.0.1.example.org/",
            "http://127.0.0.1@example.org/",
            "http://localhost:80@example.org/",
            "http://localhost:80.example.org/",
            "http://127.0.0.1\\@example.org/",
            "https://me@example.org/",
            "https:///x",
            "file:///etc/passwd",
            "javascript:alert(1)",
            "-https://x",
            "--new-window=https://x",
            " https://x",
            "https://x/\n",
            "https://x/\u{1b}[m",
            "https://x/a b",
            "https://x/ü",
            "https://x/`id`",
            "https://x/\"",
            &long,
        ];
        for url in bad {
            assert!(!permitted(url), "{url}");
        }
    }

    #[test]
    fn the_address_is_one_argument_wherever_it_stands() {
        let url = "https://x/?a=1&b=$(id);c";
        let line = |browser: &str| -> Vec<String> {
            let join = |words: &Vec<OsString>| words.iter().map(|w| w.to_string_lossy()).collect::<Vec<_>>().join("|");
            programs(Some(OsStr::new(browser)), url).iter().map(join).collect()
        };
        assert_eq!(line("firefox"), [format!("firefox|{url}")]);
        assert_eq!(line("a  --new %s x::b --u=%s"), [format!("a|--new|{url}|x"), format!("b|--u={url}")]);
        let system = if MACOS { "open" } else { "xdg-open" };
        assert_eq!(line(" : ")[0], format!("{system}|{url}"));
    }

    #[test]
    fn a_screen_far_away_is_no_screen_but_browser_always_counts() {
        let at = |names: &'static [&'static str], files: &'static [&'static str]| {
            seat(|name| names.contains(&name).then(|| "x".into()), |path| files.contains(&path)).opens
        };
        let with = |names| at(names, &[]);
        assert!(with(&["DISPLAY"]) && with(&["WAYLAND_DISPLAY"]) && with(&["BROWSER", "SSH_TTY"]));
        assert!(!with(&["DISPLAY", "SSH_CONNECTION"]) && !with(&["WAYLAND_DISPLAY", "SSH_TTY"]));
        assert!(!with(&["DISPLAY", "container"]) && with(&["BROWSER", "container"]));
        assert!(!at(&["DISPLAY"], &["/.dockerenv"]) && !at(&["WAYLAND_DISPLAY"], &["/run/.containerenv"]));
        assert!(at(&["WSL_DISTRO_NAME"], &[WSL_VIEWER]) && !at(&["WSL_DISTRO_NAME", "SSH_TTY"], &[WSL_VIEWER]));
        assert_eq!(with(&["WSL_DISTRO_NAME"]), MACOS);
        assert_eq!(with(&[]), MACOS);
    }

    #[test]
    fn a_missing_or_failing_program_is_not_an_opened_browser() {
        let browser = |value: &'static str| move |name: &str| (name == "BROWSER").then(|| OsString::from(value));
        assert!(!open("https://x/", browser("/nonexistent/browser")));
        assert!(!open("https://x/", browser("false")));
        assert!(open("https://x/", browser("/nonexistent/browser:false:true")));
        assert!(!open("file:///x", browser("true")));
    }
}
