//! The daemon about itself, and what can be asked of it as a whole: reload and shutdown.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use proto::paths::Paths;
use tokio_util::sync::CancellationToken;

use crate::api::{self, Control};
use crate::config::{Changes, Config, Level, Problems};
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
}

pub(super) struct Setup {
    pub(super) facts: Facts,
    pub(super) paths: Paths,
    pub(super) config: Config,
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
    set_level: Box<dyn Fn(Level) + Send + Sync>,
    vault: Vault,
    connections: Connections,
    shutdown: CancellationToken,
}

impl Shared {
    pub(super) fn new(setup: Setup) -> Self {
        let Setup { facts, paths, config, set_level, vault, connections } = setup;
        let config = Mutex::new(config);
        Self(Arc::new(Inner {
            facts,
            paths,
            config,
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
        }
    }

    fn keeps(&self) -> bool {
        self.0.facts.store.path().is_some()
    }

    fn reload(&self) -> BoxFuture<'_, Result<Changes, Problems>> {
        async move {
            let new = Config::load(&self.0.paths.config, |name| std::env::var_os(name))?;
            let changes = {
                let mut config = self.0.config.lock().unwrap_or_else(PoisonError::into_inner);
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
            (self.0.set_level)(new.log);
            self.0.vault.configure(new.profiles);
            Ok(changes)
        }
        .boxed()
    }

    fn shutdown(&self) {
        self.0.shutdown.cancel();
    }
}
