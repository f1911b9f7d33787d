//! Making a link: which format, which place, and whether something lies there that is not to be lost.

use super::engine::{LinkError, MOST_LINKS, Wish};
use super::entry::{Entry, Link, Record, State};
use super::format::{Mine, Seen, Spot, To};
use super::profiles::{Absent, Follow};
use super::tend::Tender;
use crate::private;

/// The longest identifier.
const LONGEST_ID: usize = 56;

impl Tender {
    pub(super) async fn make(&mut self, wish: Wish) -> Result<Link, LinkError> {
        let (format, follow, provider) = self.choose(&wish)?;
        let in_memory = |entry: &&Entry| {
            let Record { format: of, follow: whose, to, .. } = &entry.record;
            (of, whose, *to) == (&format, &follow, To::Tmpfs)
        };
        let id = match self.entries.iter().find(in_memory) {
            Some(entry) if wish.to == To::Tmpfs => entry.record.id.clone(),
            _ => self.free_id(&format, &follow),
        };
        let spot = self.spot(&format, &id, &wish).await?;
        let known = |entry: &Entry| {
            let Record { format: of, follow: whose, to, spot: place, .. } = &entry.record;
            (of, whose, to, &place.places) == (&format, &follow, &wish.to, &spot.places)
        };
        let known = self.entries.iter().position(known);
        let at = if let Some(at) = known {
            // The session's keyring may have moved.
            self.entries[at].record.spot = spot;
            at
        } else {
            if self.entries.len() >= MOST_LINKS {
                return Err(LinkError::TooMany);
            }
            let (last, writing, earlier) = (None, None, Vec::new());
            let (state, detail, written_at) = (State::Waiting, None, None);
            let to = wish.to;
            let record = Record {
                id,
                format,
                provider,
                follow,
                heir: None,
                to,
                spot,
                last,
                writing,
                earlier,
                state,
                detail,
                written_at,
            };
            self.entries.push(Entry::new(record));
            self.entries.len() - 1
        };
        let made = self.start(at).await;
        let made = match made {
            Ok(()) => {
                let passing = &mut self.entries[at].now;
                (passing.failures, passing.retry, passing.doubt) = (0, None, None);
                // Without its record, a link would be forgotten while what it wrote stays.
                self.save().await.map(|()| self.entries[at].record.public())
            }
            Err(error) => Err(error),
        };
        if made.is_err() && known.is_none() {
            // An answer that did not come may still be written: what might be there is taken out, if it can be.
            let taken_out = self.take_out(at).await;
            if taken_out.is_ok() || !self.entries[at].record.is_out() {
                self.entries.remove(at);
            }
        }
        self.settle().await;
        made
    }

    /// Writes at once, so that whoever asked is told what stands against it.
    async fn start(&mut self, at: usize) -> Result<(), LinkError> {
        let record = &self.entries[at].record;
        let followed = if self.shut { Err(Absent::Locked) } else { self.profiles.export(&record.follow) };
        if record.is_out() {
            // Made again while it works: as at a tick.
            self.entries[at].now.retry = None;
            self.attend(at, None).await;
            return Ok(());
        }
        let export = match followed {
            Ok(export) => export,
            Err(absent) => {
                self.entries[at].record.be(State::Waiting, Some(absent.to_string()));
                return Ok(());
            }
        };
        self.entries[at].now.met = true;
        self.entries[at].now.profile = Some(export.profile.clone());
        let link = self.whose(at, &export.profile).await;
        if link.is_some() || self.look_first(at, &export).await? == Seen::Foreign {
            let record = &mut self.entries[at].record;
            record.be(State::Foreign, None);
            let place = record.spot.places.first().cloned().unwrap_or_default();
            return Err(LinkError::Foreign { place, link });
        }
        self.write(at, &export, None).await?;
        self.entries[at].now.began_at = Some(self.clock.now());
        Ok(())
    }

    /// The other link whose credential lies at this one's place.
    async fn whose(&self, at: usize, profile: &str) -> Option<String> {
        let here = &self.entries[at].record;
        let others: Vec<(String, Mine)> = (self.entries.iter().map(|entry| &entry.record))
            .filter(|other| other.id != here.id && other.format == here.format)
            .filter_map(|other| Some((other.id.clone(), other.last.clone()?)))
            .collect();
        for (id, mine) in others {
            if self.look(at, profile, Some(mine)).await.is_ok_and(|seen| seen == Seen::Mine) {
                return Some(id);
            }
        }
        None
    }

    fn choose(&self, wish: &Wish) -> Result<(String, Follow, Option<String>), LinkError> {
        let about = self.profiles.about(wish.profile.as_deref())?;
        let unknown =
            |asked: Option<&String>| LinkError::UnknownFormat { asked: asked.cloned(), known: self.formats.names() };
        let format = match (&wish.format, &about.format) {
            (Some(asked), _) if self.formats.find(asked).is_none() => return Err(unknown(Some(asked))),
            (Some(asked), Some(own)) if asked != own => {
                let (asked, own) = (asked.clone(), own.clone());
                return Err(LinkError::OtherFormat { profile: about.name, asked, own });
            }
            (Some(asked), _) => asked.clone(),
            (None, Some(own)) if self.formats.find(own).is_some() => own.clone(),
            (None, _) => return Err(unknown(None)),
        };
        let follow = match (wish.current, &about.provider) {
            (false, _) => Follow::Profile(about.name),
            (true, Some(provider)) => Follow::Current(provider.clone()),
            (true, None) => return Err(LinkError::NoProvider(about.name)),
        };
        Ok((format, follow, about.provider))
    }

    async fn spot(&self, format: &str, id: &str, wish: &Wish) -> Result<Spot, LinkError> {
        let (variables, to) = (wish.variables.clone(), wish.to);
        let directory = match (to, self.directory_of(id)) {
            (To::Home, directory) => directory.unwrap_or_default(),
            (To::Tmpfs, None) => return Err(LinkError::NoMemory),
            (To::Tmpfs, Some(directory)) => {
                let make = directory.clone();
                let runtime = self.runtime.clone().unwrap_or_default();
                let directories = move || private::directory(&runtime).and_then(|()| private::directory(&make));
                self.formats.with_files(directories).await?.map_err(|error| super::FormatError::Io {
                    place: directory.display().to_string(),
                    why: error.to_string(),
                })?;
                directory
            }
        };
        let spot = self.formats.call(format, move |format| format.spot(&variables, to, &directory)).await??;
        Ok(spot)
    }

    /// `FORMAT.PROFILE`, with a number where that is taken. A link that is there already keeps its own.
    fn free_id(&self, format: &str, follow: &Follow) -> String {
        let whose = match follow {
            Follow::Current(_) => "current",
            Follow::Profile(profile) => profile,
        };
        let mut base = format!("{format}.{whose}");
        base.truncate(LONGEST_ID);
        let taken = |id: &str| self.entries.iter().any(|entry| entry.record.id == id);
        let numbered = (2..).map(|n| format!("{base}.{n}"));
        std::iter::once(base.clone()).chain(numbered).find(|id| !taken(id)).unwrap_or_default()
    }
}
