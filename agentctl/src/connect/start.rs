//! Runs `agentd run --background` and waits until it serves.
//!
//! The new process shares nothing with ours: no input, its errors go to the log file, its working directory is `/`,
//! and the one line it says (`ready SOCKET`, or `running SOCKET` when another agent was first) comes over a pair of
//! sockets of our own. So `$(agentctl token)` never waits for the agent to end.

use std::ffi::OsStr;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{BufRead, BufReader, ErrorKind, Read, Seek, SeekFrom};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::failure::Failure;

/// How long an agent may take to serve: it opens its store and binds a socket, nothing more.
const READY_WAIT: Duration = Duration::from_secs(10);
/// The longest line an agent says when it is ready, in bytes.
const READY_LIMIT: u64 = 4096;
/// How much of the log is looked at after a failure, in bytes, and how many lines of it are shown.
const LOG_TAIL: u64 = 8 * 1024;
const LOG_LINES: usize = 5;

/// Why no agent was started.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    /// It ended, or closed its output, before it was ready: read what it wrote.
    #[error("it ended before it was ready")]
    Ended {
        /// Its log.
        log: PathBuf,
        /// The last lines it wrote.
        lines: Vec<String>,
    },
    /// The log cannot be opened: correct its directory.
    #[error("its log `{}` cannot be opened: {kind}", .log.display())]
    Log {
        /// Its log.
        log: PathBuf,
        /// What the system said.
        kind: ErrorKind,
    },
    /// The program is not installed: install it.
    #[error("the program `agentd` is neither beside `agentctl` nor on the `PATH`")]
    NoProgram,
    /// The program cannot be run.
    #[error("the program cannot be run: {0}")]
    Spawn(ErrorKind),
    /// It is still busy with itself: read its log.
    #[error("it was not ready in time")]
    TimedOut {
        /// Its log.
        log: PathBuf,
        /// The last lines it wrote.
        lines: Vec<String>,
    },
}

impl StartError {
    /// Adds what it wrote and what to do.
    pub(super) fn explain(self, failure: Failure) -> Failure {
        match self {
            Self::Ended { log, lines } | Self::TimedOut { log, lines } => failure
                .lines(lines)
                .hint(format!("its log is `{}`; `agentctl daemon run` shows it here", log.display())),
            Self::Log { .. } => failure.hint("`XDG_STATE_HOME` or `AGENTD_HOME` moves it"),
            Self::NoProgram | Self::Spawn(_) => failure.hint("install `agentd` beside `agentctl`"),
        }
    }
}

/// The agent's program: beside ours, else whatever `PATH` has.
pub(crate) fn program() -> PathBuf {
    let beside = std::env::current_exe().ok().map(|own| own.with_file_name("agentd"));
    beside.filter(|program| program.is_file()).unwrap_or_else(|| PathBuf::from("agentd"))
}

/// Starts an agent and answers with the socket it serves, or the one that serves already.
pub(super) fn start(log: &Path, variables: &[(&str, &OsStr)]) -> Result<PathBuf, StartError> {
    let log_error = |error: std::io::Error| StartError::Log { log: log.to_owned(), kind: error.kind() };
    let file = open_log(log).map_err(log_error)?;
    let written = file.metadata().map_err(log_error)?.len();
    let spawn_error = |error: std::io::Error| StartError::Spawn(error.kind());
    // A pair of sockets and not a pipe: reading from it can be bounded.
    let (ours, theirs) = UnixStream::pair().map_err(spawn_error)?;
    ours.set_read_timeout(Some(READY_WAIT)).map_err(spawn_error)?;
    let mut command = Command::new(program());
    command.args(["run", "--background"]).current_dir("/");
    command.stdin(Stdio::null()).stdout(OwnedFd::from(theirs)).stderr(file);
    command.envs(variables.iter().copied());
    let mut child = command.spawn().map_err(|error| match error.kind() {
        ErrorKind::NotFound => StartError::NoProgram,
        kind => StartError::Spawn(kind),
    })?;
    // It holds the other end; while we keep it, an agent that dies would never be noticed.
    drop(command);
    let mut line = String::new();
    let read = BufReader::new(ours.take(READY_LIMIT)).read_line(&mut line);
    match (read, announced(&line)) {
        (Ok(_), Some(socket)) => Ok(socket),
        (Err(error), _) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
            Err(StartError::TimedOut { log: log.to_owned(), lines: tail(log, written) })
        }
        _ => {
            // Without a word it is of no use, even if it still lives.
            let ended = child.kill().and_then(|()| child.wait());
            drop(ended);
            Err(StartError::Ended { log: log.to_owned(), lines: tail(log, written) })
        }
    }
}

/// The same through another process of ours.
pub(super) fn start_apart(socket: Option<&Path>, variables: &[(&str, &OsStr)]) -> std::io::Result<bool> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["daemon", "start"]).envs(variables.iter().copied()).stdin(Stdio::null()).stdout(Stdio::null());
    if let Some(socket) = socket {
        command.arg("--socket").arg(socket);
    }
    command.status().map(|status| status.success())
}

fn open_log(log: &Path) -> std::io::Result<File> {
    if let Some(directory) = log.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    }
    OpenOptions::new().append(true).create(true).mode(0o600).open(log)
}

/// The socket in `ready SOCKET` or `running SOCKET`.
fn announced(line: &str) -> Option<PathBuf> {
    let line = line.strip_suffix('\n')?;
    let path = line.strip_prefix("ready ").or_else(|| line.strip_prefix("running "))?;
    Some(PathBuf::from(path)).filter(|path| path.is_absolute())
}

/// The last lines written to the log since it was `from` bytes long.
fn tail(log: &Path, from: u64) -> Vec<String> {
    let read = || -> std::io::Result<Vec<u8>> {
        let mut file = File::open(log)?;
        let end = file.metadata()?.len();
        // An agent that finds the log full begins a new one.
        let from = if from > end { 0 } else { from };
        file.seek(SeekFrom::Start(from.max(end.saturating_sub(LOG_TAIL))))?;
        let mut bytes = Vec::new();
        file.take(LOG_TAIL).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let bytes = read().unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(LOG_LINES)..].iter().map(ToString::to_string).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn only_the_two_announcements_with_an_absolute_path_count() {
        assert_eq!(announced("ready /run/s\n"), Some(PathBuf::from("/run/s")));
        assert_eq!(announced("running /tmp/a b/s\n"), Some(PathBuf::from("/tmp/a b/s")));
        for line in ["", "ready /run/s", "ready s\n", "error: no\n", "\n"] {
            assert_eq!(announced(line), None, "{line:?}");
        }
    }

    #[test]
    fn only_what_this_start_wrote_is_shown_and_not_much_of_it() {
        let place = tempfile::tempdir().expect("a temporary directory");
        let log = place.path().join("deep/er/agentd.log");
        let mut file = open_log(&log).expect("its directories are made");
        file.write_all(b"old\n").expect("it is open");
        assert!(tail(&log, 4).is_empty());
        file.write_all(b"1\n2\n\n3\n4\n5\n6\n").expect("it is open");
        assert_eq!(tail(&log, 4), ["2", "3", "4", "5", "6"]);
    }
}
