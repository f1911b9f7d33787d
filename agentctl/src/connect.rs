//! Finds the agent, makes sure it is ours, and starts it when none answers.
//!
//! Order: the socket of `--socket`, else of `proto::paths`; then the one recorded in the instance lock, because two
//! sessions with different runtime directories share one agent; then a new agent. `trust` decides what may be spoken
//! to before a byte is sent; `start` runs the program. A socket named by `--socket` is a demand: no other is tried.

mod start;
mod trust;

use std::ffi::OsStr;
use std::io::{ErrorKind, Read};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use proto::paths::{self, Paths};

use crate::clock::{self, Deadline};
use crate::failure::Failure;
pub(crate) use start::{StartError, program};
use trust::TrustError;

/// The longest first line of the instance lock, in bytes; socket paths are far shorter.
const LOCK_LINE_LIMIT: u64 = 4096;
/// How long an agent may take to accept a connection; on Linux, a full backlog blocks.
#[cfg(any(target_os = "linux", target_os = "android"))]
const DIAL_WAIT: Duration = Duration::from_secs(10);
/// How long another process's fresh agent may take to serve after it said that it runs.
const SERVE_WAIT: Duration = Duration::from_secs(10);
const SERVE_POLL: Duration = Duration::from_millis(10);

/// Where to look for the agent and what may be done about its absence.
#[derive(Debug)]
pub(crate) struct Door {
    /// All paths of the agent; its socket is the one to try first.
    pub(crate) paths: Paths,
    /// Whether the socket was named on the command line.
    pub(crate) demanded: bool,
    /// Our user id.
    pub(crate) uid: u32,
    /// What an agent that is started logs.
    pub(crate) log: Log,
}

/// What an agent logs, in the words of its configuration; what is absent is left to that.
#[derive(Debug, Clone, Default)]
pub(crate) struct Log {
    /// `log.level`.
    pub(crate) level: Option<String>,
    /// `log.format`.
    pub(crate) format: Option<String>,
}

impl Log {
    /// The variables that tell it.
    fn variables(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [(paths::LOG_VARIABLE, &self.level), (paths::LOG_FORMAT_VARIABLE, &self.format)]
            .into_iter()
            .filter_map(|(name, word)| word.as_deref().map(|word| (name, word)))
    }
}

/// A connection to an agent of ours.
#[derive(Debug)]
pub(crate) struct Connected {
    /// The connection.
    pub(crate) stream: UnixStream,
    /// Where it leads.
    pub(crate) socket: PathBuf,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    /// Nobody serves there: start the agent.
    #[error("no agent is running at `{}`", .0.display())]
    NotRunning(PathBuf),
    /// The agent could not be started: read its log.
    #[error("the agent could not be started: {0}")]
    NotStarted(StartError),
    /// An agent runs elsewhere and the socket was demanded: drop `--socket`.
    #[error("an agent already runs at `{}`", .0.display())]
    RunsElsewhere(PathBuf),
    /// The socket is there and cannot be used: look at it.
    #[error("the socket `{}` cannot be used: {kind}", .socket.display())]
    Unusable {
        /// Which one.
        socket: PathBuf,
        /// What the system said.
        kind: ErrorKind,
    },
    /// What is there must not be spoken to: do not send anything.
    #[error(transparent)]
    Untrusted(TrustError),
}

impl Door {
    /// A connection to a running agent.
    pub(crate) fn connect(&self) -> Result<Connected, ConnectError> {
        let refused = match self.dial(&self.paths.socket) {
            Err(error @ ConnectError::NotRunning(_)) => error,
            result => return result,
        };
        match recorded(&self.paths.lock(), self.uid) {
            Some(socket) if !self.demanded && socket != self.paths.socket => match self.dial(&socket) {
                Err(ConnectError::NotRunning(_)) => Err(refused),
                result => result,
            },
            _ => Err(refused),
        }
    }

