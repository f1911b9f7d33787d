//! One daemon per user: a lock beside the store that the operating system drops with the process.
//!
//! The lock is on an open descriptor, so it survives nothing and goes stale never; the file itself stays for ever,
//! because removing it would let two processes lock two files of one name. The holder writes where it listens, so that
//! clients of another session find it: first line the socket's path, second line the process id.

use std::fs::{File, TryLockError};
use std::io;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::private::{self, PrivateError};

/// What is read of a lock file; a path of any length fits.
const MOST: usize = 16 * 1024;
/// How often an empty lock file is looked at, and the time between two looks: half a second in all.
const LOOKS: u32 = 100;
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// Why the lock was not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AcquireError {
    /// Another daemon holds it: the caller leaves, or speaks to that one.
    #[error("another `agentd` is running")]
    Busy {
        /// Where that one listens, if it has said so yet.
        socket: Option<PathBuf>,
        /// Its process id, if it has said so yet.
        pid: Option<u32>,
    },
    /// The lock file cannot be used.
    #[error(transparent)]
    Path(#[from] PrivateError),
}

/// The lock, held until dropped or the process ends.
#[derive(Debug)]
pub struct Instance {
    file: File,
    path: PathBuf,
}

impl Instance {
    /// Takes the lock at `path`, making file and directory where missing, and writes that this process will listen at
    /// `socket`. Waits only, and not for long, for a holder that has the lock and has not yet said where it listens.
    pub fn acquire(path: &Path, socket: &Path) -> Result<Self, AcquireError> {
        private::directory(private::parent(path))?;
        let file = private::open_or_create(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let (socket, pid) = holder(&file).map_err(PrivateError::io(path, "read"))?;
                return Err(AcquireError::Busy { socket, pid });
            }
            Err(TryLockError::Error(error)) => return Err(PrivateError::io(path, "lock")(error).into()),
        }
        let instance = Self { file, path: path.to_owned() };
        instance.record_socket(socket)?;
        Ok(instance)
    }

    /// Writes that this process listens at `socket`. A path with a line break in it is not written: clients then find
    /// the daemon by the usual rule only.
    pub fn record_socket(&self, socket: &Path) -> Result<(), PrivateError> {
        let mut text = Vec::new();
        if !socket.as_os_str().as_bytes().contains(&b'\n') {
            text.extend_from_slice(socket.as_os_str().as_bytes());
        }
        text.extend_from_slice(format!("\n{}\n", std::process::id()).as_bytes());
        // Over the old text in one write, cut afterwards: a reader always sees a whole first line.
        let length = text.len() as u64;
        let written = self.file.write_all_at(&text, 0).and_then(|()| self.file.set_len(length));
        written.map_err(PrivateError::io(&self.path, "write"))
    }
}

fn holder(file: &File) -> io::Result<(Option<PathBuf>, Option<u32>)> {
    let mut text = vec![0; MOST];
    // Between taking the lock and writing to the file a holder does nothing else.
    let mut length = file.read_at(&mut text, 0)?;
    for _ in 0..LOOKS {
        if length > 0 {
            break;
        }
        std::thread::sleep(LOOK_AGAIN);
        length = file.read_at(&mut text, 0)?;
    }
    text.truncate(length);
    let mut lines = text.split(|byte| *byte == b'\n');
    let socket = lines.next().filter(|line| !line.is_empty()).map(|line| std::ffi::OsString::from_vec(line.to_vec()));
    let pid = lines.next().and_then(|line| std::str::from_utf8(line).ok()?.parse().ok());
    Ok((socket.map(PathBuf::from), pid))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_is_told_of_the_first_and_follows_when_it_is_gone() {
        let home = tempfile::tempdir().expect("a temporary directory");
        let path = home.path().join("data/agentd.lock");
        let first = Instance::acquire(&path, Path::new("/run/a-rather-long-one/agentd.sock")).expect("nobody has it");
        let busy = |wanted: &str| {
            let error = Instance::acquire(&path, Path::new("/other")).expect_err("it is held");
            let AcquireError::Busy { socket, pid } = error else { unreachable!("the file is in order: {error}") };
            assert_eq!((socket.as_deref(), pid), (Some(Path::new(wanted)), Some(std::process::id())));
        };
        busy("/run/a-rather-long-one/agentd.sock");
        first.record_socket(Path::new("/run/s")).expect("it can be written");
        busy("/run/s");
        assert_eq!(std::fs::read_to_string(&path).expect("text"), format!("/run/s\n{}\n", std::process::id()));
        drop(first);
        assert!(path.exists(), "the file stays");
        Instance::acquire(&path, Path::new("/run/t")).expect("the first has gone");
    }

    #[test]
    fn a_planted_link_is_not_followed() {
        let home = tempfile::tempdir().expect("a temporary directory");
        let (path, victim) = (home.path().join("agentd.lock"), home.path().join("victim"));
        std::fs::write(&victim, "precious").expect("it is ours");
        std::os::unix::fs::symlink(&victim, &path).expect("a link");
        assert!(matches!(Instance::acquire(&path, Path::new("/s")), Err(AcquireError::Path(_))));
        assert_eq!(std::fs::read_to_string(&victim).expect("text"), "precious");
    }
}
