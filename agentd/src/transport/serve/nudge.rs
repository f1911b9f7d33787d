//! A future that wakes itself while it is polled is polled again at once, instead of going through the scheduler.
//!
//! hyper hands a request's body from the connection to the service over a channel inside one task, and each handing over
//! wakes that same task. The scheduler takes a task that wakes itself for one that yields: it puts it at the end of
//! its queue and wakes another worker to take it over, which costs three system calls for every request with a body.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering::SeqCst};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::task::AtomicWaker;

/// How often a future is polled in a row before others have their turn.
const IN_A_ROW: u32 = 8;

const IDLE: u8 = 0;
const POLLING: u8 = 1;
const NUDGED: u8 = 2;

/// Polls one future, see the module's documentation.
#[derive(Debug)]
pub(super) struct Nudged {
    nudge: Arc<Nudge>,
    waker: Waker,
}

#[derive(Debug, Default)]
struct Nudge {
    state: AtomicU8,
    task: AtomicWaker,
}

impl Wake for Nudge {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // During a poll the poller looks for it afterwards; at any other time the task is woken.
        let noted = self.state.compare_exchange(POLLING, NUDGED, SeqCst, SeqCst);
        if noted == Err(IDLE) {
            self.task.wake();
        }
    }
}

impl Nudged {
    pub(super) fn new() -> Self {
        let nudge = Arc::<Nudge>::default();
        Self { waker: Waker::from(Arc::clone(&nudge)), nudge }
    }

    /// Polls by `poll` until it is ready, or pending without having been woken meanwhile.
    pub(super) fn poll<T>(&self, context: &Context<'_>, mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>) -> Poll<T> {
        self.nudge.task.register(context.waker());
        for _ in 0..IN_A_ROW {
            self.nudge.state.store(POLLING, SeqCst);
            let outcome = poll(&mut Context::from_waker(&self.waker));
            let nudged = self.nudge.state.swap(IDLE, SeqCst) == NUDGED;
            if outcome.is_ready() || !nudged {
                return outcome;
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicU32;

    #[derive(Default)]
    struct Count(AtomicU32);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, SeqCst);
        }
    }

    fn counted() -> (Arc<Count>, Waker) {
        let count = Arc::<Count>::default();
        (Arc::clone(&count), Waker::from(count))
    }

    #[test]
    fn who_wakes_itself_is_polled_again_and_the_task_is_left_alone() {
        let (woken, task) = counted();
        let mut polls = 0;
        let outcome = Nudged::new().poll(&Context::from_waker(&task), |context| {
            polls += 1;
            context.waker().wake_by_ref();
            if polls == 3 { Poll::Ready(()) } else { Poll::Pending }
        });
        assert_eq!((outcome, polls, woken.0.load(SeqCst)), (Poll::Ready(()), 3, 0));
    }

    #[test]
    fn who_wakes_itself_for_ever_lets_others_have_their_turn() {
        let (woken, task) = counted();
        let mut polls = 0;
        let outcome: Poll<()> = Nudged::new().poll(&Context::from_waker(&task), |context| {
            polls += 1;
            context.waker().wake_by_ref();
            Poll::Pending
        });
        assert_eq!((outcome, polls, woken.0.load(SeqCst)), (Poll::Pending, IN_A_ROW, 1));
    }

    #[test]
    fn a_wake_from_outside_wakes_the_task() {
        let (woken, task) = counted();
        let nudged = Nudged::new();
        let mut kept = None;
        let outcome: Poll<()> = nudged.poll(&Context::from_waker(&task), |context| {
            kept = Some(context.waker().clone());
            Poll::Pending
        });
        assert!(outcome.is_pending());
        assert_eq!(woken.0.load(SeqCst), 0);
        kept.expect("it was kept").wake();
        assert_eq!(woken.0.load(SeqCst), 1);
    }
}
