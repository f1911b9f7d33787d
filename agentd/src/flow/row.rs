//! One login as its followers see it: its steps so far, what it asks for, and the ways in for the person.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::clock::Moment;
use crate::flow::loopback::Hatch;
use crate::flow::{Purpose, Step};
use crate::provider::Flow;

/// See the module's documentation.
#[derive(Debug)]
pub(super) struct Row {
    progress: watch::Sender<Progress>,
    cancel: CancellationToken,
    deadline: Moment,
    started: Moment,
    asked: [u8; 32],
    hatch: Mutex<Option<Hatch>>,
}

#[derive(Debug)]
pub(super) struct Progress {
    pub(super) steps: Vec<Step>,
    pub(super) purpose: Purpose,
    pub(super) flow: Option<Flow>,
    pub(super) ended_at: Option<Moment>,
}

impl Row {
    pub(super) fn new(purpose: Purpose, asked: [u8; 32], started: Moment, max_wait: Duration) -> Self {
        let progress = Progress { steps: Vec::new(), purpose, flow: None, ended_at: None };
        Self {
            progress: watch::Sender::new(progress),
            cancel: CancellationToken::new(),
            deadline: started + max_wait,
            started,
            asked,
            hatch: Mutex::default(),
        }
    }

    /// Tells every follower, those to come included.
    pub(super) fn publish(&self, step: Step) {
        self.progress.send_modify(|progress| progress.steps.push(step));
    }

    /// Notes what the service is asked for, before the person is told of it.
    pub(super) fn asks(&self, flow: Flow, client_id: Option<&str>, scope: Option<&str>) {
        self.progress.send_modify(|progress| {
            progress.flow = Some(flow);
            progress.purpose.client_id = client_id.map(str::to_owned);
            progress.purpose.scope = scope.map(str::to_owned);
        });
    }

    /// Lets the person bring the browser's answer by hand.
    pub(super) fn opens(&self, hatch: Hatch) {
        *self.hatch.lock().unwrap_or_else(PoisonError::into_inner) = Some(hatch);
    }

    /// Where the browser's answer can be brought by hand; gone when none is waited for.
    pub(super) fn hatch(&self) -> Option<Hatch> {
        self.hatch.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// When the login fails closed.
    pub(super) fn deadline(&self) -> Moment {
        self.deadline
    }

    /// When it was started.
    pub(super) fn started(&self) -> Moment {
        self.started
    }

    /// The digest of its request.
    pub(super) fn asked(&self) -> [u8; 32] {
        self.asked
    }

    /// The state as it is now.
    pub(super) fn progress(&self) -> watch::Ref<'_, Progress> {
        self.progress.borrow()
    }

    /// The state as it changes.
    pub(super) fn subscribe(&self) -> watch::Receiver<Progress> {
        self.progress.subscribe()
    }

    /// Ends the login, unless its tokens have come.
    pub(super) fn cancel(&self) {
        self.cancel.cancel();
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

    pub(super) fn ended_at(&self) -> Option<Moment> {
        self.progress.borrow().ended_at
    }
}
