//! `status`: the daemon about itself.

use axum::extract::State;
use proto::hello::Hello;
use proto::status::{Status, Store};
use proto::timestamp::Timestamp;

use super::json::Json;
use super::{Api, describe};

pub(super) async fn status(State(api): State<Api>) -> Json<Status> {
    let facts = api.control.facts();
    let unsaved = api.vault.list().iter().filter(|profile| profile.unsaved).count();
    Json(Status {
        agent: Hello::new(env!("CARGO_PKG_VERSION")),
        pid: std::process::id(),
        started_at: Timestamp::from_unix(facts.started_at),
        socket: facts.socket,
        store: Store { source: api.source(), path: facts.store, unsaved: unsaved as u64, damaged: facts.damaged },
        current: api.vault.current().map(|current| describe::name(&current)),
        profiles: api.vault.len() as u64,
        logins: api.logins.in_flight() as u64,
        connections: facts.connections,
        warnings: facts.warnings,
        journal: facts.journal,
    })
}
