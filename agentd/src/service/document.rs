//! A service's JSON, read whole, with its texts in memory that is wiped.
//!
//! What an answer holds is known only from the provider's file, so there is no type to read it into. A member that comes
//! twice makes the document unreadable: which of the two is meant is anybody's guess.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use zeroize::Zeroizing;

use crate::provider::Pointer;

/// One value.
pub(super) enum Document {
    Bool(bool),
    List(Vec<Document>),
    Null,
    Number(serde_json::Number),
    Object(Vec<(String, Document)>),
    Text(Zeroizing<String>),
}

impl Document {
    /// Reads a document; `None` when it is none.
    pub(super) fn parse(body: &[u8]) -> Option<Self> {
        serde_json::from_slice(body).ok()
    }

    /// The value at `pointer`; null counts as absent.
    pub(super) fn at(&self, pointer: &Pointer) -> Option<&Document> {
        let mut value = self;
        for step in &pointer.0 {
            value = match value {
                Document::Object(members) => members.iter().find(|(name, _)| name == step).map(|(_, value)| value)?,
                Document::List(items) => items.get(step.parse::<usize>().ok()?)?,
                _ => return None,
            };
        }
        (!matches!(value, Document::Null)).then_some(value)
    }

    /// Whether the member at `pointer` is there, null or not.
    pub(super) fn has(&self, pointer: &Pointer) -> bool {
        let Some((last, before)) = pointer.0.split_last() else { return true };
        let parent = if before.is_empty() { Some(self) } else { self.at(&Pointer(before.to_vec())) };
        matches!(parent, Some(Document::Object(members)) if members.iter().any(|(name, _)| name == last))
            || self.at(pointer).is_some()
    }

    /// Whether it says nothing: an empty text, list or object.
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Document::List(items) => items.is_empty(),
            Document::Null => true,
            Document::Object(members) => members.is_empty(),
            Document::Text(text) => text.is_empty(),
            Document::Bool(_) | Document::Number(_) => false,
        }
    }

    /// A text that is not empty, or a number in digits.
    pub(super) fn text(&self, pointer: &Pointer) -> Option<Zeroizing<String>> {
        match self.at(pointer)? {
            Document::Text(text) => (!text.is_empty()).then(|| text.clone()),
            Document::Number(number) => Some(Zeroizing::new(number.to_string())),
            _ => None,
        }
    }

    /// A text fit to be shown to a person: no control characters, not too long.
    pub(super) fn shown(&self, pointer: &Pointer) -> Option<String> {
        let text = self.text(pointer)?;
        crate::oauth::id_token::shown(&text)
    }

    /// A truth value.
    pub(super) fn truth(&self, pointer: &Pointer) -> Option<bool> {
        if let Document::Bool(value) = self.at(pointer)? { Some(*value) } else { None }
    }

    /// A number, or a text that is one.
    pub(super) fn number(&self, pointer: &Pointer) -> Option<f64> {
        let number = match self.at(pointer)? {
            Document::Number(number) => number.as_f64()?,
            Document::Text(text) => text.trim().parse().ok()?,
            _ => return None,
        };
        number.is_finite().then_some(number)
    }

    /// A point in time in seconds since 1970: a number of seconds, or RFC 3339.
    pub(super) fn time(&self, pointer: &Pointer) -> Option<i64> {
        if let Some(seconds) = self.number(pointer) {
            // Beyond any believable date it is no date. 253402300799: the end of the year 9999.
            #[allow(clippy::cast_possible_truncation, reason = "the range is checked")]
            return (0.0..=253_402_300_799.0).contains(&seconds).then_some(seconds as i64);
        }
        self.text(pointer)?.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_second)
    }

    /// The elements of a list.
    pub(super) fn list(&self, pointer: &Pointer) -> Option<&[Document]> {
        if let Document::List(items) = self.at(pointer)? { Some(items) } else { None }
    }
}

impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Document;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Document, E> {
        Ok(Document::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Document, E> {
        Ok(Document::Number(value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Document, E> {
        Ok(Document::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Document, E> {
        Ok(serde_json::Number::from_f64(value).map_or(Document::Null, Document::Number))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Document, E> {
        Ok(Document::Text(Zeroizing::new(value.to_owned())))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Document, E> {
        Ok(Document::Text(Zeroizing::new(value)))
    }

    fn visit_unit<E: Error>(self) -> Result<Document, E> {
        Ok(Document::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Document, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Document::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Document, A::Error> {
        let mut object: Vec<(String, Document)> = Vec::new();
        while let Some((name, value)) = members.next_entry::<String, Document>()? {
            if object.iter().any(|(known, _)| *known == name) {
                return Err(A::Error::custom("a member comes twice"));
            }
            object.push((name, value));
        }
        Ok(Document::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Document {
        Document::parse(text.as_bytes()).expect("it is JSON")
    }

    #[test]
    fn members_are_found_and_null_is_absent() {
        let document = read(r#"{"user":{"id":7,"name":"Ada","gone":null},"data":[{"id":"a"},{"id":"b"}],"ok":true}"#);
        let text = |pointer: &str| document.text(&Pointer::new(pointer)).map(|text| text.to_string());
        assert_eq!(text("user.name").as_deref(), Some("Ada"));
        assert_eq!(text("user.id").as_deref(), Some("7"));
        assert_eq!(text("data.1.id").as_deref(), Some("b"));
        for absent in ["user.gone", "user.x", "data.2.id", "data.x", "ok", "user"] {
            assert_eq!(text(absent), None, "{absent}");
        }
        assert_eq!(document.truth(&Pointer::new("ok")), Some(true));
    }

    #[test]
    fn times_come_in_two_spellings() {
        let document =
            read(r#"{"a":1790000000,"b":"2026-09-21T14:13:20Z","c":"1790000000","d":"soon","e":-5,"f":1e300}"#);
        for (pointer, time) in [("a", true), ("b", true), ("c", true), ("d", false), ("e", false), ("f", false)] {
            let expected = time.then_some(1_790_000_000);
            assert_eq!(document.time(&Pointer::new(pointer)), expected, "{pointer}");
        }
    }

    #[test]
    fn what_comes_twice_is_not_read() {
        assert!(Document::parse(br#"{"a":1,"a":2}"#).is_none());
        assert!(Document::parse(br#"{"a":{"b":1,"b":1}}"#).is_none());
        assert!(Document::parse(b"<html>").is_none());
        assert!(Document::parse("[".repeat(100_000).as_bytes()).is_none(), "depth is bounded");
    }
}
