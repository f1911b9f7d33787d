//! Signals that end or stop the program, held back while something has to be put in order first: a terminal that shows
//! nothing, a login that the agent runs for us.
//!
//! A signal that nobody holds back does what it always does. Afterwards the program ends or stops by the very signal, so
//! that the shell sees what happened. `SIGHUP` is never held back: a terminal that goes away takes nothing else with it.

use std::io::Read as _;
use std::os::fd::{AsFd as _, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM, SIGTSTP};
use signal_hook::{flag, low_level};

/// Whether nobody holds signals back.
static FREE: AtomicBool = AtomicBool::new(true);
/// The last signal that was held back; zero for none.
static LAST: AtomicUsize = AtomicUsize::new(0);
/// Readable when one was.
static WAKE: OnceLock<Option<UnixStream>> = OnceLock::new();

/// While this is there, signals are held back. One that nobody has taken has its effect when it is dropped.
#[derive(Debug)]
pub(crate) struct Hold(());

/// A signal that was held back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Held(i32);

impl Held {
    /// Whether it only stops the program for a while (Ctrl-Z).
    pub(crate) fn stops(self) -> bool {
        self.0 == SIGTSTP
    }

    /// Ends the program, or stops it and comes back when it goes on.
    pub(crate) fn obey(self) {
        // Fails only for signals that do not exist.
        low_level::emulate_default_handler(self.0).ok();
    }
}

impl Hold {
    /// Holds signals back from now on.
    pub(crate) fn new() -> Self {
        WAKE.get_or_init(|| listen().ok());
        FREE.store(false, Ordering::SeqCst);
        Self(())
    }

    /// Readable when a signal has come.
    #[allow(clippy::unused_self, reason = "only who holds signals back may wait for them")]
    pub(crate) fn source(&self) -> Option<BorrowedFd<'static>> {
        WAKE.get()?.as_ref().map(|wake| wake.as_fd())
    }

    /// The signal that has come.
    #[allow(clippy::unused_self, reason = "only who holds signals back may take them")]
    pub(crate) fn take(&self) -> Option<Held> {
        if let Some(Some(mut wake)) = WAKE.get().map(Option::as_ref) {
            // It does not block; what is left in it only wakes us once more.
            let mut buffer = [0; 16];
            let _drained = wake.read(&mut buffer);
        }
        taken()
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        FREE.store(true, Ordering::SeqCst);
        if let Some(held) = taken() {
            held.obey();
        }
    }
}

fn taken() -> Option<Held> {
    let last = LAST.swap(0, Ordering::SeqCst);
    i32::try_from(last).ok().filter(|signal| *signal != 0).map(Held)
}

fn listen() -> std::io::Result<UnixStream> {
    let (wake, notify) = UnixStream::pair()?;
    wake.set_nonblocking(true)?;
    for signal in [SIGINT, SIGTERM, SIGTSTP] {
        // In this order: what is free has its effect, else it is noted before somebody is woken.
        flag::register_conditional_default(signal, &FREE)?;
        flag::register_usize(signal, &LAST, usize::try_from(signal).unwrap_or(0))?;
        low_level::pipe::register(signal, notify.try_clone()?)?;
    }
    Ok(wake)
}
