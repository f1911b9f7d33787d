//! The task that owns the links: what it waits for, and rounds over all of them.
//!
//! It wakes when a profile changes, when it is asked, and on a timer: every [`TICK`] while something of a link lies in a
//! file, to see whether the file was written by others, and never while nothing does.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use super::engine::{Command, LinkError, Published, Setup, Which};
use super::entry::{Entry, Link, Record, State};
use super::file;
use super::formats::Formats;
use super::profiles::{Follow, Profiles};
use super::stamp::Stamp;
use crate::clock::{Clock, Moment};
use crate::supervise::Tasks;

/// How often the files of links are looked at, and how long something odd must last to be believed.
pub(super) const TICK: Duration = Duration::from_secs(2);
/// How often a place without a file is looked at.
pub(super) const SLOW_TICK: Duration = Duration::from_secs(30);

pub(super) struct Tender {
    pub(super) formats: Formats,
    pub(super) profiles: Arc<dyn Profiles>,
    pub(super) clock: Clock,
    pub(super) tasks: Tasks,
    file: PathBuf,
    pub(super) runtime: Option<PathBuf>,
    pub(super) entries: Vec<Entry>,
    /// Nothing is written; everything is taken out.
    pub(super) shut: bool,
    /// What the file says.
    saved: Vec<Record>,
    /// What is to be saved could not be saved.
    unsaved: bool,
    publish: watch::Sender<Arc<Published>>,
}

impl Tender {
    pub(super) fn new(setup: Setup, entries: Vec<Entry>, publish: watch::Sender<Arc<Published>>) -> Self {
        let Setup { formats, profiles, clock, tasks, file, runtime } = setup;
        let saved = entries.iter().map(|entry| entry.record.clone()).collect();
        let (shut, unsaved) = (false, false);
        let tender = Self { formats, profiles, clock, tasks, file, runtime, entries, shut, saved, unsaved, publish };
        tender.show();
        tender
    }

