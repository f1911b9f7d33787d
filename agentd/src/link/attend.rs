//! One link's turn: what it follows, what lies at its place, and what it does about it. `judge` has the table.

use std::time::Duration;

use super::engine::LinkError;
use super::entry::{State, fingerprint};
use super::format::{Credential, Export, FormatError, Mine, Seen};
use super::judge::{Circumstances, Deed, Sight, Wanted, judge};
use super::profiles::{Absent, Follow};
use super::stamp::Stamp;
use super::tend::{SLOW_TICK, TICK, Tender};
use crate::clock::Moment;
use crate::secret::Fingerprint;
use crate::supervise::Panic;

/// How much earlier than the tool the agent refreshes.
pub(super) const MARGIN: Duration = Duration::from_mins(1);
/// A refresh for the sake of a link is asked for at most this often.
const FRESHEN_AGAIN: Duration = Duration::from_secs(30);
/// A first write that is gone within this time was undone by a tool that had read its file before.
pub(super) const JUST_BEGUN: Duration = Duration::from_secs(10);
/// The first and the longest time to wait after a failure.
const BACKOFF: (Duration, Duration) = (Duration::from_secs(2), Duration::from_mins(5));
/// A credential that cannot be written in this form is tried again after this time, in case the rule was the tool's.
const REFUSED_AGAIN: Duration = Duration::from_hours(1);

/// Why a turn failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum TurnError {
    #[error(transparent)]
    Format(#[from] FormatError),
    #[error("the list of links cannot be saved, so nothing is written")]
    NotSaved,
}

impl From<TurnError> for LinkError {
    fn from(error: TurnError) -> Self {
        match error {
            TurnError::Format(error) => LinkError::Format(error),
            TurnError::NotSaved => LinkError::NotSaved,
        }
    }
}

type Followed = Result<Export, Absent>;

impl Tender {
    /// Looks after one link. Returns whether it stays: one whose profile was removed has nothing to follow.
    pub(super) async fn attend(&mut self, at: usize, stamp: Option<Stamp>) -> bool {
        if self.entries[at].record.is_resting() {
            return true;
        }
        let followed = self.followed(at);
        let now = self.clock.now();
        let wanted = followed.as_ref().ok().map(fingerprint);
        if let Some((retry_at, failed)) = self.entries[at].now.retry
            && now < retry_at
            && failed == wanted
        {
            return true;
        }
        match self.turn(at, &followed, stamp).await {
            Ok(()) => {
                let passing = &mut self.entries[at].now;
                (passing.failures, passing.retry) = (0, None);
            }
            Err(error) => self.failed(at, &error, wanted),
        }
        if let Ok(export) = &followed
            && self.entries[at].record.is_out()
        {
            self.freshen(at, export);
        }
        let entry = &self.entries[at];
        let removed = matches!((&followed, &entry.record.follow), (Err(Absent::NoProfile(_)), Follow::Profile(_)));
        !(removed && entry.now.met && !entry.record.is_out())
    }

    /// What the link follows now.
    fn followed(&mut self, at: usize) -> Followed {
        self.inherit(at);
        let entry = &mut self.entries[at];
        if self.shut {
            return Err(Absent::Locked);
        }
        let followed = self.profiles.export(&entry.record.follow);
        match &followed {
            Ok(export) => {
                entry.now.met = true;
                entry.now.profile = Some(export.profile.clone());
            }
            Err(Absent::LoggedOut(_)) => entry.now.met = true,
            Err(_) => {}
        }
        followed
    }

    async fn turn(&mut self, at: usize, followed: &Followed, stamp: Option<Stamp>) -> Result<(), TurnError> {
        let record = &self.entries[at].record;
        let last = record.last.as_ref().or(record.writing.as_ref());
        let moved = matches!((followed, last), (Ok(export), Some(last)) if export.profile != last.profile);
        let wanted = match followed {
            Err(_) => Wanted::Nothing,
            Ok(_) if moved => Wanted::Nothing,
            Ok(export) if record.last.as_ref().is_some_and(|mine| mine.credential == fingerprint(export)) => {
                Wanted::Same
            }
            Ok(_) => Wanted::Newer,
        };
        if record.is_out() {
            if !self.is_due(at, wanted, stamp) {
                return Ok(());
            }
            self.look_after(at, followed, wanted, stamp).await?;
            if !moved || self.entries[at].record.is_out() || self.entries[at].record.is_resting() {
                return Ok(());
            }
        }
        self.begin(at, followed).await
    }

    /// Whether a look is worth its while.
    fn is_due(&self, at: usize, wanted: Wanted, stamp: Option<Stamp>) -> bool {
        let (entry, now) = (&self.entries[at], self.clock.now());
        if let Some((_, _, since)) = &entry.now.doubt {
            return now.since(*since) >= TICK;
        }
        let written = entry.has_file() && stamp.is_some() && stamp != entry.now.stamp;
        let unseen = !entry.has_file() && entry.now.look_at.is_none_or(|look_at| now >= look_at);
        wanted != Wanted::Same || written || unseen || entry.record.writing.is_some()
    }

