//! One task per grant. It alone owns the refresh token, so single flight needs no lock.
//!
//! Invariants
//! - K1: at most one exchange per grant is under way, and it belongs to the keeper: a caller who hangs up changes
//!   nothing.
//! - K2 (persist, then publish): an answer is durable before anybody is told of it, or it is served as `unsaved`.
//! - K3: a mark is durable before a request goes out, so that a crash in between is recognised. Without a mark
//!   nothing is sent unless a caller needs it.
//! - K4: an answer is applied only to the revision of the grant that asked.

mod exchange;
mod farewell;
mod lapse;
mod narrowing;
mod rename;

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use futures_channel::mpsc;
use futures_util::StreamExt as _;
use tokio::sync::{oneshot, watch};

use self::exchange::{Answer, Exchange};
use self::farewell::Farewell;
pub use self::farewell::LogoutReport;
use super::demand::Board;
use super::given::{Learned, NewGrant, NewKey};
use super::grant::Grant;
use super::lanes::For;
use super::view::{Snapshot, Standing};
use super::want::{Need, Target};
use super::{Parts, Trouble, Why, freshness, record};
use crate::clock::{Clock, Moment};
use crate::config::ProfileConfig;
use crate::notice::Kind;
use crate::provider::Place;
use crate::secret::RefreshToken;
use crate::service::{Ended, Report};
use crate::supervise::Tasks;

/// Demands that follow a failure sooner than this are answered with that failure; refreshes that nobody waits for are
/// never closer together.
pub(super) const LEAST_SPACING: Duration = Duration::from_secs(1);
/// The longest that a caller is kept from the next try of an exchange whose answer was lost.
pub(super) const UNCERTAIN_SPACING: Duration = Duration::from_secs(15);
/// While the store cannot be written, refreshes that nobody waits for are put off by this.
pub(super) const STORE_RECHECK: Duration = Duration::from_secs(30);

/// What others share with a keeper.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) board: Board,
    pub(super) state: watch::Sender<Arc<Snapshot>>,
}

/// What a keeper is told to do. Whoever sends one waits for its end, so the queue needs no bound, and an empty one of
/// `futures-channel` takes a tenth of the memory of tokio's.
#[derive(Debug)]
pub(super) enum Command {
    Adopt(Box<NewGrant>, oneshot::Sender<()>),
    AdoptKey(Box<NewKey>, oneshot::Sender<()>),
    AdoptOpen(Box<Place>, oneshot::Sender<()>),
    Configure(ProfileConfig),
    Learn(Box<Learned>, oneshot::Sender<bool>),
    Logout(oneshot::Sender<LogoutReport>),
    /// Undoes `Surrender`.
    Reclaim(oneshot::Sender<()>),
    /// Tells the refresh token: from now on another program refreshes.
    Surrender(oneshot::Sender<Option<Arc<RefreshToken>>>),
    Remove(oneshot::Sender<Result<(), crate::store::WriteError>>),
    Rename(Arc<str>, oneshot::Sender<Result<(), crate::store::WriteError>>),
}

pub(super) struct Keeper {
    grant: Grant,
    revision: u64,
    sequence: u64,
    shared: Arc<Shared>,
    parts: Arc<Parts>,
    commands: mpsc::UnboundedReceiver<Command>,
    exchange: Option<Exchange>,
    /// Waits for the token as granted, to be exchanged for it.
    narrowing: Option<Arc<Target>>,
    /// Nothing is exchanged before: the service could not.
    narrow_from: Option<Moment>,
    unsaved: Option<Unsaved>,
    jitter: u8,
    farewell: Option<Box<Farewell>>,
    farewell_at: Option<Moment>,
    lapse: lapse::Lapse,
}

/// The latest state is not durable yet.
struct Unsaved {
    tries: u32,
    retry_at: Moment,
}

enum Wake {
    Answered(Answer),
    Command(Command),
    Heard(Report, Box<Ended>),
    Look,
    Stop,
}

impl Keeper {
    pub(super) fn new(
        grant: Grant,
        sequence: u64,
        parts: Arc<Parts>,
    ) -> (Self, Arc<Shared>, mpsc::UnboundedSender<Command>) {
        let (sender, commands) = mpsc::unbounded();
        let [jitter] = *crate::secret::random::<1>();
        let first = Arc::new(grant.snapshot(grant.refresh_due(jitter), false));
        let shared = Arc::new(Shared { board: Board::default(), state: watch::Sender::new(first) });
        let exchange = None;
        let unsaved = None;
        let keeper = Self {
            grant,
            revision: 0,
            sequence,
            shared: Arc::clone(&shared),
            parts,
            commands,
            exchange,
            narrowing: None,
            narrow_from: None,
            unsaved,
            jitter,
            farewell: None,
            farewell_at: None,
            lapse: lapse::Lapse::default(),
        };
        (keeper, shared, sender)
    }

