//! Telling the service that a grant is over, until it has heard or cannot be told.
//!
//! The local copy goes first. What is needed to tell the service is kept, sealed like a grant, until the service has
//! answered: a service that cannot be reached now is told later, also after a restart.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::oneshot;

use super::Keeper;
use crate::clock::Moment;
use crate::notice::{Kind, traffic};
use crate::service::{Ended, Outcome, Report};
use crate::vault::view::Standing;
use crate::vault::{Trouble, Why};

/// The wait before the second try; each further one doubles it.
const FIRST_PAUSE: Duration = Duration::from_secs(30);
/// The longest wait between two tries.
const LONGEST_PAUSE: Duration = Duration::from_hours(1);
/// A service that has not been reached for so long is not told any more, in seconds.
const GIVE_UP: i64 = 7 * 24 * 3600;

/// What a logout did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogoutReport {
    /// Whether there was a grant.
    pub was_logged_in: bool,
    /// What became of it at the service.
    pub outcome: Outcome,
    /// What stays valid there, one sentence each.
    pub still_valid: Vec<String>,
    /// Whether the service is told again later.
    pub retried: bool,
}

impl LogoutReport {
    /// There was nothing to log out of.
    pub(in crate::vault) fn nothing() -> Self {
        Self { was_logged_in: false, outcome: Outcome::Nothing, still_valid: Vec::new(), retried: false }
    }
}

/// A service that is being told.
pub(super) struct Farewell {
    /// With the grant as it is after the try.
    answer: BoxFuture<'static, (Report, Box<Ended>)>,
    /// Whoever logged out and waits, if it is the first try.
    reply: Option<oneshot::Sender<LogoutReport>>,
}

impl Keeper {
    /// Drops the grant, and begins to tell the service; whoever asked gets the service's answer.
    pub(super) async fn logout(&mut self, reply: oneshot::Sender<LogoutReport>) {
        // The answer under way may bring the refresh token that has to be revoked.
        self.end_exchange().await;
        self.end_farewell().await;
        let open = self.grant.standing == Standing::Open;
        let Some(_) = self.grant.main.as_ref() else {
            if open {
                self.grant.forget(Why::LoggedOut);
                self.persist().await;
                self.tell(None);
            }
            let _gone = reply.send(LogoutReport { was_logged_in: open, ..LogoutReport::nothing() });
            return;
        };
        self.supersede();
        self.grant.unrevoked.extend(self.grant.ended(&self.parts.clock));
        self.grant.forget(Why::LoggedOut);
        // The local copy goes first: it must be gone even when the service cannot be reached.
        self.persist().await;
        self.shared.board.conclude_all(&Trouble::LoginRequired(Why::LoggedOut));
        self.note(Kind::LoggedOut, None);
        self.tell(None);
        self.say_farewell(Some(reply));
    }

    /// The profile is forgotten, and nobody is told.
    pub(super) async fn remove(mut self, reply: oneshot::Sender<Result<(), crate::store::WriteError>>) {
        self.supersede();
        let removed = self.parts.store.remove(self.grant.id).await;
        self.grant.forget(Why::LoggedOut);
        self.note(Kind::Removed, None);
        self.shared.board.conclude_all(&Trouble::LoginRequired(Why::LoggedOut));
        self.tell(None);
        let _gone = reply.send(removed);
    }

    /// Tells the service of the ended grant that has waited longest, for `reply` of the latest.
    pub(super) fn say_farewell(&mut self, reply: Option<oneshot::Sender<LogoutReport>>) {
        let next = if reply.is_some() { self.grant.unrevoked.last() } else { self.grant.unrevoked.first() };
        let Some(mut ended) = next.cloned().map(Box::new) else { return };
        let (parts, name) = (Arc::clone(&self.parts), Arc::clone(&self.grant.name));
        let answer = Box::pin(async move {
            let report = traffic::of(name, parts.issuer.end(&mut ended)).await;
            (report, ended)
        });
        self.farewell = Some(Box::new(Farewell { answer, reply }));
        self.farewell_at = None;
    }

    /// When the next try is due, with none under way.
    pub(super) fn farewell_due(&self) -> Option<Moment> {
        self.farewell_at.filter(|_| self.farewell.is_none())
    }

    /// After a start: what is left over from before is told soon.
    pub(super) fn take_up_farewells(&mut self) {
        if !self.grant.unrevoked.is_empty() && self.farewell.is_none() && self.farewell_at.is_none() {
            self.farewell_at = Some(self.parts.clock.now() + FIRST_PAUSE);
        }
    }

    /// The service has been told, or not.
    pub(super) async fn heard(&mut self, report: Report, told: Ended) {
        let Some(farewell) = self.farewell.take() else { return };
        let first = if farewell.reply.is_some() { self.grant.unrevoked.pop() } else { self.take_first() };
        let mut again = false;
        if first.is_some() {
            let given_up = self.parts.clock.wall() - told.at > GIVE_UP || lapsed(&told, self.parts.clock.wall());
            if matches!(report.outcome, Outcome::Later(_)) && !given_up {
                let tries = told.tries.saturating_add(1);
                self.grant.unrevoked.push(Ended { tries, ..told });
                again = true;
            }
        }
        if !self.grant.unrevoked.is_empty() {
            let tries = self.grant.unrevoked.iter().map(|ended| ended.tries).min().unwrap_or(0).min(16);
            let pause = FIRST_PAUSE.saturating_mul(1 << tries.saturating_sub(1)).min(LONGEST_PAUSE);
            self.farewell_at = Some(self.parts.clock.now() + pause);
        }
        tracing::info!(profile = %self.grant.name, outcome = ?report.outcome, again, "the service was told of a logout");
        self.persist().await;
        self.tell(None);
        if let Some(reply) = farewell.reply {
            let Report { outcome, still_valid } = report;
            // Whoever logged out may be gone.
            let _gone = reply.send(LogoutReport { was_logged_in: true, outcome, still_valid, retried: again });
        }
    }

    fn take_first(&mut self) -> Option<Ended> {
        (!self.grant.unrevoked.is_empty()).then(|| self.grant.unrevoked.remove(0))
    }

    /// The daemon stops: who waits for the service's answer gets it.
    pub(super) async fn end_farewell(&mut self) {
        if let Some(farewell) = self.farewell.as_mut() {
            let (report, told) = (&mut farewell.answer).await;
            self.heard(report, *told).await;
        }
    }
}

/// Whether nothing of it can be valid any more.
fn lapsed(ended: &Ended, wall: i64) -> bool {
    ended.refresh_token.is_none() && ended.secondaries.is_empty() && ended.expires_at.is_some_and(|at| at <= wall)
}

/// The answer of the service that is being told, if one is.
pub(super) async fn answered(farewell: Option<&mut Box<Farewell>>) -> (Report, Box<Ended>) {
    match farewell {
        Some(farewell) => (&mut farewell.answer).await,
        None => std::future::pending().await,
    }
}