    /// The table, for a link that has written.
    async fn look_after(
        &mut self,
        at: usize,
        followed: &Followed,
        wanted: Wanted,
        stamp: Option<Stamp>,
    ) -> Result<(), TurnError> {
        let now = self.clock.now();
        let sight = self.sight(at).await?;
        let entry = &mut self.entries[at];
        let circumstances = Circumstances {
            just_begun: entry.now.began_at.is_some_and(|began| now.since(began) < JUST_BEGUN),
            exposed: entry.has_file() && stamp.is_some_and(Stamp::is_exposed),
        };
        let deed = judge(wanted, sight, circumstances);
        if matches!(deed, Deed::Foreign | Deed::Suspend | Deed::Write(None)) && !entry.is_certain(&deed, stamp, now) {
            return Ok(());
        }
        entry.now.doubt = None;
        match deed {
            Deed::Foreign => entry.record.forget(State::Foreign, None),
            Deed::Suspend => entry.record.forget(State::Suspended, None),
            Deed::Leave => {
                entry.now.stamp = stamp;
                entry.now.look_at = Some(now + SLOW_TICK);
                entry.record.be(State::Linked, None);
            }
            Deed::Withdraw(mine) => {
                self.withdraw(at, mine).await?;
                self.entries[at].record.forget(State::Waiting, followed.as_ref().err().map(ToString::to_string));
            }
            Deed::Write(mine) => {
                if let Ok(export) = followed {
                    // Once: what goes a second time was taken away by somebody.
                    entry.now.began_at = None;
                    self.write(at, export, mine).await?;
                }
            }
        }
        Ok(())
    }

    /// A link that has nothing at its place.
    async fn begin(&mut self, at: usize, followed: &Followed) -> Result<(), TurnError> {
        let export = match followed {
            Ok(export) => export,
            Err(absent) => {
                self.entries[at].record.be(State::Waiting, Some(absent.to_string()));
                return Ok(());
            }
        };
        match self.look_first(at, export).await? {
            Seen::Foreign => {
                self.entries[at].record.be(State::Foreign, None);
                Ok(())
            }
            Seen::Empty | Seen::Mine => {
                self.write(at, export, None).await?;
                self.entries[at].now.began_at = Some(self.clock.now());
                Ok(())
            }
        }
    }

    /// What lies there of what the link wrote, or was about to write when the daemon died.
    async fn sight(&mut self, at: usize) -> Result<Sight, TurnError> {
        let record = self.entries[at].record.clone();
        let mut seen = Seen::Empty;
        for mine in record.last.iter().chain(&record.writing) {
            seen = self.look(at, &mine.profile, Some(mine.clone())).await?;
            match seen {
                Seen::Mine => {
                    let record = &mut self.entries[at].record;
                    if Some(mine) == record.writing.as_ref() {
                        let at = record.written_at.unwrap_or_else(|| self.clock.wall());
                        record.wrote(mine.clone(), at);
                    }
                    record.writing = None;
                    return Ok(Sight::Last(mine.clone()));
                }
                Seen::Empty => break,
                Seen::Foreign => {}
            }
        }
        if seen == Seen::Foreign
            && let Some(last) = record.last.or(record.writing)
        {
            for credential in record.earlier.iter().rev() {
                let mine = Mine { credential: *credential, ..last.clone() };
                if self.look(at, &mine.profile, Some(mine.clone())).await? == Seen::Mine {
                    return Ok(Sight::Earlier(mine));
                }
            }
        }
        Ok(if seen == Seen::Foreign { Sight::Foreign } else { Sight::Empty })
    }

    /// What lies where nothing was written yet. A login that the profile itself holds, or took over from there, is
    /// nobody else's.
    pub(super) async fn look_first(&self, at: usize, export: &Export) -> Result<Seen, FormatError> {
        let seen = self.look(at, &export.profile, None).await?;
        if seen == Seen::Foreign {
            let imported = self.profiles.imported(&export.profile);
            for credential in imported.into_iter().chain([fingerprint(export)]) {
                let mine = Mine { profile: export.profile.clone(), credential, before: None };
                if self.look(at, &export.profile, Some(mine)).await? == Seen::Mine {
                    return Ok(Seen::Mine);
                }
            }
        }
        Ok(seen)
    }

    pub(super) async fn look(&self, at: usize, profile: &str, mine: Option<Mine>) -> Result<Seen, FormatError> {
        let record = &self.entries[at].record;
        let (spot, profile) = (record.spot.clone(), profile.to_owned());
        self.formats.call(&record.format, move |format| format.look(&spot, &profile, mine.as_ref())).await?
    }

