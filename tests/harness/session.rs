//! A home as users have one, and sessions in it: nothing is set but `HOME` and `XDG_RUNTIME_DIR`, and `agentctl` starts
//! the daemon by itself.

use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use crate::ctl::Ctl;
use crate::sandbox::{Sandbox, program};
use crate::until::until_true;

/// The home. A daemon that was started in it ends with it.
#[derive(Debug)]
pub struct Home {
    sandbox: Sandbox,
}

/// One session of its user: a run-time directory of its own.
#[derive(Debug)]
pub struct Session<'h> {
    home: &'h Home,
    runtime: TempDir,
}

impl Home {
    /// An empty one.
    pub fn new() -> Self {
        Self { sandbox: Sandbox::memory_only() }
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        self.sandbox.path()
    }

    /// The directory of lock, store and key.
    pub fn data(&self) -> PathBuf {
        self.path().join(".local/share/agentd")
    }

    /// The log of a daemon that `agentctl` started.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.path().join(".local/state/agentd/agentd.log")).unwrap_or_default()
    }

    /// Writes `config.toml`.
    pub fn write_config(&self, text: &str) {
        let directory = self.path().join(".config/agentd");
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&directory).expect("the home is writable");
        let file = directory.join("config.toml");
        std::fs::write(&file, text).expect("the home is writable");
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&file, private).expect("it is ours");
    }

    /// A new session.
    pub fn session(&self) -> Session<'_> {
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        let runtime = tempfile::Builder::new().prefix("run-").permissions(private).tempdir().expect("a directory");
        Session { home: self, runtime }
    }

    /// The process id that the lock file names.
    pub fn recorded_pid(&self) -> Option<u32> {
        std::fs::read_to_string(self.data().join("agentd.lock")).ok()?.lines().nth(1)?.parse().ok()
    }

    /// `SIGKILL` for the daemon, and waits until it is gone.
    pub fn kill(&self) {
        let Some(pid) = self.recorded_pid().and_then(|pid| Pid::from_raw(pid.cast_signed())) else { return };
        if gone(pid) {
            return;
        }
        // Fails only when it has ended.
        let _ended = kill_process(pid, Signal::KILL);
        until_true("the daemon is gone", || gone(pid));
    }
}

#[cfg(target_os = "linux")]
fn gone(pid: Pid) -> bool {
    !crate::proc::lives(pid.as_raw_pid().cast_unsigned())
}

#[cfg(not(target_os = "linux"))]
fn gone(pid: Pid) -> bool {
    rustix::process::test_kill_process(pid).is_err()
}

impl Default for Home {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Session<'_> {
    /// Its socket, by the usual rule.
    pub fn socket(&self) -> PathBuf {
        self.runtime.path().join("agentd/agentd.sock")
    }

    /// A command in this session; `agentctl` and `agentd` are on its `PATH`.
    pub fn command(&self, name: impl AsRef<Path>) -> Command {
        let mut command = self.home.sandbox.command(name);
        command.env_remove("AGENTD_HOME").env("XDG_RUNTIME_DIR", self.runtime.path());
        let programs = program("agentctl").parent().expect("it lies in a directory").to_owned();
        let others = std::env::var_os("PATH").unwrap_or_default();
        let paths = std::iter::once(programs).chain(std::env::split_paths(&others));
        command.env("PATH", std::env::join_paths(paths).expect("no path has a colon in it"));
        command
    }

    /// `agentctl` in this session. It may start the daemon.
    pub fn ctl(&self, arguments: &[&str]) -> Ctl {
        let mut command = self.command(program("agentctl"));
        command.args(arguments);
        Ctl::of(command)
    }

    /// The daemon's answer to `status`.
    pub fn agent(&self) -> Value {
        let ran = self.ctl(&["status", "-o", "json"]).run().ok();
        let mut report: Value = serde_json::from_str(&ran.out).expect("one JSON document");
        report["agent"].take()
    }
}