    /// Starts an agent, or waits for the one another process starts, and connects to it.
    pub(crate) fn start(&self) -> Result<Connected, ConnectError> {
        let socket = start::start(&self.paths.log, &self.variables()).map_err(ConnectError::NotStarted)?;
        if self.demanded && socket != self.paths.socket {
            return Err(ConnectError::RunsElsewhere(socket));
        }
        let deadline = Deadline::after(SERVE_WAIT);
        loop {
            match self.dial(&socket) {
                Err(ConnectError::NotRunning(_)) if deadline.left().is_some() => clock::pause(SERVE_POLL),
                result => return result,
            }
        }
    }

    /// What an agent that is started is told.
    pub(crate) fn variables(&self) -> Vec<(&'static str, &OsStr)> {
        let socket = self.demand().map(|socket| (paths::SOCKET_VARIABLE, socket.as_os_str()));
        socket.into_iter().chain(self.log.variables().map(|(name, word)| (name, OsStr::new(word)))).collect()
    }

    /// Starts an agent through a process of its own, for a command that will take our place: it must not find a child that
    /// it never started. Whether one serves now.
    pub(crate) fn start_apart(&self) -> std::io::Result<bool> {
        start::start_apart(self.demand(), &self.variables())
    }

    /// The socket that was named on the command line.
    fn demand(&self) -> Option<&Path> {
        self.demanded.then_some(self.paths.socket.as_path())
    }

    fn dial(&self, socket: &Path) -> Result<Connected, ConnectError> {
        trust::directory(socket, self.uid).map_err(|error| match error {
            TrustError::Missing => ConnectError::NotRunning(socket.to_owned()),
            error => ConnectError::Untrusted(error),
        })?;
        let stream = dial(socket).map_err(|error| match error.kind() {
            ErrorKind::NotFound | ErrorKind::ConnectionRefused => ConnectError::NotRunning(socket.to_owned()),
            kind => ConnectError::Unusable { socket: socket.to_owned(), kind },
        })?;
        trust::server(&stream, socket, self.uid).map_err(ConnectError::Untrusted)?;
        Ok(Connected { stream, socket: socket.to_owned() })
    }
}

/// The socket that the holder of the instance lock serves.
fn recorded(lock: &Path, uid: u32) -> Option<PathBuf> {
    trust::plain_file(lock, uid).then_some(())?;
    let mut text = String::new();
    std::fs::File::open(lock).ok()?.take(LOCK_LINE_LIMIT).read_to_string(&mut text).ok()?;
    text.lines().next().map(PathBuf::from).filter(|path| path.is_absolute())
}

/// Connects within [`DIAL_WAIT`]: std has no timeout here, and a stopped agent with a full backlog would hang us.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn dial(socket: &Path) -> std::io::Result<UnixStream> {
    use rustix::net::sockopt::{Timeout, set_socket_timeout};
    use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};

    let address = SocketAddrUnix::new(socket)?;
    let fd = socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    set_socket_timeout(&fd, Timeout::Send, Some(DIAL_WAIT))?;
    connect(&fd, &address)?;
    Ok(UnixStream::from(fd))
}

/// Connects; other systems refuse at once when the backlog is full.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn dial(socket: &Path) -> std::io::Result<UnixStream> {
    UnixStream::connect(socket)
}

impl From<ConnectError> for Failure {
    fn from(error: ConnectError) -> Self {
        let failure = Failure::unreachable(error.to_string());
        match error {
            ConnectError::NotRunning(_) => failure.hint("start it with `agentctl daemon start`"),
            ConnectError::NotStarted(error) => error.explain(failure),
            ConnectError::RunsElsewhere(_) => failure.hint("leave `--socket` out, or stop that agent first"),
            ConnectError::Unusable { .. } => failure.hint("check `--socket` and `AGENTD_SOCKET`"),
            ConnectError::Untrusted(error) => failure.hint(error.advice()),
        }
    }
}

#[cfg(test)]
mod tests;
