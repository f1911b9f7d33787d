//! `rename`: another name for a profile. No request is made and no grant is touched.

use axum::extract::State;
use proto::problem::{Code, Problem};
use proto::profile::{RenameRequest, Renamed};

use super::Api;
use super::json::Json;
use super::problem::{Failure, Told};
use crate::store::WriteError;
use crate::vault::RenameError;

pub(super) async fn rename(
    State(api): State<Api>,
    Json(request): Json<RenameRequest>,
) -> Result<Json<Renamed>, Failure> {
    // A login that ends under either name would take the renamed profile for its own, or make the old one anew.
    for name in [&request.profile, &request.to] {
        api.logins.free(name.as_str())?;
    }
    let carried = api.clone();
    let (from, to) = (request.profile.clone(), request.to);
    let renamed = api.vault.to_the_end(async move {
        carried.links.renaming(from.as_str(), to.as_str()).await?;
        let renamed = carried.vault.rename(from.as_str(), to.as_str()).await;
        carried.links.renamed().await;
        renamed.map_err(Failure::from)
    });
    let snapshot = renamed.await.unwrap_or_else(|| Err(Failure::from(RenameError::NotSaved(WriteError::Closed))))?;
    Ok(Json(Renamed { from: request.profile, profile: api.profile(&snapshot) }))
}

impl Told for RenameError {
    fn told(self) -> Problem {
        let detail = self.to_string();
        match self {
            RenameError::OtherRules { from, to } => Problem::new(Code::InvalidRequest, detail).hint(format!(
                "write the rules of `[profile.{from}]` under `[profile.{to}]` as well, then `agentctl daemon reload`"
            )),
            RenameError::NoProfile(error) => error.told(),
            RenameError::NotSaved(error) => error.told(),
            RenameError::Taken(_) => {
                Problem::new(Code::InvalidRequest, detail).hint("choose another name, or remove that one first")
            }
        }
    }
}
