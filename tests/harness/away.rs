//! A login at an issuer whose person sits elsewhere: the daemon, `agentctl` on a terminal, and a browser on another machine.

use std::path::Path;

use crate::browser::Browser;
use crate::ctl::Ctl;
use crate::daemon::Process;
use crate::issuer::{Client, Config, Issuer};
use crate::sandbox::{Sandbox, program};
use crate::terminal::{Model, Terminal};
use crate::until::until;

/// See the module's documentation.
pub struct Away {
    /// The directories of daemon and client.
    pub sandbox: Sandbox,
    /// The authorization server.
    pub issuer: Issuer,
    daemon: Process,
}

impl Away {
    /// A daemon with a key file as its store, and an issuer that does as it is told.
    pub fn new() -> Self {
        let sandbox = Sandbox::new();
        let daemon = Process::start(&sandbox);
        Self { issuer: Issuer::launch(Config::default()), sandbox, daemon }
    }

    /// `agentctl login` at the issuer as `work`, with further arguments.
    pub fn login<'a>(&'a self, more: &[&'a str]) -> Vec<&'a str> {
        let at = ["login", "--issuer", self.issuer.url(), "--client-id", Client::PUBLIC, "-p", "work"];
        [&at, more].concat()
    }

    /// A command on a terminal of this model.
    pub fn terminal(&self, model: &Model<'_>, arguments: &[&str]) -> Terminal {
        Terminal::start_as(model, &self.sandbox, &program("agentctl"), arguments)
    }

    /// A command.
    pub fn ctl(&self, arguments: &[&str]) -> Ctl {
        Ctl::new(&self.sandbox, arguments)
    }

    /// The only login that waits, once what it waits for is known.
    pub fn waiting(&self) -> serde_json::Value {
        until("a login that waits", || {
            let ran = self.ctl(&["login", "--list", "-o", "json"]).run().ok();
            let list: serde_json::Value = serde_json::from_str(&ran.out).expect("one JSON document");
            let logins = list["logins"].as_array().expect("a list").clone();
            assert!(logins.len() <= 1, "{logins:?}");
            logins.into_iter().find(|login| login["waits_for"].is_object())
        })
    }

    /// The number of logins that wait.
    pub fn pending(&self) -> usize {
        let ran = self.ctl(&["login", "--list", "-o", "json"]).run().ok();
        let list: serde_json::Value = serde_json::from_str(&ran.out).expect("one JSON document");
        list["logins"].as_array().expect("a list").len()
    }

    /// Where a browser elsewhere ends that opens the address of the login that waits.
    pub fn browse(&self) -> String {
        let url = self.waiting()["waits_for"]["url"].as_str().expect("an address").to_owned();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async { Browser::elsewhere().follow(&url).await }).url.to_string()
    }

    /// Approves the device login that waits.
    pub fn approve(&self) {
        let code = self.waiting()["waits_for"]["user_code"].as_str().expect("a code").to_owned();
        self.issuer.approve(&code);
    }

    /// What the daemon has logged.
    pub fn log(&self) -> String {
        self.daemon.log()
    }

    /// A directory of the sandbox.
    pub fn folder(&self) -> &Path {
        self.sandbox.path()
    }
}

impl Default for Away {
    fn default() -> Self {
        Self::new()
    }
}
