//! The daemon about itself, and what can be asked of it as a whole: reload and shutdown.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use proto::paths::Paths;
use tokio_util::sync::CancellationToken;

use crate::api::{self, Control};
use crate::config::{Changes, Config, Level, Problems};
use crate::platform::notify;
use crate::provider::Catalogue;
use crate::store::Store;
use crate::transport::Connections;
use crate::vault::Vault;

/// What is known once the daemon serves.
pub(super) struct Facts {
    pub(super) started_at: i64,
    pub(super) socket: PathBuf,
    pub(super) store: Store,
    pub(super) damaged: u64,
    pub(super) warnings: Vec<String>,
    pub(super) journal: bool,
}

/// What overrides the file of the configuration, by the name of the variable.
pub type Overrides = Box<dyn Fn(&str) -> Option<OsString> + Send + Sync>;

pub(super) struct Setup {
    pub(super) facts: Facts,
    pub(super) paths: Paths,
    pub(super) config: Config,
    pub(super) overrides: Overrides,
    pub(super) catalogue: Catalogue,
    pub(super) set_level: Box<dyn Fn(Level) + Send + Sync>,
    pub(super) vault: Vault,
    pub(super) connections: Connections,
}

/// Cheap to clone.
#[derive(Clone)]
pub(super) struct Shared(Arc<Inner>);

struct Inner {
    facts: Facts,
    paths: Paths,
    config: Mutex<Config>,
    overrides: Overrides,
    catalogue: Catalogue,
    set_level: Box<dyn Fn(Level) + Send + Sync>,
    vault: Vault,
    connections: Connections,
    shutdown: CancellationToken,
}

impl Shared {
    pub(super) fn new(setup: Setup) -> Self {
        let Setup { facts, paths, config, overrides, catalogue, set_level, vault, connections } = setup;
        let config = Mutex::new(config);
        Self(Arc::new(Inner {
            facts,
            paths,
            config,
            overrides,
            catalogue,
            set_level,
            vault,
            connections,
            shutdown: CancellationToken::new(),
        }))
    }

    pub(super) async fn shutdown_asked(&self) {
        self.0.shutdown.cancelled().await;
    }
}

impl Control for Shared {
    fn facts(&self) -> api::Facts {
        let facts = &self.0.facts;
        api::Facts {
            started_at: facts.started_at,
            socket: facts.socket.display().to_string(),
            store: facts.store.path().map(|path| path.display().to_string()),
            damaged: facts.damaged,
            connections: self.0.connections.open() as u64,
            warnings: facts.warnings.clone(),
            journal: facts.journal,
        }
    }

    fn keeps(&self) -> bool {
        self.0.facts.store.path().is_some()
    }

    fn reload(&self) -> BoxFuture<'_, Result<Changes, Problems>> {
        async move {
            notify::reloading();
            let changes = self.0.read_again();
            // The manager waits for this, however it went.
            notify::ready();
            changes
        }
        .boxed()
    }

    fn shutdown(&self) {
        self.0.shutdown.cancel();
    }
}

impl Inner {
    fn read_again(&self) -> Result<Changes, Problems> {
        let new = Config::load(&self.paths.config, &self.overrides)?;
        let mut changes = {
            let mut config = self.config.lock().unwrap_or_else(PoisonError::into_inner);
            let changes = config.diff(&new);
            // What needs a restart stays as it runs, so that the next reload says so again.
            *config = Config {
                proxy: config.proxy.clone(),
                store_key: config.store_key,
                log_format: config.log_format,
                ..new.clone()
            };
            changes
        };
        (self.set_level)(new.log);
        self.vault.configure(new.profiles);
        changes.applied.extend(self.catalogue.reload().into_iter().map(str::to_owned));
        changes.applied.sort();
        for (_, problems) in self.catalogue.broken() {
            let mistakes = problems.to_string().replace("\nhint: ", "; ");
            changes.warnings.extend(mistakes.lines().map(str::to_owned));
        }
        let Changes { applied, restart_needed, warnings } = &changes;
        tracing::info!(?applied, ?restart_needed, "the configuration was read again");
        for warning in warnings {
            tracing::warn!(warning, "a file cannot be used");
        }
        Ok(changes)
    }
}