    pub(super) async fn run(mut self, mut asked: mpsc::UnboundedReceiver<Command>) {
        let mut changes = self.profiles.changes();
        let mut watched = true;
        let (clock, tasks) = (self.clock.clone(), self.tasks.clone());
        self.names_are_settled().await;
        self.round().await;
        loop {
            let wake_at = self.wake_at();
            let timer = async {
                match wake_at {
                    Some(at) => clock.sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                // What is asked is answered by what profiles are now.
                biased;
                () = tasks.cancelled() => return,
                heard = changes.changed(), if watched => {
                    watched = heard.is_ok();
                    self.round().await;
                }
                command = asked.recv() => match command {
                    Some(command) => self.obey(command).await,
                    None => return,
                },
                () = timer => self.round().await,
            }
        }
    }

    async fn obey(&mut self, command: Command) {
        // Whoever asked may be gone.
        match command {
            Command::Make(wish, reply) => drop(reply.send(self.make(*wish).await)),
            Command::End(which, reply) => drop(reply.send(self.end(&which).await)),
            Command::Withdraw(reply) => {
                self.shut = true;
                self.entries.iter_mut().for_each(|entry| entry.now.retry = None);
                self.round().await;
                let stuck = |entry: &Entry| entry.record.is_out() && entry.record.state == State::Failed;
                let out = !self.entries.iter().any(stuck);
                let _gone = reply.send(out);
            }
            Command::Renaming { from, to, reply } => drop(reply.send(self.renaming(&from, &to).await)),
            Command::Renamed(reply) => {
                self.names_are_settled().await;
                let _gone = reply.send(());
            }
            Command::Resume => {
                self.shut = false;
                self.round().await;
            }
            #[cfg(test)]
            Command::Round(reply) => {
                self.round().await;
                let _gone = reply.send(());
            }
        }
    }

    /// Looks after every link.
    pub(super) async fn round(&mut self) {
        let stamps = self.stamps().await;
        let mut at = 0;
        while at < self.entries.len() {
            let stamp = stamps.as_ref().and_then(|stamps| stamps.get(&self.entries[at].record.spot.path).copied());
            if self.attend(at, stamp).await {
                at += 1;
            } else {
                let record = self.entries.remove(at).record;
                self.remove_directory(&record).await;
            }
        }
        self.settle().await;
    }

    /// The files in which something of a link lies. `None` when the file system does not answer.
    async fn stamps(&self) -> Option<BTreeMap<PathBuf, Stamp>> {
        let out = self.entries.iter().filter(|entry| entry.record.is_out() && entry.has_file());
        let paths: Vec<PathBuf> = out.map(|entry| entry.record.spot.path.clone()).collect();
        if paths.is_empty() {
            return Some(BTreeMap::new());
        }
        let look = move || paths.into_iter().map(|path| (path.clone(), Stamp::of(&path))).collect();
        self.formats.with_files(look).await.ok()
    }

    /// When the timer is due.
    fn wake_at(&self) -> Option<Moment> {
        let now = self.clock.now();
        let due = |entry: &Entry| {
            let Entry { record, now: passing } = entry;
            let file = (record.is_out() && entry.has_file()).then(|| now + TICK);
            if let Some((at, _)) = passing.retry {
                return Some(at);
            }
            let doubt = passing.doubt.as_ref().map(|(_, _, at)| *at + TICK);
            let out = |at: &Moment| record.is_out() && *at > now;
            let (look, freshen) = (passing.look_at.filter(out), passing.freshen_at.filter(out));
            [file, doubt, look, freshen].into_iter().flatten().min()
        };
        self.entries.iter().filter(|entry| !entry.record.is_resting()).filter_map(due).min()
    }

    /// Saves what has changed, and shows it.
    pub(super) async fn settle(&mut self) {
        let saved = self.save().await.is_ok();
        if !saved && !self.unsaved {
            tracing::warn!(file = %self.file.display(), "the list of links cannot be saved");
        }
        self.unsaved = !saved;
        self.show();
    }

    /// Saves the list, if it is another than was saved.
    pub(super) async fn save(&mut self) -> Result<(), LinkError> {
        let records: Vec<Record> = self.entries.iter().map(|entry| entry.record.clone()).collect();
        if records == self.saved {
            return Ok(());
        }
        let (file, again) = (self.file.clone(), records.clone());
        let saved = self.formats.with_files(move || file::save(&file, &again)).await;
        match saved {
            Ok(Ok(())) => {
                self.saved = records;
                Ok(())
            }
            Ok(Err(error)) => {
                tracing::debug!(error = &error as &dyn std::error::Error, "the list of links cannot be saved");
                Err(LinkError::NotSaved)
            }
            Err(_) => Err(LinkError::NotSaved),
        }
    }

    fn show(&self) {
        let mut links: Vec<Link> = self.entries.iter().map(|entry| entry.record.public()).collect();
        links.sort_by(|a, b| (&a.format, &a.follow, &a.id).cmp(&(&b.format, &b.follow, &b.id)));
        let marks = self.entries.iter().flat_map(|entry| entry.record.marks()).collect();
        let mut least = BTreeMap::new();
        for entry in self.entries.iter().filter(|entry| entry.record.is_out()) {
            if let (Some(profile), Some(life)) = (&entry.now.profile, self.least_life(&entry.record)) {
                let known = least.entry(profile.clone()).or_insert(life);
                *known = life.max(*known);
            }
        }
        self.publish.send_replace(Arc::new(Published { links, marks, least }));
    }

    async fn end(&mut self, which: &Which) -> Result<Vec<Link>, LinkError> {
        let meant = |record: &Record| {
            let by_profile = |profile: &String| record.follow == Follow::Profile(profile.clone());
            let given = which.id.is_some() || which.profile.is_some() || which.format.is_some();
            let fits = which.id.as_ref().is_none_or(|id| *id == record.id)
                && which.profile.as_ref().is_none_or(by_profile)
                && which.format.as_ref().is_none_or(|format| *format == record.format);
            which.all || (given && fits)
        };
        let ids: Vec<String> = self.entries.iter().filter(|e| meant(&e.record)).map(|e| e.record.id.clone()).collect();
        if ids.is_empty() && !which.all {
            return Err(LinkError::NoSuchLink);
        }
        let mut ended = Vec::new();
        let mut failed = None;
        for id in ids {
            let Some(at) = self.entries.iter().position(|entry| entry.record.id == id) else { continue };
            match self.take_out(at).await {
                Ok(()) => {
                    let record = self.entries.remove(at).record;
                    self.remove_directory(&record).await;
                    ended.push(record.public());
                }
                Err(error) => {
                    self.entries[at].record.be(State::Failed, Some(error.to_string()));
                    failed = Some(LinkError::Format(error));
                }
            }
        }
        self.settle().await;
        failed.map_or(Ok(ended), Err)
    }

    /// Removes the directory in memory that was made for a link.
    async fn remove_directory(&self, record: &Record) {
        let Some(directory) = self.directory_of(&record.id) else { return };
        if record.spot.path.starts_with(&directory) {
            let removed = self.formats.with_files(move || std::fs::remove_dir_all(directory)).await;
            tracing::debug!(link = record.id, removed = matches!(removed, Ok(Ok(()))), "its directory");
        }
    }

    /// The directory in memory of a link.
    pub(super) fn directory_of(&self, id: &str) -> Option<PathBuf> {
        self.runtime.as_ref().map(|runtime| runtime.join("links").join(id))
    }
}

impl Entry {
    /// Whether its place is a file, so that a foreign write can be noticed cheaply.
    pub(super) fn has_file(&self) -> bool {
        self.record.spot.path != Path::new("")
    }
}
