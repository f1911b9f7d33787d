//! How many exchanges may be under way with one issuer.
//!
//! After a night's sleep thousands of grants are due at once; an issuer answers that with 429. Lanes are per issuer, so
//! that one which hangs holds up only its own grants, and callers have lanes of their own, so that nobody waits behind
//! refreshes that nobody waits for.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Exchanges under way with one issuer at a time: so many for callers, and as many for nobody.
pub const LANES_PER_ISSUER: usize = 16;

/// On whose behalf an exchange is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum For {
    /// Somebody waits.
    Caller,
    /// The token is about to lapse.
    Nobody,
}

/// See the module's documentation.
#[derive(Debug, Default)]
pub(super) struct Lanes(Mutex<HashMap<Lane, Arc<Semaphore>>>);

/// Issuer, and on whose behalf.
type Lane = (Box<str>, For);

impl Lanes {
    /// Waits for a lane to `issuer`; it is free again when the permit is dropped.
    pub(super) async fn enter(&self, issuer: &str, behalf: For) -> Option<OwnedSemaphorePermit> {
        let lane = {
            let mut lanes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let key = (Box::from(issuer), behalf);
            if !lanes.contains_key(&key) {
                lanes.retain(|_, lane| lane.available_permits() < LANES_PER_ISSUER);
            }
            Arc::clone(lanes.entry(key).or_insert_with(|| Arc::new(Semaphore::new(LANES_PER_ISSUER))))
        };
        // A semaphore that nobody closes always gives a permit.
        lane.acquire_owned().await.ok()
    }
}
