//! The composition root: it alone knows every part, in which order they are built, and in which order they stop.

mod bridge;
mod control;
mod imports;
mod links;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::Request;
use http_body_util::Full;
use proto::paths::Paths;
use tokio::net::UnixListener;

pub use self::control::Overrides;
use crate::api::{Api, Door, Parts};
use crate::clock::{Clock, watch_for_jumps};
use crate::config::{Config, Level, StoreKey};
use crate::flow::Logins;
use crate::http::Http;
use crate::inquiry::Inquiries;
use crate::link::Links;
use crate::notice::{Kind, Notices};
use crate::oauth::OAuth;
use crate::platform;
use crate::provider::Catalogue;
use crate::service::Services;
use crate::store::instance::{AcquireError, Instance};
use crate::store::{Location, OpenError, PrivateError, Store};
use crate::supervise::{Panic, Tasks};
use crate::transport::{self, Connections, Limits, ListenError, Refusals, SocketFile};
use crate::vault::Vault;

/// How long the door may take to close once the daemon stops: the time it gives to requests in progress, and a little
/// for connections that linger.
pub const REQUEST_PATIENCE: Duration = Duration::from_secs(7);
/// How long logins may take to end once the daemon stops.
pub const LOGIN_PATIENCE: Duration = Duration::from_secs(2);
/// How long links may take to end once the daemon stops; those of a vault that keeps nothing are taken out in this time.
pub const LINK_PATIENCE: Duration = Duration::from_secs(3);
/// How long keepers may take to finish an exchange and store its result once the daemon stops.
pub const KEEPER_PATIENCE: Duration = Duration::from_secs(10);
/// How long the store's writer may take to end.
pub const STORE_PATIENCE: Duration = Duration::from_secs(5);

/// What the daemon is started with.
pub struct Setup {
    /// Where everything is.
    pub paths: Paths,
    /// The checked configuration.
    pub config: Config,
    /// Time.
    pub clock: Clock,
    /// Sets the level of the log, on reload.
    pub set_level: Box<dyn Fn(Level) + Send + Sync>,
    /// Sentences for `status` about what could not be done at start.
    pub warnings: Vec<String>,
    /// What overrides the file, when it is read again.
    pub overrides: Overrides,
    /// Whether the log goes to the journal.
    pub journal: bool,
}

/// Why the daemon does not run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// Another daemon serves this store: use that one.
    #[error("another agentd already serves this store")]
    Running {
        /// Its socket, as it recorded it.
        socket: Option<PathBuf>,
    },
    /// The instance lock cannot be taken.
    #[error("the instance lock cannot be taken")]
    Instance(#[source] PrivateError),
    /// The socket cannot be bound.
    #[error(transparent)]
    Listen(ListenError),
    /// The store cannot be opened.
    #[error(transparent)]
    Store(OpenError),
}

impl StartError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            StartError::Running { .. } => Some("`agentctl` finds it by itself".to_owned()),
            StartError::Instance(error) => error.hint(),
            StartError::Listen(_) => Some("set `AGENTD_SOCKET` to a path in a private directory of yours".to_owned()),
            StartError::Store(error) => error.hint(),
        }
    }
}

/// A daemon that serves.
pub struct Daemon {
    socket: PathBuf,
    groups: Groups,
    notices: Notices,
    vault: Vault,
    links: Links,
    store: Store,
    control: control::Shared,
    /// Held for its lock, and as the last thing that goes.
    instance: Instance,
    /// Removes the socket when dropped.
    file: Option<SocketFile>,
}

/// The groups of tasks, in the order in which they stop.
struct Groups {
    root: Tasks,
    door: Tasks,
    logins: Tasks,
    links: Tasks,
    keepers: Tasks,
    store: Tasks,
}

/// How a stop went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stopped {
    /// Whether every part ended within its time.
    pub orderly: bool,
    /// Whether a task that holds state panicked.
    pub failed: bool,
}

