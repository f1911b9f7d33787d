//! Binds the daemon's socket so that nobody else can put one in its place, and removes it again if it is still ours.
//!
//! The socket is bound under a passing name in its own directory, given its mode, and renamed: at no time is there a
//! socket at the path that is open to others, and a stale one is replaced in one step. That only one daemon does this
//! at a time is the instance lock's task, not this module's.

mod directory;

use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::SocketAddr;
use std::path::{Path, PathBuf};

use rustix::fs::Mode;
use rustix::io::Errno;
use tokio::net::{UnixListener, UnixSocket};

pub use directory::DirectoryError;

use crate::platform::process_uid;

/// Connections the kernel holds for us until they are accepted: a thousand callers may arrive at once. The system may
/// cut it (`net.core.somaxconn`).
const BACKLOG: u32 = 1024;

/// Read and write for the owner, which is what connecting needs.
const SOCKET_MODE: u32 = 0o600;

/// Why the socket cannot be bound. The text names the path and what to do.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// The directory could be changed or read by others, or is not what it seems.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// Another daemon answers there: use it.
    #[error("another agent answers at `{}`", .0.display())]
    InUse(PathBuf),
    /// The system refused a step.
    #[error("cannot {step} the socket `{}`", path.display())]
    Io {
        /// Which step.
        step: &'static str,
        /// The socket.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Something that is not this user's socket is in the way. It is never deleted.
    #[error("`{}` is in the way and is not a socket of this user: move it away", .0.display())]
    Occupied(PathBuf),
    /// The path does not fit into a socket address, or is not the path of a file.
    #[error("`{}` cannot be a socket's path: set `AGENTD_SOCKET` to a shorter absolute one", .0.display())]
    Path(PathBuf),
}

/// A bound, listening socket.
#[derive(Debug)]
pub struct Bound {
    /// Where connections come in.
    pub listener: UnixListener,
    /// Removes the socket when dropped.
    pub file: SocketFile,
}

/// The socket in the file system. Dropping it removes the socket, unless another has taken its place.
#[derive(Debug)]
pub struct SocketFile {
    path: PathBuf,
    identity: (u64, u64),
}

impl SocketFile {
    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        let still_ours =
            fs::symlink_metadata(&self.path).is_ok_and(|found| (found.dev(), found.ino()) == self.identity);
        if still_ours && let Err(error) = fs::remove_file(&self.path) {
            tracing::warn!(path = %self.path.display(), %error, "the socket could not be removed");
        }
    }
}

/// Binds `socket` for this user alone, making its directory if need be. Needs a runtime.
pub fn bind(socket: &Path) -> Result<Bound, BindError> {
    bind_as(socket, process_uid())
}

fn bind_as(socket: &Path, uid: u32) -> Result<Bound, BindError> {
    let unusable = || BindError::Path(socket.to_owned());
    let failed = |step| move |source: io::Error| BindError::Io { step, path: socket.to_owned(), source };
    let parent = socket.parent().filter(|_| socket.is_absolute() && socket.file_name().is_some());
    let passing = parent.ok_or_else(unusable)?.join(passing_name().map_err(failed("name"))?);
    for path in [socket, &passing] {
        SocketAddr::from_pathname(path).map_err(|_| unusable())?;
    }
    let directory = directory::prepare(parent.ok_or_else(unusable)?, uid)?;
    check_free(socket, uid)?;

    let unbound = UnixSocket::new_stream().map_err(failed("make"))?;
    // Linux takes the mode of a socket's file from the descriptor (`unix(7)`); elsewhere this is refused, and the
    // process's umask and the directory keep others out until the mode is set by path.
    let _ = rustix::fs::fchmod(&unbound, Mode::RUSR | Mode::WUSR);
    unbound.bind(&passing).map_err(failed("bind"))?;
    let finished = finish(unbound, &passing, socket).and_then(|bound| directory.verify().map(|()| bound));
    if finished.is_err() {
        // Already renamed, or ours alone: in both cases there is nothing to report.
        drop(fs::remove_file(&passing));
    }
    finished.map_err(failed("bind"))
}

fn finish(unbound: UnixSocket, passing: &Path, socket: &Path) -> io::Result<Bound> {
    fs::set_permissions(passing, fs::Permissions::from_mode(SOCKET_MODE))?;
    let made = fs::symlink_metadata(passing)?;
    if made.mode() & 0o777 != SOCKET_MODE || !made.file_type().is_socket() {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "the file system does not keep a socket's mode"));
    }
    // Before the rename, so that whoever finds the socket finds it listening.
    let listener = unbound.listen(BACKLOG)?;
    fs::rename(passing, socket)?;
    Ok(Bound { listener, file: SocketFile { path: socket.to_owned(), identity: (made.dev(), made.ino()) } })
}

/// Eight characters: fits wherever `agentd.sock` does.
fn passing_name() -> io::Result<String> {
    let mut random = [0; 3];
    getrandom::fill(&mut random).map_err(io::Error::other)?;
    let [a, b, c] = random;
    Ok(format!(".s{a:02x}{b:02x}{c:02x}"))
}

/// Whether `socket` may be replaced: nothing is there, or a socket of ours on which nobody listens.
fn check_free(socket: &Path, uid: u32) -> Result<(), BindError> {
    let occupied = || BindError::Occupied(socket.to_owned());
    let found = match fs::symlink_metadata(socket) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(_) => return Err(occupied()),
    };
    if !found.file_type().is_socket() || found.uid() != uid {
        return Err(occupied());
    }
    match knock(socket) {
        // EAGAIN: somebody listens and is behind with accepting (`connect(2)`).
        Ok(()) | Err(Errno::AGAIN | Errno::INPROGRESS) => Err(BindError::InUse(socket.to_owned())),
        Err(Errno::CONNREFUSED | Errno::NOENT) => Ok(()),
        Err(_) => Err(occupied()),
    }
}

fn knock(socket: &Path) -> Result<(), Errno> {
    let errno = |error: io::Error| Errno::from_io_error(&error).unwrap_or(Errno::IO);
    // Tokio's socket does not block, so a hung daemon does not hang this one.
    let knocking = UnixSocket::new_stream().map_err(errno)?;
    let address = rustix::net::SocketAddrUnix::new(socket)?;
    rustix::net::connect(&knocking, &address)
}

#[cfg(test)]
mod tests;
