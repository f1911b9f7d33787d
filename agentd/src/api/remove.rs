//! `remove`: forgets a profile without telling its service. Removing what is not there is no error.

use axum::extract::{Path, State};
use proto::id::ProfileName;
use proto::profile::Removed;

use super::json::Json;
use super::problem::{Failure, invalid};
use super::{Api, describe};

pub(super) async fn remove(State(api): State<Api>, Path(name): Path<String>) -> Result<Json<Removed>, Failure> {
    let profile = ProfileName::parse(&name).map_err(|error| invalid(format!("the profile name {error}")))?;
    let still_valid = match api.vault.inspect(Some(&name)) {
        Ok(snapshot) => api.vault.stays_valid(&snapshot),
        Err(_) => Vec::new(),
    };
    let existed = api.vault.remove(&name).await?;
    let current = api.vault.current().map(|current| describe::name(&current));
    Ok(Json(Removed { profile, existed, current, still_valid }))
}
