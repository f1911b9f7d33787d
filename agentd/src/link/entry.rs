//! One link: what is recorded of it, and what is known of it while the daemon runs.

use std::collections::BTreeMap;

use super::format::{Export, Mine, Spot, To};
use super::judge::Deed;
use super::profiles::Follow;
use super::stamp::Stamp;
use crate::clock::Moment;
use crate::secret::Fingerprint;

/// How a link is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// The last write failed; it is tried again.
    Failed,
    /// The tool's place holds a login that is not the agent's; it is left alone until the link is made again.
    Foreign,
    /// The place holds the credential.
    Linked,
    /// The tool has logged out; the link rests until it is made again.
    Suspended,
    /// There is no credential to write.
    Waiting,
}

/// A link as others see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Names it.
    pub id: String,
    /// The format.
    pub format: String,
    /// The provider of the profile, if it has one.
    pub provider: Option<String>,
    /// Whose credential.
    pub follow: Follow,
    /// Where, for people.
    pub places: Vec<String>,
    /// How it is.
    pub state: State,
    /// Why, where the state does not say it all.
    pub detail: Option<String>,
    /// When it was last written, in seconds since 1970.
    pub written_at: Option<i64>,
    /// Variables to set so that the tool finds it.
    pub environment: BTreeMap<String, String>,
}

/// What is recorded: no credential, only fingerprints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) id: String,
    pub(super) format: String,
    pub(super) provider: Option<String>,
    pub(super) follow: Follow,
    /// The name that the profile it follows is about to get.
    pub(super) heir: Option<String>,
    pub(super) to: To,
    pub(super) spot: Spot,
    /// What was written last and has not been taken out.
    pub(super) last: Option<Mine>,
    /// What a write was about to put there; it may be there or not.
    pub(super) writing: Option<Mine>,
    /// What was written before that, the oldest first.
    pub(super) earlier: Vec<Fingerprint>,
    pub(super) state: State,
    pub(super) detail: Option<String>,
    pub(super) written_at: Option<i64>,
}

/// How many earlier credentials a link knows again.
const MOST_EARLIER: usize = 8;

impl Record {
    /// Whether something of it may lie at its place.
    pub(super) fn is_out(&self) -> bool {
        self.last.is_some() || self.writing.is_some()
    }

    /// Whether it rests until it is made again.
    pub(super) fn is_resting(&self) -> bool {
        matches!(self.state, State::Foreign | State::Suspended)
    }

    /// Every credential it may have written.
    pub(super) fn marks(&self) -> impl Iterator<Item = Fingerprint> {
        self.last.iter().chain(&self.writing).map(|mine| mine.credential).chain(self.earlier.iter().copied())
    }

    /// `mine` lies there now.
    pub(super) fn wrote(&mut self, mine: Mine, at: i64) {
        if let Some(last) = self.last.take().filter(|last| last.credential != mine.credential) {
            self.earlier.push(last.credential);
        }
        let surplus = self.earlier.len().saturating_sub(MOST_EARLIER);
        self.earlier.drain(..surplus);
        self.last = Some(mine);
        self.writing = None;
        self.written_at = Some(at);
        self.be(State::Linked, None);
    }

    /// Nothing of it lies there.
    pub(super) fn forget(&mut self, state: State, detail: Option<String>) {
        self.last = None;
        self.writing = None;
        self.earlier.clear();
        self.be(state, detail);
    }

    pub(super) fn be(&mut self, state: State, detail: Option<String>) {
        self.state = state;
        self.detail = detail;
    }

    pub(super) fn public(&self) -> Link {
        Link {
            id: self.id.clone(),
            format: self.format.clone(),
            provider: self.provider.clone(),
            follow: self.follow.clone(),
            places: self.spot.places.clone(),
            state: self.state,
            detail: self.detail.clone(),
            written_at: self.written_at,
            environment: self.spot.environment.clone(),
        }
    }
}

/// What is known of a link while the daemon runs.
#[derive(Debug, Default)]
pub(super) struct Passing {
    /// The file as it was when it was last judged.
    pub(super) stamp: Option<Stamp>,
    /// What was seen once, with which file and when, and would end the link if it is seen again.
    pub(super) doubt: Option<(Deed, Option<Stamp>, Moment)>,
    /// Failures since the last success.
    pub(super) failures: u32,
    /// When to try again, and which credential it was that failed.
    pub(super) retry: Option<(Moment, Option<Fingerprint>)>,
    /// Whether the profile it follows has been there since the start.
    pub(super) met: bool,
    /// When it was first written, for a link that was never written before.
    pub(super) began_at: Option<Moment>,
    /// When a place without a file is looked at again.
    pub(super) look_at: Option<Moment>,
    /// The profile it follows now.
    pub(super) profile: Option<String>,
    /// The credential's whole life as far as it was seen: which one, and seconds.
    pub(super) life: Option<(Fingerprint, i64)>,
    /// When the token is to be refreshed.
    pub(super) freshen_at: Option<Moment>,
}

/// A link.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) record: Record,
    pub(super) now: Passing,
}

impl Entry {
    pub(super) fn new(record: Record) -> Self {
        Self { record, now: Passing::default() }
    }
}

/// The fingerprint of what is to be written.
pub(super) fn fingerprint(export: &Export) -> Fingerprint {
    match &export.credential {
        super::Credential::AccessToken(token) => token.fingerprint(),
        super::Credential::ApiKey(key) => key.fingerprint(),
    }
}
