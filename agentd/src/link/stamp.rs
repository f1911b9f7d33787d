//! A cheap look at a file, to notice that somebody has written it.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// What changes when a file is written, replaced or opened to others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp(Option<Present>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Present {
    modified: (i64, i64),
    size: u64,
    inode: u64,
    mode: u32,
}

impl Stamp {
    /// Of the file that is at `path` now; links are followed, as the tools follow them.
    pub(super) fn of(path: &Path) -> Self {
        Self(path.metadata().ok().map(|found| Present {
            modified: (found.mtime(), found.mtime_nsec()),
            size: found.size(),
            inode: found.ino(),
            mode: found.mode(),
        }))
    }

    /// Whether other users can reach it.
    pub(super) fn is_exposed(self) -> bool {
        self.0.is_some_and(|found| found.mode & 0o077 != 0)
    }
}
