//! Where links meet the vault.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use proto::paths::Paths;
use tokio::sync::watch;

use super::imports::Importer;
use crate::flow::Logins;
use crate::link::{self, About, Absent, Credential, Doctor, Export, Follow, Formats, Imports, Links, Profiles};
use crate::platform;
use crate::provider::Catalogue;
use crate::secret::Fingerprint;
use crate::store::Store;
use crate::supervise::Tasks;
use crate::vault::{self, SelectError, Snapshot, Target, Vault};

/// What links and imports are built over.
pub(super) struct Ground<'a> {
    pub(super) paths: &'a Paths,
    pub(super) vault: &'a Vault,
    pub(super) store: &'a Store,
    pub(super) catalogue: &'a Catalogue,
    pub(super) logins: &'a Logins,
    pub(super) tasks: &'a Tasks,
}

/// Everything about the files of other tools.
pub(super) struct Parts {
    pub(super) links: Links,
    pub(super) imports: Imports,
    pub(super) doctor: Doctor,
    /// For `status`.
    pub(super) warning: Option<String>,
}

/// Builds them, and begins to tend the links.
pub(super) fn build(ground: &Ground<'_>) -> Parts {
    let Ground { paths, vault, store, catalogue, logins, tasks } = *ground;
    let clock = vault.clock().clone();
    let formats = Formats::new(link::built_in(), tasks.clone(), clock.clone());
    let profiles = Arc::new(Exporter { vault: vault.clone(), catalogue: catalogue.clone() });
    let (links, warning) = Links::open(link::Setup {
        formats: formats.clone(),
        profiles,
        clock,
        tasks: tasks.clone(),
        file: paths.data.join("links.json"),
        runtime: in_memory(paths),
    });
    let intake = Arc::new(Importer {
        vault: vault.clone(),
        durable: store.path().is_some(),
        catalogue: catalogue.clone(),
        logins: logins.clone(),
    });
    let imports = Imports::new(formats.clone(), links.clone(), intake, tasks.clone());
    let doctor = Doctor::new(formats, vec![paths.store(), paths.key()]);
    Parts { links, imports, doctor, warning }
}

/// A directory in memory: that of the socket, else one of this agent's own in that of the session, or where any program
/// may have one. A user may run several agents, and their links have the same names.
fn in_memory(paths: &Paths) -> Option<PathBuf> {
    let session = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|path| path.is_absolute());
    let socket = paths.socket_directory().to_owned();
    let shared = PathBuf::from("/dev/shm");
    let data = Fingerprint::of(paths.data.as_os_str().as_encoded_bytes());
    let agent = crate::link::hex(&data.0[..8]);
    let own = format!("agentd-{}-{agent}", platform::process_uid());
    let candidates = [
        Some((socket.clone(), socket)),
        session.map(|session| (session.clone(), session.join(format!("agentd-{agent}")))),
        Some((shared.clone(), shared.join(own))),
    ];
    let memory = candidates.into_iter().flatten().find(|(above, _)| platform::is_memory(above));
    memory.map(|(_, directory)| directory)
}

/// Profiles, as links see them.
struct Exporter {
    vault: Vault,
    catalogue: Catalogue,
}

impl Profiles for Exporter {
    fn about(&self, profile: Option<&str>) -> Result<About, Absent> {
        let snapshot = self.vault.inspect(profile).map_err(absent)?;
        let provider = snapshot.place.as_deref().map(|place| place.provider.clone());
        let format = provider.as_deref().and_then(|name| self.catalogue.find(name)?.format.clone());
        Ok(About { name: snapshot.name.to_string(), provider, format })
    }

    fn export(&self, follow: &Follow) -> Result<Export, Absent> {
        let snapshot = match follow {
            Follow::Profile(name) => self.vault.inspect(Some(name)).map_err(absent)?,
            Follow::Current(provider) => {
                self.vault.current_of(provider).ok_or_else(|| Absent::NoneOfProvider(provider.clone()))?
            }
        };
        self.exported(&snapshot)
    }

    fn imported(&self, profile: &str) -> Vec<Fingerprint> {
        let snapshot = self.vault.inspect(Some(profile)).ok();
        snapshot.and_then(|snapshot| snapshot.undo.as_deref().map(|undo| undo.fingerprint)).into_iter().collect()
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.vault.changes()
    }

    fn freshen<'a>(&'a self, profile: &'a str, least: Duration) -> BoxFuture<'a, bool> {
        let refreshed = async move { self.vault.token(Some(profile), Target::default(), Some(least)).await };
        refreshed.map(|handed| handed.is_ok_and(|handed| handed.min_ttl_met)).boxed()
    }
}

impl Exporter {
    fn exported(&self, snapshot: &Snapshot) -> Result<Export, Absent> {
        let logged_out = || Absent::LoggedOut(snapshot.name.to_string());
        let main = snapshot.main.as_ref().ok_or_else(logged_out)?;
        let credential = match &main.credential {
            vault::Credential::AccessToken(token) => Credential::AccessToken(Arc::clone(token)),
            vault::Credential::ApiKey(key) => Credential::ApiKey(Arc::clone(key)),
        };
        let (account, place) = (snapshot.account.as_deref(), snapshot.place.as_deref());
        let issuer = || snapshot.settings.as_deref().map(|settings| settings.issuer.trim_end_matches('/').to_owned());
        let secondaries = snapshot.secondaries.iter().filter_map(|held| {
            held.secret.as_ref().map(|secret| (held.name.clone(), Arc::clone(secret), held.values.clone()))
        });
        Ok(Export {
            profile: snapshot.name.to_string(),
            url: place.map(|place| place.base.clone()).or_else(issuer).unwrap_or_default(),
            scheme: main.token_type.to_string(),
            variant: place.and_then(|place| place.variant.clone()),
            credential,
            expires_at: main.expires_at.map(|at| self.vault.clock().wall_at(at)),
            project: place.and_then(|place| place.project.clone()),
            name: account.and_then(|account| account.name.clone()),
            email: account.and_then(|account| account.email.clone()),
            secondaries: secondaries.collect(),
        })
    }
}

fn absent(error: SelectError) -> Absent {
    match error {
        SelectError::NotFound { name, .. } => Absent::NoProfile(name),
        SelectError::NobodyLoggedIn | SelectError::NoProfiles | SelectError::NoneCurrent => Absent::NoneCurrent,
    }
}
