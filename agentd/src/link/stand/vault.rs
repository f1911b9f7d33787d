//! A vault that says what it is told.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::sync::watch;

use crate::link::{About, Absent, Credential, Export, Follow, Profiles};
use crate::secret::{AccessToken, Fingerprint};

/// A vault that says what it is told.
#[derive(Default)]
pub(in crate::link) struct Vault {
    pub(in crate::link) profiles: Mutex<BTreeMap<String, Result<Export, Absent>>>,
    pub(in crate::link) current: Mutex<Option<String>>,
    pub(in crate::link) imported: Mutex<Vec<Fingerprint>>,
    pub(in crate::link) freshened: Mutex<Vec<(String, Duration)>>,
    tick: watch::Sender<u64>,
}

impl Vault {
    /// `profile` has this token from now on, for an hour.
    pub(in crate::link) fn grant(&self, profile: &str, token: &str) {
        self.grant_until(profile, token, None);
    }

    pub(in crate::link) fn grant_until(&self, profile: &str, token: &str, expires_at: Option<i64>) {
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

    pub(in crate::link) fn log_out(&self, profile: &str) {
        self.be(profile, Err(Absent::LoggedOut(profile.to_owned())));
    }

    pub(in crate::link) fn remove(&self, profile: &str) {
        self.profiles.lock().expect("no panic").remove(profile);
        self.tick.send_modify(|n| *n += 1);
    }

    pub(in crate::link) fn switch(&self, profile: &str) {
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