/// Builds every part and begins to serve. Needs a runtime.
///
/// # Errors
/// [`StartError`]; nothing is left behind then.
pub fn start(setup: Setup) -> Result<Daemon, StartError> {
    let Setup { paths, config, clock, set_level, mut warnings, overrides, journal } = setup;
    let instance = Instance::acquire(&paths.lock(), &paths.socket).map_err(|error| match error {
        AcquireError::Busy { socket, .. } => StartError::Running { socket },
        AcquireError::Path(error) => StartError::Instance(error),
    })?;
    let root = Tasks::root();
    let groups = Groups {
        door: root.group(),
        logins: root.group(),
        links: root.group(),
        keepers: root.group(),
        store: root.group(),
        root,
    };

    let location = match config.store_key {
        StoreKey::File => Location::File { database: paths.store(), key: paths.key() },
        StoreKey::Auto | StoreKey::Memory => Location::Memory,
    };
    let (store, loaded) = Store::open(location, &groups.store).map_err(StartError::Store)?;
    let damaged = loaded.damaged;
    let listening = transport::listen(&paths.socket).map_err(StartError::Listen)?;
    let socket = listening.path;
    instance.record_socket(&socket).map_err(StartError::Instance)?;

    let notices = Notices::new(clock.clone());
    let http = Http::new(config.proxy.clone()).telling(notices.traffic().clone());
    let oauth = OAuth::new(http.clone(), clock.clone());
    let services = Services::new(http, oauth.clone(), clock.clone());
    let catalogue = Catalogue::open(paths.providers(), paths.environments());
    let vault = Vault::open(
        loaded,
        store.clone(),
        Box::new(bridge::Renewer {
            oauth: oauth.clone(),
            services: services.clone(),
            catalogue: catalogue.clone(),
            clock: clock.clone(),
        }),
        clock.clone(),
        notices.clone(),
        groups.keepers.clone(),
        config.profiles.clone(),
    );
    let sink = Arc::new(bridge::Adopter {
        vault: vault.clone(),
        notices: notices.clone(),
        naming: tokio::sync::Mutex::default(),
    });
    let logins = Logins::new(oauth, services.clone(), clock.clone(), groups.logins.clone(), sink);
    let inquiries = Inquiries::new(vault.clone(), services, catalogue.clone());

    let parts = links::build(&links::Ground {
        paths: &paths,
        vault: &vault,
        store: &store,
        catalogue: &catalogue,
        logins: &logins,
        tasks: &groups.links,
    });
    warnings.extend(parts.warning);

    let limits = Limits::new(platform::descriptors::connection_capacity(platform::raise_descriptor_limit()));
    let connections = Connections::new(limits.connections);
    let facts = control::Facts {
        started_at: clock.wall(),
        socket: socket.clone(),
        store: store.clone(),
        damaged,
        warnings,
        journal,
    };
    let control = control::Shared::new(control::Setup {
        facts,
        paths,
        config,
        overrides,
        catalogue: catalogue.clone(),
        set_level,
        vault: vault.clone(),
        connections: connections.clone(),
    });
    let api = Api::new(Parts {
        vault: vault.clone(),
        logins,
        links: parts.links.clone(),
        imports: parts.imports,
        doctor: parts.doctor,
        notices: notices.clone(),
        catalogue,
        inquiries,
        control: Box::new(control.clone()),
    });
    open_door(api, listening.listener, limits, connections, &groups.door);
    groups.root.spawn("clock", Panic::Logged, cancellable(groups.root.clone(), watch_for_jumps(clock)));
    platform::notify::ready();
    tracing::info!(socket = %socket.display(), profiles = vault.len(), "serving");
    let links = parts.links;
    Ok(Daemon { socket, groups, notices, vault, links, store, control, instance, file: listening.file })
}

/// Serves everybody who connects.
fn open_door(api: Api, listener: UnixListener, limits: Limits, connections: Connections, tasks: &Tasks) {
    let door = Door::new(api.router(), env!("CARGO_PKG_VERSION"));
    let mut introduction = axum::http::HeaderMap::new();
    door.introduce(&mut introduction);
    let service =
        tower::ServiceBuilder::new().map_request(|request: Request<Full<Bytes>>| request.map(Body::new)).service(door);
    let refusals = Refusals::new(introduction);
    let serving = transport::serve(listener, limits, refusals, tasks.clone(), connections, service);
    tasks.spawn("door", Panic::Stops, async move {
        serving.await;
    });
}

async fn cancellable(tasks: Tasks, work: impl Future<Output = ()>) {
    tokio::select! {
        () = work => {}
        () = tasks.cancelled() => {}
    }
}

impl Daemon {
    /// The socket that is served.
    pub fn socket(&self) -> &std::path::Path {
        &self.socket
    }

    /// The grants.
    pub fn vault(&self) -> &Vault {
        &self.vault
    }

    /// Reads the configuration again, as `agentctl daemon reload` does.
    pub async fn reload(&self) {
        use crate::api::Control as _;
        match self.control.reload().await {
            Ok(_) => self.notices.post(Kind::Reloaded, None, None),
            Err(problems) => tracing::error!(%problems, "the configuration is not changed"),
        }
    }

    /// Resolves when the daemon is to stop: on `shutdown`, or when a task that holds state has panicked.
    pub async fn ended(&self) -> Ended {
        tokio::select! {
            () = self.control.shutdown_asked() => Ended::Asked,
            task = self.groups.root.fatal() => Ended::Failed(task),
        }
    }

    /// Stops every part in order: the door first, so that nothing new comes in; then requests in progress; logins;
    /// keepers, which finish and store what is under way; the store; at last socket and lock.
    pub async fn stop(self, why: Ended) -> Stopped {
        platform::notify::stopping();
        // Whoever listens to events or follows a login is told now, since the door waits for them to go.
        self.notices.post(Kind::Stopping, None, None);
        self.groups.logins.cancel();
        let mut orderly = true;
        if self.store.path().is_none() {
            // Nobody could take these out later: the profiles they are of end with this process.
            orderly &= tokio::time::timeout(LINK_PATIENCE, self.links.withdraw_all()).await.unwrap_or(false);
        }
        let order = [
            ("requests", &self.groups.door, REQUEST_PATIENCE),
            ("logins", &self.groups.logins, LOGIN_PATIENCE),
            ("links", &self.groups.links, LINK_PATIENCE),
            ("keepers", &self.groups.keepers, KEEPER_PATIENCE),
        ];
        for (part, tasks, patience) in order {
            let in_time = tasks.stop(patience).await;
            tracing::debug!(part, in_time, "stopped");
            if !in_time {
                tracing::warn!(part, left = tasks.running(), "did not end in time");
            }
            orderly &= in_time;
        }
        self.store.close();
        orderly &= self.groups.store.stop(STORE_PATIENCE).await;
        orderly &= self.groups.root.stop(STORE_PATIENCE).await;
        drop(self.file);
        drop(self.instance);
        let failed = matches!(why, Ended::Failed(_));
        tracing::info!(orderly, failed, "stopped");
        Stopped { orderly, failed }
    }
}

/// Why the daemon stops.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// Somebody asked.
    Asked,
    /// The named task panicked.
    Failed(String),
}
