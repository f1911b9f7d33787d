//! Opens an address in the person's browser. The agent never does; it cannot know which screen the person sits at.
//!
//! Only `https`, or `http` to this machine, and only characters that RFC 3986 allows, so that no address can be an
//! option, a file or a command. No shell is involved; `program` says what is.

mod program;

use std::ffi::OsString;
use std::net::{Ipv4Addr, Ipv6Addr};

/// The longest address, in bytes.
const URL_LIMIT: usize = 8 * 1024;
/// Every Mac has a screen, and `open`.
const MACOS: bool = matches!(std::env::consts::OS.as_bytes(), b"macos");
/// What opens an address in the browser of Windows, from the package `wslu`.
const WSL_VIEWER: &str = "/usr/bin/wslview";

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
    permitted(url) && program::open(url, variable)
}

/// Whether `url` may be given to a program, or be shown as something to click on.
pub(crate) fn permitted(url: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&b);
    if url.len() > URL_LIMIT || !url.bytes().all(allowed) {
        return false;
    }
    let authority = |rest: &'static str| url.strip_prefix(rest).and_then(|r| r.split(['/', '?', '#']).next());
    match (authority("https://"), authority("http://")) {
        (Some(authority), _) => host(authority).is_some(),
        (_, Some(authority)) => host(authority).is_some_and(loopback),
        _ => false,
    }
}

/// The host of an authority that has nothing but a host and perhaps a port (RFC 3986 §3.2): no user, no encoding.
fn host(authority: &str) -> Option<&str> {
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port),
        _ => (authority, "0"),
    };
    let inside = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let is_name =
        |host: &str| !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b));
    let is_host = inside.map_or_else(|| is_name(host), |inside| inside.parse::<Ipv6Addr>().is_ok());
    (is_host && port.parse::<u16>().is_ok()).then_some(host)
}

/// Whether a host is this machine.
fn loopback(host: &str) -> bool {
    host == "localhost" || host == "[::1]" || host.parse::<Ipv4Addr>().is_ok_and(|ip| ip.is_loopback())
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
        // The table that logins are tried with as well, and what only the client is strict about.
        let table = include_str!("../../tests/harness/evil/urls.txt").lines().filter(|line| line.starts_with('"'));
        let table = table.map(|line| serde_json::from_str::<String>(line).expect("a JSON string"));
        let more = ["https://x/ü", "https://аpple.com/", "https://x/`id`", "https://x/\"", "https://x/{a}", &long];
        let bad: Vec<String> = table.chain(more.map(str::to_owned)).collect();
        assert!(bad.len() > 50, "the table is there");
        for url in bad {
            assert!(!permitted(&url), "{url:?}");
        }
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
        let browser = |value: &'static str| {
            move |name: &str| if name == "BROWSER" { Some(OsString::from(value)) } else { std::env::var_os(name) }
        };
        assert!(!open("https://x/", browser("/nonexistent/browser")));
        assert!(!open("https://x/", browser("false")));
        assert!(open("https://x/", browser("/nonexistent/browser:false:true")));
        assert!(!open("file:///x", browser("true")));
    }
}
