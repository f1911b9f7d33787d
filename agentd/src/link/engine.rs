//! Links: the handle by which they are made, ended, listed and taken out.
//!
//! All links belong to one task (`tend`), which does one thing after the other; whoever asks may go away and changes
//! nothing by it. The list is published, so reading it waits for nothing.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};

use super::entry::{Entry, Link};
use super::file;
use super::format::{FormatError, To, Variables};
use super::formats::Formats;
use super::profiles::{Absent, Profiles};
use super::tend::Tender;
use crate::clock::Clock;
use crate::secret::Fingerprint;
use crate::supervise::{Panic, Tasks};

/// More links than this are refused.
pub const MOST_LINKS: usize = 64;

/// What links work with.
pub struct Setup {
    /// The formats there are.
    pub formats: Formats,
    /// The vault.
    pub profiles: Arc<dyn Profiles>,
    /// Time.
    pub clock: Clock,
    /// Where their task runs.
    pub tasks: Tasks,
    /// `links.json`.
    pub file: PathBuf,
    /// A private directory in memory, if there is one.
    pub runtime: Option<PathBuf>,
}

/// A link to make.
#[derive(Debug, Clone)]
pub struct Wish {
    /// The profile; the current one when absent.
    pub profile: Option<String>,
    /// Follow whatever profile of that profile's provider is current.
    pub current: bool,
    /// The format; that of the profile's provider when absent.
    pub format: Option<String>,
    /// Where the file lies.
    pub to: To,
    /// Variables of the environment in which the tool runs.
    pub variables: Variables,
}

/// Links to end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Which {
    /// This one.
    pub id: Option<String>,
    /// Those that follow this profile.
    pub profile: Option<String>,
    /// Those of this format.
    pub format: Option<String>,
    /// Every one.
    pub all: bool,
}

/// Why a link was not made or ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// There is no profile to follow.
    #[error(transparent)]
    Absent(#[from] Absent),
    /// The daemon stops.
    #[error("the agent is stopping")]
    Ending,
    /// A login that is not this link's lies there. It is never overwritten.
    #[error("`{place}` holds another login")]
    Foreign {
        /// Where.
        place: String,
        /// The link that wrote it, if one did.
        link: Option<String>,
    },
    /// The format did not do it.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// The profile's provider has another format.
    #[error("profile `{profile}` is for `{own}`, not for `{asked}`")]
    OtherFormat {
        /// The profile.
        profile: String,
        /// What was asked for.
        asked: String,
        /// The format of its provider.
        own: String,
    },
    /// No directory of this machine is known to be memory.
    #[error("there is no directory in memory here")]
    NoMemory,
    /// The profile has no provider, so no choice of a current one can be followed.
    #[error("profile `{0}` has no provider whose current profile could be followed")]
    NoProvider(String),
    /// The list of links cannot be written, so nothing else is.
    #[error("the list of links cannot be saved")]
    NotSaved,
    /// No link is meant.
    #[error("no such link")]
    NoSuchLink,
    /// There are as many as there may be.
    #[error("there are {MOST_LINKS} links already")]
    TooMany,
    /// No format of this name, or none that goes with the profile.
    #[error("{}", match asked { Some(asked) => format!("`{asked}` is no format"), None => "the profile's provider has no format".to_owned() })]
    UnknownFormat {
        /// What was asked for.
        asked: Option<String>,
        /// Those there are.
        known: Vec<&'static str>,
    },
}

/// What is asked of the task.
pub(super) enum Command {
    End(Which, oneshot::Sender<Result<Vec<Link>, LinkError>>),
    Make(Box<Wish>, oneshot::Sender<Result<Link, LinkError>>),
    Renamed(oneshot::Sender<()>),
    Renaming {
        from: String,
        to: String,
        reply: oneshot::Sender<Result<(), LinkError>>,
    },
    Resume,
    #[cfg(test)]
    Round(oneshot::Sender<()>),
    Withdraw(oneshot::Sender<bool>),
}

/// What everybody may see.
#[derive(Debug, Default)]
pub(super) struct Published {
    /// Sorted by format and what is followed.
    pub(super) links: Vec<Link>,
    /// Every credential that lies, or may lie, in a tool's file.
    pub(super) marks: Vec<Fingerprint>,
    /// The least life of a profile's token.
    pub(super) least: BTreeMap<String, Duration>,
}

/// The handle; clones are the same links.
#[derive(Clone)]
pub struct Links {
    commands: mpsc::UnboundedSender<Command>,
    published: watch::Receiver<Arc<Published>>,
}

impl Links {
    /// Reads the list and begins to tend it. With it comes a sentence for `status` where the list could not be read.
    pub fn open(setup: Setup) -> (Self, Option<String>) {
        let (records, warning) = file::load(&setup.file);
        let (commands, asked) = mpsc::unbounded_channel();
        let (publish, published) = watch::channel(Arc::default());
        let tasks = setup.tasks.clone();
        let tender = Tender::new(setup, records.into_iter().map(Entry::new).collect(), publish);
        tasks.spawn("links", Panic::Stops, Box::pin(tender.run(asked)));
        (Self { commands, published }, warning)
    }

    /// Makes a link, or makes one again that rests. Returns once it is written, or known to wait for a login.
    ///
    /// # Errors
    /// [`LinkError`]; then no new link is there.
    pub async fn make(&self, wish: Wish) -> Result<Link, LinkError> {
        self.ask(|reply| Command::Make(Box::new(wish), reply)).await.unwrap_or(Err(LinkError::Ending))
    }

    /// Ends links: what they wrote is taken out, and they are forgotten. Returns those that ended.
    ///
    /// # Errors
    /// [`LinkError`]; a link that could not be taken out stays.
    pub async fn end(&self, which: Which) -> Result<Vec<Link>, LinkError> {
        self.ask(|reply| Command::End(which, reply)).await.unwrap_or(Err(LinkError::Ending))
    }

    /// Takes out everything that links wrote and writes nothing more until [`Links::resume`]: for a lock, and for the
    /// stop of a daemon that keeps nothing. Returns whether everything is out.
    pub async fn withdraw_all(&self) -> bool {
        self.ask(Command::Withdraw).await.unwrap_or(false)
    }

    /// Writes again, after [`Links::withdraw_all`].
    pub fn resume(&self) {
        let _ending = self.commands.send(Command::Resume);
    }

    /// Every link, sorted by format and what it follows.
    pub fn list(&self) -> Vec<Link> {
        self.published.borrow().links.clone()
    }

    /// Every credential that links have written, or may have: no import takes one of these for somebody's login.
    pub fn marks(&self) -> Vec<Fingerprint> {
        self.published.borrow().marks.clone()
    }

    /// The life a profile's access token must always have left, because a tool that has it would else refresh it.
    pub fn least_life(&self, profile: &str) -> Option<Duration> {
        self.published.borrow().least.get(profile).copied()
    }

    pub(super) async fn ask<T>(&self, command: impl FnOnce(oneshot::Sender<T>) -> Command) -> Option<T> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(command(reply)).ok()?;
        answer.await.ok()
    }

    /// Has every link looked after as at a tick, and waits for the end of that.
    #[cfg(test)]
    pub(super) async fn round(&self) {
        self.ask(Command::Round).await.expect("the links are tended");
    }
}

impl fmt::Debug for Links {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Links").field("links", &self.published.borrow().links.len()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Setup").field("file", &self.file).finish_non_exhaustive()
    }
}
