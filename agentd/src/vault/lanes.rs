//! How many exchanges may be under way with one issuer.
//!
//! After a night's sleep thousands of grants are due at once; an issuer answers that with 429. Lanes are per issuer, so
//! that one which hangs holds up only its own grants.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Exchanges under way with one issuer at a time.
pub const LANES_PER_ISSUER: usize = 16;

/// See the module's documentation.
#[derive(Debug, Default)]
pub(super) struct Lanes(Mutex<HashMap<Box<str>, Arc<Semaphore>>>);

impl Lanes {
    /// Waits for a lane to `issuer`; it is free again when the permit is dropped.
    pub(super) async fn enter(&self, issuer: &str) -> Option<OwnedSemaphorePermit> {
        let lane = {
            let mut lanes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if !lanes.contains_key(issuer) {
                lanes.retain(|_, lane| lane.available_permits() < LANES_PER_ISSUER);
                lanes.insert(issuer.into(), Arc::new(Semaphore::new(LANES_PER_ISSUER)));
            }
            Arc::clone(&lanes[issuer])
        };
        // A semaphore that nobody closes always gives a permit.
        lane.acquire_owned().await.ok()
    }
}
