//! Which profiles serve a host: whose credential may be sent there.

use std::sync::Arc;

use super::Inquiries;
use crate::vault::Snapshot;

impl Inquiries {
    /// The profiles whose credential is good for `host` (`HOST`, or `HOST:PORT`; 443 where there is none), sorted by name.
    /// Those of another environment of the same service are not among them, nor are logins that no provider describes:
    /// nobody says where those belong.
    pub fn serving(&self, host: &str) -> Vec<Arc<Snapshot>> {
        let serves = |snapshot: &Arc<Snapshot>| {
            let place = snapshot.place.as_deref()?;
            self.catalogue.find(&place.provider).map(|provider| provider.serves(place, host))
        };
        self.vault.list().into_iter().filter(|snapshot| serves(snapshot) == Some(true)).collect()
    }
}