    /// Writes. Invariant L1: what is about to be there is recorded first, so that it is known again after a crash.
    pub(super) async fn write(&mut self, at: usize, export: &Export, mine: Option<Mine>) -> Result<(), TurnError> {
        let record = &mut self.entries[at].record;
        let before = record.last.as_ref().and_then(|last| last.before.clone());
        let credential = fingerprint(export);
        record.writing = Some(Mine { profile: export.profile.clone(), credential, before });
        if self.save().await.is_err() {
            self.entries[at].record.writing = None;
            return Err(TurnError::NotSaved);
        }
        let record = &self.entries[at].record;
        let (spot, export) = (record.spot.clone(), export.clone());
        let write = move |format: &dyn super::Format| format.write(&spot, &export, mine.as_ref());
        let written = self.formats.call(&record.format, write).await?;
        let (wall, now) = (self.clock.wall(), self.clock.now());
        let entry = &mut self.entries[at];
        match written {
            Ok(mine) => {
                tracing::debug!(link = entry.record.id, "written");
                entry.record.wrote(mine, wall);
                // The next tick looks: a tool that wrote right after the link would leave what passes for the link's.
                entry.now.stamp = None;
                entry.now.look_at = Some(now + SLOW_TICK);
                entry.now.doubt = None;
                Ok(())
            }
            Err(error) => {
                if matches!(error, FormatError::Refused(_)) {
                    // Nothing has changed.
                    entry.record.writing = None;
                }
                Err(TurnError::Format(error))
            }
        }
    }

    async fn withdraw(&self, at: usize, mine: Mine) -> Result<(), FormatError> {
        let record = &self.entries[at].record;
        let spot = record.spot.clone();
        tracing::debug!(link = record.id, "taken out");
        self.formats.call(&record.format, move |format| format.withdraw(&spot, &mine)).await?
    }

    /// Takes out what lies there of the link, whatever it follows.
    pub(super) async fn take_out(&mut self, at: usize) -> Result<(), FormatError> {
        if !self.entries[at].record.is_out() {
            return Ok(());
        }
        let sight = self.sight(at).await.map_err(|error| match error {
            TurnError::Format(error) => error,
            TurnError::NotSaved => FormatError::Place(error.to_string()),
        })?;
        if let Sight::Last(mine) | Sight::Earlier(mine) = sight {
            self.withdraw(at, mine).await?;
        }
        self.entries[at].record.forget(State::Waiting, None);
        Ok(())
    }

    fn failed(&mut self, at: usize, error: &TurnError, wanted: Option<Fingerprint>) {
        let now = self.clock.now();
        let entry = &mut self.entries[at];
        let doubling = 1 << entry.now.failures.min(10);
        entry.now.failures = entry.now.failures.saturating_add(1);
        let wait = match error {
            TurnError::Format(FormatError::Refused(_)) => REFUSED_AGAIN,
            _ => (BACKOFF.0 * doubling).min(BACKOFF.1),
        };
        entry.now.retry = Some((now + wait, wanted));
        entry.now.doubt = None;
        entry.record.be(State::Failed, Some(error.to_string()));
        if entry.now.failures == 1 {
            tracing::warn!(link = entry.record.id, %error, "a link cannot be kept");
        }
    }

    /// The life that a token written by this link must have left.
    pub(super) fn least_life(&self, record: &super::entry::Record) -> Option<Duration> {
        self.formats.find(&record.format)?.own_refresh().map(|own| own + MARGIN)
    }

    /// Has the token refreshed before the tool would do it.
    fn freshen(&mut self, at: usize, export: &Export) {
        let (now, wall) = (self.clock.now(), self.clock.wall());
        let Some(least) = self.least_life(&self.entries[at].record) else { return };
        let (Credential::AccessToken(_), Some(expires_at)) = (&export.credential, export.expires_at) else { return };
        let passing = &mut self.entries[at].now;
        let (left, credential) = (expires_at.saturating_sub(wall), fingerprint(export));
        let seconds = |n: i64| Duration::from_secs(u64::try_from(n).unwrap_or(0));
        let life = match passing.life {
            Some((known, life)) if known == credential => life,
            _ => {
                passing.life = Some((credential, left));
                passing.freshen_at = None;
                left
            }
        };
        // A token that never lives that long must not be refreshed all the time.
        let least = least.min(seconds(life) / 2);
        let due = now + seconds(left).saturating_sub(least);
        if due > now {
            passing.freshen_at = Some(due);
        } else if passing.freshen_at.is_none_or(|again| now >= again) {
            passing.freshen_at = Some(now + FRESHEN_AGAIN);
            let (profiles, profile) = (self.profiles.clone(), export.profile.clone());
            self.tasks.spawn("links:freshen", Panic::Logged, async move {
                let enough = profiles.freshen(&profile, least).await;
                tracing::debug!(%profile, enough, "refreshed for a link");
            });
        }
    }
}

impl super::entry::Entry {
    /// Whether `deed` was called for a tick ago as well, by the same file.
    fn is_certain(&mut self, deed: &Deed, stamp: Option<Stamp>, now: Moment) -> bool {
        let again = matches!(&self.now.doubt, Some((doubted, file, _)) if doubted == deed && *file == stamp);
        if !again {
            self.now.doubt = Some((deed.clone(), stamp, now));
        }
        again
    }
}
