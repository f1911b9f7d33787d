//! Standard error. Where it is the log file, that never fills the disk: when it is full it becomes `agentd.log.1`, in place of
//! the one that had that name, and a new one is begun.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// The most that one file holds, in bytes; a line that began within it is written to its end.
const MOST: u64 = 4 * 1024 * 1024;

/// Standard error of this process.
#[derive(Debug)]
pub struct Stderr(Option<Log>);

#[derive(Debug)]
struct Log {
    path: PathBuf,
    old: PathBuf,
    /// How much is in it, in bytes.
    length: u64,
}

impl Stderr {
    /// Looks whether standard error is the log file `path`; if that is full, it becomes `old` and a new one is begun.
    pub fn new(path: PathBuf, old: PathBuf) -> Self {
        let log = length_if_stderr(&path).map(|length| Log { path, old, length });
        let mut stderr = Self(log);
        stderr.make_room();
        stderr
    }

    fn make_room(&mut self) {
        let Some(log) = self.0.as_mut().filter(|log| log.length >= MOST) else { return };
        // Where it fails there is nobody to tell. It is tried again after as much, and not for each line.
        log.length = log.begin_new().unwrap_or(0);
    }
}

impl Log {
    /// Moves the file away and begins a new one. How much is in that.
    fn begin_new(&self) -> io::Result<u64> {
        // Somebody else may have moved it already.
        if length_if_stderr(&self.path).is_some() {
            std::fs::rename(&self.path, &self.old)?;
        }
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(&self.path)?;
        rustix::stdio::dup2_stderr(&file)?;
        Ok(file.metadata()?.len())
    }
}

/// The length of the file, if standard error is that file.
fn length_if_stderr(path: &Path) -> Option<u64> {
    let own = rustix::fs::fstat(rustix::stdio::stderr()).ok()?;
    let file = rustix::fs::stat(path).ok()?;
    let is_own = (own.st_dev, own.st_ino) == (file.st_dev, file.st_ino);
    is_own.then(|| u64::try_from(file.st_size).unwrap_or(0))
}

impl Write for Stderr {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.make_room();
        let written = io::stderr().write(bytes)?;
        if let Some(log) = &mut self.0 {
            log.length += written as u64;
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
