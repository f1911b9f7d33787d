//! Searches for secrets where none may be: logs, files, messages, memory.
//!
//! A secret is looked for as it is and in the forms it takes on its way through programs: base64 (both alphabets, in any
//! position of a longer text), hexadecimal, percent-encoded, JSON-escaped. A finding names the place, the form and the
//! secret's number, never its value.

use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use std::{
    collections::{BTreeSet, HashMap},
    fmt::Write as _,
    fs,
    path::Path,
};

/// Shorter secrets would be found by accident.
const SHORTEST: usize = 8;
/// Candidates are looked up by this many leading bytes.
const KEY: usize = 4;

/// Where a secret was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which secret: its kind when it is a canary, and its number in the list.
    pub secret: String,
    /// In which form.
    pub form: &'static str,
    /// Offset in bytes.
    pub offset: usize,
}

struct Needle {
    secret: usize,
    form: &'static str,
    bytes: Vec<u8>,
}

/// A list of secrets, prepared for searching.
pub struct Canaries {
    names: Vec<String>,
    needles: Vec<Needle>,
    by_key: HashMap<[u8; KEY], Vec<usize>>,
    /// One flag per value of a key's first two bytes: most positions are dismissed by it.
    starts: Vec<bool>,
}

impl Canaries {
    /// Prepares the search; empty values are left out.
    pub fn new(secrets: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let mut canaries =
            Self { names: Vec::new(), needles: Vec::new(), by_key: HashMap::new(), starts: vec![false; 1 << 16] };
        for secret in secrets {
            let secret = secret.as_ref();
            if !secret.is_empty() {
                canaries.add(secret);
            }
        }
        canaries
    }

    fn add(&mut self, secret: &str) {
        let number = self.names.len();
        assert!(secret.len() >= SHORTEST, "secret {number} is too short to be searched for");
        let kind = secret.strip_prefix("canary-").and_then(|rest| rest.split('-').next()).filter(|kind| kind.len() < 6);
        self.names.push(format!("{} secret, number {number}", kind.unwrap_or("unnamed")));
        for (form, bytes) in forms(secret) {
            let key = key(&bytes);
            let index = self.needles.len();
            self.needles.push(Needle { secret: number, form, bytes });
            self.by_key.entry(key).or_default().push(index);
            self.starts[start(key)] = true;
        }
    }

    /// The first secret in these bytes.
    pub fn find(&self, bytes: &[u8]) -> Option<Finding> {
        bytes.windows(KEY).enumerate().find_map(|(offset, window)| {
            let key = key(window);
            if !self.starts[start(key)] {
                return None;
            }
            let candidates = self.by_key.get(&key)?;
            let needle = candidates
                .iter()
                .map(|index| &self.needles[*index])
                .find(|needle| bytes[offset..].starts_with(&needle.bytes))?;
            Some(Finding { secret: self.names[needle.secret].clone(), form: needle.form, offset })
        })
    }

    /// Fails when a secret is in these bytes; `place` says what they are.
    pub fn assert_absent(&self, place: &str, bytes: impl AsRef<[u8]>) {
        let finding = self.find(bytes.as_ref()).map(|Finding { secret, form, offset }| {
            format!("{place} holds a secret at byte {offset}: {secret}, {form}")
        });
        assert!(finding.is_none(), "{}", finding.unwrap_or_default());
    }

    /// Fails when a secret is in any file below a directory, or in a file's name; returns how many files were read.
    pub fn assert_absent_below(&self, directory: &Path) -> usize {
        let mut files = 0;
        let mut open = vec![directory.to_owned()];
        while let Some(directory) = open.pop() {
            for entry in fs::read_dir(&directory).expect("the directory can be listed") {
                let entry = entry.expect("the directory can be listed");
                let path = entry.path();
                let kind = entry.file_type().expect("the kind of an entry is known");
                self.assert_absent("a file name", path.as_os_str().as_encoded_bytes());
                if kind.is_dir() {
                    open.push(path);
                } else if kind.is_file() {
                    files += 1;
                    self.assert_absent(&path.display().to_string(), fs::read(&path).expect("the file can be read"));
                }
            }
        }
        files
    }
}

fn key(bytes: &[u8]) -> [u8; KEY] {
    bytes[..KEY].try_into().expect("needles and windows are at least that long")
}

fn start(key: [u8; KEY]) -> usize {
    usize::from(key[0]) << 8 | usize::from(key[1])
}