    /// Boxed: a future holds what it is given twice, as it came and as it is used.
    pub(super) async fn run(mut self: Box<Self>, tasks: Tasks) {
        self.take_up_farewells();
        loop {
            if self.farewell_due().is_some_and(|due| due <= self.parts.clock.now()) {
                self.say_farewell(None);
            }
            if self.unsaved.is_some() {
                Box::pin(self.retry_write()).await;
            }
            self.take_up_demands();
            self.start_when_due();
            self.warn_of_lapse();
            // What is seldom done is boxed: there may be ten thousand keepers, and nearly all of them only wait.
            match self.wait(&tasks).await {
                Wake::Answered(answer) => Box::pin(self.finish(answer)).await,
                Wake::Command(Command::Remove(reply)) => return Box::pin(self.remove(reply)).await,
                Wake::Command(command) => Box::pin(self.obey(command)).await,
                Wake::Heard(report, told) => Box::pin(self.heard(report, *told)).await,
                Wake::Look => {}
                Wake::Stop => return Box::pin(self.stop()).await,
            }
        }
    }

    async fn wait(&mut self, tasks: &Tasks) -> Wake {
        let wake_at = self.wake_at().into_iter().chain(self.lapse_due()).min();
        tokio::select! {
            () = tasks.cancelled() => Wake::Stop,
            answer = answered(self.exchange.as_mut()) => Wake::Answered(answer),
            (report, told) = farewell::answered(self.farewell.as_mut()) => Wake::Heard(report, told),
            command = self.commands.next() => command.map_or(Wake::Stop, Wake::Command),
            () = self.shared.board.rung() => Wake::Look,
            () = reached(&self.parts.clock, wake_at) => Wake::Look,
        }
    }

    fn wake_at(&self) -> Option<Moment> {
        let due = if self.exchange.is_none() { self.grant.refresh_due(self.jitter) } else { None };
        let write = self.unsaved.as_ref().map(|u| u.retry_at);
        [due, write, self.farewell_due()].into_iter().flatten().min()
    }

    /// Answers every demand that can be answered without the issuer, and starts an exchange for the first that cannot.
    fn take_up_demands(&mut self) {
        self.go_on_narrowing();
        while self.exchange.is_none() {
            let Some((target, needs)) = self.shared.board.next() else { return };
            match self.decide(&target, &needs) {
                Some(outcome) => self.tell(Some((&target, outcome.err()))),
                None if self.grant.exchanges(&target) => self.narrow(target),
                None => self.start(target, For::Caller),
            }
        }
    }

    /// `None`: an exchange is needed.
    fn decide(&self, target: &Target, needs: &[Need]) -> Option<Result<(), Trouble>> {
        let now = self.parts.clock.now();
        let snapshot = self.grant.snapshot(None, false);
        if needs.iter().all(|need| snapshot.meeting(target, *need, now).is_some()) {
            return Some(Ok(()));
        }
        let forced = needs.iter().any(|need| matches!(need, Need::Newer { forced: true, .. }));
        let history = &self.grant.history;
        match &self.grant.standing {
            Standing::Nothing(why) => return Some(Err(Trouble::LoginRequired(*why))),
            Standing::Open => return Some(Err(Trouble::NoneNeeded)),
            Standing::LoginRequired(why) if !forced => return Some(Err(Trouble::LoginRequired(*why))),
            Standing::Misconfigured { code } if !forced => return Some(Err(Trouble::Misconfigured { code })),
            _ => {}
        }
        if self.grant.ignores_scope && target.scope.is_some() {
            return Some(Err(Trouble::Wider));
        }
        if let ControlFlow::Break(decision) = self.decide_narrowing(target, now) {
            return decision;
        }
        if self.grant.refresh_token().is_none() {
            let valid = snapshot.served(target).is_some_and(|s| s.is_valid(now));
            let renewal_asked = needs.iter().any(|need| matches!(need, Need::Newer { .. }));
            return Some(match (valid, renewal_asked || !target.is_main()) {
                (true, false) => Ok(()),
                (false, _) if target.is_main() => Err(Trouble::LoginRequired(Why::Expired)),
                _ => Err(Trouble::NoRefreshToken),
            });
        }
        if let Some(trouble) = self.told_to_wait(now) {
            return Some(Err(trouble));
        }
        // What is uncertain is asked again after its wait, whoever asks, unless a person insists.
        let patience = history.last_try.map(|at| at + UNCERTAIN_SPACING);
        let until = history.not_before.into_iter().chain(patience).min();
        if let Some(until) = until.filter(|until| history.uncertain && *until > now && !forced) {
            let why = "the answer to the last refresh was lost".to_owned();
            return Some(Err(Trouble::Unreachable { why, retry_after: Some(until.since(now)) }));
        }
        let just_tried = history.last_try.is_some_and(|at| now.since(at) < LEAST_SPACING);
        history.trouble.clone().filter(|_| just_tried && !forced).map(Err)
    }

    fn start_when_due(&mut self) {
        let now = self.parts.clock.now();
        if self.exchange.is_some() || self.grant.refresh_due(self.jitter).is_none_or(|due| due > now) {
            return;
        }
        // Also while the store cannot be written: the mark is how one learns that it can again.
        self.start(Arc::new(Target::default()), For::Nobody);
    }

