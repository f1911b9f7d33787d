//! Notifications on the desktop. The agent starts no program, so the client does: one that [`crate::program`]
//! finds, with its texts as arguments behind `--`, and no shell.
//!
//! The first is shown at once. What comes within [`PAUSE`] after it is shown together at its end, and the same thing about the
//! same profile once in [`AGAIN`]: a service that is down for a morning is no reason for a hundred windows.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::Duration;

use proto::event::{Event, EventKind};

use crate::clock::{self, Deadline};
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::output::{Output, clean, when};
use crate::program;

/// The least time between two notifications.
const PAUSE: Duration = Duration::from_secs(10);
/// The same is told again after this, in seconds.
const AGAIN: i64 = 3600;
/// So many profiles are named in one notification.
const NAMED: usize = 5;
/// How often it is looked whether the program has ended.
const LOOK: Duration = Duration::from_millis(500);
const NOT_SHOWN: &str = "a notification could not be shown";

/// Takes title and text as its last two arguments.
const NOTIFY_SEND: (&str, &[&str]) = ("notify-send", &["--app-name=agentctl", "--icon=dialog-password", "--"]);
/// A script that is given both as arguments: no text of ours becomes a part of it.
const OSASCRIPT: (&str, &[&str]) = (
    "osascript",
    &[
        "-e",
        "on run argv",
        "-e",
        "display notification (item 2 of argv) with title (item 1 of argv)",
        "-e",
        "end run",
        "--",
    ],
);

/// What a notification is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Topic {
    Lapses,
    Needed,
}

/// See the module's documentation.
pub(super) struct Notifier {
    output: Output,
    folders: Vec<PathBuf>,
    program: PathBuf,
    arguments: &'static [&'static str],
    held: Vec<(Topic, String, String)>,
    shown: HashMap<(Topic, String), i64>,
    pause: Option<Deadline>,
    child: Option<Child>,
}

impl Notifier {
    /// Looks for a program.
    pub(super) fn find(invocation: &Invocation) -> Result<Self, Failure> {
        let folders = program::folders(&std::env::var_os("PATH").unwrap_or_default());
        let look = |(name, arguments)| Some((program::find(OsStr::new(name), &folders)?, arguments));
        let found = [NOTIFY_SEND, OSASCRIPT].into_iter().find_map(look);
        let (program, arguments) = found.ok_or_else(|| {
            Failure::failed("there is no program that shows notifications on the desktop")
                .hint("install `notify-send` (Debian: `libnotify-bin`), or leave `--notify` out")
        })?;
        let output = invocation.output.clone();
        Ok(Self {
            output,
            folders,
            program,
            arguments,
            held: Vec::new(),
            shown: HashMap::new(),
            pause: None,
            child: None,
        })
    }

    /// Takes note of an event.
    pub(super) fn hear(&mut self, event: &Event) {
        let Some(profile) = event.profile.as_ref().map(ToString::to_string) else { return };
        let (topic, text) = match event.kind {
            EventKind::LoginRequired => {
                let why = event.problem.as_ref().map_or("a login is required", |problem| &problem.detail);
                (Topic::Needed, why.to_owned())
            }
            EventKind::LapsesSoon => {
                let lapses = event.lapses_at.map_or_else(|| "soon".to_owned(), |at| when(at, clock::now()));
                (Topic::Lapses, format!("it lapses {lapses}"))
            }
            // From here on it is news again.
            EventKind::LoginFinished | EventKind::LoggedOut | EventKind::Removed => {
                self.held.retain(|(_, whose, _)| *whose != profile);
                return self.shown.retain(|(_, whose), _| *whose != profile);
            }
            _ => return,
        };
        let now = clock::now().unix();
        self.shown.retain(|_, at| now.saturating_sub(*at) < AGAIN);
        // A warning that comes a day later is not the same.
        let is_news = topic == Topic::Lapses || !self.shown.contains_key(&(topic, profile.clone()));
        if is_news {
            self.shown.insert((topic, profile.clone()), now);
            self.held.push((topic, profile, text));
        }
    }

    /// How long until something is to be done; `None`: nothing is.
    pub(super) fn due(&self) -> Option<Duration> {
        let wait = self.pause.and_then(Deadline::left).unwrap_or(Duration::from_millis(1));
        let held = (!self.held.is_empty()).then_some(wait);
        held.into_iter().chain(self.child.is_some().then_some(LOOK)).min()
    }

    /// Shows what has gathered, if its time has come.
    pub(super) fn show_what_is_due(&mut self) {
        self.reap();
        if self.held.is_empty() || self.pause.and_then(Deadline::left).is_some() {
            return;
        }
        let held = std::mem::take(&mut self.held);
        self.pause = Some(Deadline::after(PAUSE));
        let (title, text) = words(&held);
        let mut command = program::command(&self.program, &self.folders);
        command.args(self.arguments).arg(&*clean(&title)).arg(&*clean(&text));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        match command.spawn() {
            // One that has not ended in all that time waits for a desktop that is not there.
            Ok(child) => {
                let last = self.child.replace(child);
                self.end(last, true);
            }
            Err(_) => self.output.warning(NOT_SHOWN),
        }
    }

    /// Looks whether the program that showed the last one has ended.
    fn reap(&mut self) {
        let child = self.child.take();
        self.end(child, false);
    }

    fn end(&mut self, child: Option<Child>, at_once: bool) {
        let Some(mut child) = child else { return };
        match child.try_wait() {
            Ok(Some(status)) if status.success() => {}
            Ok(None) if !at_once => self.child = Some(child),
            Ok(Some(_)) | Err(_) => self.output.warning(NOT_SHOWN),
            Ok(None) => {
                let ended = child.kill().and_then(|()| child.wait());
                drop(ended);
                self.output.warning(NOT_SHOWN);
            }
        }
    }
}

/// Title and text. The text is markup on some desktops.
fn words(held: &[(Topic, String, String)]) -> (String, String) {
    let title = |topic: Topic| match topic {
        Topic::Lapses => "Login lapses soon",
        Topic::Needed => "Login needed",
    };
    if let [(topic, profile, text)] = held {
        let title = format!("{}: {profile}", title(*topic));
        return (title, plain(&format!("{text}. Run: agentctl login {profile}")));
    }
    let topic = if held.iter().any(|(topic, ..)| *topic == Topic::Needed) { Topic::Needed } else { Topic::Lapses };
    let lines: Vec<String> = held.iter().take(NAMED).map(|(_, profile, text)| format!("{profile}: {text}")).collect();
    let more = held.len().saturating_sub(NAMED);
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    (format!("{} ({})", title(topic), held.len()), plain(&format!("{}{more}", lines.join("; "))))
}

/// `text` with nothing in it that is markup.
fn plain(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_told_in_full_and_many_are_counted() {
        let one = (Topic::Needed, "work".to_owned(), "it <b>expired</b> & is gone".to_owned());
        let (title, text) = words(std::slice::from_ref(&one));
        assert_eq!(title, "Login needed: work");
        assert_eq!(text, "it &lt;b&gt;expired&lt;/b&gt; &amp; is gone. Run: agentctl login work");
        let many: Vec<_> = (0..7).map(|n| (Topic::Lapses, n.to_string(), "it lapses in 1 h".to_owned())).collect();
        let (title, text) = words(&many);
        assert_eq!(title, "Login lapses soon (7)");
        assert!(text.starts_with("0: it lapses in 1 h; 1: ") && text.ends_with("; and 2 more"), "{text}");
    }
}
