//! `remove`: forgets a profile without telling its service. Removing what is not there is no error. A client that was
//! registered for it is ended there with the last profile that has it (RFC 7592 §2.3).

use axum::extract::{Path, State};
use proto::id::ProfileName;
use proto::profile::Removed;

use super::json::Json;
use super::problem::{Failure, invalid};
use super::{Api, describe};
use crate::provider::Settings;

pub(super) async fn remove(State(api): State<Api>, Path(name): Path<String>) -> Result<Json<Removed>, Failure> {
    let profile = ProfileName::parse(&name).map_err(|error| invalid(format!("the profile name {error}")))?;
    let mut registered = None;
    let mut still_valid = match api.vault.inspect(Some(&name)) {
        Ok(snapshot) => {
            registered = snapshot.settings.clone().filter(|settings| settings.registration.is_some());
            api.vault.stays_valid(&snapshot)
        }
        Err(_) => Vec::new(),
    };
    let existed = api.vault.remove(&name).await?;
    if let Some(client) = registered.filter(|client| !api.has_client(client))
        && !api.logins.unregister(&client).await
    {
        still_valid.push(format!("the client `{}` stays registered at the service", client.client_id));
    }
    let current = api.vault.current().map(|current| describe::name(&current));
    Ok(Json(Removed { profile, existed, current, still_valid }))
}

impl Api {
    /// Whether a profile has this client.
    fn has_client(&self, client: &Settings) -> bool {
        let same = |known: &Settings| known.issuer == client.issuer && known.client_id == client.client_id;
        self.vault.list().iter().any(|snapshot| snapshot.settings.as_deref().is_some_and(same))
    }
}
