//! Where links and imports meet the vault.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use proto::paths::Paths;
use tokio::sync::{broadcast, watch};

use crate::clock::Clock;
use crate::link::{
    self, About, Absent, Adopted, Credential, Doctor, Export, Follow, Formats, Imports, Intake, IntakeError, Kept,
    Known, Links, Login, LoginGrant, Origin, Profiles,
};
use crate::notice::Notices;
use crate::platform;
use crate::secret::{Fingerprint, RefreshToken};
use crate::store::Store;
use crate::supervise::{Panic, Tasks};
use crate::vault::{self, NewKey, SelectError, Snapshot, Target, Vault};

/// Everything about the files of other tools.
pub(super) struct Parts {
    pub(super) links: Links,
    pub(super) imports: Imports,
    pub(super) doctor: Doctor,
    /// For `status`.
    pub(super) warning: Option<String>,
}

/// Builds them, and begins to tend the links.
pub(super) fn build(paths: &Paths, vault: &Vault, store: &Store, notices: &Notices, tasks: &Tasks) -> Parts {
    let clock = vault.clock().clone();
    let formats = Formats::new(link::built_in(), tasks.clone(), clock.clone());
    let origins = Origins::default();
    let profiles = Arc::new(Exporter::new(vault.clone(), origins.clone(), notices, tasks));
    let (links, warning) = Links::open(link::Setup {
        formats: formats.clone(),
        profiles,
        clock,
        tasks: tasks.clone(),
        file: paths.data.join("links.json"),
        runtime: in_memory(paths),
    });
    let intake = Arc::new(Importer { vault: vault.clone(), store: store.clone(), origins });
    let imports = Imports::new(formats.clone(), links.clone(), intake, tasks.clone());
    let doctor = Doctor::new(formats, vec![paths.store(), paths.key()]);
    Parts { links, imports, doctor, warning }
}

/// A directory in memory: that of the socket, of the session, or of this user where any program may have one.
fn in_memory(paths: &Paths) -> Option<PathBuf> {
    let session = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|path| path.is_absolute());
    let socket = paths.socket_directory().to_owned();
    let shared = PathBuf::from("/dev/shm");
    let own = format!("agentd-{}", platform::process_uid());
    let candidates = [
        Some((socket.clone(), socket)),
        session.map(|session| (session.clone(), session.join("agentd"))),
        Some((shared.clone(), shared.join(own))),
    ];
    let memory = candidates.into_iter().flatten().find(|(above, _)| platform::is_memory(above));
    memory.map(|(_, directory)| directory)
}

/// Profiles, as links see them.
struct Exporter {
    vault: Vault,
    origins: Origins,
    changes: watch::Receiver<u64>,
}

/// The vault, as imports see it.
struct Importer {
    vault: Vault,
    store: Store,
    origins: Origins,
}

/// What is known of imported profiles. Cheap to clone.
#[derive(Clone, Default)]
struct Origins(Arc<Mutex<BTreeMap<String, Imported>>>);

struct Imported {
    origin: Origin,
    kept: Option<Kept>,
}

impl Origins {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Imported>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Exporter {
    /// Ticks with every notice, which is whenever a credential or the selection has changed.
    fn new(vault: Vault, origins: Origins, notices: &Notices, tasks: &Tasks) -> Self {
        let (tick, changes) = watch::channel(0);
        let (mut heard, stopping) = (notices.listen(), tasks.clone());
        tasks.spawn("links:changes", Panic::Logged, async move {
            loop {
                let notice = tokio::select! {
                    notice = heard.recv() => notice,
                    () = stopping.cancelled() => return,
                };
                if matches!(notice, Err(broadcast::error::RecvError::Closed)) {
                    return;
                }
                tick.send_modify(|n: &mut u64| *n = n.wrapping_add(1));
            }
        });
        Self { vault, origins, changes }
    }
}

impl Profiles for Exporter {
    fn about(&self, profile: Option<&str>) -> Result<About, Absent> {
        let snapshot = self.vault.inspect(profile).map_err(absent)?;
        let (provider, format) = provider_of(&snapshot);
        Ok(About { name: snapshot.name.to_string(), provider, format })
    }

    fn export(&self, follow: &Follow) -> Result<Export, Absent> {
        let snapshot = match follow {
            Follow::Profile(name) => self.vault.inspect(Some(name)).map_err(absent)?,
            Follow::Current(provider) => {
                let none = || Absent::NoneOfProvider(provider.clone());
                let current = self.vault.current().ok_or_else(none)?;
                let snapshot = self.vault.inspect(Some(&current)).map_err(absent)?;
                if provider_of(&snapshot).0.as_ref() != Some(provider) {
                    return Err(none());
                }
                snapshot
            }
        };
        export(&snapshot, self.vault.clock())
    }

    fn imported(&self, profile: &str) -> Vec<Fingerprint> {
        self.origins.lock().get(profile).map(|imported| imported.origin.fingerprint).into_iter().collect()
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.changes.clone()
    }