    async fn obey(&mut self, command: Command) {
        match command {
            Command::Adopt(new, reply) => {
                self.supersede();
                self.grant.adopt(*new, &self.parts.clock);
                self.settle(reply).await;
            }
            Command::AdoptKey(new, reply) => {
                self.supersede();
                self.grant.adopt_key(*new, &self.parts.clock);
                self.settle(reply).await;
            }
            Command::AdoptOpen(place, reply) => {
                self.supersede();
                self.grant.adopt_open(*place, &self.parts.clock);
                self.settle(reply).await;
            }
            Command::Learn(learned, reply) => {
                let learned = self.grant.learn(*learned, &self.parts.clock);
                if learned {
                    self.persist().await;
                    self.tell(None);
                }
                let _gone = reply.send(learned);
            }
            Command::Reclaim(reply) => {
                self.grant.surrendered = false;
                self.tell(None);
                let _gone = reply.send(());
            }
            Command::Surrender(reply) => {
                self.end_exchange().await;
                self.exchange = None;
                let token = self.grant.renewal.as_ref().and_then(|renewal| renewal.refresh_token.clone());
                self.grant.surrendered = true;
                self.tell(None);
                let _gone = reply.send(token);
            }
            Command::Configure(rules) => {
                self.grant.rules = rules;
                self.tell(None);
            }
            Command::Logout(reply) => self.logout(reply).await,
            Command::Rename(name, reply) => drop(reply.send(self.rename(name).await)),
            // Handled by the loop, since it ends it.
            Command::Remove(_) => {}
        }
    }

    async fn settle(&mut self, reply: oneshot::Sender<()>) {
        self.persist().await;
        self.note(Kind::LoginFinished, None);
        self.tell(None);
        // Whoever asked for the login may be gone; the grant is kept all the same.
        let _gone = reply.send(());
    }

    /// The grant is replaced: what is under way for the old one is of no more interest.
    fn supersede(&mut self) {
        self.revision += 1;
        self.exchange = None;
        self.narrowing = None;
        self.shared.board.conclude_all(&Trouble::Superseded);
    }

    /// The daemon stops: what is under way is finished and stored.
    async fn stop(mut self) {
        self.end_exchange().await;
        if self.farewell.as_ref().is_some() {
            self.end_farewell().await;
        }
        // A second try of an uncertain exchange would need more time than there is; its mark is stored.
        self.exchange = None;
        if self.unsaved.is_some() {
            self.persist().await;
        }
    }

    fn next_record(&mut self) -> crate::store::record::Record {
        self.sequence += 1;
        record::write(&self.grant, self.sequence, &self.parts.clock)
    }

    /// K2. A state that cannot be written is kept, shown as unsaved, and written later.
    async fn persist(&mut self) {
        let record = self.next_record();
        match self.parts.store.put(record).await {
            Ok(()) => self.unsaved = None,
            Err(error) => {
                let tries = self.unsaved.as_ref().map_or(1, |u| u.tries.saturating_add(1));
                tracing::error!(profile = %self.grant.name, %error, tries, "a grant is not saved");
                let wait = freshness::backoff(tries, None, self.jitter).min(STORE_RECHECK);
                self.unsaved = Some(Unsaved { tries, retry_at: self.parts.clock.now() + wait });
            }
        }
    }

    async fn retry_write(&mut self) {
        if self.unsaved.as_ref().is_some_and(|u| u.retry_at <= self.parts.clock.now()) {
            self.persist().await;
            self.tell(None);
        }
    }

    /// Publishes the state, ends the round of a target, then wakes everybody who waits: in this order, so that nobody
    /// sees a round ended and the state before it.
    fn tell(&self, ended: Option<(&Arc<Target>, Option<Trouble>)>) {
        let snapshot = Arc::new(self.grant.snapshot(self.wake_at(), self.unsaved.is_some()));
        self.shared.state.send_if_modified(|state| {
            *state = snapshot;
            false
        });
        if let Some((target, outcome)) = ended {
            self.shared.board.conclude(target, outcome);
        }
        self.shared.state.send_modify(|_| {});
        self.parts.changed();
    }

    fn note(&self, kind: Kind, why: Option<String>) {
        self.parts.notices.post(kind, Some(Arc::clone(&self.grant.name)), why);
    }
}

impl Drop for Keeper {
    /// However it ends: callers hold what is shared, so they would not notice by themselves.
    fn drop(&mut self) {
        self.shared.board.close();
        self.shared.state.send_modify(|_| {});
    }
}

/// The answer to the exchange, if one is under way.
async fn answered(exchange: Option<&mut Exchange>) -> Answer {
    match exchange {
        Some(exchange) => (&mut exchange.answer).await,
        None => std::future::pending().await,
    }
}

/// Returns when `moment` has come, if there is one.
async fn reached(clock: &Clock, moment: Option<Moment>) {
    match moment {
        Some(moment) => clock.sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
