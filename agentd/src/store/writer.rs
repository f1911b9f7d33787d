//! The one thread that writes: it takes what has gathered in the queue and commits it in one transaction, so that many
//! keepers writing at once pay for one flush of the disk.
//!
//! W1: a record is stale if a record of its id with the same or a higher sequence is known to be durable, or waits before
//! it in the same transaction. A write that failed does not count, so repeating it is right whether or not it reached the
//! disk. After a failure the database is opened again by the next write, because it refuses all work on a broken handle.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use redb::Database;
use tokio::sync::{mpsc, oneshot};

use super::database::{self, Change};
use super::error::{OpenError, WriteError};
use super::record::RecordId;

/// How many writes wait for the writer before their callers do.
pub(super) const QUEUE: usize = 1024;
/// How many writes go into one transaction; with records of a few KiB about a megabyte.
const BATCH: usize = 256;

/// A write and the one who waits for it.
pub(super) struct Job {
    pub(super) change: Change,
    pub(super) reply: oneshot::Sender<Result<(), WriteError>>,
}

pub(super) struct Writer {
    pub(super) path: PathBuf,
    pub(super) database: Option<Database>,
    pub(super) reopen: Box<dyn FnMut() -> Result<Database, OpenError> + Send>,
    /// The highest sequence known to be durable for each record. W1.
    pub(super) sequences: HashMap<RecordId, u64>,
    pub(super) healthy: Arc<AtomicBool>,
    pub(super) jobs: mpsc::Receiver<Job>,
}

impl Writer {
    /// Writes until every sender is gone and the queue is empty, then closes the file.
    pub(super) fn run(mut self) {
        let mut batch = Vec::new();
        while self.jobs.blocking_recv_many(&mut batch, BATCH) > 0 {
            self.serve(&mut batch);
        }
    }

    fn serve(&mut self, batch: &mut Vec<Job>) {
        let mut staged: HashMap<RecordId, Option<u64>> = HashMap::new();
        let mut accepted = Vec::with_capacity(batch.len());
        for job in batch.drain(..) {
            match job.change {
                Change::Put { id, sequence, .. } => {
                    let known = staged.get(&id).copied().unwrap_or_else(|| self.sequences.get(&id).copied());
                    if known.is_some_and(|known| sequence <= known) {
                        answer(job.reply, Err(WriteError::Stale));
                        continue;
                    }
                    staged.insert(id, Some(sequence));
                }
                Change::Remove(id) => drop(staged.insert(id, None)),
                Change::Selection { .. } => {}
            }
            accepted.push(job);
        }
        if accepted.is_empty() {
            return;
        }
        let result = self.write(&accepted);
        match &result {
            Ok(()) => {
                for (id, sequence) in staged {
                    match sequence {
                        Some(sequence) => self.sequences.insert(id, sequence),
                        None => self.sequences.remove(&id),
                    };
                }
                if !self.healthy.swap(true, Ordering::AcqRel) {
                    tracing::info!("the store can be written again");
                }
            }
            Err(error) => {
                self.database = None;
                self.healthy.store(false, Ordering::Release);
                tracing::error!(%error, writes = accepted.len(), "the store was not written");
            }
        }
        for job in accepted {
            answer(job.reply, result.clone());
        }
    }

    fn write(&mut self, jobs: &[Job]) -> Result<(), WriteError> {
        let database = match self.database.take() {
            Some(open) => open,
            None => (self.reopen)().map_err(|error| self.unwritable(reason(&error)))?,
        };
        let database = self.database.insert(database);
        let written = database::commit(database, jobs.iter().map(|job| &job.change));
        written.map_err(|error| self.unwritable(error.to_string()))
    }

    fn unwritable(&self, reason: String) -> WriteError {
        WriteError::Unwritable { path: self.path.clone(), reason }
    }
}

/// The error with its cause, where it does not say the cause itself.
fn reason(error: &OpenError) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

fn answer(reply: oneshot::Sender<Result<(), WriteError>>, result: Result<(), WriteError>) {
    // A caller that has gone does not need the answer; what it asked for was done.
    let _gone = reply.send(result);
}
