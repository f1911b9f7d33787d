//! The tables in the file, and nothing of what the sealed values mean.
//!
//! | table | key | value |
//! |---|---|---|
//! | `meta` | `format` | format version, one byte, clear |
//! | `meta` | `check` | sealed constant, by which a wrong key is recognised |
//! | `meta` | `current` | sealed record id; absent when nothing is current |
//! | `meta` | `choices` | sealed choices of each provider |
//! | `records` | record id | sealed record |
//!
//! A file of a newer format is looked at through a read-only handle first, and so left as it is. Commits are durable
//! when they return; after a crash the file is repaired at open by the database itself.

use std::path::Path;

use redb::backends::FileBackend;
use redb::{
    Builder, Database, DatabaseError, ReadTransaction, ReadableDatabase, ReadableTable as _, StorageBackend,
    TableDefinition,
};

use super::error::OpenError;
use super::record::RecordId;
use crate::private::{self, Access};

/// The newest format known here.
pub(super) const FORMAT: u8 = 1;
/// All records are held in memory by others, so the file is hardly ever read.
const CACHE: usize = 1024 * 1024;

const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");
const RECORDS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("records");
const FORMAT_KEY: &str = "format";
const CHECK_KEY: &str = "check";
const CURRENT_KEY: &str = "current";
const CHOICES_KEY: &str = "choices";

/// One thing to write.
#[derive(Debug)]
pub(super) enum Change {
    Selection { current: Option<Vec<u8>>, choices: Vec<u8> },
    Put { id: RecordId, sequence: u64, sealed: Vec<u8> },
    Remove(RecordId),
}

/// A state of the file that stands still.
pub(super) struct Reading<'a> {
    path: &'a Path,
    transaction: ReadTransaction,
}

/// Makes a new file; it appears under its name only when it is whole.
pub(super) fn create(path: &Path, check: &[u8]) -> Result<(), OpenError> {
    let unfinished = private::unfinished(path);
    let file = private::create(&unfinished)?;
    let backend = FileBackend::new(file).map_err(|error| OpenError::database(path, error))?;
    drop(initialise(path, backend, check)?);
    Ok(private::publish(&unfinished, path)?)
}

/// Lays the tables out in an empty medium.
pub(super) fn initialise(path: &Path, medium: impl StorageBackend, check: &[u8]) -> Result<Database, OpenError> {
    let database = over(medium).map_err(|error| OpenError::database(path, error))?;
    let lay_out = || -> Result<(), redb::Error> {
        let transaction = database.begin_write()?;
        transaction.open_table(RECORDS)?;
        let mut meta = transaction.open_table(META)?;
        meta.insert(FORMAT_KEY, [FORMAT].as_slice())?;
        meta.insert(CHECK_KEY, check)?;
        drop(meta);
        Ok(transaction.commit()?)
    };
    lay_out().map_err(|error| OpenError::database(path, error))?;
    Ok(database)
}

/// A database over `medium`, which is empty or holds one.
pub(super) fn over(medium: impl StorageBackend) -> Result<Database, DatabaseError> {
    Builder::new().set_cache_size(CACHE).create_with_backend(medium)
}

/// Opens the file for reading and writing, repairing it after a crash.
pub(super) fn open(path: &Path) -> Result<Database, OpenError> {
    let backend = medium(path, Access::Write)?;
    over(backend).map_err(|error| OpenError::database(path, error))
}

/// Looks at the file without changing a byte. After a crash that is not possible, and nothing is looked at.
pub(super) fn inspect(path: &Path, look: impl FnOnce(&Reading<'_>) -> Result<(), OpenError>) -> Result<(), OpenError> {
    let backend = medium(path, Access::Read)?;
    match Builder::new().set_cache_size(CACHE).open_read_only_with_backend(backend) {
        Ok(database) => look(&Reading::of(path, &database)?),
        Err(DatabaseError::RepairAborted) => Ok(()),
        Err(error) => Err(OpenError::database(path, error)),
    }
}

fn medium(path: &Path, access: Access) -> Result<FileBackend, OpenError> {
    let failed = |source| OpenError::Io { path: path.to_owned(), source };
    let file = private::open(path, access)?.ok_or_else(|| failed(std::io::ErrorKind::NotFound.into()))?;
    // The database would take an empty file for a new one.
    if file.metadata().map_err(failed)?.len() == 0 {
        return Err(OpenError::damaged(path, "it is empty"));
    }
    FileBackend::new(file).map_err(|error| OpenError::database(path, error))
}

impl<'a> Reading<'a> {
    pub(super) fn of(path: &'a Path, database: &impl ReadableDatabase) -> Result<Self, OpenError> {
        let transaction = database.begin_read().map_err(|error| OpenError::database(path, error))?;
        Ok(Self { path, transaction })
    }

    /// The format version, in clear.
    pub(super) fn format(&self) -> Result<Option<Vec<u8>>, OpenError> {
        self.meta(FORMAT_KEY)
    }

    pub(super) fn check(&self) -> Result<Option<Vec<u8>>, OpenError> {
        self.meta(CHECK_KEY)
    }

    pub(super) fn current(&self) -> Result<Option<Vec<u8>>, OpenError> {
        self.meta(CURRENT_KEY)
    }

    pub(super) fn choices(&self) -> Result<Option<Vec<u8>>, OpenError> {
        self.meta(CHOICES_KEY)
    }

    /// Shows every sealed record, by ascending id, until `look` returns `false`.
    pub(super) fn records(&self, mut look: impl FnMut(RecordId, &[u8]) -> bool) -> Result<(), OpenError> {
        let mut walk = || -> Result<(), redb::Error> {
            for row in self.transaction.open_table(RECORDS)?.iter()? {
                let (id, sealed) = row?;
                if !look(RecordId(id.value()), sealed.value()) {
                    break;
                }
            }
            Ok(())
        };
        walk().map_err(|error| OpenError::database(self.path, error))
    }

    fn meta(&self, key: &str) -> Result<Option<Vec<u8>>, OpenError> {
        let value = || -> Result<_, redb::Error> {
            Ok(self.transaction.open_table(META)?.get(key)?.map(|value| value.value().to_vec()))
        };
        value().map_err(|error| OpenError::database(self.path, error))
    }
}

/// Writes all of `changes` or none; durable when it returns.
pub(super) fn commit<'a>(
    database: &Database,
    changes: impl Iterator<Item = &'a Change>,
) -> Result<(), Box<redb::Error>> {
    let write = || -> Result<(), redb::Error> {
        let transaction = database.begin_write()?;
        let mut records = transaction.open_table(RECORDS)?;
        let mut meta = transaction.open_table(META)?;
        for change in changes {
            match change {
                Change::Selection { current, choices } => {
                    match current {
                        Some(sealed) => drop(meta.insert(CURRENT_KEY, sealed.as_slice())?),
                        None => drop(meta.remove(CURRENT_KEY)?),
                    }
                    drop(meta.insert(CHOICES_KEY, choices.as_slice())?);
                }
                Change::Put { id, sealed, .. } => drop(records.insert(id.0, sealed.as_slice())?),
                Change::Remove(id) => drop(records.remove(id.0)?),
            }
        }
        drop((records, meta));
        Ok(transaction.commit()?)
    };
    write().map_err(Box::new)
}
