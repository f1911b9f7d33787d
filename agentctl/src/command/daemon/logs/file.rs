//! A log file that is read line by line, across the moments when it is moved away and a new one is begun.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

/// How far back from the end it is read at first, in bytes.
const LIMIT: u64 = 4 * 1024 * 1024;

/// A log file and how far it was read.
#[derive(Debug)]
pub(super) struct Log {
    path: PathBuf,
    file: Option<File>,
    /// The beginning of a line whose end is not written yet.
    begun: Vec<u8>,
}

impl Log {
    /// One that exists, a little before its end.
    pub(super) fn open(path: PathBuf) -> io::Result<Self> {
        let mut file = File::open(&path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(LIMIT)))?;
        Ok(Self { path, file: Some(file), begun: Vec::new() })
    }

    /// One that does not exist yet.
    pub(super) fn missing(path: PathBuf) -> Self {
        Self { path, file: None, begun: Vec::new() }
    }

    /// The lines that were written since the last call.
    pub(super) fn more(&mut self) -> io::Result<Vec<String>> {
        // Before the rest of the old one is read: nothing is written to that any more once there is a new one.
        let next = self.next()?;
        self.read()?;
        if let Some(next) = next {
            self.file = Some(next);
            self.read()?;
        }
        let whole = self.begun.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let lines: Vec<u8> = self.begun.drain(..whole).collect();
        Ok(String::from_utf8_lossy(&lines).lines().map(str::to_owned).collect())
    }

    /// The file that took the place of this one.
    fn next(&self) -> io::Result<Option<File>> {
        let file = match File::open(&self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            opened => opened?,
        };
        let found = file.metadata()?;
        let same = match self.file.as_ref().map(File::metadata).transpose()? {
            Some(own) => (own.dev(), own.ino()) == (found.dev(), found.ino()),
            None => false,
        };
        Ok(Some(file).filter(|_| !same))
    }

    fn read(&mut self) -> io::Result<()> {
        let Some(file) = &mut self.file else { return Ok(()) };
        // Somebody may have emptied it.
        if file.stream_position()? > file.metadata()?.len() {
            file.rewind()?;
        }
        file.read_to_end(&mut self.begun).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{OpenOptions, rename, write};
    use std::io::Write as _;

    #[test]
    fn lines_are_read_once_and_whole_across_a_new_file_and_an_emptied_one() {
        let place = tempfile::tempdir().expect("a temporary directory");
        let path = place.path().join("agentd.log");
        let append = |text: &str| {
            let mut file = OpenOptions::new().append(true).create(true).open(&path).expect("it is ours");
            file.write_all(text.as_bytes()).expect("it is ours");
        };
        assert!(Log::open(path.clone()).is_err());
        let mut log = Log::missing(path.clone());
        let mut more = || log.more().expect("it can be read");
        assert!(more().is_empty());
        append("1\n2\n3");
        assert_eq!(more(), ["1", "2"]);
        append("4\n5\n");
        rename(&path, place.path().join("agentd.log.1")).expect("it is ours");
        assert_eq!(more(), ["34", "5"]);
        append("6\n");
        assert_eq!(more(), ["6"]);
        write(&path, "").expect("it is ours");
        assert!(more().is_empty());
        append("7\n");
        assert_eq!(more(), ["7"]);
        assert!(more().is_empty());
    }
}
