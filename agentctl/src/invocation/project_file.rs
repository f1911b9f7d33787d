//! `.agentctl.toml`: the profile that a project's directory is for. The nearest one upwards from the working directory counts.
//!
//! Such a file comes with whatever is checked out, so it may name profiles and nothing else: no command, no endpoint, no
//! rule. One that somebody else could have put there is left alone, and said so. The search ends at the home directory,
//! at another file system and at the root.

mod read;

use std::cell::Cell;
use std::ffi::OsString;
use std::fs::{File, Metadata};
use std::io::{ErrorKind, Read as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use proto::why::Suggestion;
use rustix::fs::OFlags;
use rustix::io::Errno;

use crate::failure::Failure;

/// Its name.
pub(crate) const NAME: &str = ".agentctl.toml";
/// No such file is longer, in bytes.
const MOST: u64 = 4 * 1024;

/// A file that was found and read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ProjectFile {
    /// Where it lies.
    pub(crate) path: PathBuf,
    /// The profiles it names, the narrowest first, each with its line.
    pub(crate) names: Vec<(Suggestion, usize)>,
}

impl ProjectFile {
    /// The profile that it names for everything.
    pub(crate) fn general(&self) -> Option<&Suggestion> {
        self.names.iter().map(|(named, _)| named).find(|named| named.host.is_none() && named.provider.is_none())
    }

    /// The first line that names `profile`.
    pub(crate) fn line_of(&self, profile: &str) -> Option<usize> {
        self.names.iter().filter(|(named, _)| named.profile.as_str() == profile).map(|(_, line)| *line).min()
    }
}

/// Looks for the file; `warn` hears of those that are left alone.
pub(super) fn find(
    variable: impl Fn(&str) -> Option<OsString>,
    uid: u32,
    warn: impl Fn(&str),
) -> Result<Option<ProjectFile>, Failure> {
    // A working directory that is gone has no project.
    let Ok(here) = std::env::current_dir() else { return Ok(None) };
    let home = variable("HOME").map(PathBuf::from);
    for directory in upwards(&here, home.as_deref()) {
        let path = directory.join(NAME);
        let file = match open(&path) {
            Ok(Some(file)) => file,
            Ok(None) => continue,
            Err(why) => {
                ignored(&warn, &path, &why);
                continue;
            }
        };
        match stranger(&file, directory, uid) {
            None => return read::read(&path, &text(&path, file)?).map(Some),
            Some(why) => ignored(&warn, &path, &why),
        }
    }
    Ok(None)
}

fn ignored(warn: &impl Fn(&str), path: &Path, why: &str) {
    warn(&format!("`{}` is ignored: {why}", path.display()));
}

/// `here` and the directories above it, as far as they are looked at.
fn upwards<'p>(here: &'p Path, home: Option<&'p Path>) -> impl Iterator<Item = &'p Path> {
    let device = |directory: &Path| std::fs::metadata(directory).ok().map(|metadata| metadata.dev());
    let own = device(here);
    let ended = Cell::new(false);
    here.ancestors().take_while(move |directory| {
        let goes_on = !ended.get() && (*directory == here || device(directory) == own);
        ended.set(Some(*directory) == home);
        goes_on
    })
}

/// Opens it, if there is one. A pipe that somebody left there does not hang.
fn open(path: &Path) -> Result<Option<File>, String> {
    let flags = i32::try_from((OFlags::NONBLOCK | OFlags::NOFOLLOW).bits()).expect("flags of open(2) are an int");
    match File::options().read(true).custom_flags(flags).open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(error) if error.raw_os_error() == Some(Errno::LOOP.raw_os_error()) => {
            Err("it is a symbolic link".to_owned())
        }
        Err(error) => Err(format!("it cannot be read: {}", error.kind())),
    }
}

/// Why the file may be somebody else's, if it may.
fn stranger(file: &File, directory: &Path, uid: u32) -> Option<String> {
    let (Ok(own), Ok(around)) = (file.metadata(), std::fs::metadata(directory)) else {
        return Some("it cannot be looked at".to_owned());
    };
    if !own.is_file() {
        return Some("it is no regular file".to_owned());
    }
    if own.uid() != uid {
        return Some(format!("it belongs to user {}, not to you", own.uid()));
    }
    // A group of one's own is how some systems give everybody the mask 002.
    let group = rustix::process::getgid().as_raw();
    let others = |of: &Metadata| of.mode() & 0o002 != 0 || of.mode() & 0o020 != 0 && of.gid() != group;
    if others(&own) {
        return Some("others can write it".to_owned());
    }
    others(&around).then(|| "others can write to its directory".to_owned())
}

fn text(path: &Path, file: File) -> Result<String, Failure> {
    let failed = |why: String| Failure::usage(format!("`{}` {why}", path.display()));
    let mut bytes = Vec::new();
    file.take(MOST + 1).read_to_end(&mut bytes).map_err(|error| failed(format!("cannot be read: {}", error.kind())))?;
    if bytes.len() as u64 > MOST {
        return Err(failed(format!("is longer than {MOST} bytes")));
    }
    String::from_utf8(bytes).map_err(|_| failed("is not UTF-8 text".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_search_goes_up_to_the_home_and_not_beyond_it() {
        let top = tempfile::tempdir().expect("a directory");
        let home = top.path().join("home");
        let here = home.join("a/b");
        std::fs::create_dir_all(&here).expect("it has room");
        let seen: Vec<&Path> = upwards(&here, Some(&home)).collect();
        assert_eq!(seen, [here.as_path(), &home.join("a"), &home]);
        let seen: Vec<&Path> = upwards(&home, Some(&home)).collect();
        assert_eq!(seen, [home.as_path()]);
        assert!(upwards(&here, None).any(|directory| directory == top.path()), "there is no home to end at");
        assert_eq!(upwards(Path::new("/proc/self"), None).last(), Some(Path::new("/proc")), "another file system");
    }
}
