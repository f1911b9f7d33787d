//! Lease identifiers: they name grant, target and generation, so that `reject` needs no table of what was handed out.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};

use super::want::Target;
use crate::store::record::RecordId;

/// What a lease was for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lease {
    /// The grant.
    pub record: RecordId,
    /// Which access token of the grant.
    pub generation: u64,
    /// Which target; compare with [`target_hash`].
    pub target: u32,
}

/// Tells targets of one grant apart; 0 is the token as granted.
pub(super) fn target_hash(target: &Target) -> u32 {
    if target.is_main() {
        return 0;
    }
    let mut hasher = DefaultHasher::new();
    target.hash(&mut hasher);
    // Folded, and never the main target's 0.
    let folded = hasher.finish();
    ((folded ^ (folded >> 32)) & 0xffff_ffff) as u32 | 1
}

/// Writes lease identifiers, each one different.
#[derive(Debug, Default)]
pub(super) struct Numbers(AtomicU64);

impl Numbers {
    /// A new identifier for `lease`.
    pub(super) fn issue(&self, lease: &Lease) -> String {
        let number = self.0.fetch_add(1, Ordering::Relaxed);
        format!("l{:x}.{:x}.{:x}.{number:x}", lease.record.0, lease.target, lease.generation)
    }
}

impl Lease {
    /// Reads an identifier back; `None` when it was not written by [`Numbers::issue`].
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix('l')?.split('.');
        let mut hex = || u64::from_str_radix(parts.next()?, 16).ok();
        let (record, target, generation, _number) = (hex()?, hex()?, hex()?, hex()?);
        let target = u32::try_from(target).ok()?;
        parts.next().is_none().then_some(Self { record: RecordId(record), generation, target })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_read_back_and_differ() {
        let numbers = Numbers::default();
        let lease = Lease { record: RecordId(0xfeed), generation: 7, target: target_hash(&Target::default()) };
        let (one, two) = (numbers.issue(&lease), numbers.issue(&lease));
        assert_ne!(one, two);
        assert_eq!(Lease::parse(&one), Some(lease));
        for bad in ["", "l", "l1.2.3", "l1.2.3.4.5", "lx.0.0.0", "l1.fffffffff.0.0"] {
            assert_eq!(Lease::parse(bad), None, "{bad}");
        }
    }
}
