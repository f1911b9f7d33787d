//! Files and variables that are handed to the agent.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::PathBuf;

use crate::failure::Failure;

/// The longest file that is handed over, in bytes: the agent takes no more.
const FILE_LIMIT: u64 = 32 * 1024;

/// The agent works in another directory, so its paths are absolute. `option` is where the path was given.
pub(super) fn absolute(path: PathBuf, option: &str) -> Result<String, Failure> {
    let path = std::path::absolute(path).map_err(|_| Failure::usage(format!("`{option}` is empty")))?;
    path.into_os_string().into_string().map_err(|_| Failure::usage(format!("the path of `{option}` is not text")))
}

/// The text of `path`; `-` is standard input.
pub(super) fn text(path: &str) -> Result<String, Failure> {
    let failed = |error: std::io::Error| Failure::failed(format!("`{path}` cannot be read: {}", error.kind()));
    let mut text = Vec::new();
    let read = if path == "-" {
        std::io::stdin().lock().take(FILE_LIMIT + 1).read_to_end(&mut text)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(FILE_LIMIT + 1).read_to_end(&mut text))
    };
    read.map_err(failed)?;
    if text.len() as u64 > FILE_LIMIT {
        return Err(Failure::failed(format!("`{path}` is larger than {} KiB", FILE_LIMIT / 1024)));
    }
    String::from_utf8(text).map_err(|_| Failure::failed(format!("`{path}` is not text")))
}

/// The variables by which other tools find their files, as far as they are set here.
pub(super) fn variables(variable: impl Fn(&str) -> Option<String>) -> BTreeMap<String, String> {
    let set = |name: &&str| Some(((*name).to_owned(), variable(name)?));
    proto::link::VARIABLES.iter().filter_map(set).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relative_file_is_made_absolute() {
        let path = absolute(PathBuf::from("ca.pem"), "--ca-file").expect("it is text");
        assert!(path.starts_with('/') && path.ends_with("/ca.pem"));
        assert!(absolute(PathBuf::new(), "--ca-file").is_err());
    }

    #[test]
    fn only_the_known_variables_are_handed_over() {
        let all = variables(|name| Some(format!("of-{name}")));
        assert_eq!(all.len(), proto::link::VARIABLES.len());
        assert_eq!(all.get("HOME").map(String::as_str), Some("of-HOME"));
        assert!(variables(|name| (name == "PATH").then(String::new)).is_empty());
    }

    #[test]
    fn what_is_no_text_or_too_large_is_refused() {
        let place = tempfile::tempdir().expect("a temporary directory");
        let path = place.path().join("x");
        let name = path.to_str().expect("it is text");
        assert!(text(name).is_err());
        std::fs::write(&path, b"schema = 1\n").expect("it can be written");
        assert_eq!(text(name).expect("it is text"), "schema = 1\n");
        std::fs::write(&path, b"\xff").expect("it can be written");
        assert!(text(name).is_err());
        std::fs::write(&path, vec![b'x'; 32 * 1024 + 1]).expect("it can be written");
        assert!(text(name).is_err());
    }
}
