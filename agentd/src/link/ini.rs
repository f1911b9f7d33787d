//! An INI document that keeps order, comments and foreign sections, read by the rules of Python's `configparser`.
//!
//! Every edit is checked by reading the result again: what was not to change has not changed, or the edit is refused.

use std::ops::Range;
use std::path::Path;

use zeroize::Zeroizing;

use super::{FormatError, replace};

/// The section whose entries count in all others.
pub(super) const DEFAULT: &str = "DEFAULT";

/// Why a document is not read or a value not written. Never quotes the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum IniError {
    /// It is not one.
    #[error("it is no INI file: {0}")]
    Form(&'static str),
    /// A value would be read back as something else.
    #[error("a value with `%`, with a line break, or with a blank at an end cannot be kept in this file")]
    Value,
    /// The document's layout leaves no safe place for the edit.
    #[error("it is laid out in a way that cannot be edited safely")]
    Layout,
}

impl IniError {
    /// What it means for a format whose file lies at `path`.
    pub(super) fn at(self, path: &Path) -> FormatError {
        match self {
            Self::Form(why) => FormatError::unreadable(path, &format!("it is no INI file: {why}")),
            Self::Value | Self::Layout => FormatError::Refused(format!("`{}`: {self}", path.display())),
        }
    }
}

/// The document.
pub(super) struct Document {
    lines: Vec<Zeroizing<String>>,
    read: Reading,
}

#[derive(Default)]
struct Reading {
    headers: Vec<(String, usize)>,
    entries: Vec<Entry>,
}

#[derive(Clone, PartialEq, Eq)]
struct Entry {
    section: String,
    key: String,
    value: Zeroizing<String>,
    lines: Vec<usize>,
}

impl Document {
    /// Reads a document.
    pub(super) fn parse(text: &str) -> Result<Self, IniError> {
        let lines = text.split_inclusive('\n').map(|line| Zeroizing::new(line.to_owned())).collect();
        Self::of(lines)
    }

    /// Reads the document of a file, an empty one where there is none.
    pub(super) fn of_file(path: &Path) -> Result<Self, FormatError> {
        let text = replace::read(path)?;
        Self::parse(text.as_deref().map_or("", String::as_str)).map_err(|error| error.at(path))
    }

    fn of(lines: Vec<Zeroizing<String>>) -> Result<Self, IniError> {
        let read = Reading::of(&lines)?;
        Ok(Self { lines, read })
    }

    /// The whole text.
    pub(super) fn text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(self.lines.iter().map(|line| line.len()).sum()));
        for line in &self.lines {
            text.push_str(line);
        }
        text
    }

    /// The names of the sections, without the default one.
    pub(super) fn sections(&self) -> impl Iterator<Item = &str> {
        self.read.headers.iter().map(|(name, _)| name.as_str()).filter(|name| *name != DEFAULT)
    }

    /// Whether a section has no entries of its own.
    pub(super) fn is_empty(&self, section: &str) -> bool {
        !self.read.entries.iter().any(|entry| entry.section == section)
    }

    /// Whether nothing is left but blank lines.
    pub(super) fn is_blank(&self) -> bool {
        self.lines.iter().all(|line| line.trim().is_empty())
    }

    /// A value as it stands in a section itself.
    pub(super) fn own(&self, section: &str, key: &str) -> Option<&str> {
        let entry = self.read.entries.iter().find(|entry| entry.section == section && entry.key == key);
        entry.map(|entry| entry.value.as_str())
    }

    /// A value as a reader sees it: of the section, else of the default one, `%%` being `%`.
    pub(super) fn value(&self, section: &str, key: &str) -> Result<Option<Zeroizing<String>>, IniError> {
        let Some(raw) = self.own(section, key).or_else(|| self.own(DEFAULT, key)) else { return Ok(None) };
        let mut value = Zeroizing::new(String::with_capacity(raw.len()));
        let mut rest = raw;
        while let Some(at) = rest.find('%') {
            let Some(after) = rest[at..].strip_prefix("%%") else {
                return Err(IniError::Form("a `%` stands for another value, or for nothing"));
            };
            value.push_str(&rest[..=at]);
            rest = after;
        }
        value.push_str(rest);
        Ok(Some(value))
    }

    /// Puts a value into a section, which is made where missing.
    pub(super) fn set(&mut self, section: &str, key: &str, value: &str) -> Result<(), IniError> {
        let odd = |text: &str| text.trim() != text || text.contains('%') || text.chars().any(char::is_control);
        if odd(value) || odd(section) || odd(key) || section.is_empty() || section.contains(['[', ']']) {
            return Err(IniError::Value);
        }
        let mut lines = self.lines.clone();
        let ending = if lines.first().is_some_and(|line| line.ends_with("\r\n")) { "\r\n" } else { "\n" };
        let line = |indent: &str| Zeroizing::new(format!("{indent}{key} = {value}{ending}"));
        if let Some(entry) = self.read.entries.iter().find(|entry| entry.section == section && entry.key == key) {
            let indent = indent(&lines[entry.lines[0]]).to_owned();
            lines[entry.lines[0]] = line(&indent);
            delete(&mut lines, &entry.lines[1..]);
        } else if let Some((_, header)) = self.read.headers.iter().rev().find(|(name, _)| name == section) {
            let last = self.read.entries.iter().rfind(|entry| entry.section == section && entry.lines[0] > *header);
            let at = last.map_or(*header, |entry| *entry.lines.last().expect("an entry has a line"));
            let indent = indent(&lines[last.map_or(at, |entry| entry.lines[0])]).to_owned();
            end(&mut lines, at, ending);
            lines.insert(at + 1, line(&indent));
        } else if section == DEFAULT {
            lines.insert(0, Zeroizing::new(format!("[{section}]{ending}")));
            lines.insert(1, line(""));
            if lines.len() > 2 {
                lines.insert(2, Zeroizing::new(ending.to_owned()));
            }
        } else {
            if let Some(last) = lines.len().checked_sub(1) {
                end(&mut lines, last, ending);
                if !lines[last].trim().is_empty() {
                    lines.push(Zeroizing::new(ending.to_owned()));
                }
            }
            lines.push(Zeroizing::new(format!("[{section}]{ending}")));
            lines.push(line(""));
        }
        self.become_with(lines, |entry| entry.section == section && entry.key == key)?;
        if self.own(section, key) == Some(value) { Ok(()) } else { Err(IniError::Layout) }
    }

    /// Takes a value out of a section; one that is not there is no error.
    pub(super) fn unset(&mut self, section: &str, key: &str) -> Result<(), IniError> {
        let found = self.read.entries.iter().find(|entry| entry.section == section && entry.key == key);
        let Some(entry) = found else { return Ok(()) };
        let mut lines = self.lines.clone();
        delete(&mut lines, &entry.lines);
        self.become_with(lines, |entry| entry.section == section && entry.key == key)
    }

    /// Takes a section out with all that is in it. Comments behind its last entry stay: they may speak of what follows.
    pub(super) fn remove(&mut self, section: &str) -> Result<(), IniError> {
        let mut lines = self.lines.clone();
        for (_, header) in self.read.headers.iter().rev().filter(|(name, _)| name == section) {
            let next = self.read.headers.iter().map(|(_, line)| *line).filter(|line| line > header).min();
            let last = self.read.entries.iter().flat_map(|entry| &entry.lines);
            let last = last.filter(|line| *line > header && next.is_none_or(|next| **line < next)).max();
            let Range { start, mut end } = *header..last.unwrap_or(header) + 1;
            while end < lines.len() && lines[end].trim().is_empty() {
                end += 1;
            }
            let start =
                if end == lines.len() && start > 0 && lines[start - 1].trim().is_empty() { start - 1 } else { start };
            lines.drain(start..end);
        }
        self.become_with(lines, |entry| entry.section == section)
    }

    /// Takes `lines` when only entries for which `changed` holds differ.
    fn become_with(&mut self, lines: Vec<Zeroizing<String>>, changed: impl Fn(&Entry) -> bool) -> Result<(), IniError> {
        let new = Self::of(lines).map_err(|_| IniError::Layout)?;
        let rest = |document: &Self| -> Vec<(String, String, Zeroizing<String>)> {
            let kept = document.read.entries.iter().filter(|entry| !changed(entry));
            kept.map(|entry| (entry.section.clone(), entry.key.clone(), entry.value.clone())).collect()
        };
        if rest(self) != rest(&new) {
            return Err(IniError::Layout);
        }
        *self = new;
        Ok(())
    }
}

