//! Who is connected, and who has to go when somebody else wants in.
//!
//! A connection either has a request in progress (received completely, answer not yet handed over completely) or it
//! *waits*: it is idle, or half a request is there. Those that wait stand in line, longest first, and the first in line
//! gives way when the house is full. A connection with a request in progress is never closed for another.
//!
//! I1: a connection stands in line exactly while it waits and was not told to close.
//! I2: `admitted` counts the open connections that were not told to close; it never exceeds the capacity.
//!
//! Time is counted in ticks of the reaper, so the way of a request through here reads no clock and sets no timer: it is
//! two short critical sections, each a step in a small ordered map.

mod entry;

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

pub(super) use entry::{Entry, InProgress, Signals, Ticket};

/// How many connections that were told to close may still be open. Beside these, the daemon keeps back descriptors for
/// its own needs.
const CLOSING: usize = 64;

/// The register of connections. Clones share it.
#[derive(Debug, Clone)]
pub struct Connections(Arc<Shared>);

/// How many, at this moment and since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Open now.
    pub open: usize,
    /// Of these, with a request in progress.
    pub in_progress: usize,
    /// Closed since the start to let another in.
    pub evicted: u64,
    /// Closed since the start because they were idle, or half a request, for too long.
    pub expired: u64,
    /// Closed at once since the start because the peer is not this user.
    pub refused: u64,
    /// Told "busy" since the start.
    pub turned_away: u64,
}

#[derive(Debug)]
struct Shared {
    capacity: usize,
    /// The reaper's time. Starts at 1; 0 stands for "never" in an entry.
    tick: AtomicU32,
    register: Mutex<Register>,
    /// Wakes the reaper when it found nobody in line.
    line_formed: Notify,
    /// Wakes the door when it found too many on their way out.
    one_left: Notify,
}

#[derive(Debug, Default)]
struct Register {
    /// By place; the smallest has waited longest (I1).
    line: BTreeMap<u64, Arc<Entry>>,
    /// All that are open, by number.
    open: BTreeMap<u64, Arc<Entry>>,
    /// Source of places and numbers.
    last: u64,
    /// See I2.
    admitted: usize,
    reaper_rests: bool,
    door_rests: bool,
    counts: Counts,
}

impl Connections {
    /// A register for at most `capacity` connections.
    pub fn new(capacity: usize) -> Self {
        Self(Arc::new(Shared {
            capacity: capacity.max(1),
            tick: AtomicU32::new(1),
            register: Mutex::default(),
            line_formed: Notify::new(),
            one_left: Notify::new(),
        }))
    }

    /// How many connections are open.
    pub fn open(&self) -> usize {
        self.0.register().open.len()
    }

    /// How many of them have a request in progress.
    pub fn in_progress(&self) -> usize {
        self.0.register().counts.in_progress
    }

    /// All numbers at one moment.
    pub fn counts(&self) -> Counts {
        let register = self.0.register();
        Counts { open: register.open.len(), ..register.counts }
    }

    pub(super) fn count_refused(&self) {
        self.0.register().counts.refused += 1;
    }

    /// Lets a connection in, at the expense of the first in line when full. `None`: all have requests in progress.
    pub(super) fn admit(&self) -> Option<Ticket> {
        let mut register = self.0.register();
        if register.admitted >= self.0.capacity && !register.evict_first() {
            register.counts.turned_away += 1;
            return None;
        }
        register.admitted += 1;
        register.last += 1;
        let number = register.last;
        let entry = Arc::new(Entry::new(number, Arc::clone(&self.0)));
        register.open.insert(number, Arc::clone(&entry));
        self.0.join_line(&mut register, &entry);
        Some(Ticket(entry))
    }

    /// Closes the first in line. False when nobody waits.
    pub(super) fn evict(&self) -> bool {
        self.0.register().evict_first()
    }

    /// Tells every connection that the daemon stops.
    pub(super) fn announce_stop(&self) {
        self.tell_all(Signals::STOP);
    }

    /// Closes every connection, whatever it does.
    pub(super) fn close_all(&self) {
        self.tell_all(Signals::CLOSE);
    }

    fn tell_all(&self, signal: u8) {
        // Outside the lock: a woken connection may end here and now, and comes back for its removal.
        let open: Vec<_> = self.0.register().open.values().map(Arc::clone).collect();
        for entry in open {
            entry.tell(signal);
        }
    }

    /// Resolves when few enough connections are on their way out. Whoever connects faster than those told to close can
    /// be closed would else use up the descriptors.
    pub(super) async fn way_is_clear(&self) {
        loop {
            {
                let mut register = self.0.register();
                if register.open.len() - register.admitted <= CLOSING {
                    return;
                }
                register.door_rests = true;
            }
            self.0.one_left.notified().await;
        }
    }

    /// Resolves when somebody stands in line, or did a moment ago: one that asks again and again is hardly ever seen
    /// there, and looking for it each time would wake the reaper for every request.
    pub(super) async fn somebody_waits(&self) {
        {
            let mut register = self.0.register();
            if !register.line.is_empty() {
                return;
            }
            register.reaper_rests = true;
        }
        self.0.line_formed.notified().await;
    }

    /// Lets a tick pass: closes what has received for more than `receive` ticks or idled for more than `idle`.
    /// It walks the line, which is at most `capacity` long, once per tick and never for a request.
    pub(super) fn tick(&self, receive: u32, idle: u32) {
        let now = self.0.tick.fetch_add(1, Relaxed) + 1;
        let mut register = self.0.register();
        let late: Vec<(u64, Lateness)> =
            register.line.iter().filter_map(|(place, entry)| Some((*place, entry.late(now, receive, idle)?))).collect();
        for (place, lateness) in late {
            register.counts.expired += 1;
            match lateness {
                Lateness::Idle => register.close(place),
                // Stays in line: it is first told so, if it can be told.
                Lateness::Receiving => {
                    if let Some(entry) = register.line.get(&place) {
                        entry.tell(Signals::LATE);
                    }
                }
            }
        }
    }
}

/// What a connection has done for too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lateness {
    Idle,
    Receiving,
}

impl Shared {
    fn register(&self) -> MutexGuard<'_, Register> {
        // No code that can panic runs under this lock.
        self.register.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn join_line(&self, register: &mut Register, entry: &Arc<Entry>) {
        register.last += 1;
        let place = register.last;
        entry.stand_at(place, self.tick.load(Relaxed));
        register.line.insert(place, Arc::clone(entry));
        if std::mem::take(&mut register.reaper_rests) {
            self.line_formed.notify_one();
        }
    }
}

impl Register {
    fn evict_first(&mut self) -> bool {
        let Some((&place, _)) = self.line.first_key_value() else { return false };
        self.counts.evicted += 1;
        self.close(place);
        true
    }

    fn close(&mut self, place: u64) {
        if let Some(entry) = self.line.remove(&place) {
            entry.stand_at(0, 0);
            entry.tell(Signals::CLOSE);
            self.admitted -= 1;
        }
    }
}

#[cfg(test)]
mod tests;
