//! Directories and files that only their owner can reach.
//!
//! Everything of the store, and the list of links, goes through here: directories are 0700, files 0600, ours, never symbolic links, and a file
//! is judged by its open descriptor, so that nothing is swapped between the look and the use. What is found too open is
//! refused and left as it is: its content may be known to others already.

use std::fs::{DirBuilder, File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

/// Why a path is not used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PrivateError {
    /// Others may read or write it: the user takes their access away.
    #[error("`{}` can be reached by other users (mode {mode:04o})", path.display())]
    Exposed {
        /// The path.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
        /// The bits it needs.
        wanted: &'static str,
    },
    /// Another user owns it: the user moves it away or names another place.
    #[error("`{}` belongs to user {owner}, not to you", path.display())]
    Foreign {
        /// The path.
        path: PathBuf,
        /// The owner's numeric id.
        owner: u32,
    },
    /// The operating system refused: the cause says why.
    #[error("cannot {action} `{}`", path.display())]
    Io {
        /// The path.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// The cause.
        source: io::Error,
    },
    /// It is a symbolic link, a device, or a directory where a file belongs: the user puts the real thing there.
    #[error("`{}` is not {wanted}", path.display())]
    Kind {
        /// The path.
        path: PathBuf,
        /// What it should be.
        wanted: &'static str,
    },
}

impl PrivateError {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Exposed { path, wanted, .. } => Some(format!("run `chmod {wanted} '{}'`", path.display())),
            Self::Foreign { .. } => Some("move it away, or let `AGENTD_HOME` name a directory of your own".to_owned()),
            Self::Kind { .. } => Some("symbolic links are not followed here; move it away".to_owned()),
            Self::Io { source, .. } => match source.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Some("free some disk space".to_owned()),
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                    Some("let `AGENTD_HOME` name a directory that you can write to".to_owned())
                }
                _ => None,
            },
        }
    }

    pub(crate) fn io(path: &Path, action: &'static str) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, action, source }
    }
}

/// What a file is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    Write,
}

/// Makes the directory and its parents where missing, and checks it.
pub(crate) fn directory(path: &Path) -> Result<(), PrivateError> {
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(PrivateError::io(path, "make the directory"))?;
    let metadata = path.symlink_metadata().map_err(PrivateError::io(path, "look at"))?;
    if !metadata.is_dir() {
        return Err(PrivateError::Kind { path: path.to_owned(), wanted: "a directory" });
    }
    owned(path, &metadata, "700")
}

/// The directory that holds `path`.
pub(crate) fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Opens an existing file; `None` when there is none.
pub(crate) fn open(path: &Path, access: Access) -> Result<Option<File>, PrivateError> {
    let mut options = options();
    options.read(true).write(access == Access::Write);
    match opened(path, &options) {
        Err(PrivateError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => Ok(None),
        other => other.map(Some),
    }
}

/// Opens a file for reading and writing, an empty one if there was none.
pub(super) fn open_or_create(path: &Path) -> Result<File, PrivateError> {
    opened(path, options().read(true).write(true).create(true))
}

/// Makes a new file for reading and writing; one that a crash left at this name is removed first.
pub(crate) fn create(path: &Path) -> Result<File, PrivateError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(PrivateError::io(path, "remove")(error)),
        _ => {}
    }
    opened(path, options().read(true).write(true).create_new(true))
}

/// Gives a finished file its name, durably.
pub(crate) fn publish(from: &Path, to: &Path) -> Result<(), PrivateError> {
    std::fs::rename(from, to).map_err(PrivateError::io(to, "put in place"))?;
    let directory = parent(to);
    let synced = File::open(directory).and_then(|directory| directory.sync_all());
    synced.map_err(PrivateError::io(directory, "sync the directory"))
}

/// The name a file has until it is finished.
pub(crate) fn unfinished(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    PathBuf::from(name)
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    // NONBLOCK: opening a pipe that someone left here must not hang.
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits();
    options.mode(0o600).custom_flags(i32::try_from(flags).expect("flags of open(2) are an int"));
    options
}

fn opened(path: &Path, options: &OpenOptions) -> Result<File, PrivateError> {
    let regular = || PrivateError::Kind { path: path.to_owned(), wanted: "a regular file" };
    let file = options.open(path).map_err(|error| match rustix::io::Errno::from_io_error(&error) {
        Some(rustix::io::Errno::LOOP | rustix::io::Errno::ISDIR | rustix::io::Errno::NXIO) => regular(),
        _ => PrivateError::io(path, "open")(error),
    })?;
    let metadata = file.metadata().map_err(PrivateError::io(path, "look at"))?;
    if !metadata.is_file() {
        return Err(regular());
    }
    owned(path, &metadata, "600")?;
    Ok(file)
}

fn owned(path: &Path, metadata: &Metadata, wanted: &'static str) -> Result<(), PrivateError> {
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return Err(PrivateError::Foreign { path: path.to_owned(), owner: metadata.uid() });
    }
    let mode = metadata.mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(PrivateError::Exposed { path: path.to_owned(), mode, wanted });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn directories_are_made_private_and_open_ones_are_refused() {
        let home = tempfile::tempdir().expect("a temporary directory");
        let made = home.path().join("a/b");
        directory(&made).expect("it can be made");
        assert_eq!(made.metadata().expect("it exists").mode() & 0o7777, 0o700);
        for mode in [0o750, 0o701, 0o777] {
            fs::set_permissions(&made, Permissions::from_mode(mode)).expect("it is ours");
            let error = directory(&made).expect_err("others can reach it");
            assert!(matches!(error, PrivateError::Exposed { mode: found, .. } if found == mode), "{error}");
            assert!(error.hint().is_some_and(|hint| hint.contains("chmod 700")));
        }
        fs::set_permissions(&made, Permissions::from_mode(0o700)).expect("it is ours");
        let link = home.path().join("link");
        symlink(&made, &link).expect("a link");
        assert!(matches!(directory(&link), Err(PrivateError::Kind { .. })));
    }

    #[test]
    fn links_pipes_directories_and_open_files_are_refused() {
        let home = tempfile::tempdir().expect("a temporary directory");
        let file = home.path().join("file");
        assert!(matches!(open(&file, Access::Write), Ok(None)));
        drop(create(&file).expect("it can be made"));
        assert_eq!(file.metadata().expect("it exists").mode() & 0o7777, 0o600);
        assert!(open(&file, Access::Read).expect("it is private").is_some());
        fs::set_permissions(&file, Permissions::from_mode(0o640)).expect("it is ours");
        assert!(matches!(open(&file, Access::Read), Err(PrivateError::Exposed { .. })));

        let link = home.path().join("link");
        symlink(&file, &link).expect("a link");
        let pipe = home.path().join("pipe");
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RWXU).expect("a pipe");
        for path in [&link, &pipe, home.path()] {
            for access in [Access::Read, Access::Write] {
                let error = open(path, access).expect_err("it is no regular file");
                assert!(matches!(error, PrivateError::Kind { .. }), "{}: {error}", path.display());
            }
        }
    }

    #[test]
    fn what_belongs_to_another_is_refused() {
        let home = tempfile::tempdir().expect("a temporary directory");
        let mut path = PathBuf::from("/etc/passwd");
        if rustix::process::geteuid().is_root() {
            path = home.path().join("file");
            drop(create(&path).expect("it can be made"));
            std::os::unix::fs::chown(&path, Some(1), None).expect("root may give it away");
        }
        let error = open(&path, Access::Read).expect_err("it is another's");
        assert!(matches!(error, PrivateError::Foreign { .. }), "{error}");
    }
}
