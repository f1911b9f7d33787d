//! The file as text: which settings were written, and where in it.
//!
//! Owner and mode are checked on the open file: who can write the configuration can choose the proxy. A symbolic link is
//! followed, since people keep such files elsewhere, and root may own the file, since root could replace it anyway.
//! What values mean is not known here.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::ops::Range;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use rustix::fs::OFlags;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::{Findings, Origin, quoted};

/// No configuration is longer, in KiB.
pub(super) const MOST: u64 = 1024;

/// What was written; each value with its place.
#[derive(Debug, Default)]
pub(super) struct Raw {
    pub(super) store_key: Option<Text>,
    pub(super) log_level: Option<Text>,
    pub(super) log_format: Option<Text>,
    pub(super) proxy: Option<Text>,
    pub(super) profiles: BTreeMap<String, RawProfile>,
}

#[derive(Debug, Default)]
pub(super) struct RawProfile {
    pub(super) refresh: Option<Text>,
    pub(super) narrow: Option<Text>,
    pub(super) reveal: Option<Text>,
}

/// A text value. `Debug` does not show it.
pub(crate) struct Text {
    pub(crate) value: String,
    pub(crate) origin: Origin,
}

impl std::fmt::Debug for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Text").field("origin", &self.origin).finish_non_exhaustive()
    }
}

/// The text of the file; empty when there is none, or when it cannot be read, or has more than `most` KiB.
pub(crate) fn read(path: &Path, most: u64, found: &mut Findings) -> String {
    match try_read(path, most, found) {
        Ok(bytes) => String::from_utf8(bytes).unwrap_or_else(|error| {
            let place = Origin::File;
            let line = error.as_bytes()[..error.utf8_error().valid_up_to()].split(|byte| *byte == b'\n').count();
            found.add(place, format!("is not UTF-8 text (line {line})"), None);
            String::new()
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => {
            found.add(Origin::File, format!("cannot be read: {error}"), None);
            String::new()
        }
    }
}

fn try_read(path: &Path, most: u64, found: &mut Findings) -> io::Result<Vec<u8>> {
    // NONBLOCK: opening a pipe that someone left here must not hang.
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).expect("flags of open(2) are an int");
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    if !trusted(&file, path, found)? {
        return Ok(Vec::new());
    }
    let mut bytes = Vec::new();
    file.take(most * 1024 + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most * 1024 {
        found.add(Origin::File, format!("is longer than {most} KiB"), None);
        bytes.clear();
    }
    Ok(bytes)
}

/// Notes owner and mode; whether the content is worth reading.
fn trusted(file: &File, path: &Path, found: &mut Findings) -> io::Result<bool> {
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        found.add(Origin::File, "is not a regular file", None);
        return Ok(false);
    }
    let owner = metadata.uid();
    if owner != 0 && owner != rustix::process::geteuid().as_raw() {
        found.add(
            Origin::File,
            format!("belongs to user {owner}, not to you"),
            Some("make a file of your own".to_owned()),
        );
        return Ok(false);
    }
    let mode = metadata.mode() & 0o7777;
    if mode & 0o022 != 0 {
        let hint = format!("run `chmod go-w '{}'`", path.display());
        found.add(Origin::File, format!("can be written by other users (mode {mode:04o})"), Some(hint));
    }
    Ok(true)
}

/// Reads as much of `text` as can be read.
pub(super) fn parse(text: &str, found: &mut Findings) -> Raw {
    let (root, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        // Only the message: the error's own display quotes the line.
        found.add(at(&error.span().unwrap_or_default()), error.message(), None);
    }
    let mut raw = Raw::default();
    for (name, value) in root.get_ref() {
        match &**name.get_ref() {
            "http" => section(value, "http", &mut [("proxy", &mut raw.proxy)], found),
            "log" => {
                let slots = &mut [("format", &mut raw.log_format), ("level", &mut raw.log_level)];
                section(value, "log", slots, found);
            }
            "profile" => raw.profiles = profiles(value, found),
            "store" => section(value, "store", &mut [("key", &mut raw.store_key)], found),
            other => {
                let what = format!("{} is not a section", quoted(other, "this"));
                found.unknown(at(&name.span()), what, other, &["http", "log", "profile", "store"]);
            }
        }
    }
    raw
}

fn profiles(value: &Spanned<DeValue<'_>>, found: &mut Findings) -> BTreeMap<String, RawProfile> {
    let mut profiles = BTreeMap::new();
    let Some(table) = table(value, "profile.NAME", found) else {
        return profiles;
    };
    for (name, value) in table {
        let mut profile = RawProfile::default();
        let slots =
            &mut [("narrow", &mut profile.narrow), ("refresh", &mut profile.refresh), ("reveal", &mut profile.reveal)];
        section(value, "profile.NAME", slots, found);
        profiles.insert(name.get_ref().to_string(), profile);
    }
    profiles
}

fn section(value: &Spanned<DeValue<'_>>, title: &str, slots: &mut [(&str, &mut Option<Text>)], found: &mut Findings) {
    let Some(table) = table(value, title, found) else {
        return;
    };
    for (name, value) in table {
        let word: &str = name.get_ref();
        if let Some((_, slot)) = slots.iter_mut().find(|(known, _)| *known == word) {
            **slot = string(value, found);
        } else {
            let known: Vec<&str> = slots.iter().map(|(known, _)| *known).collect();
            let what = format!("{} is not a setting of `[{title}]`", quoted(word, "this"));
            found.unknown(at(&name.span()), what, word, &known);
        }
    }
}

fn table<'v, 'i>(value: &'v Spanned<DeValue<'i>>, title: &str, found: &mut Findings) -> Option<&'v DeTable<'i>> {
    if let DeValue::Table(table) = value.get_ref() {
        return Some(table);
    }
    found.add(at(&value.span()), "is not a section", Some(format!("write `[{title}]` on a line of its own")));
    None
}

fn string(value: &Spanned<DeValue<'_>>, found: &mut Findings) -> Option<Text> {
    let origin = at(&value.span());
    if let DeValue::String(text) = value.get_ref() {
        return Some(Text { value: text.to_string(), origin });
    }
    found.add(origin, "is not text", Some("write the value in double quotes".to_owned()));
    None
}

fn at(span: &Range<usize>) -> Origin {
    Origin::Text(span.start)
}
