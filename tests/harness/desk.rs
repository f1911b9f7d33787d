//! The daemon as a process, one of the five services on real time, and `agentctl` with a person's variables: what it
//! takes to share a login with another tool.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::canary::Canaries;
use crate::ctl::{Ctl, Ran};
use crate::daemon::Process;
use crate::sandbox::Sandbox;
use crate::service::{Service, Wire};
use crate::until::{until, until_true};

/// The profile of every login.
pub const PROFILE: &str = "work";

/// See the module's documentation.
pub struct Desk<W: Wire> {
    /// Home, and the daemon's directories.
    pub sandbox: Sandbox,
    /// The service. Logins are approved when they begin.
    pub service: Service<W>,
    daemon: Option<Process>,
    variables: Vec<(String, String)>,
}

impl<W: Wire> Desk<W> {
    /// With a key file as the daemon's store.
    pub fn new(wire: W) -> Self {
        Self::over(Sandbox::new(), wire)
    }

    /// With a daemon that keeps nothing.
    pub fn memory_only(wire: W) -> Self {
        Self::over(Sandbox::memory_only(), wire)
    }

    fn over(sandbox: Sandbox, wire: W) -> Self {
        let service = Service::launch(wire);
        service.follow_real_time();
        service.auto_approve(true);
        let daemon = Some(Process::start(&sandbox));
        Self { sandbox, service, daemon, variables: Vec::new() }
    }

    /// Sets a variable for `agentctl` from now on.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.variables.push((name.to_owned(), value.into()));
        self
    }

    /// A path in the home.
    pub fn at(&self, below: impl AsRef<Path>) -> PathBuf {
        self.sandbox.path().join(below)
    }

    /// `agentctl`, not yet run.
    pub fn ctl(&self, arguments: &[&str]) -> Ctl {
        let ctl = Ctl::new(&self.sandbox, arguments);
        self.variables.iter().fold(ctl, |ctl, (name, value)| ctl.env(name, value))
    }

    /// Runs `agentctl` to its end.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        self.ctl(arguments).run()
    }

    /// What `agentctl` says in JSON, when it succeeds.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let ran = self.run(&[arguments, &["-o", "json"]].concat()).ok();
        serde_json::from_str(&ran.out).expect("one JSON document")
    }

    /// Logs in as `profile` at the service, with further arguments.
    pub fn log_in(&self, profile: &str, more: &[&str]) {
        let at = ["login", W::NAME, "--environment", self.service.url(), "--no-open-browser", "-p", profile];
        let _done = self.run(&[&at, more].concat()).ok();
    }

    /// Saves a key as `profile`, with further arguments.
    pub fn keep(&self, profile: &str, key: &str, more: &[&str]) {
        let at = ["login", W::NAME, "--environment", self.service.url(), "--api-key-stdin", "-p", profile];
        let _done = self.ctl(&[&at, more].concat()).input(&format!("{key}\n")).run().ok();
    }

    /// The token that is served for `profile`.
    pub fn token(&self, profile: &str) -> String {
        self.run(&["token", "-p", profile]).ok().out.trim_end().to_owned()
    }

    /// Has [`PROFILE`] refreshed, and returns the new token.
    pub fn refresh(&self) -> String {
        let before = self.token(PROFILE);
        let _done = self.run(&["refresh", PROFILE]).ok();
        let after = self.token(PROFILE);
        assert!(before != after, "the service issues another token");
        after
    }

    /// All links.
    pub fn links(&self) -> Vec<Value> {
        self.json(&["links"])["links"].as_array().expect("a list").clone()
    }

    /// Waits until the only link is in this state, and returns it.
    pub fn link_is(&self, state: &str) -> Value {
        until(&format!("the link is {state}"), || {
            let links = self.links();
            assert_eq!(links.len(), 1, "{links:?}");
            links.into_iter().find(|link| link["state"] == state)
        })
    }

    /// Waits until a file holds a text.
    pub fn holds(&self, path: &Path, text: &str) {
        until_true(&format!("`{}` is written", path.display()), || read(path).is_some_and(|all| all.contains(text)));
    }

    /// Waits until a file is gone.
    pub fn vanishes(&self, path: &Path) {
        until_true(&format!("`{}` is gone", path.display()), || !path.exists());
    }

    /// Fails when a refresh token that works lies in a file of the home.
    pub fn keeps_refresh_tokens(&self) {
        let live = self.service.live_refresh_tokens();
        assert!(!live.is_empty(), "there is one to look for");
        assert!(Canaries::new(live).assert_absent_below(self.sandbox.path()) > 0);
    }

    /// Ends the daemon without warning.
    pub fn kill(&mut self) {
        self.daemon.take().expect("it runs").kill();
    }

    /// Ends the daemon in order.
    pub fn terminate(&mut self) {
        assert_eq!(self.daemon.take().expect("it runs").terminate(), Some(0));
    }

    /// Starts the daemon again, with further variables.
    pub fn start(&mut self, environment: &[(&str, &str)]) {
        self.daemon = Some(Process::start_with(&self.sandbox, environment));
    }
}

/// The text of a file that is there.
pub fn read(path: &Path) -> Option<String> {
    std::fs::read(path).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

/// Writes a file as another program would, with its directories.
pub fn write(path: &Path, text: &str, mode: u32) {
    let directory = path.parent().expect("it lies in a directory");
    std::fs::create_dir_all(directory).expect("the sandbox is writable");
    std::fs::write(path, text).expect("the sandbox is writable");
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode)).expect("it is ours");
}

/// The permissions of a file or directory.
pub fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata().expect("it is there").permissions().mode() & 0o777
}
