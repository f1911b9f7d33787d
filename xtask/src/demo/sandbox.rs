//! A private home for one daemon, and the promise that both are gone afterwards.
//!
//! The promise is kept by a shell that waits for the end of its standard input: the pipe closes whenever this program
//! ends, be it done, failed, interrupted or killed, and the shell then stops the daemon and removes the directory.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::command;
use crate::failure::Failure;
use crate::report;
use crate::workspace;

/// Runs as `sh -c GUARD sh DIRECTORY AGENTCTL`, deaf to the keyboard.
const GUARD: &str = r#"trap '' INT TERM HUP; read -r _; "$2" -q --no-autostart daemon stop; rm -rf "$1""#;
/// Variables of the person that pass into the sandbox; all others stay outside.
const PASSED: [&str; 5] = ["PATH", "TERM", "LANG", "LC_ALL", "NO_COLOR"];

pub(super) struct Sandbox {
    directory: PathBuf,
    daemon: Option<Child>,
    guard: Child,
}

impl Sandbox {
    /// Makes the directory (0700) and sets the guard.
    pub(super) fn new() -> Result<Self, Failure> {
        let directory = std::env::temp_dir().join(format!("agentd-demo-{}", std::process::id()));
        private_directory(&directory)
            .map_err(|error| Failure::new(format!("cannot make `{}`: {error}", directory.display())))?;
        let mut guard = inside(&directory, Path::new("sh"));
        guard.args(["-c", GUARD, "sh"]).arg(&directory).arg(workspace::program("agentctl"));
        guard.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        match guard.spawn() {
            Ok(guard) => Ok(Self { directory, daemon: None, guard }),
            Err(error) => {
                fs::remove_dir_all(&directory).ok();
                Err(command::not_started(&guard, &error))
            }
        }
    }

    pub(super) fn path(&self) -> String {
        self.directory.display().to_string()
    }

    /// `agentctl` with `words`, in the sandbox.
    pub(super) fn agentctl(&self, words: &[&str]) -> Command {
        let mut command = inside(&self.directory, &workspace::program("agentctl"));
        command.args(words);
        command
    }

    /// `agentd run`, with its log in the sandbox.
    pub(super) fn start_daemon(&mut self) -> Result<(), Failure> {
        let mut daemon = inside(&self.directory, &workspace::program("agentd"));
        let log = fs::File::create(self.directory.join("log")).and_then(|log| Ok((log.try_clone()?, log)));
        let (out, err) = log.map_err(|error| Failure::new(format!("cannot make the daemon's log: {error}")))?;
        daemon.arg("run").stdin(Stdio::null()).stdout(out).stderr(err);
        report::line(format_args!("$ {} &", command::shown(&daemon)));
        self.daemon = Some(daemon.spawn().map_err(|error| command::not_started(&daemon, &error))?);
        Ok(())
    }

    /// Fails when the daemon has ended.
    pub(super) fn daemon_lives(&mut self) -> Result<(), Failure> {
        match self.daemon.as_mut().and_then(|daemon| daemon.try_wait().ok().flatten()) {
            Some(status) => Err(Failure::new(format!("the daemon ended at once, with {status}"))),
            None => Ok(()),
        }
    }

    /// Waits for the daemon's end, which must be a good one.
    pub(super) fn daemon_ended(&mut self, patience: Duration) -> Result<(), Failure> {
        let Some(daemon) = &mut self.daemon else { return Ok(()) };
        let deadline = report::now() + patience;
        loop {
            match daemon.try_wait() {
                Ok(Some(status)) if status.success() => return Ok(()),
                Ok(Some(status)) => return Err(Failure::new(format!("the daemon ended with {status}"))),
                Ok(None) if report::now() < deadline => thread::sleep(Duration::from_millis(50)),
                Ok(None) => return Err(Failure::new("the daemon was told to stop and did not")),
                Err(error) => return Err(Failure::new(format!("cannot wait for the daemon: {error}"))),
            }
        }
    }

    /// The last lines of the daemon's log.
    pub(super) fn log_end(&self) -> String {
        let log = fs::read_to_string(self.directory.join("log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }

    /// Ends the guard, and says so when the directory outlived it.
    pub(super) fn close(&mut self) -> Result<(), Failure> {
        drop(self.guard.stdin.take());
        self.guard.wait().ok();
        if self.directory.exists() {
            return Err(Failure::new(format!("`{}` could not be removed", self.directory.display())));
        }
        Ok(())
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.close().ok();
        if self.daemon_ended(Duration::from_secs(2)).is_err() {
            let Some(daemon) = &mut self.daemon else { return };
            daemon.kill().ok();
            daemon.wait().ok();
        }
        // A daemon that did not listen to the guard may have written once more before it was killed.
        fs::remove_dir_all(&self.directory).ok();
    }
}

/// `program` with an environment that leads nowhere but into `directory`.
fn inside(directory: &Path, program: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().current_dir(directory);
    command.envs(PASSED.into_iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
    command.env("HOME", directory).env("AGENTD_HOME", directory.join("agent")).env("AGENTD_STORE_KEY", "file");
    command
}

#[cfg(unix)]
fn private_directory(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().mode(0o700).create(path)
}

#[cfg(not(unix))]
fn private_directory(path: &Path) -> std::io::Result<()> {
    fs::DirBuilder::new().create(path)
}
