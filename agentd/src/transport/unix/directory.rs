//! The rules for the directory a socket stands in.
//!
//! It is a real directory of this user, which others cannot change; the agent's own (`agentd`, `agentd-UID`) cannot be
//! entered by others either. No directory above it lets just anybody rename things, except by the sticky bit's rule
//! (`/tmp`). What is missing is made with mode 0700; what is there is never corrected, only refused.

use std::ffi::OsStr;
use std::fs::{self, DirBuilder, File, Metadata};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};

const STICKY: u32 = 0o1000;
const OTHERS_WRITE: u32 = 0o002;
const GROUP_OR_OTHERS_WRITE: u32 = 0o022;
const GROUP_OR_OTHERS: u32 = 0o077;

/// Why a directory is not used.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// Anybody could rename what is in a directory above.
    #[error("anybody can change `{}`: run `chmod o-w` or `chmod +t` on it, or set `AGENTD_SOCKET`", .0.display())]
    Above(PathBuf),
    /// The system refused to make or open it.
    #[error("cannot use the directory `{}`", path.display())]
    Io {
        /// The directory.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Its mode lets others in.
    #[error("others can enter or change `{}`: run `chmod 700` on it", .0.display())]
    Mode(PathBuf),
    /// It is a symbolic link, or no directory.
    #[error("`{}` is not a directory, or a symbolic link to one: remove it, or set `AGENTD_SOCKET`", .0.display())]
    NotADirectory(PathBuf),
    /// It belongs to somebody else.
    #[error("`{}` belongs to another user: remove it, or set `AGENTD_SOCKET`", .0.display())]
    Owner(PathBuf),
}

/// A directory that met the rules, held open.
#[derive(Debug)]
pub(super) struct Checked {
    path: PathBuf,
    identity: (u64, u64),
    // Held, so that the inode number is not given to another directory.
    _open: File,
}

impl Checked {
    /// Says again that the path leads to the directory that was checked.
    pub(super) fn verify(&self) -> io::Result<()> {
        let now = fs::symlink_metadata(&self.path)?;
        if (now.dev(), now.ino()) == self.identity {
            Ok(())
        } else {
            Err(io::Error::new(io::ErrorKind::PermissionDenied, "the directory was exchanged"))
        }
    }
}

/// Makes `directory` where it is missing and checks it for `uid`.
pub(super) fn prepare(directory: &Path, uid: u32) -> Result<Checked, DirectoryError> {
    let failed = |source| DirectoryError::Io { path: directory.to_owned(), source };
    match fs::symlink_metadata(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            // Mode 0700 for each component that is made (the umask can only take from it).
            DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(failed)?;
        }
        Err(error) => return Err(failed(error)),
        Ok(found) if !found.is_dir() => return Err(DirectoryError::NotADirectory(directory.to_owned())),
        Ok(_) => {}
    }
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let open = rustix::fs::open(directory, flags, Mode::empty()).map_err(|errno| match errno {
        rustix::io::Errno::LOOP | rustix::io::Errno::NOTDIR => DirectoryError::NotADirectory(directory.to_owned()),
        other => failed(other.into()),
    })?;
    let open = File::from(open);
    let found = open.metadata().map_err(failed)?;
    check(directory, &found, uid)?;
    check_above(directory)?;
    Ok(Checked { path: directory.to_owned(), identity: (found.dev(), found.ino()), _open: open })
}

fn check(directory: &Path, found: &Metadata, uid: u32) -> Result<(), DirectoryError> {
    if found.uid() != uid {
        return Err(DirectoryError::Owner(directory.to_owned()));
    }
    let forbidden = if is_the_agents_own(directory) { GROUP_OR_OTHERS } else { GROUP_OR_OTHERS_WRITE };
    if found.mode() & forbidden != 0 {
        return Err(DirectoryError::Mode(directory.to_owned()));
    }
    Ok(())
}

fn is_the_agents_own(directory: &Path) -> bool {
    let name = directory.file_name().and_then(OsStr::to_str).unwrap_or_default();
    name.strip_prefix("agentd").is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

fn check_above(directory: &Path) -> Result<(), DirectoryError> {
    let failed = |source| DirectoryError::Io { path: directory.to_owned(), source };
    // Links above are common and harmless (macOS: `/tmp`, `/var`) as long as what they lead to is sound.
    let real = fs::canonicalize(directory).map_err(failed)?;
    for above in real.ancestors().skip(1) {
        let mode = fs::metadata(above).map_err(failed)?.mode();
        if mode & OTHERS_WRITE != 0 && mode & STICKY == 0 {
            return Err(DirectoryError::Above(above.to_owned()));
        }
    }
    Ok(())
}
