//! The table of logins: start, list, follow, answer, cancel.
//!
//! Each login is a task of its own and writes its steps into its row. Followers read the row; they hold nothing up and
//! may come late. A row outlives its login for [`KEPT`], so that a client that lost its connection learns the end. The
//! same request, sent again while its login is pending, joins that login; a profile has one pending login at most.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::Stream;

use crate::clock::{Clock, Moment};
pub(super) use crate::flow::row::Row;
use crate::flow::{AtService, Failure, GrantSink, Login, Purpose, Step, at_service, registration, run};
use crate::notice::traffic;
use crate::oauth::{Client, OAuth};
use crate::provider::{Flow, Settings};
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
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// Another login of this profile has not ended: follow that one, or cancel it.
    #[error("another login for the profile `{profile}` is pending")]
    Pending {
        /// The profile.
        profile: String,
    },
    /// [`MAX_IN_FLIGHT`] logins run: wait for one to end, or cancel one.
    #[error("too many logins are in progress")]
    TooMany,
}

/// Why an address that a person brings was not taken. The login goes on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AnswerError {
    /// It is not what the service answers to this login: bring another one.
    #[error("{why}")]
    NotTheAnswer {
        /// What is wrong with it.
        why: String,
    },
    /// The login waits for no address: it is of another flow, or has been answered.
    #[error("this login does not wait for an address")]
    NotAwaited,
    /// There is no login of that id.
    #[error("there is no such login")]
    Unknown,
}

/// A login that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Started {
    /// Its id, which cannot be guessed and is safe in a URL.
    pub id: String,
    /// When it fails closed, in seconds since 1970.
    pub deadline: i64,
    /// Whether the same request had started it before.
    pub joined: bool,
}

/// A login that has not ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// Its id.
    pub id: String,
    /// What it asks for.
    pub purpose: Purpose,
    /// The flow, once it is known.
    pub flow: Option<Flow>,
    /// When it was started, in seconds since 1970.
    pub started_at: i64,
    /// When it fails closed, in seconds since 1970.
    pub deadline: i64,
    /// What the person has to do.
    pub step: Option<Step>,
}

/// What every login needs.
pub(super) struct Ground {
    pub(super) oauth: OAuth,
    pub(super) services: Services,
    pub(super) clock: Clock,
    pub(super) tasks: Tasks,
    pub(super) sink: Arc<dyn GrantSink>,
    /// Registered clients without a login.
    pub(super) registered: registration::Waiting,
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
        let registered = registration::Waiting::default();
        Self { ground: Arc::new(Ground { oauth, services, clock, tasks, sink, registered }), rows: Arc::default() }
    }

    /// Starts `login`, or joins the one that the same request has started and that has not ended.
    pub fn start(&self, login: Login) -> Result<Started, StartError> {
        let clock = &self.ground.clock;
        let row = Arc::new(Row::new(login.purpose(), login.asked, clock.now(), login.max_wait));
        let id = new_id();
        {
            let mut rows = self.rows();
            let pending = || rows.iter().filter(|(_, row)| row.ended_at().is_none());
            let of_profile = |row: &Row| row.progress().purpose.profile == login.profile;
            if let Some((id, row)) = pending().find(|(_, row)| row.asked() == login.asked && of_profile(row)) {
                return Ok(Started { id: id.clone(), deadline: clock.wall_at(row.deadline()), joined: true });
            }
            if let Some(profile) = &login.profile {
                free(&rows, profile)?;
            }
            if pending().count() >= MAX_IN_FLIGHT {
                return Err(StartError::TooMany);
            }
            rows.insert(id.clone(), Arc::clone(&row));
        }
        let deadline = clock.wall_at(row.deadline());
        tracing::info!(profile = login.label(), "a login has started");
        let ground = Arc::clone(&self.ground);
        self.ground.tasks.spawn("login", Panic::Logged, async move {
            let ending = Ending(Arc::clone(&row), ground.clock.clone());
            let whose = Arc::from(login.label());
            traffic::of(whose, Box::pin(run::run(&ground, &row, login))).await;
            drop(ending);
        });
        Ok(Started { id, deadline, joined: false })
    }

    /// The logins that have not ended, oldest first.
    pub fn pending(&self) -> Vec<Pending> {
        let clock = &self.ground.clock;
        let rows = self.rows();
        let mut pending: Vec<(&String, &Arc<Row>)> = rows.iter().filter(|(_, row)| row.ended_at().is_none()).collect();
        pending.sort_by_key(|(_, row)| row.started());
        let told = |(id, row): (&String, &Arc<Row>)| {
            let progress = row.progress();
            Pending {
                id: id.clone(),
                purpose: progress.purpose.clone(),
                flow: progress.flow,
                started_at: clock.wall_at(row.started()),
                deadline: clock.wall_at(row.deadline()),
                step: progress.steps.last().cloned(),
            }
        };
        pending.into_iter().map(told).collect()
    }

    /// What login `id` asks for.
    pub fn purpose(&self, id: &str) -> Option<Purpose> {
        self.rows().get(id).map(|row| row.progress().purpose.clone())
    }

    /// Brings login `id` the `address` at which a browser elsewhere has ended. It is judged like a request of the
    /// browser itself.
    pub fn answer(&self, id: &str, address: &str) -> Result<(), AnswerError> {
        let row = self.rows().get(id).cloned().ok_or(AnswerError::Unknown)?;
        let hatch = row.hatch().filter(|_| row.ended_at().is_none()).ok_or(AnswerError::NotAwaited)?;
        hatch.take(address)
    }

    /// Whether no login of `profile` is pending.
    pub fn free(&self, profile: &str) -> Result<(), StartError> {
        free(&self.rows(), profile)
    }

    /// Enters a login that needed no waiting and has ended already, so that it is followed like any other.
    pub fn finished(&self, purpose: Purpose, last: Step) -> Started {
        let clock = &self.ground.clock;
        let row = Arc::new(Row::new(purpose, [0; 32], clock.now(), Duration::ZERO));
        row.end(last, clock.now());
        let id = new_id();
        self.rows().insert(id.clone(), row);
        Started { id, deadline: clock.wall(), joined: false }
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

    /// Ends the registration of a client that no profile has any more (RFC 7592 §2.3). `false`: it is still registered.
    pub async fn unregister(&self, settings: &Settings) -> bool {
        registration::end(&self.ground, settings).await
    }

    /// The steps of login `id`: those so far, then each as it comes; ends after the last. `None`: no such login, or one
    /// that ended more than [`KEPT`] ago.
    pub fn follow(&self, id: &str) -> Option<impl Stream<Item = Step> + Send + Unpin + use<>> {
        let steps = self.rows().get(id)?.subscribe();
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
        row.inspect(|row| row.cancel()).is_some()
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

fn free(rows: &HashMap<String, Arc<Row>>, profile: &str) -> Result<(), StartError> {
    let taken = |row: &Arc<Row>| row.ended_at().is_none() && row.progress().purpose.profile.as_deref() == Some(profile);
    if rows.values().any(taken) { Err(StartError::Pending { profile: profile.to_owned() }) } else { Ok(()) }
}

/// An id that cannot be guessed. It starts with a letter, so that no tool takes it for an option.
fn new_id() -> String {
    format!("l{}", URL_SAFE_NO_PAD.encode(secret::random::<16>().as_ref()))
}

#[cfg(test)]
mod tests;
