//! One table of a provider's file, read key by key.
//!
//! Whoever reads a table asks for the keys it knows and closes it; what was not asked for is a mistake then. Every text
//! is free of control characters and of marks that make text read differently from what it is.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::rule;
use crate::config::{Findings, Origin, Text, quoted};

/// A table, and which of its keys were asked for.
pub(super) struct Section<'t> {
    table: &'t DeTable<'t>,
    title: String,
    origin: Origin,
    asked: Vec<&'static str>,
}

/// A value and its place.
pub(super) type Value<'t> = &'t Spanned<DeValue<'t>>;

impl<'t> Section<'t> {
    /// The file as a whole.
    pub(super) fn root(table: &'t DeTable<'t>) -> Self {
        Self { table, title: String::new(), origin: Origin::Text(0), asked: Vec::new() }
    }

    /// The table that `value` is, called `title` in messages.
    pub(super) fn of(value: Value<'t>, title: String, found: &mut Findings) -> Option<Self> {
        let origin = at(&value.span());
        if let DeValue::Table(table) = value.get_ref() {
            return Some(Self { table, title, origin, asked: Vec::new() });
        }
        found.add(origin, "is not a table", Some(format!("write `[{title}]` on a line of its own")));
        None
    }

    /// Where it begins.
    pub(super) fn origin(&self) -> Origin {
        self.origin
    }

    /// The value of `key`.
    pub(super) fn value(&mut self, key: &'static str) -> Option<Value<'t>> {
        self.asked.push(key);
        self.table.iter().find(|(name, _)| *name.get_ref() == key).map(|(_, value)| value)
    }

    /// Whether `key` is there.
    pub(super) fn has(&self, key: &str) -> bool {
        self.table.iter().any(|(name, _)| *name.get_ref() == key)
    }

    /// The text of `key`.
    pub(super) fn text(&mut self, key: &'static str, found: &mut Findings) -> Option<Text> {
        text(self.value(key)?, found)
    }

    /// The text of `key`, which has to be there.
    pub(super) fn need(&mut self, key: &'static str, found: &mut Findings) -> Option<Text> {
        let value = self.value(key);
        if value.is_none() {
            self.missing(key, found);
        }
        text(value?, found)
    }

    /// The truth value of `key`.
    pub(super) fn truth(&mut self, key: &'static str, found: &mut Findings) -> Option<bool> {
        let value = self.value(key)?;
        let truth = value.get_ref().as_bool();
        if truth.is_none() {
            found.add(at(&value.span()), "is neither `true` nor `false`", None);
        }
        truth
    }

    /// The texts of the list `key`. A list is not empty and names nothing twice.
    pub(super) fn texts(&mut self, key: &'static str, found: &mut Findings) -> Vec<Text> {
        let mut texts: Vec<Text> = Vec::new();
        for item in self.list(key, found) {
            let Some(text) = text(item, found) else { continue };
            if texts.iter().any(|known| known.value == text.value) {
                found.add(text.origin, "is in this list already", None);
            }
            texts.push(text);
        }
        texts
    }

    /// The HTTP statuses of the list `key`.
    pub(super) fn statuses(&mut self, key: &'static str, among: Range<u16>, found: &mut Findings) -> Vec<u16> {
        let mut statuses = Vec::new();
        for item in self.list(key, found) {
            match number(item).and_then(|number| u16::try_from(number).ok()) {
                Some(status) if among.contains(&status) => statuses.push(status),
                _ => {
                    let hint = format!("use numbers from {} to {}", among.start, among.end - 1);
                    found.add(at(&item.span()), "is not a status that can mean this", Some(hint));
                }
            }
        }
        statuses
    }

    /// The table `key`.
    pub(super) fn table(&mut self, key: &'static str, found: &mut Findings) -> Option<Section<'t>> {
        let title = self.title_of(key);
        Section::of(self.value(key)?, title, found)
    }

    /// The tables `[[key]]`.
    pub(super) fn tables(&mut self, key: &'static str, found: &mut Findings) -> Vec<Section<'t>> {
        let title = self.title_of(key);
        let Some(value) = self.value(key) else { return Vec::new() };
        if let DeValue::Array(items) = value.get_ref() {
            return items.iter().filter_map(|item| Section::of(item, title.clone(), found)).collect();
        }
        let hint = format!("write `[[{title}]]` on a line of its own, once for each");
        found.add(at(&value.span()), "is not a list of tables", Some(hint));
        Vec::new()
    }

    /// All entries of a table whose keys are names of the file's own, in its order.
    pub(super) fn entries(&self) -> Vec<(Text, Value<'t>)> {
        let mut entries: Vec<_> = self.table.iter().collect();
        entries.sort_by_key(|(name, _)| name.span().start);
        let named = |(name, value): (&Spanned<std::borrow::Cow<'_, str>>, Value<'t>)| {
            (Text { value: name.get_ref().to_string(), origin: at(&name.span()) }, value)
        };
        entries.into_iter().map(named).collect()
    }

    /// Its name with one more key.
    pub(super) fn title_of(&self, key: &str) -> String {
        if self.title.is_empty() { key.to_owned() } else { format!("{}.{key}", self.title) }
    }

    /// Notes that `key` is not there.
    pub(super) fn missing(&self, key: &str, found: &mut Findings) {
        let whose = if self.title.is_empty() { "at the top".to_owned() } else { format!("in `[{}]`", self.title) };
        found.add(self.origin, format!("`{key}` is missing {whose}"), None);
    }

    /// Notes every key that was not asked for.
    pub(super) fn close(self, found: &mut Findings) {
        for (Text { value: word, origin }, _) in self.entries() {
            if self.asked.contains(&word.as_str()) {
                continue;
            }
            if rule::names_a_program(&word) {
                let hint = "describe the request instead: the agent makes it itself".to_owned();
                found.add(origin, "a provider never names a program", Some(hint));
                continue;
            }
            let whose = if self.title.is_empty() { "the top".to_owned() } else { format!("`[{}]`", self.title) };
            let what = format!("{} is not a key of {whose}", quoted(&word, "this"));
            found.unknown(origin, what, &word, &self.asked);
        }
    }

    fn list(&mut self, key: &'static str, found: &mut Findings) -> &'t [Spanned<DeValue<'t>>] {
        let Some(value) = self.value(key) else { return &[] };
        let DeValue::Array(items) = value.get_ref() else {
            found.add(at(&value.span()), "is not a list", Some("write the values in square brackets".to_owned()));
            return &[];
        };
        if items.is_empty() {
            found.add(at(&value.span()), "is an empty list", Some(format!("leave `{key}` out")));
        }
        items
    }
}

/// The text that `value` is.
pub(super) fn text(value: Value<'_>, found: &mut Findings) -> Option<Text> {
    let origin = at(&value.span());
    let DeValue::String(text) = value.get_ref() else {
        found.add(origin, "is not text", Some("write the value in double quotes".to_owned()));
        return None;
    };
    if text.chars().any(rule::misleads) {
        found.add(origin, "has a line break, a control character or a mark that cannot be seen", None);
        return None;
    }
    Some(Text { value: text.to_string(), origin })
}

/// The number that `value` is.
pub(super) fn number(value: Value<'_>) -> Option<u64> {
    let integer = value.get_ref().as_integer()?;
    u64::from_str_radix(integer.as_str(), integer.radix()).ok()
}

/// A place in the file.
pub(super) fn at(span: &Range<usize>) -> Origin {
    Origin::Text(span.start)
}
