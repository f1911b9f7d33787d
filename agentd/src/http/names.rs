//! Resolves names for the connector, and refuses those that lead out of reach.
//!
//! The addresses that are judged here are the ones that are connected to: nothing is resolved a second time, so a name
//! that changes its mind in between (DNS rebinding) gains nothing. One address out of reach condemns the whole answer.

use std::net::SocketAddr;

use futures_util::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::Reach;

/// From a name to its addresses; their port is 0.
pub(super) type Lookup = fn(String) -> BoxFuture<'static, std::io::Result<Vec<SocketAddr>>>;

/// What the system says.
pub(super) fn system(name: String) -> BoxFuture<'static, std::io::Result<Vec<SocketAddr>>> {
    Box::pin(async move { Ok(tokio::net::lookup_host((name, 0)).await?.collect()) })
}

/// A name leads to an address that a request must not go to.
#[derive(Debug, thiserror::Error)]
#[error("the name leads out of reach")]
pub(super) struct OutOfReach;

/// The resolver of a client whose requests go no further than `reach`.
pub(super) struct Names {
    pub(super) lookup: Lookup,
    pub(super) reach: Reach,
}

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        let (found, reach) = ((self.lookup)(name.as_str().to_owned()), self.reach);
        Box::pin(async move {
            let found = found.await?;
            if found.iter().any(|address| !reach.permits(address.ip())) {
                return Err(OutOfReach.into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}
