//! What may be spoken to: the socket's directory, and the user at the other end.
//!
//! A directory that others can write to lets them put their own socket in our place, so it is refused before anything
//! is opened; a server of another user is refused before a byte is sent. On Linux the kernel says who serves
//! (`SO_PEERCRED`: whoever called `listen`). Elsewhere there is no such call without `unsafe`; there the socket file
//! must be ours, which in a directory that only we or root can change is the same statement.

use std::fs::{Metadata, metadata, symlink_metadata};
use std::io::ErrorKind;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

const ROOT: u32 = 0;
const WRITABLE_BY_OTHERS: u32 = 0o022;
const STICKY: u32 = 0o1000;

/// Why nothing is sent.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TrustError {
    /// Somebody else could put a socket here: correct owner or mode.
    #[error("the directory `{}` of the socket belongs to another user", .0.display())]
    DirectoryForeign(PathBuf),
    /// Somebody else could put a socket here: correct owner or mode.
    #[error("the directory `{}` of the socket can be written by others", .0.display())]
    DirectoryOpen(PathBuf),
    /// There is no socket: start the agent.
    #[error("there is no socket")]
    Missing,
    /// Not a socket: name another path.
    #[error("`{}` is not a socket", .0.display())]
    NotSocket(PathBuf),
    /// Another user's program is listening there.
    #[error("the socket `{}` is served by another user (uid {uid})", .socket.display())]
    ServerForeign {
        /// Which socket.
        socket: PathBuf,
        /// Whose it is.
        uid: u32,
    },
    /// The system did not say; nothing is sent then.
    #[error("the system does not say who serves `{}`", .0.display())]
    Undecided(PathBuf),
}

impl TrustError {
    /// What to do about it.
    pub(crate) fn advice(&self) -> String {
        match self {
            Self::DirectoryForeign(_) | Self::ServerForeign { .. } => {
                "nothing was sent; name a socket of your own with `AGENTD_SOCKET` or `--socket`".to_owned()
            }
            Self::DirectoryOpen(path) => format!("nothing was sent; `chmod 700 '{}'`", path.display()),
            Self::Missing => "start it with `agentctl daemon start`".to_owned(),
            Self::NotSocket(_) | Self::Undecided(_) => "check `--socket` and `AGENTD_SOCKET`".to_owned(),
        }
    }
}

/// Checks the socket file and its directory, before anything is opened.
pub(super) fn directory(socket: &Path, uid: u32) -> Result<(), TrustError> {
    let directory = socket.parent().unwrap_or_else(|| Path::new("/"));
    let ours = |found: &Metadata| found.uid() == uid || found.uid() == ROOT;
    let undecided = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound => TrustError::Missing,
        _ => TrustError::Undecided(socket.to_owned()),
    };
    // A link of ours (or of the system's) may lead elsewhere; anybody else's may not.
    let link = symlink_metadata(directory).map_err(undecided)?;
    let found = if link.is_symlink() { metadata(directory).map_err(undecided)? } else { link.clone() };
    if !ours(&link) || !ours(&found) {
        return Err(TrustError::DirectoryForeign(directory.to_owned()));
    }
    if found.mode() & WRITABLE_BY_OTHERS != 0 && found.mode() & STICKY == 0 {
        return Err(TrustError::DirectoryOpen(directory.to_owned()));
    }
    let file = symlink_metadata(socket).map_err(undecided)?;
    if !file.file_type().is_socket() {
        return Err(TrustError::NotSocket(socket.to_owned()));
    }
    if file.uid() != uid {
        return Err(TrustError::ServerForeign { socket: socket.to_owned(), uid: file.uid() });
    }
    Ok(())
}

/// Checks who serves a connection, before a byte is sent.
pub(super) fn server(stream: &UnixStream, socket: &Path, uid: u32) -> Result<(), TrustError> {
    let server = serving_uid(stream).map_err(|_| TrustError::Undecided(socket.to_owned()))?;
    match server {
        Some(server) if server != uid => Err(TrustError::ServerForeign { socket: socket.to_owned(), uid: server }),
        _ => Ok(()),
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn serving_uid(stream: &UnixStream) -> rustix::io::Result<Option<u32>> {
    rustix::net::sockopt::socket_peercred(stream).map(|peer| Some(peer.uid.as_raw()))
}

/// The owner of the socket file, which [`directory`] has checked, stands for the server here.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
#[allow(clippy::unnecessary_wraps, reason = "the same signature as where the kernel can be asked")]
fn serving_uid(_stream: &UnixStream) -> rustix::io::Result<Option<u32>> {
    Ok(None)
}

/// Whether `path` is a regular file of ours, so that nobody else chose what is in it.
pub(super) fn plain_file(path: &Path, uid: u32) -> bool {
    symlink_metadata(path).is_ok_and(|found| found.is_file() && found.uid() == uid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{Permissions, create_dir, set_permissions};
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::os::unix::net::UnixListener;

    fn own() -> u32 {
        rustix::process::getuid().as_raw()
    }

    #[test]
    fn a_directory_that_others_can_write_to_is_refused() {
        let place = tempfile::tempdir().expect("a temporary directory");
        let directory_path = place.path().join("d");
        create_dir(&directory_path).expect("it is new");
        let socket = directory_path.join("s");
        let _listener = UnixListener::bind(&socket).expect("it is free");
        for (mode, good) in [(0o700, true), (0o755, true), (0o770, false), (0o702, false), (0o1777, true)] {
            set_permissions(&directory_path, Permissions::from_mode(mode)).expect("it is ours");
            assert_eq!(directory(&socket, own()).is_ok(), good, "{mode:o}");
        }
        let link = place.path().join("link");
        symlink(&directory_path, &link).expect("it is new");
        assert_eq!(directory(&link.join("s"), own()), Ok(()), "a link of our own may be followed");
    }

    #[test]
    fn what_is_not_ours_or_not_a_socket_is_refused() {
        let place = tempfile::tempdir().expect("a temporary directory");
        let socket = place.path().join("s");
        assert_eq!(directory(&socket, own()), Err(TrustError::Missing));
        assert_eq!(directory(&socket.join("x"), own()), Err(TrustError::Missing));
        let _listener = UnixListener::bind(&socket).expect("it is free");
        let stream = UnixStream::connect(&socket).expect("it listens");
        let stranger = own() + 1;
        assert!(directory(&socket, stranger).is_err(), "as another user sees it");
        assert!(cfg!(not(target_os = "linux")) || server(&stream, &socket, stranger).is_err());
        assert_eq!(server(&stream, &socket, own()), Ok(()));
        let file = place.path().join("f");
        std::fs::File::create(&file).expect("it is new");
        assert_eq!(directory(&file, own()), Err(TrustError::NotSocket(file)));
    }
}
