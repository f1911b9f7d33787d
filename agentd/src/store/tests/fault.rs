//! A medium in memory that outlives the database on it, fails when told to, counts flushes and can hold one back.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};

use redb::StorageBackend;
use redb::backends::InMemoryBackend;

#[derive(Debug, Default)]
pub(crate) struct Disk {
    bytes: InMemoryBackend,
    full: AtomicBool,
    pub(super) flushes: AtomicU64,
    held: Mutex<bool>,
    released: Condvar,
}

/// A handle on the disk, as a file descriptor would be.
#[derive(Debug)]
pub(super) struct Handle(pub(super) Arc<Disk>);

impl Disk {
    pub(crate) fn set_full(&self, full: bool) {
        self.full.store(full, Ordering::SeqCst);
    }

    pub(super) fn hold_flushes(&self, held: bool) {
        *self.held.lock().unwrap() = held;
        self.released.notify_all();
    }

    fn room(&self) -> io::Result<()> {
        if self.full.load(Ordering::SeqCst) { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }
}

impl StorageBackend for Handle {
    fn len(&self) -> io::Result<u64> {
        self.0.bytes.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.bytes.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.room()?;
        self.0.bytes.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        drop(self.0.released.wait_while(self.0.held.lock().unwrap(), |held| *held).unwrap());
        self.0.room()?;
        self.0.flushes.fetch_add(1, Ordering::SeqCst);
        self.0.bytes.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.room()?;
        self.0.bytes.write(offset, data)
    }
}
