//! The table of logins: start, follow, cancel.
//!
//! Each login is a task of its own and writes its steps into its row. Followers read the row; they hold nothing up and
//! may come late. A row outlives its login for [`KEPT`], so that a client that lost its connection learns the end.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::Stream;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::clock::{Clock, Moment};
use crate::flow::{AtService, Failure, GrantSink, Login, Step, at_service, run};
use crate::oauth::{Client, OAuth};
use crate::provider::Settings;
use crate::secret;
use crate::service::Services;
use crate::supervise::{Panic, Tasks};

/// How many logins may run at once: far more than a person starts, few enough to cost nothing.
pub const MAX_IN_FLIGHT: usize = 32;

/// How long a login that has ended can be followed.
pub const KEPT: Duration = Duration::from_mins(1);

/// How many ended logins are kept at most, so that starting many costs no memory.
const MAX_ENDED: usize = 64;

/// Why no login was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// [`MAX_IN_FLIGHT`] logins run: wait for one to end, or cancel one.
    #[error("too many logins are in progress")]
    TooMany,
}

/// What every login needs.
pub(super) struct Ground {
    pub(super) oauth: OAuth,
    pub(super) services: Services,
    pub(super) clock: Clock,
    pub(super) tasks: Tasks,
    pub(super) sink: Arc<dyn GrantSink>,
}

/// The logins of this daemon.
#[derive(Clone)]
pub struct Logins {
    ground: Arc<Ground>,
    rows: Arc<Mutex<HashMap<String, Arc<Row>>>>,
}

impl std::fmt::Debug for Logins {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Logins").field("in_flight", &self.in_flight()).finish_non_exhaustive()
    }
}

/// One login as its followers see it.
#[derive(Debug)]
pub(super) struct Row {
    progress: watch::Sender<Progress>,
    cancel: CancellationToken,
    deadline: Moment,
}

#[derive(Debug, Default)]
struct Progress {
    steps: Vec<Step>,
    ended_at: Option<Moment>,
}

impl Row {
    fn new(deadline: Moment) -> Self {
        Self { progress: watch::Sender::default(), cancel: CancellationToken::new(), deadline }
    }

    /// Tells every follower, those to come included.
    pub(super) fn publish(&self, step: Step) {
        self.progress.send_modify(|progress| progress.steps.push(step));
    }

    /// When the login fails closed.
    pub(super) fn deadline(&self) -> Moment {
        self.deadline
    }

    /// Resolves when somebody cancels the login.
    pub(super) async fn cancelled(&self) {
        self.cancel.cancelled().await;
    }

    /// Publishes the last step. Only the first one counts.
    pub(super) fn end(&self, last: Step, now: Moment) {
        self.progress.send_modify(|progress| {
            if progress.ended_at.is_none() {
                progress.steps.push(last);
                progress.ended_at = Some(now);
            }
        });
    }

    fn ended_at(&self) -> Option<Moment> {
        self.progress.borrow().ended_at
    }
}

/// Ends the row even if the task panics, so that no follower waits for ever.
struct Ending(Arc<Row>, Clock);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.end(Step::Failed(Failure::Internal), self.1.now());
    }
}

impl Logins {
    /// An empty table. Logins run as `tasks` and hand what they bring to `sink`.
    pub fn new(oauth: OAuth, services: Services, clock: Clock, tasks: Tasks, sink: Arc<dyn GrantSink>) -> Self {
        Self { ground: Arc::new(Ground { oauth, services, clock, tasks, sink }), rows: Arc::default() }
    }

    /// Starts `login`. Returns its id, which cannot be guessed and is safe in a URL, and its deadline in seconds since
    /// 1970.
    pub fn start(&self, login: Login) -> Result<(String, i64), StartError> {
        let clock = &self.ground.clock;
        let row = Arc::new(Row::new(clock.now() + login.max_wait));
        let id = new_id();
        {
            let mut rows = self.rows();
            if rows.values().filter(|row| row.ended_at().is_none()).count() >= MAX_IN_FLIGHT {
                return Err(StartError::TooMany);
            }
            rows.insert(id.clone(), Arc::clone(&row));
        }
        let deadline = clock.wall_at(row.deadline);
        tracing::info!(profile = login.label(), "a login has started");
        let ground = Arc::clone(&self.ground);
        self.ground.tasks.spawn("login", Panic::Logged, async move {
            let ending = Ending(Arc::clone(&row), ground.clock.clone());
            Box::pin(run::run(&ground, &row, login)).await;
            drop(ending);
        });
        Ok((id, deadline))
    }

    /// Enters a login that needed no waiting and has ended already, so that it is followed like any other. Returns its
    /// id and the present time in seconds since 1970.
    pub fn finished(&self, last: Step) -> (String, i64) {
        let clock = &self.ground.clock;
        let row = Arc::new(Row::new(clock.now()));
        row.end(last, clock.now());
        let id = new_id();
        self.rows().insert(id.clone(), row);
        (id, clock.wall())
    }

    /// Settings and client of a login that was made elsewhere, at the place of `at`; `document` is the metadata document
    /// that it names. Nothing is sent but what discovery needs.
    pub async fn client_at(
        &self,
        at: &AtService,
        document: Option<&str>,
    ) -> Result<(Option<Settings>, Client), Failure> {
        at_service::client_at(&self.ground, at, document).await
    }

    /// The steps of login `id`: those so far, then each as it comes; ends after the last. `None`: no such login, or one
    /// that ended more than [`KEPT`] ago.
    pub fn follow(&self, id: &str) -> Option<impl Stream<Item = Step> + Send + Unpin + use<>> {
        let steps = self.rows().get(id)?.progress.subscribe();
        Some(Box::pin(futures_util::stream::unfold((steps, 0), async |(mut steps, next)| {
            loop {
                {
                    let progress = steps.borrow_and_update();
                    if let Some(step) = progress.steps.get(next) {
                        let step = step.clone();
                        drop(progress);
                        return Some((step, (steps, next + 1)));
                    }
                    if progress.ended_at.is_some() {
                        return None;
                    }
                }
                steps.changed().await.ok()?;
            }
        })))
    }

    /// Cancels login `id`. Returns whether there was one in flight. One whose tokens have come is finished all the same.
    pub fn cancel(&self, id: &str) -> bool {
        let rows = self.rows();
        let row = rows.get(id).filter(|row| row.ended_at().is_none());
        row.inspect(|row| row.cancel.cancel()).is_some()
    }

    /// How many logins run.
    pub fn in_flight(&self) -> usize {
        self.rows().values().filter(|row| row.ended_at().is_none()).count()
    }

    /// The rows, without those that are over and done with.
    fn rows(&self) -> MutexGuard<'_, HashMap<String, Arc<Row>>> {
        let mut rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.ground.clock.now();
        rows.retain(|_, row| row.ended_at().is_none_or(|ended| now.since(ended) <= KEPT));
        let mut ended: Vec<Moment> = rows.values().filter_map(|row| row.ended_at()).collect();
        if ended.len() > MAX_ENDED {
            ended.sort_unstable();
            let oldest_kept = ended[ended.len() - MAX_ENDED];
            rows.retain(|_, row| row.ended_at().is_none_or(|ended| ended >= oldest_kept));
        }
        rows
    }
}

/// An id that cannot be guessed. It starts with a letter, so that no tool takes it for an option.
fn new_id() -> String {
    format!("l{}", URL_SAFE_NO_PAD.encode(secret::random::<16>().as_ref()))
}

#[cfg(test)]
mod tests;
