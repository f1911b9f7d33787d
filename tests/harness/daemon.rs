//! The daemon under test: the real binary as a child, or the library in this process with a manual clock.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;

use agentd::clock::Clock;
use agentd::config::{Config, Level};
use agentd::daemon::{self, Daemon, Ended, Setup, StartError, Stopped};

use crate::sandbox::{Sandbox, program};
use crate::until::until;
use crate::wire::Wire;

/// The wall time at which manual clocks start.
pub const START: i64 = 1_790_000_000;

/// The real `agentd` as a child process. Killed when dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    socket: PathBuf,
    log: PathBuf,
}

impl Process {
    /// Starts `agentd run` and waits until it serves. The log, at trace level, goes to `daemon.log` in the sandbox.
    pub fn start(sandbox: &Sandbox) -> Self {
        Self::start_with(sandbox, &[])
    }

    /// The same with further environment variables.
    pub fn start_with(sandbox: &Sandbox, environment: &[(&str, &str)]) -> Self {
        Self::start_as(sandbox, &[], environment)
    }

    /// The same with further arguments.
    pub fn start_as(sandbox: &Sandbox, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let log = sandbox.path().join("daemon.log");
        let file = std::fs::OpenOptions::new().create(true).append(true).open(&log).expect("the sandbox is writable");
        let mut command = sandbox.command(program("agentd"));
        command.arg("run").args(arguments).env("AGENTD_LOG", "trace").envs(environment.iter().copied());
        let spawned = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(file).spawn();
        let mut child = spawned.expect("agentd can be started");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("stdout is a pipe");
        BufReader::new(stdout).read_line(&mut line).expect("the pipe can be read");
        let socket = line.trim_end().strip_prefix("ready ").map(PathBuf::from);
        let Some(socket) = socket else {
            let text = std::fs::read_to_string(&log).unwrap_or_default();
            panic!("agentd did not become ready; its log:\n{text}")
        };
        Self { child, socket, log }
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its socket.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// A connection maker.
    pub fn wire(&self) -> Wire {
        Wire::new(&self.socket)
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        let mut text = String::new();
        if let Ok(mut file) = std::fs::File::open(&self.log) {
            // A log that is not UTF-8 would be a finding of its own.
            file.read_to_string(&mut text).expect("the log is text");
        }
        text
    }

    /// `SIGKILL`, and waits until it is gone.
    pub fn kill(mut self) {
        self.end();
    }

    /// `SIGTERM`, and waits for its exit code.
    pub fn terminate(mut self) -> Option<i32> {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("the child is ours");
        self.child.wait().expect("the child is ours").code()
    }

    fn end(&mut self) {
        // Fails only when it has already ended.
        let _ended = self.child.kill();
        let _ended = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}

/// The daemon in this process, on a manual clock.
pub struct Inside {
    daemon: Option<Daemon>,
    /// Moves all its time.
    pub clock: Clock,
    socket: PathBuf,
}

impl Inside {
    /// Starts it in `sandbox` at [`START`].
    pub fn start(sandbox: &Sandbox) -> Self {
        Self::start_at(sandbox, Clock::manual(START))
    }

    /// Starts it with a given clock, as after a restart at a later time.
    pub fn start_at(sandbox: &Sandbox, clock: Clock) -> Self {
        let setup = || {
            let paths = sandbox.paths();
            let config = Config::load(&paths.config, |_| None).expect("the sandbox's configuration is right");
            Setup {
                paths,
                config,
                clock: clock.clone(),
                set_level: Box::new(|_: Level| {}),
                warnings: Vec::new(),
                overrides: Box::new(|_| None),
                journal: false,
            }
        };
        // A program that another test is starting holds the lock of the daemon before this one until it runs.
        let daemon = until("the daemon before this one has gone", || match daemon::start(setup()) {
            Err(StartError::Running { .. }) => None,
            started => Some(started.expect("the daemon starts in an empty sandbox")),
        });
        let socket = daemon.socket().to_owned();
        Self { daemon: Some(daemon), clock, socket }
    }

    /// A connection maker.
    pub fn wire(&self) -> Wire {
        Wire::new(&self.socket)
    }

    /// Its socket.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// An ordered stop.
    pub async fn stop(mut self) -> Stopped {
        self.halt().await
    }

    /// An ordered stop of a daemon that is replaced afterwards.
    pub async fn halt(&mut self) -> Stopped {
        let daemon = self.daemon.take().expect("it is stopped once");
        daemon.stop(Ended::Asked).await
    }

    /// Moves the clock in steps no longer than `step`, letting the daemon act in between.
    pub async fn pass(&self, time: Duration, step: Duration) {
        let mut left = time;
        while !left.is_zero() {
            let now = left.min(step);
            self.clock.advance(now);
            left -= now;
            for _ in 0..32 {
                tokio::task::yield_now().await;
            }
        }
    }
}
