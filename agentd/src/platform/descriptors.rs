//! How many descriptors the process may hold, and how many of them connections may have.

use rustix::process::{Resource, Rlimit};

/// More than this is never asked for: it is far beyond [`MOST_CONNECTIONS`], and some tools loop over the whole range.
const MOST_DESCRIPTORS: u64 = 65_536;

/// What Apple's kernel accepts where the hard limit says "unlimited" (`OPEN_MAX`; `setrlimit(2)`, COMPATIBILITY).
const APPLE_MOST: u64 = 10_240;

/// Kept back for the store, the log, requests to issuers, resolvers, loopback listeners and connections on their way
/// out.
const KEPT_BACK: u64 = 256;

/// Enough for 1,500 requests in progress beside some idle connections; bounds the memory of buffers (a connection has
/// 8 to 24 KiB of them, and at most 64 KiB of request body).
const MOST_CONNECTIONS: u64 = 2_048;

/// Fewer would not carry one user's tools.
const FEWEST_CONNECTIONS: u64 = 16;

/// Raises the soft limit towards the hard one and returns what is in force.
pub fn raise_descriptor_limit() -> u64 {
    let limit = rustix::process::getrlimit(Resource::Nofile);
    let now = limit.current.unwrap_or(u64::MAX);
    let hard = limit.maximum.unwrap_or(u64::MAX);
    for wish in [hard.min(MOST_DESCRIPTORS), hard.min(APPLE_MOST)] {
        let raised = Rlimit { current: Some(wish), maximum: limit.maximum };
        if wish > now && rustix::process::setrlimit(Resource::Nofile, raised).is_ok() {
            return wish;
        }
    }
    now
}

/// How many connections are admitted when the process may hold `descriptors`.
pub fn connection_capacity(descriptors: u64) -> usize {
    let spare = descriptors.saturating_sub(KEPT_BACK).max(descriptors / 2);
    let capacity = spare.clamp(FEWEST_CONNECTIONS, MOST_CONNECTIONS);
    usize::try_from(capacity).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_soft_limit_goes_up_to_the_hard_one() {
        let hard = rustix::process::getrlimit(Resource::Nofile).maximum.unwrap_or(u64::MAX);
        let raised = raise_descriptor_limit();
        assert!(raised >= hard.min(APPLE_MOST), "{raised} of {hard}");
        assert_eq!(raise_descriptor_limit(), raised);
    }

    #[test]
    fn fifteen_hundred_requests_are_admitted_where_the_limit_allows() {
        assert_eq!(connection_capacity(u64::MAX), 2_048);
        assert!(connection_capacity(2_048) >= 1_500);
        assert_eq!(connection_capacity(1_024), 768);
        assert_eq!(connection_capacity(256), 128);
        assert_eq!(connection_capacity(0), 16);
    }
}
