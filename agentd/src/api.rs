//! The door: HTTP on the local socket, translated into calls of the parts below and back.
//!
//! The only module that imports `proto`. One file per operation, under the operation's name in `proto::route`. Who may
//! come in at all is decided in `door`; how errors look is decided in `problem`; what a profile looks like to others
//! is decided in `describe`.

mod answer;
mod cancel;
mod describe;
mod doctor;
mod door;
mod env;
mod events;
mod exec;
mod follow;
mod import;
mod inspect;
mod json;
mod link;
mod links;
mod list;
mod login;
mod logins;
mod logout;
mod metrics;
mod probe;
mod problem;
mod project;
mod projects;
mod provider;
mod provider_add;
mod provider_check;
mod provider_remove;
mod providers;
mod refresh;
mod reject;
mod reload;
mod remove;
mod rename;
mod shutdown;
mod status;
mod switch;
mod sync;
mod token;
mod trace;
mod unlink;
mod whoami;
mod why;

use std::fmt;
use std::sync::Arc;

use axum::Router;
use axum::routing::{MethodFilter, MethodRouter, on};
use futures_util::future::BoxFuture;
use proto::route::{self, Method, Route};

use crate::config::{Changes, Problems};
use crate::flow::Logins;
use crate::inquiry::Inquiries;
use crate::link::{Doctor, Imports, Links};
use crate::notice::Notices;
use crate::provider::Catalogue;
use crate::vault::Vault;

pub use door::Door;
pub use token::REQUEST_TIMEOUT;

/// What the operations work with.
#[derive(Clone)]
pub struct Api(Arc<Parts>);

/// The parts of the daemon behind the door.
pub struct Parts {
    /// Grants in memory.
    pub vault: Vault,
    /// Logins in progress.
    pub logins: Logins,
    /// Credentials in the files of other tools.
    pub links: Links,
    /// Logins of other tools.
    pub imports: Imports,
    /// Credentials that lie badly.
    pub doctor: Doctor,
    /// What happens.
    pub notices: Notices,
    /// Services.
    pub catalogue: Catalogue,
    /// Questions to them.
    pub inquiries: Inquiries,
    /// The daemon about itself.
    pub control: Box<dyn Control>,
}

/// What only the composition root can tell or do.
pub trait Control: Send + Sync + 'static {
    /// Facts for `status`.
    fn facts(&self) -> Facts;
    /// Whether grants outlive the daemon.
    fn keeps(&self) -> bool;
    /// Reads the configuration again and applies what can be applied.
    fn reload(&self) -> BoxFuture<'_, Result<Changes, Problems>>;
    /// Begins an ordered stop.
    fn shutdown(&self);
}

/// The daemon about itself, as far as the vault does not know it.
#[derive(Debug, Clone)]
pub struct Facts {
    /// Seconds since 1970.
    pub started_at: i64,
    /// Path of the socket.
    pub socket: String,
    /// Path of the store; `None` for a memory-only vault.
    pub store: Option<String>,
    /// Records that cannot be opened.
    pub damaged: u64,
    /// Open connections.
    pub connections: u64,
    /// Whether the log goes to the journal.
    pub journal: bool,
    /// Things the person should know.
    pub warnings: Vec<String>,
}

impl Api {
    /// An API over `parts`.
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// The operations by path.
    pub fn router(self) -> Router {
        let routes = [
            (route::ANSWER, to(&route::ANSWER, answer::answer)),
            (route::CANCEL, to(&route::CANCEL, cancel::cancel)),
            (route::ENV_ADD, to(&route::ENV_ADD, env::env_add)),
            (route::ENV_REMOVE, to(&route::ENV_REMOVE, env::env_remove)),
            (route::ENV_SWITCH, to(&route::ENV_SWITCH, env::env_switch)),
            (route::DOCTOR, to(&route::DOCTOR, doctor::doctor)),
            (route::EVENTS, to(&route::EVENTS, events::events)),
            (route::EXEC, to(&route::EXEC, exec::exec)),
            (route::FOLLOW, to(&route::FOLLOW, follow::follow)),
            (route::IMPORT, to(&route::IMPORT, import::import)),
            (route::INSPECT, to(&route::INSPECT, inspect::inspect)),
            (route::LINK, to(&route::LINK, link::link)),
            (route::LINKS, to(&route::LINKS, links::links)),
            (route::LIST, to(&route::LIST, list::list)),
            (route::LOGIN, to(&route::LOGIN, login::login)),
            (route::LOGINS, to(&route::LOGINS, logins::logins)),
            (route::LOGOUT, to(&route::LOGOUT, logout::logout)),
            (route::METRICS, to(&route::METRICS, metrics::metrics)),
            (route::TRACE, to(&route::TRACE, trace::trace)),
            (route::PROBE, to(&route::PROBE, probe::probe)),
            (route::PROJECT, to(&route::PROJECT, project::project)),
            (route::PROJECTS, to(&route::PROJECTS, projects::projects)),
            (route::PROVIDER, to(&route::PROVIDER, provider::provider)),
            (route::PROVIDER_ADD, to(&route::PROVIDER_ADD, provider_add::provider_add)),
            (route::PROVIDER_CHECK, to(&route::PROVIDER_CHECK, provider_check::provider_check)),
            (route::PROVIDER_REMOVE, to(&route::PROVIDER_REMOVE, provider_remove::provider_remove)),
            (route::PROVIDERS, to(&route::PROVIDERS, providers::providers)),
            (route::REFRESH, to(&route::REFRESH, refresh::refresh)),
            (route::REJECT, to(&route::REJECT, reject::reject)),
            (route::RELOAD, to(&route::RELOAD, reload::reload)),
            (route::REMOVE, to(&route::REMOVE, remove::remove)),
            (route::RENAME, to(&route::RENAME, rename::rename)),
            (route::SHUTDOWN, to(&route::SHUTDOWN, shutdown::shutdown)),
            (route::STATUS, to(&route::STATUS, status::status)),
            (route::SWITCH, to(&route::SWITCH, switch::switch)),
            (route::SYNC, to(&route::SYNC, sync::sync)),
            (route::TOKEN, to(&route::TOKEN, token::token)),
            (route::WHOAMI, to(&route::WHOAMI, whoami::whoami)),
            (route::WHY, to(&route::WHY, why::why)),
            (route::UNLINK, to(&route::UNLINK, unlink::unlink)),
        ];
        let operations = routes.into_iter().fold(Router::new(), |all, (route, handler)| all.route(route.path, handler));
        operations
            .fallback(door::no_such_operation)
            .method_not_allowed_fallback(door::no_such_operation)
            .with_state(self)
    }
}

fn to<H, T>(route: &Route, handler: H) -> MethodRouter<Api>
where
    H: axum::handler::Handler<T, Api>,
    T: 'static,
{
    let method = match route.method {
        Method::Delete => MethodFilter::DELETE,
        Method::Get => MethodFilter::GET,
        Method::Post => MethodFilter::POST,
    };
    on(method, handler)
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Api")
    }
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Parts")
    }
}

impl std::ops::Deref for Api {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}
