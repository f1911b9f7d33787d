//! `daemon logs`: the end of the log file.

use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;

use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::output::clean;

/// How far back from the end the log is read, in bytes.
const LIMIT: u64 = 4 * 1024 * 1024;

/// Prints the last `lines` lines.
pub(super) fn print(invocation: &Invocation, lines: usize) -> Result<(), Failure> {
    let log = &invocation.paths().log;
    let text = end(log).map_err(|error| match error.kind() {
        ErrorKind::NotFound => Failure::failed(format!("there is no log at `{}`", log.display()))
            .hint("an agent run by a service manager writes to its journal"),
        kind => Failure::failed(format!("the log `{}` cannot be read: {kind}", log.display())),
    })?;
    if invocation.output.is_json() {
        return last(&text, lines).try_for_each(|line| invocation.output.json(&line));
    }
    let text: String = last(&text, lines).flat_map(|line| [clean(line), "\n".into()]).collect();
    if text.is_empty() { Ok(()) } else { invocation.output.text(&text) }
}

fn end(log: &Path) -> std::io::Result<String> {
    let mut file = File::open(log)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(LIMIT)))?;
    let mut bytes = Vec::new();
    file.take(LIMIT).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn last(text: &str, lines: usize) -> impl Iterator<Item = &str> {
    let count = text.lines().count();
    text.lines().skip(count.saturating_sub(lines))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_taken() {
        let take = |lines| last("1\n2\n3\n", lines).collect::<Vec<_>>();
        assert_eq!(take(2), ["2", "3"]);
        assert_eq!(take(9), ["1", "2", "3"]);
        assert!(take(0).is_empty());
    }
}