/// Every form a secret is searched in, each once.
fn forms(secret: &str) -> Vec<(&'static str, Vec<u8>)> {
    let json = serde_json::to_string(secret).expect("text can be written as JSON");
    let json = json.trim_matches('"');
    let mut all = vec![
        ("as it is", secret.to_owned()),
        ("JSON-escaped", json.to_owned()),
        ("JSON-escaped with slashes", json.replace('/', "\\/")),
        ("JSON-escaped twice", json.replace('\\', "\\\\")),
        ("debug-formatted", format!("{secret:?}").trim_matches('"').to_owned()),
        ("hexadecimal", hex(secret, "", false)),
        ("hexadecimal, capitals", hex(secret, "", true)),
        ("hexadecimal with spaces", hex(secret, " ", false)),
        ("form-encoded", url::form_urlencoded::byte_serialize(secret.as_bytes()).collect()),
        ("percent-encoded", percent(secret, true)),
        ("percent-encoded, small letters", percent(secret, false)),
    ];
    for shift in 0..3 {
        all.push(("base64", base64_inside(&STANDARD, secret, shift)));
        all.push(("base64url", base64_inside(&URL_SAFE, secret, shift)));
    }
    let mut known = BTreeSet::new();
    all.into_iter()
        .map(|(form, text)| (form, text.into_bytes()))
        .filter(|(_, text)| known.insert(text.clone()))
        .collect()
}

fn hex(secret: &str, between: &str, capitals: bool) -> String {
    let digits = secret.bytes().map(|byte| if capitals { format!("{byte:02X}") } else { format!("{byte:02x}") });
    digits.collect::<Vec<_>>().join(between)
}

/// RFC 3986 §2.1: everything but the unreserved characters.
fn percent(secret: &str, capitals: bool) -> String {
    let mut text = String::new();
    for byte in secret.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else if capitals {
            write!(text, "%{byte:02X}").expect("writing to a String cannot fail");
        } else {
            write!(text, "%{byte:02x}").expect("writing to a String cannot fail");
        }
    }
    text
}

/// The characters that stay the same whatever stands around the secret, when `shift` bytes modulo three are before it.
fn base64_inside(engine: &impl base64::Engine, secret: &str, shift: usize) -> String {
    let mut bytes = vec![0; shift];
    bytes.extend_from_slice(secret.as_bytes());
    let first = (shift * 8).div_ceil(6);
    let last = bytes.len() * 8 / 6;
    engine.encode(bytes)[first..last].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;

    const SECRET: &str = "canary-at: \"5\"/ü+end";

    fn found(text: impl AsRef<[u8]>) -> Option<&'static str> {
        Canaries::new([SECRET]).find(text.as_ref()).map(|finding| finding.form)
    }

    #[test]
    fn every_form_is_found_inside_other_text() {
        for (form, bytes) in forms(SECRET) {
            let text = [b"before ".as_slice(), &bytes, b" after"].concat();
            assert_eq!(found(text), Some(form));
        }
    }

    #[test]
    fn base64_is_found_in_every_position() {
        for before in ["", "x", "xy", "xyz", "client:", "a longer text"] {
            for after in ["", "1", "12", "123"] {
                let text = format!("{before}{SECRET}{after}");
                assert_eq!(found(STANDARD.encode(&text)), Some("base64"), "{before}|{after}");
                assert!(found(URL_SAFE.encode(&text)).is_some(), "{before}|{after}");
            }
        }
    }

    #[test]
    fn other_text_is_left_alone() {
        assert_eq!(found("canary-at: \"6\"/ü+end"), None);
        assert_eq!(found(""), None);
        assert_eq!(found("can"), None);
    }

    #[test]
    #[should_panic(expected = "the log holds a secret at byte 4: at secret, number 1, as it is")]
    fn a_finding_names_place_and_number_only() {
        Canaries::new(["canary-rt-0-aaaaaaaa", "canary-at-1-bbbbbbbb"])
            .assert_absent("the log", "xxx canary-at-1-bbbbbbbb");
    }

    #[test]
    #[should_panic(expected = "holds a secret at byte 1: rt secret, number 0, hexadecimal")]
    fn directories_are_searched_to_the_bottom() {
        let directory = tempfile::tempdir().expect("a directory can be made");
        let deep = directory.path().join("a/b");
        fs::create_dir_all(&deep).expect("directories can be made");
        fs::write(deep.join("file"), format!("-{}", hex("canary-rt-secret", "", false)))
            .expect("a file can be written");
        Canaries::new(["canary-rt-secret"]).assert_absent_below(directory.path());
    }
}
