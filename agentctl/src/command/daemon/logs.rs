//! `daemon logs`: the end of the log file, and what is written to it from now on.

mod file;

use std::io::{self, ErrorKind};
use std::os::fd::AsFd as _;
use std::time::Duration;

use self::file::Log;
use crate::client::Client;
use crate::clock;
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::output::clean;
use crate::wait;

/// How often it is looked for more.
const LOOK: Duration = Duration::from_millis(200);

/// Prints the last `lines` lines, and with `follow` every line that comes.
pub(super) fn print(invocation: &Invocation, lines: usize, follow: bool) -> Result<(), Failure> {
    if in_journal(invocation) {
        let follow = if follow { " -f" } else { "" };
        return Err(Failure::failed("the agent writes its log to the journal")
            .hint(format!("`journalctl --user -u agentd -n {lines}{follow}` shows it")));
    }
    let paths = invocation.paths();
    let failed = |error: io::Error| {
        Failure::failed(format!("the log `{}` cannot be read: {}", paths.log.display(), error.kind()))
    };
    let mut log = match Log::open(paths.log.clone()) {
        Ok(log) => log,
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed(error)),
        Err(_) if follow => {
            invocation.output.note(&format!("There is no log at `{}` yet; waiting for one", paths.log.display()));
            Log::missing(paths.log.clone())
        }
        Err(_) => {
            return Err(Failure::failed(format!("there is no log at `{}`", paths.log.display()))
                .hint("one that a service manager runs writes elsewhere: `journalctl --user -u agentd`"));
        }
    };
    let mut last = log.more().map_err(failed)?;
    if last.len() < lines {
        // The file may have been begun a moment ago.
        let mut old = Log::open(paths.old_log()).and_then(|mut old| old.more()).unwrap_or_default();
        old.append(&mut last);
        last = old;
    }
    last.drain(..last.len().saturating_sub(lines));
    show(invocation, &last)?;
    if !follow {
        return Ok(());
    }
    loop {
        clock::pause(LOOK);
        if wait::is_deserted(io::stdout().as_fd()) {
            return Err(Failure::BrokenPipe);
        }
        show(invocation, &log.more().map_err(failed)?)?;
    }
}

/// Whether an agent runs that writes to the journal.
fn in_journal(invocation: &Invocation) -> bool {
    let Ok(connected) = invocation.door().connect() else { return false };
    Client::new(connected.stream).status().is_ok_and(|agent| agent.journal)
}

fn show(invocation: &Invocation, lines: &[String]) -> Result<(), Failure> {
    let text: String = lines.iter().flat_map(|line| [clean(line), "\n".into()]).collect();
    if text.is_empty() { Ok(()) } else { invocation.output.text(&text) }
}
