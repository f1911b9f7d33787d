//! Warnings before a grant lapses that nobody can refresh: a key or token with an end, and only a person can replace it.
//! Each is told once; one that fell due while the daemon did not run is told at its start.

use std::sync::Arc;
use std::time::Duration;

use super::Keeper;
use crate::clock::Moment;
use crate::notice::Kind;
use crate::vault::view::Standing;
use crate::vault::{Why, freshness};

/// How far the warnings of one credential have come.
#[derive(Debug, Default)]
pub(super) struct Lapse {
    /// The end that they are about.
    of: Option<Moment>,
    told: usize,
}

impl Keeper {
    /// Beginning and end of the credential, if nothing but a login can follow it.
    fn lapsing(&self) -> Option<(Moment, Moment)> {
        let held = self.grant.standing == Standing::Held && !self.grant.surrendered;
        let main = self.grant.main.as_ref().filter(|_| held && self.grant.refresh_token().is_none())?;
        // A key that was read from the store counts as issued then; its login is older.
        let clock = &self.parts.clock;
        let age = self.grant.logged_in_at.map_or(0, |at| clock.wall().saturating_sub(at));
        let logged_in = clock.now() - Duration::from_secs(u64::try_from(age).unwrap_or(0));
        Some((main.issued_at.min(logged_in), main.expires_at?))
    }

    /// When the next warning is due, or the end itself.
    pub(super) fn lapse_due(&self) -> Option<Moment> {
        let (issued_at, expires_at) = self.lapsing()?;
        let told = if self.lapse.of == Some(expires_at) { self.lapse.told } else { 0 };
        freshness::marks(issued_at, expires_at).nth(told)
    }

    /// Tells what is due.
    pub(super) fn warn_of_lapse(&mut self) {
        let Some((issued_at, expires_at)) = self.lapsing() else { return };
        let now = self.parts.clock.now();
        let passed = freshness::marks(issued_at, expires_at).filter(|mark| *mark <= now).count();
        let is_news = self.lapse.of != Some(expires_at);
        let told = if is_news { 0 } else { self.lapse.told };
        self.lapse = Lapse { of: Some(expires_at), told: passed };
        if passed <= told {
            return;
        }
        let name = &self.grant.name;
        if expires_at > now {
            let at = self.parts.clock.wall_at(expires_at);
            tracing::warn!(profile = %name, seconds = expires_at.since(now).as_secs(), "a login lapses soon");
            self.parts.notices.post_lapse(Arc::clone(name), at);
        } else if !is_news {
            tracing::warn!(profile = %name, "a login has lapsed");
            self.note(Kind::LoginRequired, Some(Why::Expired.to_string()));
        }
    }
}
