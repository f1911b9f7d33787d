//! A JSON object in a file, most members of which belong to somebody else. Wiped when dropped.

use std::path::Path;

use serde_json::{Map, Value};
use zeroize::{Zeroize as _, Zeroizing};

use super::{FormatError, replace};

/// The object.
#[derive(Default)]
pub(super) struct Object(Map<String, Value>);

impl Object {
    /// Reads the object of a file; `None` when there is none.
    pub(super) fn of_file(path: &Path) -> Result<Option<Self>, FormatError> {
        let Some(text) = replace::read(path)? else { return Ok(None) };
        let object = Self::parse(&text).ok_or_else(|| FormatError::unreadable(path, "it is no JSON object"))?;
        Ok(Some(object))
    }

    /// Reads an object; `None` when the text is none.
    pub(super) fn parse(text: &str) -> Option<Self> {
        match serde_json::from_str(text) {
            Ok(Value::Object(members)) => Some(Self(members)),
            Ok(mut other) => {
                wipe(&mut other);
                None
            }
            Err(_) => None,
        }
    }

    /// A member that is text and not empty.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str().filter(|text| !text.is_empty())
    }

    /// A member that is a whole number, or text of one.
    pub(super) fn number(&self, name: &str) -> Option<i64> {
        let member = self.0.get(name)?;
        member.as_i64().or_else(|| member.as_str()?.trim().parse().ok())
    }

    /// A text member of an object member.
    pub(super) fn inner(&self, object: &str, name: &str) -> Option<&str> {
        self.0.get(object)?.get(name)?.as_str().filter(|text| !text.is_empty())
    }

    /// Whether a member is true.
    pub(super) fn flag(&self, name: &str) -> bool {
        self.0.get(name).and_then(Value::as_bool) == Some(true)
    }

    /// Whether there is such a member.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Whether it has no members.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Puts a member in.
    pub(super) fn set(&mut self, name: &str, value: impl Into<Value>) {
        if let Some(mut old) = self.0.insert(name.to_owned(), value.into()) {
            wipe(&mut old);
        }
    }

    /// Puts every member of `other` in.
    pub(super) fn overlay(&mut self, other: &Self) {
        for (name, value) in &other.0 {
            self.set(name, value.clone());
        }
    }

    /// Takes a member out.
    pub(super) fn unset(&mut self, name: &str) {
        if let Some(mut old) = self.0.remove(name) {
            wipe(&mut old);
        }
    }

    /// The text of a file: indented by two, with a line end.
    pub(super) fn pretty(&self) -> Zeroizing<String> {
        let mut text = serde_json::to_string_pretty(&self.0).expect("an object of JSON is JSON");
        text.push('\n');
        Zeroizing::new(text)
    }

    /// The text in one line.
    pub(super) fn line(&self) -> Zeroizing<String> {
        Zeroizing::new(serde_json::to_string(&self.0).expect("an object of JSON is JSON"))
    }
}

impl Drop for Object {
    fn drop(&mut self) {
        for value in self.0.values_mut() {
            wipe(value);
        }
    }
}

fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(values) => values.iter_mut().for_each(wipe),
        Value::Object(members) => members.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_members_survive() {
        let mut object = Object::parse(r#"{"a":{"b":"c","d":""},"n":"17","list":[1]}"#).expect("an object");
        assert_eq!((object.inner("a", "b"), object.inner("a", "d"), object.number("n")), (Some("c"), None, Some(17)));
        object.set("a", "x");
        object.unset("n");
        object.unset("n");
        assert_eq!(object.line().as_str(), r#"{"a":"x","list":[1]}"#);
        assert!(object.pretty().ends_with("\n}\n"));
        assert!(Object::parse("[]").is_none() && Object::parse("{").is_none());
    }
}
