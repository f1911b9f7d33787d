//! What a caller wants of a grant: the token as granted, or a narrower one.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// Scopes as a set: order and repetition mean nothing (RFC 6749 §3.3).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Scopes(BTreeSet<Box<str>>);

impl Scopes {
    /// Reads scopes separated by spaces.
    pub fn parse(text: &str) -> Self {
        Self(text.split(' ').filter(|s| !s.is_empty()).map(Box::from).collect())
    }

    /// Whether every scope of this set is in `other`.
    pub fn within(&self, other: &Scopes) -> bool {
        self.0.is_subset(&other.0)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The scopes separated by spaces, sorted.
    pub fn join(&self) -> String {
        self.0.iter().map(AsRef::as_ref).collect::<Vec<&str>>().join(" ")
    }
}

/// Names one access token of a grant. The default value is the token as granted.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Target {
    /// Narrower scope.
    pub scope: Option<Scopes>,
    /// Whom it is for, as the issuer names it.
    pub audience: Option<String>,
    /// RFC 8707 §2.
    pub resource: Option<String>,
}

impl Target {
    /// Whether this is the token as granted.
    pub fn is_main(&self) -> bool {
        self.scope.is_none() && self.audience.is_none() && self.resource.is_none()
    }
}

/// What must hold for a demand to be met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// At least this much life left; `None`: the default.
    Ttl(Option<Duration>),
    /// A token newer than the one of this generation.
    Newer {
        /// Generation of the token to replace.
        than: u64,
        /// A person asked: also where the agent has given up.
        forced: bool,
    },
}

/// A caller's request, with the target already checked against the grant.
#[derive(Debug, Clone)]
pub(super) struct Want {
    /// Which token.
    pub target: Arc<Target>,
    /// What must hold.
    pub need: Need,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_compare_as_sets() {
        assert_eq!(Scopes::parse("b  a b"), Scopes::parse("a b"));
        assert!(Scopes::parse("a").within(&Scopes::parse("a b")));
        assert!(!Scopes::parse("a c").within(&Scopes::parse("a b")));
        assert_eq!(Scopes::parse("b a").join(), "a b");
    }
}
