//! The formats there are, and how they are called: each call blocks, so it has a thread of its own, its turn and an end.
//!
//! Two calls of one format never run at a time, since both may read a file, change it and write it. A call that does not
//! come back (a keyring that asks somebody, a network home) keeps its turn until it does; those behind it are told at
//! once, and never more than one thread waits per format.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::Mutex;

use super::format::{Format, FormatError};
use crate::clock::Clock;
use crate::supervise::Tasks;

/// How long a call is waited for.
pub const CALL_PATIENCE: Duration = Duration::from_secs(20);

/// Every format. Cheap to clone.
#[derive(Clone)]
pub struct Formats(Arc<Inner>);

struct Inner {
    lanes: Vec<(Arc<dyn Format>, Turn)>,
    /// For looking at files without a format.
    files: Turn,
    tasks: Tasks,
    clock: Clock,
}

#[derive(Debug, Default)]
struct Turn {
    one: Arc<Mutex<()>>,
    /// The one whose turn it is has been given up on.
    overdue: AtomicBool,
}

impl Formats {
    /// Formats whose calls run below `tasks`.
    pub fn new(formats: Vec<Box<dyn Format>>, tasks: Tasks, clock: Clock) -> Self {
        let lanes = formats.into_iter().map(|format| (Arc::from(format), Turn::default())).collect();
        Self(Arc::new(Inner { lanes, files: Turn::default(), tasks, clock }))
    }

    /// Their words, sorted.
    pub fn names(&self) -> Vec<&'static str> {
        let mut names: Vec<_> = self.0.lanes.iter().map(|(format, _)| format.name()).collect();
        names.sort_unstable();
        names
    }

    /// What is known of one without asking the file system.
    pub fn find(&self, name: &str) -> Option<&dyn Format> {
        self.lane(name).map(|(format, _)| &**format)
    }

    /// Calls the format `name`.
    ///
    /// # Errors
    /// [`FormatError`] when there is no such format, or it does not answer in time.
    pub(super) async fn call<T: Send + 'static>(
        &self,
        name: &str,
        work: impl FnOnce(&dyn Format) -> T + Send + 'static,
    ) -> Result<T, FormatError> {
        let (format, turn) = self.lane(name).ok_or_else(|| silent(name, "this agent has no such format"))?;
        let format = Arc::clone(format);
        self.run(name, turn, move || work(&*format)).await
    }

    /// Does something with files that belong to no single format.
    pub(super) async fn with_files<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, FormatError> {
        self.run("files of links", &self.0.files, work).await
    }

    async fn run<T: Send + 'static>(
        &self,
        what: &str,
        turn: &Turn,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, FormatError> {
        if turn.overdue.load(Ordering::Relaxed) && turn.one.try_lock().is_err() {
            return Err(silent(what, "still no answer to an earlier call"));
        }
        let doing = async {
            let mine = Arc::clone(&turn.one).lock_owned().await;
            turn.overdue.store(false, Ordering::Relaxed);
            let turn_and_work = move || {
                let _mine = mine;
                work()
            };
            self.0.tasks.blocking("link", turn_and_work).await
        };
        tokio::select! {
            done = doing => done.ok_or_else(|| silent(what, "the call failed")),
            () = self.0.clock.sleep(CALL_PATIENCE) => {
                turn.overdue.store(true, Ordering::Relaxed);
                Err(silent(what, "no answer in time"))
            }
        }
    }

    fn lane(&self, name: &str) -> Option<&(Arc<dyn Format>, Turn)> {
        self.0.lanes.iter().find(|(format, _)| format.name() == name)
    }
}

fn silent(place: &str, why: &str) -> FormatError {
    FormatError::Io { place: place.to_owned(), why: why.to_owned() }
}

impl fmt::Debug for Formats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Formats").field(&self.names()).finish()
    }
}
