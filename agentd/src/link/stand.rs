//! A bench for the tests of links and imports: a tool that keeps lines in a file, a vault that says what it is told, a
//! manual clock.

#![allow(clippy::panic, reason = "a test fails by panicking")]

mod tool;
mod vault;

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::{Format, Formats, Link, LinkError, Links, Profiles, Setup, State, To, Variables, Wish};
use crate::clock::Clock;
use crate::supervise::Tasks;

pub(super) use tool::{Script, Tool, put};
pub(super) use vault::Vault;

/// Wall time at the start of every test.
pub(super) const START: i64 = 1_790_000_000;

pub(super) struct Bench {
    pub(super) home: tempfile::TempDir,
    pub(super) clock: Clock,
    pub(super) vault: Arc<Vault>,
    pub(super) script: Arc<Mutex<Script>>,
    pub(super) formats: Formats,
    pub(super) links: Links,
    pub(super) warning: Option<String>,
    pub(super) tasks: Tasks,
}

impl Bench {
    pub(super) fn new() -> Self {
        let home = tempfile::tempdir().expect("a temporary directory");
        Self::at(home, Clock::manual(START), Arc::default())
    }

    fn at(home: tempfile::TempDir, clock: Clock, script: Arc<Mutex<Script>>) -> Self {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o700)).expect("it is ours");
        let vault = Arc::new(Vault::default());
        let tasks = Tasks::root();
        let tool = |name| Box::new(Tool { name, script: Arc::clone(&script) }) as Box<dyn Format>;
        let formats = Formats::new(vec![tool("tool"), tool("ring")], tasks.clone(), clock.clone());
        let (links, warning) = Links::open(Setup {
            formats: formats.clone(),
            profiles: Arc::clone(&vault) as Arc<dyn Profiles>,
            clock: clock.clone(),
            tasks: tasks.clone(),
            file: home.path().join("agent/links.json"),
            runtime: Some(home.path().join("memory")),
        });
        Self { home, clock, vault, script, formats, links, warning, tasks }
    }

    /// A daemon that is killed, and another that starts with the vault as `prepare` makes it.
    pub(super) async fn killed(self, prepare: impl FnOnce(&Vault)) -> Self {
        assert!(self.tasks.stop(Duration::from_secs(20)).await, "the task ends when it is told to");
        let bench = Self::at(self.home, self.clock, self.script);
        prepare(&bench.vault);
        bench.links.round().await;
        bench
    }

    /// The tool's file.
    pub(super) fn file(&self) -> PathBuf {
        self.home.path().join("login")
    }

    pub(super) fn text(&self) -> String {
        fs::read_to_string(self.file()).unwrap_or_default()
    }

    pub(super) fn variables(&self) -> Variables {
        [("HOME".to_owned(), self.home.path().display().to_string())].into()
    }

    pub(super) fn wish(&self, profile: Option<&str>) -> Wish {
        let format = Some("tool".to_owned());
        let profile = profile.map(str::to_owned);
        Wish { profile, current: false, format, to: To::Home, variables: self.variables() }
    }

    pub(super) async fn make(&self, profile: &str) -> Result<Link, LinkError> {
        self.links.make(self.wish(Some(profile))).await
    }

    /// A linked profile `work`.
    pub(super) async fn linked() -> Self {
        let bench = Self::new();
        bench.vault.grant("work", "one");
        let link = bench.make("work").await.expect("nothing stands against it");
        assert_eq!((link.state, bench.text().as_str()), (State::Linked, "work one\n"));
        // What comes now is no first write that was undone.
        bench.pass(60).await;
        bench
    }

    /// Lets `seconds` pass, and every link have its turn.
    pub(super) async fn pass(&self, seconds: u64) {
        self.links.round().await;
        self.clock.advance(Duration::from_secs(seconds));
        self.links.round().await;
    }

    /// Lets enough time pass for something odd to be believed.
    pub(super) async fn settle(&self) {
        self.pass(2).await;
        self.pass(2).await;
    }

    /// The one link there is.
    pub(super) fn link(&self) -> Link {
        let links = self.links.list();
        let [link] = &links[..] else { panic!("{} links", links.len()) };
        link.clone()
    }

    pub(super) fn state(&self) -> State {
        self.link().state
    }
}
