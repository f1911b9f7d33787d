//! `agentctl` while it runs: what it has said so far, a signal, and its end.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use rustix::process::{Pid, Signal, kill_process};

use crate::ctl::Ran;
use crate::sandbox::{Sandbox, program};
use crate::until::until;

/// A command under way. Killed when dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    out: Stream,
    err: Stream,
}

/// What has come out of one stream.
#[derive(Debug)]
struct Stream {
    text: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

impl Running {
    /// Starts `agentctl ARGUMENTS`, which starts no daemon by itself.
    pub fn start(sandbox: &Sandbox, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let mut command = sandbox.command(program("agentctl"));
        command.env("AGENTCTL_NO_AUTOSTART", "1").args(arguments).envs(environment.iter().copied());
        Self::of(command)
    }

    /// Starts a command that was prepared elsewhere.
    pub fn of(mut command: Command) -> Self {
        let spawned = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = spawned.expect("agentctl can be started");
        let out = Stream::of(child.stdout.take().expect("stdout is a pipe"));
        let err = Stream::of(child.stderr.take().expect("stderr is a pipe"));
        Self { child, out, err }
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has written to standard output.
    pub fn out(&self) -> String {
        self.out.text()
    }

    /// What it has written to standard error.
    pub fn err(&self) -> String {
        self.err.text()
    }

    /// Waits for a line on standard output that holds `text`, and gives it back.
    pub fn line(&self, text: &str) -> String {
        let found = || self.out().lines().find(|line| line.contains(text)).map(str::to_owned);
        until(&format!("`{text}` on standard output"), found)
    }

    /// Waits for `text` on standard error.
    pub fn says(&self, text: &str) {
        until(&format!("`{text}` on standard error"), || self.err().contains(text).then_some(()));
    }

    /// Sends `signal`.
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("the child is ours");
    }

    /// Waits for its end.
    pub fn end(mut self) -> Ran {
        let status = until("agentctl ends", || self.child.try_wait().expect("the child is ours"));
        Ran { code: status.code(), out: self.out.whole(), err: self.err.whole() }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Fails only when it has already ended.
        let _ended = self.child.kill();
        let _ended = self.child.wait();
    }
}

impl Stream {
    fn of(mut source: impl Read + Send + 'static) -> Self {
        let text = Arc::<Mutex<String>>::default();
        let into = Arc::clone(&text);
        let reader = std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = source.read(&mut bytes) {
                let more = String::from_utf8_lossy(&bytes[..count]);
                into.lock().unwrap_or_else(PoisonError::into_inner).push_str(&more);
            }
        });
        Self { text, reader: Some(reader) }
    }

    fn text(&self) -> String {
        self.text.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn whole(&mut self) -> String {
        if let Some(reader) = self.reader.take() {
            reader.join().expect("the reader does not fail");
        }
        self.text()
    }
}
