//! Grants at rest: sealed records in an embedded database, or nowhere.
//!
//! The store knows bytes, keys and durability; it does not know what a grant is good for. A record is written whole,
//! under a sequence number that only grows, and a write that has returned is durable. Records are sealed by the caller's
//! task, so the queue to the writer's thread holds no plaintext.

mod cipher;
mod database;
mod error;
pub mod instance;
mod key;
mod load;
pub(crate) mod private;
pub mod record;
mod writer;

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use redb::Database;
use tokio::sync::{mpsc, oneshot};

use self::cipher::{Cipher, Subject};
use self::database::Change;
pub use self::error::{OpenError, WriteError};
pub use self::private::PrivateError;
use self::record::{Record, RecordId};
use self::writer::{Job, Writer};
use crate::supervise::Tasks;

/// Where records are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// In a file, sealed by the key in another.
    File {
        /// The database.
        database: PathBuf,
        /// The key file.
        key: PathBuf,
    },
    /// Nowhere: they end with the process.
    Memory,
}

/// What a store is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Records survive a restart.
    File,
    /// Nothing is written.
    Memory,
}

/// What was found at open.
#[derive(Debug, Default)]
pub struct Loaded {
    /// Every record that opens, by ascending id.
    pub records: Vec<Record>,
    /// The current record, if one was chosen; it may have been removed since.
    pub current: Option<RecordId>,
    /// How many records (or the note of which is current) do not open. They were left as they are.
    pub damaged: u64,
    /// The highest id in the file, that of a damaged record included; a new record takes one above it.
    pub highest: Option<RecordId>,
}

/// The handle; clones are the same store. When the last is dropped, the writer finishes its queue and ends.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

enum Inner {
    File(Filed),
    Memory,
}

struct Filed {
    path: PathBuf,
    cipher: Cipher,
    jobs: Mutex<Option<mpsc::Sender<Job>>>,
    healthy: Arc<AtomicBool>,
}

type Reopen = Box<dyn FnMut() -> Result<Database, OpenError> + Send>;

impl Store {
    /// Opens the store, or makes a new one (directory 0700, files 0600), and reads everything in it. Symbolic links and
    /// paths that others own or can reach are refused. The caller holds the [`instance`] lock.
    ///
    /// The writer's thread belongs to `tasks`, but listens to nobody's cancellation: it ends after [`Store::close`], so
    /// that keepers can write until they stop.
    pub fn open(location: Location, tasks: &Tasks) -> Result<(Self, Loaded), OpenError> {
        let Location::File { database: path, key } = location else {
            return Ok((Self(Arc::new(Inner::Memory)), Loaded::default()));
        };
        let (cipher, database, load::Found { loaded, sequences }) = load::open(&path, &key)?;
        let again = path.clone();
        let reopen = Box::new(move || database::open(&again));
        let store = Self::start(path, cipher, database, reopen, sequences, tasks)?;
        Ok((store, loaded))
    }

    fn start(
        path: PathBuf,
        cipher: Cipher,
        database: Database,
        reopen: Reopen,
        sequences: HashMap<RecordId, u64>,
        tasks: &Tasks,
    ) -> Result<Self, OpenError> {
        let (sender, jobs) = mpsc::channel(writer::QUEUE);
        let healthy = Arc::new(AtomicBool::new(true));
        let writer = Writer {
            path: path.clone(),
            database: Some(database),
            reopen,
            sequences,
            healthy: Arc::clone(&healthy),
            jobs,
        };
        tasks.thread("store", move || writer.run()).map_err(OpenError::Thread)?;
        Ok(Self(Arc::new(Inner::File(Filed { path, cipher, jobs: Mutex::new(Some(sender)), healthy }))))
    }

    /// Whether records survive a restart.
    pub fn kind(&self) -> Kind {
        match &*self.0 {
            Inner::File(_) => Kind::File,
            Inner::Memory => Kind::Memory,
        }
    }

    /// The file, if there is one.
    pub fn path(&self) -> Option<&Path> {
        match &*self.0 {
            Inner::File(file) => Some(&file.path),
            Inner::Memory => None,
        }
    }

    /// Writes a record; durable when it returns. A caller that stops waiting does not stop the write. A record whose
    /// sequence is not above the stored one is refused as stale. In memory there is nothing to write, and all is well.
    pub async fn put(&self, record: Record) -> Result<(), WriteError> {
        self.write(|cipher| Change::Put {
            id: record.id,
            sequence: record.sequence,
            sealed: cipher.seal(Subject::Record(record.id), Record::VERSION, record.sequence, &record.encode()),
        })
        .await
    }

    /// Removes a record, a damaged one too; one that is not there is no error.
    pub async fn remove(&self, id: RecordId) -> Result<(), WriteError> {
        self.write(|_| Change::Remove(id)).await
    }

    /// Writes which record is current.
    pub async fn set_current(&self, id: Option<RecordId>) -> Result<(), WriteError> {
        self.write(|cipher| Change::Current(id.map(|RecordId(id)| load::seal_current(cipher, id)))).await
    }

    /// Whether the last write succeeded. False from a full or read-only disk on until a write succeeds.
    pub fn healthy(&self) -> bool {
        match &*self.0 {
            Inner::File(file) => file.healthy.load(Ordering::Acquire),
            Inner::Memory => true,
        }
    }

    /// Takes no more writes. Those that wait are finished and the file is closed; [`Tasks::stop`] waits for that.
    pub fn close(&self) {
        if let Inner::File(file) = &*self.0 {
            drop(file.jobs.lock().unwrap_or_else(PoisonError::into_inner).take());
        }
    }

    async fn write(&self, change: impl FnOnce(&Cipher) -> Change) -> Result<(), WriteError> {
        let Inner::File(file) = &*self.0 else {
            return Ok(());
        };
        let jobs = file.jobs.lock().unwrap_or_else(PoisonError::into_inner).clone().ok_or(WriteError::Closed)?;
        let (reply, answer) = oneshot::channel();
        let change = change(&file.cipher);
        jobs.send(Job { change, reply }).await.map_err(|_| WriteError::Closed)?;
        drop(jobs);
        answer.await.unwrap_or(Err(WriteError::Closed))
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("kind", &self.kind()).field("path", &self.path()).finish_non_exhaustive()
    }
}

#[cfg(test)]
pub(crate) mod tests;
