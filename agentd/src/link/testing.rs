//! A bench for the tests of links and imports: a tool that keeps lines in a file, a vault that says what it is told, a
//! manual clock.

#![allow(clippy::panic, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::sync::watch;

use super::format::{Finding, FindingKind, LoginGrant};
use super::{
    About, Absent, Credential, Export, Follow, Format, FormatError, Formats, Link, LinkError, Links, Login, Mine,
    Profiles, Seen, Setup, Spot, State, Taken, To, Variables, Wish,
};
use crate::clock::Clock;
use crate::secret::{AccessToken, ApiKey, Fingerprint, RefreshToken};
use crate::supervise::Tasks;

/// Wall time at the start of every test.
pub(super) const START: i64 = 1_790_000_000;

/// What the tool is told to do wrong, and what it was asked.
#[derive(Default)]
pub(super) struct Script {
    /// Answers of `write` instead of writing.
    pub(super) write: VecDeque<FormatError>,
    /// Answers of `withdraw` instead of taking out.
    pub(super) withdraw: VecDeque<FormatError>,
    /// Answers of `take` instead of taking.
    pub(super) take: VecDeque<FormatError>,
    /// Answers of `give_back` instead of giving.
    pub(super) give_back: VecDeque<FormatError>,
    /// How often the tool's place was written, and looked at.
    pub(super) writes: usize,
    pub(super) looks: usize,
    /// Content of a keyring.
    pub(super) ring: String,
}

/// A tool whose file holds lines of a name, a credential and perhaps a refresh token. `ring` keeps them in no file.
#[derive(Clone)]
pub(super) struct Tool {
    pub(super) name: &'static str,
    pub(super) script: Arc<Mutex<Script>>,
}

impl Tool {
    fn script(&self) -> std::sync::MutexGuard<'_, Script> {
        self.script.lock().expect("no panic")
    }

    fn read(&self, path: &Path) -> String {
        if path == Path::new("") { self.script().ring.clone() } else { fs::read_to_string(path).unwrap_or_default() }
    }

    fn put(&self, path: &Path, text: &str) {
        if path == Path::new("") { text.clone_into(&mut self.script().ring) } else { put(path, text) }
    }

    fn place(variables: &Variables) -> PathBuf {
        Path::new(&variables["HOME"]).join("login")
    }
}

/// Writes as a careful tool does.
pub(super) fn put(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    let new = path.with_extension("new");
    fs::write(&new, text).expect("it can be written");
    fs::set_permissions(&new, fs::Permissions::from_mode(0o600)).expect("it is ours");
    fs::rename(&new, path).expect("it can be put in place");
}

fn line<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find(|line| line.split(' ').next() == Some(name))
}

fn without(text: &str, name: &str) -> String {
    text.lines().filter(|line| line.split(' ').next() != Some(name)).flat_map(|line| [line, "\n"]).collect()
}

impl Format for Tool {
    fn name(&self) -> &'static str {
        self.name
    }

    fn provider(&self) -> &'static str {
        "service"
    }

    fn own_refresh(&self) -> Option<Duration> {
        Some(Duration::from_mins(1))
    }

    fn spot(&self, variables: &Variables, to: To, runtime: &Path) -> Result<Spot, FormatError> {
        let path = match (self.name, to) {
            ("ring", _) => PathBuf::new(),
            (_, To::Tmpfs) => runtime.join("login"),
            (_, To::Home) if !variables.contains_key("HOME") => {
                return Err(FormatError::Place("`HOME` is not set".to_owned()));
            }
            (_, To::Home) => Self::place(variables),
        };
        let places = vec![path.display().to_string()];
        Ok(Spot { places, path, variables: Variables::new(), environment: Variables::new() })
    }

    fn look(&self, spot: &Spot, profile: &str, mine: Option<&Mine>) -> Result<Seen, FormatError> {
        self.script().looks += 1;
        let text = self.read(&spot.path);
        if text.contains("half-writ") {
            return Err(FormatError::Unreadable { place: spot.places[0].clone(), why: "half of it".to_owned() });
        }
        let Some(credential) = line(&text, profile).and_then(|line| line.split(' ').nth(1)) else {
            return Ok(Seen::Empty);
        };
        let is_mine = mine.is_some_and(|mine| mine.credential == Fingerprint::of(credential.as_bytes()));
        Ok(if is_mine { Seen::Mine } else { Seen::Foreign })
    }

    fn write(&self, spot: &Spot, export: &Export, _mine: Option<&Mine>) -> Result<Mine, FormatError> {
        self.script().writes += 1;
        if let Some(error) = self.script().write.pop_front() {
            return Err(error);
        }
        let Credential::AccessToken(token) = &export.credential else { panic!("only tokens here") };
        let text = without(&self.read(&spot.path), &export.profile);
        self.put(&spot.path, &format!("{text}{} {}\n", export.profile, token.expose()));
        Ok(Mine { profile: export.profile.clone(), credential: token.fingerprint(), before: None })
    }

    fn withdraw(&self, spot: &Spot, mine: &Mine) -> Result<(), FormatError> {
        if let Some(error) = self.script().withdraw.pop_front() {
            return Err(error);
        }
        let text = without(&self.read(&spot.path), &mine.profile);
        self.put(&spot.path, &text);
        Ok(())
    }

    fn logins(&self, variables: &Variables, ours: &[Fingerprint]) -> Result<Vec<Login>, FormatError> {
        let path = Self::place(variables);
        let text = self.read(&path);
        let login = |line: &str| {
            let mut words = line.split(' ').map(str::to_owned);
            let (name, token) = (words.next()?, AccessToken::new(words.next()?));
            let refresh_token = words.next().filter(|word| !word.is_empty()).map(RefreshToken::new);
            (!ours.contains(&token.fingerprint())).then(|| Login {
                name,
                provider: "service",
                place: path.display().to_string(),
                exposed: Vec::new(),
                grant: LoginGrant::Oauth {
                    access_token: token,
                    refresh_token,
                    client_id: None,
                    client_secret: None,
                    discovery_url: None,
                },
                url: None,
                project: None,
                variant: None,
                scheme: "Bearer".to_owned(),
                expires_at: None,
                account_name: None,
                email: None,
                subject: None,
            })
        };
        Ok(text.lines().filter_map(login).collect())
    }

    fn take(&self, variables: &Variables, login: &Login) -> Result<Taken, FormatError> {
        if let Some(error) = self.script().take.pop_front() {
            return Err(error);
        }
        let path = Self::place(variables);
        let text = self.read(&path);
        let old = line(&text, &login.name).expect("it was just found").to_owned();
        let kept: Vec<&str> = old.split(' ').take(2).collect();
        self.put(&path, &format!("{}{}\n", without(&text, &login.name), kept.join(" ")));
        let notes = vec!["the refresh token was taken out".to_owned()];
        Ok(Taken { place: login.place.clone(), undo: ApiKey::new(old), notes })
    }

    fn give_back(
        &self,
        variables: &Variables,
        taken: &Taken,
        refresh_token: Option<&RefreshToken>,
    ) -> Result<(), FormatError> {
        if let Some(error) = self.script().give_back.pop_front() {
            return Err(error);
        }
        let path = Self::place(variables);
        let words: Vec<&str> = taken.undo.expose().split(' ').collect();
        let refresh = refresh_token.map_or(words[2], RefreshToken::expose);
        let text = without(&self.read(&path), words[0]);
        self.put(&path, &format!("{text}{} {} {refresh}\n", words[0], words[1]));
        Ok(())
    }

    fn findings(&self, variables: &Variables) -> Vec<Finding> {
        let place = Self::place(variables).display().to_string();
        vec![Finding { kind: FindingKind::Plaintext, place, detail: "in clear".to_owned(), hint: None }]
    }
}