    fn freshen<'a>(&'a self, profile: &'a str, least: Duration) -> BoxFuture<'a, bool> {
        let refreshed = async move { self.vault.token(Some(profile), Target::default(), Some(least)).await };
        refreshed.map(|handed| handed.is_ok_and(|handed| handed.min_ttl_met)).boxed()
    }
}

fn export(snapshot: &Snapshot, clock: &Clock) -> Result<Export, Absent> {
    let logged_out = || Absent::LoggedOut(snapshot.name.to_string());
    let main = snapshot.main.as_ref().ok_or_else(logged_out)?;
    let credential = match &main.credential {
        vault::Credential::AccessToken(token) => Credential::AccessToken(Arc::clone(token)),
        vault::Credential::ApiKey(key) => Credential::ApiKey(Arc::clone(key)),
    };
    let account = snapshot.account.as_deref();
    Ok(Export {
        profile: snapshot.name.to_string(),
        url: snapshot
            .settings
            .as_ref()
            .map(|settings| settings.issuer.trim_end_matches('/').to_owned())
            .unwrap_or_default(),
        scheme: main.token_type.to_string(),
        variant: None,
        credential,
        expires_at: main.expires_at.map(|at| clock.wall_at(at)),
        project: None,
        name: account.and_then(|account| account.name.clone()),
        email: account.and_then(|account| account.email.clone()),
        secondaries: Vec::new(),
    })
}

/// The provider of a profile, and the format of that provider's own tool.
fn provider_of(_snapshot: &Snapshot) -> (Option<String>, Option<String>) {
    (None, None)
}

fn absent(error: SelectError) -> Absent {
    match error {
        SelectError::NotFound(name) => Absent::NoProfile(name),
        SelectError::NoProfiles | SelectError::NoneCurrent => Absent::NoneCurrent,
    }
}

impl Intake for Importer {
    fn known(&self, credential: Fingerprint) -> Option<Known> {
        let durable = self.store.path().is_some();
        let origins = self.origins.lock();
        let imported = origins.iter().find(|(_, imported)| imported.origin.fingerprint == credential);
        let holds = |snapshot: &Arc<Snapshot>| {
            snapshot.main.as_ref().is_some_and(|main| match &main.credential {
                vault::Credential::AccessToken(token) => token.fingerprint() == credential,
                vault::Credential::ApiKey(key) => key.fingerprint() == credential,
            })
        };
        let profile = match imported {
            Some((name, _)) => name.clone(),
            None => self.vault.list().iter().find(|snapshot| holds(snapshot))?.name.to_string(),
        };
        Some(Known { profile, durable })
    }

    fn exists(&self, profile: &str) -> bool {
        self.vault.inspect(Some(profile)).is_ok()
    }

    fn adopt<'a>(
        &'a self,
        profile: &'a str,
        login: Login,
        origin: Origin,
    ) -> BoxFuture<'a, Result<Adopted, IntakeError>> {
        async move {
            let snapshot = match login.grant {
                LoginGrant::ApiKey(key) => {
                    self.vault.adopt_key(profile, NewKey { key, expires_at: login.expires_at }).await
                }
                LoginGrant::Oauth { .. } => {
                    return Err(IntakeError("logins with tokens cannot be taken over yet".to_owned()));
                }
            };
            self.origins.lock().insert(profile.to_owned(), Imported { origin, kept: None });
            Ok(Adopted { durable: self.store.path().is_some() && !snapshot.unsaved, notes: Vec::new() })
        }
        .boxed()
    }

    fn keep<'a>(&'a self, profile: &'a str, kept: Kept) -> BoxFuture<'a, Result<(), IntakeError>> {
        let origin = kept.origin.clone();
        self.origins.lock().insert(profile.to_owned(), Imported { origin, kept: Some(kept) });
        async { Ok(()) }.boxed()
    }

    fn kept(&self) -> Vec<(String, Origin)> {
        let origins = self.origins.lock();
        let kept = origins.iter().filter(|(_, imported)| imported.kept.is_some());
        kept.map(|(name, imported)| (name.clone(), imported.origin.clone())).collect()
    }

    fn surrender<'a>(&'a self, profile: &'a str) -> BoxFuture<'a, Result<(Kept, Option<RefreshToken>), IntakeError>> {
        let kept = self.origins.lock().get_mut(profile).and_then(|imported| imported.kept.take());
        async move {
            let kept = kept.ok_or_else(|| IntakeError(format!("nothing is kept of `{profile}`")))?;
            Ok((kept, None))
        }
        .boxed()
    }

    fn reclaim<'a>(
        &'a self,
        profile: &'a str,
        kept: Kept,
        _refresh_token: Option<RefreshToken>,
    ) -> BoxFuture<'a, Result<(), IntakeError>> {
        self.keep(profile, kept)
    }

    fn forget<'a>(&'a self, profile: &'a str) -> BoxFuture<'a, Result<(), IntakeError>> {
        async move {
            self.vault.remove(profile).await.map_err(|error| IntakeError(error.to_string()))?;
            self.origins.lock().remove(profile);
            Ok(())
        }
        .boxed()
    }
}
