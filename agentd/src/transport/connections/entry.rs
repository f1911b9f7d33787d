//! One connection in the register: its place in line, what it was told, and the guards that move it.
//!
//! The connection's task polls; the register, the reaper and the stop tell it things by setting a bit and waking it.

use std::sync::Arc;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64};
use std::task::Waker;

use futures_util::task::AtomicWaker;

use super::{Lateness, Shared};

/// What a connection was told, as a set of bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::transport) struct Signals(u8);

impl Signals {
    /// End now.
    pub(in crate::transport) const CLOSE: u8 = 1;
    /// The request took too long to arrive.
    pub(in crate::transport) const LATE: u8 = 2;
    /// The daemon stops: finish the request in progress and end.
    pub(in crate::transport) const STOP: u8 = 4;

    pub(in crate::transport) fn contain(self, signal: u8) -> bool {
        self.0 & signal != 0
    }
}

#[derive(Debug)]
pub(in crate::transport) struct Entry {
    number: u64,
    shared: Arc<Shared>,
    /// Place in line, 0 when not in line. Changed under the register's lock only.
    place: AtomicU64,
    /// Tick of joining the line.
    since: AtomicU32,
    /// Tick of the first byte of the request that is being received, 0 when there is none.
    receiving: AtomicU32,
    signals: AtomicU8,
    /// Changed under the register's lock only.
    in_progress: AtomicBool,
    waker: AtomicWaker,
}

impl Entry {
    pub(super) fn new(number: u64, shared: Arc<Shared>) -> Self {
        Self {
            number,
            shared,
            place: AtomicU64::new(0),
            since: AtomicU32::new(0),
            receiving: AtomicU32::new(0),
            signals: AtomicU8::new(0),
            in_progress: AtomicBool::new(false),
            waker: AtomicWaker::new(),
        }
    }

    pub(super) fn stand_at(&self, place: u64, tick: u32) {
        self.place.store(place, Relaxed);
        self.since.store(tick, Relaxed);
    }

    pub(super) fn tell(&self, signal: u8) {
        self.signals.fetch_or(signal, AcqRel);
        self.waker.wake();
    }

    pub(super) fn late(&self, now: u32, receive: u32, idle: u32) -> Option<Lateness> {
        match self.receiving.load(Relaxed) {
            0 => (now.saturating_sub(self.since.load(Relaxed)) > idle).then_some(Lateness::Idle),
            since if now.saturating_sub(since) > receive => {
                // The next limit runs from here: for reading the answer "too slow".
                self.receiving.store(now, Relaxed);
                Some(Lateness::Receiving)
            }
            _ => None,
        }
    }

    /// What this connection was told so far; `waker` is woken when there is more.
    pub(in crate::transport) fn listen(&self, waker: &Waker) -> Signals {
        self.waker.register(waker);
        Signals(self.signals.load(Acquire))
    }

    /// Takes [`Signals::LATE`] back.
    pub(in crate::transport) fn forgive(&self) {
        self.signals.fetch_and(!Signals::LATE, AcqRel);
    }

    /// Bytes have come in.
    pub(in crate::transport) fn received(&self) {
        if self.receiving.load(Relaxed) == 0 {
            self.receiving.store(self.shared.tick.load(Relaxed), Relaxed);
        }
    }

    /// Whether half a request is there.
    pub(in crate::transport) fn is_receiving(&self) -> bool {
        self.receiving.load(Relaxed) != 0 && !self.in_progress.load(Relaxed)
    }

    /// The request has been received completely. `None`: the connection was told to close, so it must not be served.
    pub(in crate::transport) fn begin(self: &Arc<Self>) -> Option<InProgress> {
        let mut register = self.shared.register();
        // I1: no place in line means that it was told to close, for one connection has one request at a time.
        register.line.remove(&self.place.load(Relaxed))?;
        self.stand_at(0, 0);
        self.receiving.store(0, Relaxed);
        // Told so in this very moment, but the rest of it has come.
        self.forgive();
        self.in_progress.store(true, Relaxed);
        register.counts.in_progress += 1;
        Some(InProgress(Arc::clone(self)))
    }

    fn end(self: &Arc<Self>) {
        let mut register = self.shared.register();
        register.counts.in_progress -= 1;
        self.in_progress.store(false, Relaxed);
        if self.receiving.load(Relaxed) != 0 {
            // Bytes of the next request came early; their time runs from now.
            self.receiving.store(self.shared.tick.load(Relaxed), Relaxed);
        }
        self.shared.join_line(&mut register, self);
    }

    fn leave(&self) {
        let mut register = self.shared.register();
        register.open.remove(&self.number);
        let stood = register.line.remove(&self.place.load(Relaxed)).is_some();
        // One that was told to close by the register is not counted any more (I2).
        if stood {
            register.admitted -= 1;
        }
        if std::mem::take(&mut register.door_rests) {
            self.shared.one_left.notify_one();
        }
    }
}

/// A connection's right to be there. Dropping it gives the room to another.
#[derive(Debug)]
pub(in crate::transport) struct Ticket(pub(super) Arc<Entry>);

impl Ticket {
    pub(in crate::transport) fn entry(&self) -> &Arc<Entry> {
        &self.0
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.0.leave();
    }
}

/// A request in progress. Dropping it puts its connection at the end of the line.
#[derive(Debug)]
pub(in crate::transport) struct InProgress(Arc<Entry>);

impl Drop for InProgress {
    fn drop(&mut self) {
        self.0.end();
    }
}