/// A vault that says what it is told.
#[derive(Default)]
pub(super) struct Vault {
    pub(super) profiles: Mutex<BTreeMap<String, Result<Export, Absent>>>,
    pub(super) current: Mutex<Option<String>>,
    pub(super) imported: Mutex<Vec<Fingerprint>>,
    pub(super) freshened: Mutex<Vec<(String, Duration)>>,
    tick: watch::Sender<u64>,
}

impl Vault {
    /// `profile` has this token from now on, for an hour.
    pub(super) fn grant(&self, profile: &str, token: &str) {
        self.grant_until(profile, token, None);
    }

    pub(super) fn grant_until(&self, profile: &str, token: &str, expires_at: Option<i64>) {
        let export = Export {
            profile: profile.to_owned(),
            url: "https://service.example".to_owned(),
            scheme: "Bearer".to_owned(),
            variant: None,
            credential: Credential::AccessToken(Arc::new(AccessToken::new(token.to_owned()))),
            expires_at,
            project: None,
            name: None,
            email: None,
            secondaries: Vec::new(),
        };
        self.be(profile, Ok(export));
    }

    pub(super) fn log_out(&self, profile: &str) {
        self.be(profile, Err(Absent::LoggedOut(profile.to_owned())));
    }

    pub(super) fn remove(&self, profile: &str) {
        self.profiles.lock().expect("no panic").remove(profile);
        self.tick.send_modify(|n| *n += 1);
    }

    pub(super) fn switch(&self, profile: &str) {
        *self.current.lock().expect("no panic") = Some(profile.to_owned());
        self.tick.send_modify(|n| *n += 1);
    }

    fn be(&self, profile: &str, state: Result<Export, Absent>) {
        self.profiles.lock().expect("no panic").insert(profile.to_owned(), state);
        self.tick.send_modify(|n| *n += 1);
    }
}

impl Profiles for Vault {
    fn about(&self, profile: Option<&str>) -> Result<About, Absent> {
        let current = self.current.lock().expect("no panic").clone();
        let name = profile.map(str::to_owned).or(current).ok_or(Absent::NoneCurrent)?;
        if !self.profiles.lock().expect("no panic").contains_key(&name) {
            return Err(Absent::NoProfile(name));
        }
        let (provider, format) = (Some("service".to_owned()), None);
        Ok(About { name, provider, format })
    }

    fn export(&self, follow: &Follow) -> Result<Export, Absent> {
        let name = match follow {
            Follow::Profile(name) => name.clone(),
            Follow::Current(provider) => {
                let current = self.current.lock().expect("no panic").clone();
                current.ok_or_else(|| Absent::NoneOfProvider(provider.clone()))?
            }
        };
        let profiles = self.profiles.lock().expect("no panic");
        profiles.get(&name).cloned().unwrap_or(Err(Absent::NoProfile(name)))
    }

    fn imported(&self, _profile: &str) -> Vec<Fingerprint> {
        self.imported.lock().expect("no panic").clone()
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.tick.subscribe()
    }

    fn freshen<'a>(&'a self, profile: &'a str, least: Duration) -> BoxFuture<'a, bool> {
        self.freshened.lock().expect("no panic").push((profile.to_owned(), least));
        async { true }.boxed()
    }
}

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
