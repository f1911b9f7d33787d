//! `agentctl`, run as a person or script would.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::sandbox::{Sandbox, program};

/// What a run of `agentctl` left behind.
#[derive(Debug)]
#[must_use]
pub struct Ran {
    /// Exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Ran {
    /// Expects exit code 0.
    pub fn ok(self) -> Self {
        assert_eq!(self.code, Some(0), "{self:?}");
        self
    }

    /// Expects another exit code.
    pub fn fails(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:?}");
        self
    }
}

/// Runs `agentctl` in a sandbox.
#[derive(Debug)]
pub struct Ctl {
    command: Command,
    input: Vec<u8>,
}

impl Ctl {
    /// `agentctl ARGUMENTS`, which starts no daemon by itself.
    pub fn new(sandbox: &Sandbox, arguments: &[&str]) -> Self {
        let mut command = sandbox.command(program("agentctl"));
        command.env("AGENTCTL_NO_AUTOSTART", "1").args(arguments);
        Self::of(command)
    }

    /// A command that was prepared elsewhere.
    pub fn of(command: Command) -> Self {
        Self { command, input: Vec::new() }
    }

    /// Lets it start the daemon.
    #[must_use]
    pub fn autostart(mut self) -> Self {
        self.command.env_remove("AGENTCTL_NO_AUTOSTART");
        self
    }

    /// Sets a variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<Path>) -> Self {
        self.command.env(name, value.as_ref());
        self
    }

    /// Runs it in this directory instead of the sandbox's own.
    #[must_use]
    pub fn within(mut self, directory: &Path) -> Self {
        self.command.current_dir(directory);
        self
    }

    /// What it reads from standard input.
    #[must_use]
    pub fn input(mut self, text: &str) -> Self {
        text.as_bytes().clone_into(&mut self.input);
        self
    }

    /// Runs it to its end.
    pub fn run(mut self) -> Ran {
        let spawned = self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = spawned.expect("agentctl can be started");
        // It may end without reading.
        let _unread = child.stdin.take().expect("stdin is a pipe").write_all(&self.input);
        let Output { status, stdout, stderr } = child.wait_with_output().expect("the child is ours");
        let text = |bytes| String::from_utf8(bytes).expect("agentctl prints text");
        Ran { code: status.code(), out: text(stdout), err: text(stderr) }
    }
}
