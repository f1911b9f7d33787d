//! Files of other tools: read with care, and replaced as a whole.
//!
//! A reader sees the old file or the new one, never a half. What belongs to somebody else, or lies in a directory into
//! which others can write, is not touched: they could swap it under our hands.

use std::fs::{File, Metadata, OpenOptions, Permissions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use zeroize::Zeroizing;

use super::FormatError;
use crate::private::{self, PrivateError};

/// More than any of these files has.
const MOST: u64 = 1 << 20;

/// What becomes of a symbolic link at the last component.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Symlink {
    /// It stays; the file it names is replaced. For tools that write in place.
    Followed,
    /// A file takes its place. For tools that do the same.
    Replaced,
}

/// The text of a file; `None` when there is none. Symbolic links are followed, as the tool does.
pub(super) fn read(path: &Path) -> Result<Option<Zeroizing<String>>, FormatError> {
    let Some(file) = open(path)? else { return Ok(None) };
    let mut text = Zeroizing::new(String::new());
    match file.take(MOST + 1).read_to_string(&mut text) {
        Ok(read) if read as u64 > MOST => Err(FormatError::unreadable(path, "it is longer than such a file can be")),
        Ok(_) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            Err(FormatError::unreadable(path, "it is not UTF-8"))
        }
        Err(error) => Err(FormatError::io(path, error)),
    }
}

/// Replaces a file, or makes it, with mode 0600. Its directory is made where missing.
pub(super) fn write(path: &Path, text: &str, symlink: Symlink) -> Result<(), FormatError> {
    let target = target(path, symlink)?;
    directory(private::parent(&target))?;
    let mut name = std::ffi::OsString::from(".");
    name.push(target.file_name().ok_or_else(|| FormatError::io(path, "it names no file"))?);
    name.push(".agentd-");
    clear(private::parent(&target), &name);
    name.push(format!("{:016x}", u64::from_ne_bytes(*crate::secret::random::<8>())));
    let unfinished = target.with_file_name(name);
    let written = fill(&unfinished, text).and_then(|()| private::publish(&unfinished, &target));
    written.map_err(|error| {
        // Nothing else can be done about it: the file's own error is the one to hear of.
        drop(std::fs::remove_file(&unfinished));
        private_error(error)
    })
}

/// Removes a file that is ours; one that is gone is no error.
pub(super) fn remove(path: &Path) -> Result<(), FormatError> {
    match path.symlink_metadata() {
        Ok(metadata) => owned(path, &metadata)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(FormatError::io(path, error)),
    }
    std::fs::remove_file(path).map_err(|error| FormatError::io(path, error))
}

/// Makes a directory, 0700, where missing; refuses one in which others can swap files.
pub(super) fn directory(path: &Path) -> Result<(), FormatError> {
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|error| FormatError::io(path, error))?;
    trusted(path)
}

/// Takes away from others what they may do with the files and directories.
pub(super) fn tighten(paths: &[PathBuf]) -> Result<(), FormatError> {
    for path in paths {
        let metadata = path.metadata().map_err(|error| FormatError::io(path, error))?;
        owned(path, &metadata)?;
        let permissions = Permissions::from_mode(metadata.mode() & 0o700);
        std::fs::set_permissions(path, permissions).map_err(|error| FormatError::io(path, error))?;
    }
    Ok(())
}

/// Checks that a file that is about to be opened by somebody else's code is ours, and in a directory that is.
pub(super) fn check(path: &Path) -> Result<bool, FormatError> {
    let Some(file) = open(path)? else { return Ok(false) };
    drop(file);
    let target = target(path, Symlink::Followed)?;
    trusted(private::parent(&target))?;
    Ok(true)
}

fn open(path: &Path) -> Result<Option<File>, FormatError> {
    let mut options = OpenOptions::new();
    // NONBLOCK: opening a pipe that someone left here must not hang.
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).expect("flags of open(2) are an int");
    let file = match options.read(true).custom_flags(flags).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(FormatError::io(path, error)),
    };
    let metadata = file.metadata().map_err(|error| FormatError::io(path, error))?;
    if !metadata.is_file() {
        return Err(FormatError::io(path, "it is not a regular file"));
    }
    owned(path, &metadata)?;
    Ok(Some(file))
}

/// The path that a rename has to name.
fn target(path: &Path, symlink: Symlink) -> Result<PathBuf, FormatError> {
    let metadata = match path.symlink_metadata() {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(path.to_owned()),
        Err(error) => return Err(FormatError::io(path, error)),
    };
    owned(path, &metadata)?;
    if !metadata.is_symlink() {
        return if metadata.is_file() {
            Ok(path.to_owned())
        } else {
            Err(FormatError::io(path, "it is not a regular file"))
        };
    }
    if symlink == Symlink::Replaced {
        return Ok(path.to_owned());
    }
    trusted(private::parent(path))?;
    let target = path.canonicalize().map_err(|error| FormatError::io(path, error))?;
    let metadata = target.metadata().map_err(|error| FormatError::io(&target, error))?;
    owned(&target, &metadata)?;
    if metadata.is_file() { Ok(target) } else { Err(FormatError::io(&target, "it is not a regular file")) }
}

/// Removes what a crash left of earlier writes: it may hold a credential, and nobody else would ever look at it.
fn clear(directory: &Path, prefix: &std::ffi::OsStr) {
    let Ok(entries) = directory.read_dir() else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let rest = name.as_encoded_bytes().strip_prefix(prefix.as_encoded_bytes());
        if rest.is_some_and(|rest| rest.len() == 16 && rest.iter().all(u8::is_ascii_hexdigit)) {
            // One that cannot be removed is not in the way.
            drop(std::fs::remove_file(entry.path()));
        }
    }
}

fn fill(path: &Path, text: &str) -> Result<(), PrivateError> {
    let mut file = private::create(path)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    written.map_err(PrivateError::io(path, "write"))
}

fn trusted(path: &Path) -> Result<(), FormatError> {
    let metadata = path.metadata().map_err(|error| FormatError::io(path, error))?;
    if !metadata.is_dir() {
        return Err(FormatError::io(path, "it is not a directory"));
    }
    owned(path, &metadata)?;
    if metadata.mode() & 0o022 != 0 {
        return Err(FormatError::io(path, "other users can write into this directory; run `chmod go-w` on it"));
    }
    Ok(())
}

fn owned(path: &Path, metadata: &Metadata) -> Result<(), FormatError> {
    let owner = metadata.uid();
    if owner == rustix::process::geteuid().as_raw() {
        return Ok(());
    }
    Err(FormatError::io(path, format!("it belongs to user {owner}, not to you")))
}

fn private_error(error: PrivateError) -> FormatError {
    match error {
        PrivateError::Io { path, action, source } => FormatError::io(&path, format!("cannot {action}: {source}")),
        PrivateError::Exposed { path, .. } => FormatError::io(&path, "other users can reach it"),
        PrivateError::Foreign { path, owner } => FormatError::io(&path, format!("it belongs to user {owner}")),
        PrivateError::Kind { path, wanted } => FormatError::io(&path, format!("it is not {wanted}")),
    }
}

#[cfg(test)]
mod tests;
