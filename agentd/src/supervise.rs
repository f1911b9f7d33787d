//! Named, tracked tasks under one cancellation tree.
//!
//! Nobody else spawns. A panic in a task marked [`Panic::Stops`] ends the daemon, so that the service manager restarts
//! it from a state known to be good; a panic elsewhere is logged and counted against that task alone.

use std::any::Any;
use std::borrow::Cow;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::sync::{oneshot, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// What a panic in a task means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Panic {
    /// The task held state that others rely on: the daemon stops.
    Stops,
    /// The task stood for itself: it is logged.
    Logged,
}

/// A group of tasks that are cancelled and awaited together.
#[derive(Debug, Clone)]
pub struct Tasks {
    tracker: TaskTracker,
    cancel: CancellationToken,
    fatal: Arc<watch::Sender<Option<String>>>,
}

impl Default for Tasks {
    fn default() -> Self {
        Self::root()
    }
}

impl Tasks {
    /// The root of a tree.
    pub fn root() -> Self {
        Self {
            tracker: TaskTracker::new(),
            cancel: CancellationToken::new(),
            fatal: Arc::new(watch::Sender::new(None)),
        }
    }

    /// A group that is cancelled with this one, but can be stopped and awaited alone.
    #[must_use]
    pub fn group(&self) -> Self {
        Self { tracker: TaskTracker::new(), cancel: self.cancel.child_token(), fatal: Arc::clone(&self.fatal) }
    }

    /// Runs `task` under `name`. It is expected to return soon after [`Tasks::cancelled`].
    #[expect(clippy::disallowed_methods, reason = "the one place that spawns")]
    pub fn spawn<F>(&self, name: impl Into<Cow<'static, str>>, panic: Panic, task: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let name = name.into();
        let fatal = Arc::clone(&self.fatal);
        let watched = async move {
            if let Err(payload) = AssertUnwindSafe(task).catch_unwind().await {
                report(&name, panic, &*payload, &fatal);
            }
        };
        drop(tokio::spawn(self.tracker.track_future(watched)));
    }

    /// Runs `work` on a thread of its own, for calls that block. Its panic always stops the daemon.
    ///
    /// # Errors
    /// When the operating system has no thread to give.
    pub fn thread(&self, name: &'static str, work: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
        let fatal = Arc::clone(&self.fatal);
        let token = self.tracker.token();
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
            let _alive = token;
            if let Err(payload) = std::panic::catch_unwind(AssertUnwindSafe(work)) {
                report(name, Panic::Stops, &*payload, &fatal);
            }
        })?;
        drop(thread);
        Ok(())
    }

    /// Runs `work`, which blocks, on a thread of its own and resolves with what it returns; with `None` when it has
    /// panicked, which is logged, or the operating system has no thread to give. The stop of the group waits for it.
    /// Whoever drops the future leaves the work running.
    pub async fn blocking<T: Send + 'static>(
        &self,
        name: &'static str,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let fatal = Arc::clone(&self.fatal);
        let token = self.tracker.token();
        let (reply, done) = oneshot::channel();
        let started = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
            let _alive = token;
            match std::panic::catch_unwind(AssertUnwindSafe(work)) {
                // Whoever asked may be gone.
                Ok(result) => drop(reply.send(result)),
                Err(payload) => report(name, Panic::Logged, &*payload, &fatal),
            }
        });
        if let Err(error) = started {
            tracing::error!(task = name, %error, "no thread");
            return None;
        }
        done.await.ok()
    }

    /// Resolves when the group is to stop.
    pub async fn cancelled(&self) {
        self.cancel.cancelled().await;
    }

    /// Asks the group to stop, without waiting.
    pub fn cancel(&self) {
        self.cancel.cancel();
    }

    /// Whether the group was asked to stop.
    pub fn is_cancelled(&self) -> bool {
        self.cancel.is_cancelled()
    }

    /// How many tasks of this group run.
    pub fn running(&self) -> usize {
        self.tracker.len()
    }

    /// Asks the group to stop and waits at most `patience`. Returns whether every task returned in time.
    pub async fn stop(&self, patience: Duration) -> bool {
        self.cancel.cancel();
        self.tracker.close();
        tokio::time::timeout(patience, self.tracker.wait()).await.is_ok()
    }

    /// Resolves with the task's name when one that matters has panicked.
    pub async fn fatal(&self) -> String {
        let mut seen = self.fatal.subscribe();
        let name = seen.wait_for(Option::is_some).await.map(|name| name.clone());
        // The sender lives in `self`, so waiting cannot fail.
        name.ok().flatten().unwrap_or_default()
    }
}

fn report(name: &str, panic: Panic, payload: &(dyn Any + Send), fatal: &watch::Sender<Option<String>>) {
    // The payload may quote data; only texts fixed at compile time are logged.
    let text = payload.downcast_ref::<&'static str>().copied().unwrap_or("a formatted message, withheld");
    tracing::error!(task = name, panic = text, "a task panicked");
    if panic == Panic::Stops {
        fatal.send_replace(Some(name.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_that_matters_is_fatal_and_another_is_not() {
        let tasks = Tasks::root();
        tasks.spawn("request", Panic::Logged, async { panic!("only this one") });
        let keepers = tasks.group();
        keepers.spawn("keeper:work", Panic::Stops, async { panic!("state lost") });
        assert_eq!(tasks.fatal().await, "keeper:work");
    }

    #[tokio::test]
    async fn blocking_work_answers_or_its_panic_is_told() {
        let tasks = Tasks::root();
        assert_eq!(tasks.blocking("adds", || 1 + 1).await, Some(2));
        assert_eq!(tasks.blocking("panics", || -> u8 { panic!("only this one") }).await, None);
        assert!(tasks.stop(Duration::from_secs(5)).await);
    }

    #[tokio::test]
    async fn stop_waits_for_those_who_listen_and_tells_of_those_who_do_not() {
        let tasks = Tasks::root();
        let good = tasks.group();
        let listening = good.clone();
        good.spawn("good", Panic::Logged, async move { listening.cancelled().await });
        assert!(good.stop(Duration::from_secs(5)).await);
        let bad = tasks.group();
        bad.spawn("bad", Panic::Logged, std::future::pending());
        assert!(!bad.stop(Duration::from_millis(10)).await);
        assert!(!tasks.is_cancelled(), "a group stops alone");
    }
}
