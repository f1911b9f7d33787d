//! A tool that keeps lines in a file, or in a keyring, and does what its script says.

use std::collections::VecDeque;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::link::format::LoginGrant;
use crate::link::{
    Credential, Export, Finding, FindingKind, Format, FormatError, Login, Mine, Seen, Spot, Taken, To, Variables,
};
use crate::secret::{AccessToken, ApiKey, Fingerprint, RefreshToken};

/// What the tool is told to do wrong, and what it was asked.
#[derive(Default)]
pub(in crate::link) struct Script {
    /// Answers of `write` instead of writing.
    pub(in crate::link) write: VecDeque<FormatError>,
    /// Answers of `withdraw` instead of taking out.
    pub(in crate::link) withdraw: VecDeque<FormatError>,
    /// Answers of `take` instead of taking.
    pub(in crate::link) take: VecDeque<FormatError>,
    /// Answers of `give_back` instead of giving.
    pub(in crate::link) give_back: VecDeque<FormatError>,
    /// What the tool itself writes right after the next `write`.
    pub(in crate::link) overwrite: Option<String>,
    /// How often the tool's place was written, and looked at.
    pub(in crate::link) writes: usize,
    pub(in crate::link) looks: usize,
    /// Content of a keyring.
    pub(in crate::link) ring: String,
}

/// A tool whose file holds lines of a name, a credential and perhaps a refresh token. `ring` keeps them in no file.
#[derive(Clone)]
pub(in crate::link) struct Tool {
    pub(in crate::link) name: &'static str,
    pub(in crate::link) script: Arc<Mutex<Script>>,
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
pub(in crate::link) fn put(path: &Path, text: &str) {
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
        if let Some(theirs) = self.script().overwrite.take() {
            put(&spot.path, &theirs);
        }
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
            let is_ours = ours.contains(&token.fingerprint());
            let grant = LoginGrant::Oauth {
                access_token: token,
                refresh_token,
                client_id: None,
                client_secret: None,
                discovery_url: None,
            };
            (!is_ours).then(|| Login::new("service", &name, &path, grant))
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