impl Reading {
    fn of(lines: &[Zeroizing<String>]) -> Result<Self, IniError> {
        let mut reading = Self::default();
        let mut section: Option<String> = None;
        let (mut level, mut open) = (0, false);
        for (index, line) in lines.iter().enumerate() {
            let text = line.trim();
            if text.starts_with(['#', ';']) {
                continue;
            }
            let indent = indent(line).chars().count();
            let continues = open && (text.is_empty() || indent > level);
            if let Some(entry) = reading.entries.last_mut().filter(|_| continues) {
                entry.value.push('\n');
                entry.value.push_str(text);
                entry.lines.push(index);
                continue;
            }
            if text.is_empty() {
                continue;
            }
            level = indent;
            let header = text.strip_prefix('[').and_then(|rest| rest.rfind(']').map(|at| &rest[..at]));
            if let Some(name) = header.filter(|name| !name.is_empty()) {
                if name != DEFAULT && reading.headers.iter().any(|(known, _)| known == name) {
                    return Err(IniError::Form("a section stands there twice"));
                }
                reading.headers.push((name.to_owned(), index));
                section = Some(name.to_owned());
                open = false;
                continue;
            }
            let Some(section) = &section else { return Err(IniError::Form("a line stands before the first section")) };
            let Some((key, value)) = text.split_once(['=', ':']).filter(|(key, _)| !key.trim().is_empty()) else {
                return Err(IniError::Form("a line is neither a section nor a value"));
            };
            let (key, value) = (key.trim().to_lowercase(), Zeroizing::new(value.trim().to_owned()));
            if reading.entries.iter().any(|entry| entry.section == *section && entry.key == key) {
                return Err(IniError::Form("a value stands there twice"));
            }
            reading.entries.push(Entry { section: section.clone(), key, value, lines: vec![index] });
            open = true;
        }
        for entry in &mut reading.entries {
            let end = entry.value.trim_end().len();
            entry.value.truncate(end);
            // Blank lines at the end separate; they are no part of the value.
            while entry.lines.len() > 1 && lines[*entry.lines.last().expect("two are left")].trim().is_empty() {
                entry.lines.pop();
            }
        }
        Ok(reading)
    }
}

fn indent(line: &str) -> &str {
    &line[..line.len() - line.trim_start().len()]
}

fn end(lines: &mut [Zeroizing<String>], at: usize, ending: &str) {
    if !lines[at].ends_with('\n') {
        lines[at].push_str(ending);
    }
}

fn delete(lines: &mut Vec<Zeroizing<String>>, which: &[usize]) {
    for index in which.iter().rev() {
        lines.remove(*index);
    }
}

#[cfg(test)]
mod tests;
