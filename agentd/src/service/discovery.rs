//! What a deployment says of itself: whether it needs a login, and where its authorization server is.

use super::{CallError, Services, Site};
use crate::http::Reach;
use crate::provider::template::Values;
use crate::provider::{Discovery, Probe};

/// Where the authorization server of a deployment describes itself, and as whom we are known to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discovered {
    /// URL of its metadata document.
    pub document: String,
    /// The client id.
    pub client_id: Option<String>,
    /// How far the document may be from the service.
    pub reach: Reach,
}

impl Services {
    /// Reads the service's own document. `None`: this deployment offers no such login.
    pub async fn discover(&self, site: &Site, discovery: &Discovery) -> Result<Option<Discovered>, CallError> {
        let answer = self.send(site, &discovery.request, Values::new(), None).await?;
        if discovery.absent.contains(&answer.status) {
            return Ok(None);
        }
        let document = answer.document()?;
        let url = document.text(&discovery.document).ok_or(CallError::Unreadable { why: "no issuer in it" })?;
        let client_id = discovery.client_id.as_ref().and_then(|pointer| document.shown(pointer));
        let reach = answer.reach.towards(&url, &site.place.base);
        Ok(Some(Discovered { document: url.to_string(), client_id, reach }))
    }

    /// Asks a deployment whether it needs a login.
    pub async fn needs_login(&self, site: &Site, probe: &Probe) -> Result<bool, CallError> {
        let document = self.send(site, &probe.request, Values::new(), None).await?.document()?;
        document
            .truth(&probe.needs_login)
            .ok_or(CallError::Unreadable { why: "it does not say whether a login is needed" })
    }
}
