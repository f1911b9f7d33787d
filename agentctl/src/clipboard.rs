//! Copies a text where the person can paste it: with the system's own program where they sit at this machine, else with
//! a sequence that their terminal obeys. The text goes through a pipe, never through a command line.

use std::ffi::{OsStr, OsString};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::clock::{self, Deadline};
use crate::program;

/// How long a program may take. Some stay in the background to serve the clipboard; those have ended for us by then.
const PROGRAM_WAIT: Duration = Duration::from_secs(2);
const PROGRAM_POLL: Duration = Duration::from_millis(10);

/// A way to the clipboard.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// This program reads it from standard input.
    Program {
        /// Where it lies.
        path: PathBuf,
        /// Its arguments.
        arguments: &'static [&'static str],
    },
    /// The terminal is told (OSC 52, xterm control sequences); nobody says whether it obeyed.
    Terminal,
}

/// Programs, in the order in which they are tried, and the variable without which one is of no use.
const PROGRAMS: &[(&str, &[&str], Option<&str>)] = &[
    ("wl-copy", &[], Some("WAYLAND_DISPLAY")),
    ("xclip", &["-selection", "clipboard"], Some("DISPLAY")),
    ("xsel", &["--clipboard", "--input"], Some("DISPLAY")),
    ("pbcopy", &[], None),
    ("clip.exe", &[], Some("WSL_DISTRO_NAME")),
];

/// The ways there are, best first.
pub(crate) fn ways(
    variable: impl Fn(&str) -> Option<OsString>,
    runnable: impl Fn(&Path) -> bool,
    terminal: bool,
) -> Vec<Way> {
    let set = |name: &str| variable(name).is_some_and(|value| !value.is_empty());
    let mut ways = Vec::new();
    // Over SSH the clipboard of this machine is not the one the person pastes from.
    if !set("SSH_CONNECTION") && !set("SSH_TTY") {
        let path = variable("PATH").unwrap_or_default();
        for (name, arguments, needs) in PROGRAMS {
            if needs.is_none_or(set)
                && let Some(path) = find(&path, name, &runnable)
            {
                ways.push(Way::Program { path, arguments });
            }
        }
    }
    if terminal {
        ways.push(Way::Terminal);
    }
    ways
}

/// The program in the absolute directories of `PATH`: a relative one is whatever directory we happen to be in.
fn find(path: &OsStr, name: &str, runnable: impl Fn(&Path) -> bool) -> Option<PathBuf> {
    std::env::split_paths(path)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(name))
        .find(|p| runnable(p))
}

/// Gives `text` to a program; whether it took it.
pub(crate) fn give(path: &Path, arguments: &[&str], text: &str) -> bool {
    let folders = program::folders(&std::env::var_os("PATH").unwrap_or_default());
    let mut command = program::command(path, &folders);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let Ok(mut child) = command.spawn() else { return false };
    let written = child.stdin.take().is_some_and(|mut stdin| stdin.write_all(text.as_bytes()).is_ok());
    let deadline = Deadline::after(PROGRAM_WAIT);
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return written && status.success(),
            Ok(None) if deadline.left().is_some() => clock::pause(PROGRAM_POLL),
            _ => {
                child.kill().ok();
                child.wait().ok();
                return false;
            }
        }
    }
}

/// What tells a terminal to copy `text`.
pub(crate) fn sequence(text: &str) -> String {
    format!("\u{1b}]52;c;{}\u{7}", BASE64_STANDARD.encode(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(set: &[(&str, &str)], there: &[&str], terminal: bool) -> Vec<String> {
        let variable = |name: &str| set.iter().find(|(set, _)| *set == name).map(|(_, value)| OsString::from(value));
        let runnable = |path: &Path| there.iter().any(|there| path == Path::new(there));
        let said = |way: Way| match way {
            Way::Program { path, .. } => path.display().to_string(),
            Way::Terminal => "terminal".to_owned(),
        };
        ways(variable, runnable, terminal).into_iter().map(said).collect()
    }

    #[test]
    fn the_clipboard_is_where_the_person_sits() {
        let all = ["/bin/wl-copy", "/bin/xclip", "/bin/xsel", "/usr/bin/xclip"];
        let path = ("PATH", ":.:relative:/bin:/usr/bin");
        assert_eq!(found(&[path, ("DISPLAY", ":0")], &all, true), ["/bin/xclip", "/bin/xsel", "terminal"]);
        assert_eq!(found(&[path, ("WAYLAND_DISPLAY", "w")], &all, false), ["/bin/wl-copy"]);
        let ssh = ("SSH_CONNECTION", "1 2 3 4");
        assert_eq!(found(&[path, ("DISPLAY", ":0"), ssh], &all, true), ["terminal"]);
        assert!(found(&[path, ("DISPLAY", ":0")], &["xclip", "./xclip", "relative/xclip"], false).is_empty());
        let windows = "/mnt/c/Windows/System32/clip.exe";
        let wsl = [("PATH", "/mnt/c/Windows/System32"), ("WSL_DISTRO_NAME", "Debian")];
        assert_eq!(found(&wsl, &[windows], false), [windows]);
    }

    #[test]
    fn a_program_reads_the_text_and_says_whether_it_took_it() {
        let folder = tempfile::tempdir().expect("a directory");
        let to = folder.path().join("copied");
        let shell = Path::new("/bin/sh");
        let script = format!("cat > {}", to.display());
        assert!(give(shell, &["-c", &script], "WDJB-MJHT"));
        assert_eq!(std::fs::read_to_string(to).expect("it was written"), "WDJB-MJHT");
        assert!(!give(shell, &["-c", "cat > /dev/null; exit 1"], "x"));
        assert!(!give(Path::new("/nonexistent/xclip"), &[], "x"));
    }

    #[test]
    fn the_sequence_holds_nothing_that_a_terminal_could_mistake() {
        assert_eq!(sequence("WDJB-MJHT"), "\u{1b}]52;c;V0RKQi1NSkhU\u{7}");
        assert_eq!(sequence("\u{7}\u{1b}").matches(|c: char| c.is_control()).count(), 2);
    }
}
