//! One daemon, one of the five services in real time, and `agentctl` as a person types it.
//!
//! At the end nothing that the commands printed may hold a secret of the service, nor may the daemon's log; what `token`,
//! `exec` and `reject` were asked to print is left out.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

use crate::canary::Canaries;
use crate::ctl::{Ctl, Ran};
use crate::daemon::Process;
use crate::sandbox::{Sandbox, program};
use crate::service::{Service, Wire};
#[cfg(target_os = "linux")]
use crate::terminal::{Model, Size, Terminal};
use crate::until::until;

/// The name of the deployment in use, which is the service on loopback.
pub const HERE: &str = "here";
/// Verbs that print credentials.
const PRINT_CREDENTIALS: [&str; 3] = ["token", "exec", "reject"];

/// See the module's documentation.
pub struct Front<W: Wire> {
    /// The service. It approves logins when they begin.
    pub service: Service<W>,
    /// The directories of daemon and client.
    pub sandbox: Sandbox,
    daemon: Process,
    heard: Mutex<Vec<(String, String)>>,
    secrets: Mutex<Vec<String>>,
}

/// A command that is about to be run.
pub struct Typed<'f, W: Wire> {
    front: &'f Front<W>,
    words: String,
    ctl: Ctl,
}

impl<W: Wire> Front<W> {
    /// A daemon with a key file as its store, and the service as the deployment in use.
    pub fn new(wire: W) -> Self {
        Self::configured(wire, "")
    }

    /// The same with more lines in `config.toml`.
    pub fn configured(wire: W, more: &str) -> Self {
        let sandbox = Sandbox::new();
        sandbox.write_config(&format!("[store]\nkey = \"file\"\n{more}"));
        let service = Service::launch(wire);
        service.follow_real_time();
        service.auto_approve(true);
        let daemon = Process::start(&sandbox);
        let front = Self { service, sandbox, daemon, heard: Mutex::default(), secrets: Mutex::default() };
        let url = front.service.url().to_owned();
        drop(front.run(&["env", "add", HERE, &url, "--provider", W::NAME]).ok());
        drop(front.run(&["env", "switch", HERE, "--provider", W::NAME]).ok());
        front
    }

    /// A command.
    pub fn ctl(&self, arguments: &[&str]) -> Typed<'_, W> {
        Typed { front: self, words: arguments.join(" "), ctl: Ctl::new(&self.sandbox, arguments) }
    }

    /// Runs a command.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        self.ctl(arguments).run()
    }

    /// Runs a command that must succeed with one JSON document.
    pub fn json(&self, arguments: &[&str]) -> Value {
        document(&self.run(&[arguments, &["-o", "json"]].concat()).ok().out)
    }

    /// A login with a key that the service knows from now on.
    pub fn keep_key(&self, profile: &str) -> String {
        let key = self.service.make_key();
        let arguments = ["login", W::NAME, "--api-key-stdin", "-p", profile];
        drop(self.ctl(&arguments).input(&format!("{key}\n")).run().ok());
        key
    }

    /// A login that nobody approves by itself, as far as its address is shown; then `person` acts, and it ends.
    pub fn login_with(&self, arguments: &[&str], person: impl FnOnce(&str)) -> Ran {
        self.service.auto_approve(false);
        let ran = std::thread::scope(|scope| {
            let client = scope.spawn(|| self.run(arguments));
            person(&until("a login waits", || self.service.pending_page()));
            client.join().expect("agentctl ends")
        });
        self.service.auto_approve(true);
        ran
    }

    /// A command on a terminal.
    #[cfg(target_os = "linux")]
    pub fn terminal(&self, arguments: &[&str]) -> Terminal {
        Terminal::start(&self.sandbox, &program("agentctl"), arguments)
    }

    /// The same on a terminal of this size whose screen can be looked at.
    #[cfg(target_os = "linux")]
    pub fn screen(&self, size: Size, arguments: &[&str]) -> Terminal {
        Terminal::start_on(size, &self.sandbox, &program("agentctl"), arguments)
    }

    /// A command on a terminal of this model.
    #[cfg(target_os = "linux")]
    pub fn terminal_on(&self, model: &Model<'_>, arguments: &[&str]) -> Terminal {
        Terminal::start_as(model, &self.sandbox, &program("agentctl"), arguments)
    }

    /// Ends a command on a terminal: its exit code and all that was seen.
    #[cfg(target_os = "linux")]
    pub fn end(&self, terminal: Terminal) -> (Option<i32>, String) {
        let (code, seen) = terminal.end();
        self.hear("a terminal".to_owned(), seen.clone());
        (code, seen)
    }

    /// Another secret that is looked for at the end.
    pub fn secret(&self, value: &str) {
        self.secrets.lock().unwrap_or_else(PoisonError::into_inner).push(value.to_owned());
    }

    /// A program that can stand in `BROWSER`: it does `body` with the address in `$1`.
    pub fn browser(&self, body: &str) -> PathBuf {
        let path = self.sandbox.path().join("browser.sh");
        self.write(&path, &format!("#!/bin/sh\n{body}\n"));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).expect("it is ours");
        path
    }

    /// Writes a file.
    pub fn write(&self, path: &Path, text: &str) {
        std::fs::write(self.sandbox.path().join(path), text).expect("the sandbox is writable");
    }

    /// What the daemon has logged.
    pub fn log(&self) -> String {
        self.daemon.log()
    }

    fn hear(&self, place: String, text: String) {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).push((place, text));
    }
}

impl<W: Wire> Typed<'_, W> {
    /// Sets a variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<Path>) -> Self {
        self.ctl = self.ctl.env(name, value);
        self
    }

    /// Runs it in this directory instead of the sandbox's own.
    #[must_use]
    pub fn within(mut self, directory: &Path) -> Self {
        self.ctl = self.ctl.within(directory);
        self
    }

    /// What it reads from standard input.
    #[must_use]
    pub fn input(mut self, text: &str) -> Self {
        self.ctl = self.ctl.input(text);
        self
    }

    /// Runs it to its end.
    pub fn run(self) -> Ran {
        let ran = self.ctl.run();
        let first = self.words.split(" -- ").next().unwrap_or_default();
        if !PRINT_CREDENTIALS.iter().any(|verb| first.split(' ').any(|word| word == *verb)) {
            self.front.hear(format!("standard output of `agentctl {}`", self.words), ran.out.clone());
        }
        self.front.hear(format!("standard error of `agentctl {}`", self.words), ran.err.clone());
        ran
    }
}

impl<W: Wire> Drop for Front<W> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let ours = std::mem::take(self.secrets.get_mut().unwrap_or_else(PoisonError::into_inner));
        let canaries = Canaries::new(self.service.secrets().into_iter().chain(ours));
        for (place, text) in self.heard.get_mut().unwrap_or_else(PoisonError::into_inner) {
            canaries.assert_absent(place, text);
        }
        canaries.assert_absent("the log of the daemon", self.daemon.log());
    }
}

/// The one JSON document of an output.
pub fn document(text: &str) -> Value {
    assert_eq!(text.matches('\n').count(), 1, "one document on one line: {text}");
    serde_json::from_str(text).expect("one JSON document")
}

/// The rows of a table, without its head.
pub fn rows(table: &str) -> Vec<Vec<&str>> {
    table.lines().skip(1).map(|line| line.split_whitespace().collect()).collect()
}
