//! What can go wrong with the store, in the words of what to do about it. No error holds content.

use std::io;
use std::path::{Path, PathBuf};

use crate::private::PrivateError;

/// Why the store was not opened. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Another process has it open: the user stops that one.
    #[error("the store `{}` is open in another process", path.display())]
    Busy {
        /// The store.
        path: PathBuf,
    },
    /// It is cut short, overwritten or of another program: the user restores or removes it.
    #[error("the store `{}` is damaged: {reason}", path.display())]
    Damaged {
        /// The store.
        path: PathBuf,
        /// What was noticed.
        reason: String,
    },
    /// The operating system failed to read or write it.
    #[error("cannot use the store `{}`", path.display())]
    Io {
        /// The store.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The key file is not one: the user restores it.
    #[error("the key file `{}` has {length} bytes instead of 32", path.display())]
    KeyLength {
        /// The key file.
        path: PathBuf,
        /// Its length in bytes.
        length: u64,
    },
    /// There is a store but no key for it: the user restores the key, or gives the store up.
    #[error("the store `{}` exists, but its key file `{}` does not", database.display(), key.display())]
    KeyMissing {
        /// The store.
        database: PathBuf,
        /// The key file.
        key: PathBuf,
    },
    /// A newer program wrote it: the user updates this one.
    #[error("the store `{}` has format {found}; this program knows formats up to {known}", path.display())]
    Newer {
        /// The store.
        path: PathBuf,
        /// Its format.
        found: u8,
        /// The newest format known here.
        known: u8,
    },
    /// A path is missing, foreign, or open to others.
    #[error(transparent)]
    Path(#[from] PrivateError),
    /// The operating system has no thread for the writer.
    #[error("cannot start the store's thread")]
    Thread(#[source] io::Error),
    /// The key file belongs to another store: the user restores the right one.
    #[error("the key file `{}` is not the key of the store `{}`", key.display(), database.display())]
    WrongKey {
        /// The store.
        database: PathBuf,
        /// The key file.
        key: PathBuf,
    },
}

impl OpenError {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Busy { .. } => Some("stop the other `agentd`".to_owned()),
            Self::Damaged { path, .. } => {
                Some(format!("restore `{0}` from a copy, or move it away to start without logins", path.display()))
            }
            Self::Io { path, source } => {
                PrivateError::Io { path: path.clone(), action: "use", source: source.kind().into() }.hint()
            }
            Self::KeyLength { path, .. } => Some(format!("restore `{}` from a copy", path.display())),
            Self::KeyMissing { database, key } | Self::WrongKey { database, key } => Some(format!(
                "restore `{}` from a copy, or move `{}` away to start without logins",
                key.display(),
                database.display()
            )),
            Self::Newer { .. } => Some("update `agentd`".to_owned()),
            Self::Path(error) => error.hint(),
            Self::Thread(_) => None,
        }
    }

    pub(super) fn damaged(path: &Path, reason: impl Into<String>) -> Self {
        Self::Damaged { path: path.to_owned(), reason: reason.into() }
    }

    /// Sorts the database's errors by what the user does next. Its texts name places in the file, never content.
    pub(super) fn database(path: &Path, error: impl Into<redb::Error>) -> Self {
        match error.into() {
            redb::Error::DatabaseAlreadyOpen | redb::Error::LockProtocolMismatch => {
                Self::Busy { path: path.to_owned() }
            }
            redb::Error::Io(error)
                if matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof) =>
            {
                Self::damaged(path, "it is cut short or no store")
            }
            redb::Error::Io(source) => Self::Io { path: path.to_owned(), source },
            other => Self::damaged(path, other.to_string()),
        }
    }
}

/// Why something was not written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The store was closed: the daemon is stopping.
    #[error("the store is closed")]
    Closed,
    /// A record as new or newer, or one that does not open, is in its place: the caller drops its own.
    #[error("the store holds a newer record")]
    Stale,
    /// The disk is full, read-only or broken: the caller keeps the record and tries again later. It is not known
    /// whether the record will be found after a restart; writing it again under the same sequence is right.
    #[error("cannot write the store `{}`: {reason}", path.display())]
    Unwritable {
        /// The store.
        path: PathBuf,
        /// The cause, as the operating system words it.
        reason: String,
    },
}
