//! The form of a JSON document: which members it has and of what kind they are, without what stands in them.
//!
//! The forms of what `agentctl` prints lie in `tests/it/forms`, one file for each command. A member may be added there,
//! none may be renamed or taken out.

use std::fs;
use std::path::PathBuf;

use proto::timestamp::Timestamp;
use serde_json::{Map, Value, json};

use crate::architecture::repository;

/// Members whose words programs act on: they stay in the form.
const WORDS: [&str; 11] = [
    "auth_type",
    "code",
    "flow",
    "format",
    "kind",
    "method",
    "outcome",
    "revocation",
    "source",
    "status",
    "token_type",
];

/// The form of a document.
pub fn of(value: &Value) -> Value {
    match value {
        Value::Array(elements) => Value::Array(elements.iter().map(of).reduce(both).into_iter().collect()),
        Value::Bool(_) => json!("a boolean"),
        Value::Null => Value::Null,
        Value::Number(_) => json!("a number"),
        Value::Object(members) => Value::Object(members.iter().map(member).collect::<Map<_, _>>()),
        Value::String(text) if Timestamp::parse(text).is_ok() => json!("a time"),
        Value::String(_) => json!("a text"),
    }
}

/// The form of two elements of one list: all members that either has.
fn both(one: Value, other: Value) -> Value {
    match (one, other) {
        (Value::Object(mut members), Value::Object(more)) => {
            for (name, form) in more {
                let form = match members.remove(&name) {
                    Some(known) => both(known, form),
                    None => form,
                };
                members.insert(name, form);
            }
            Value::Object(members)
        }
        (Value::Array(one), Value::Array(other)) => {
            Value::Array(one.into_iter().chain(other).reduce(both).into_iter().collect())
        }
        (one, other) if one == other => one,
        (Value::Null, form) | (form, Value::Null) => form,
        // Words of a closed list.
        _ => json!("a text"),
    }
}

fn member((name, value): (&String, &Value)) -> (String, Value) {
    let form = if value.is_string() && WORDS.contains(&name.as_str()) { value.clone() } else { of(value) };
    (name.clone(), form)
}

/// Where the form of `command` lies, as in `env list`.
pub fn file(command: &str) -> PathBuf {
    repository().join("tests/it/forms").join(format!("{}.json", command.replace(' ', "-")))
}

/// Fails unless `document` has the form of `command`. With `AGENTD_WRITE_FORMS` set, the form is written instead; see
/// [`is_checking`].
pub fn check(command: &str, document: &Value) {
    let form = of(document);
    let file = file(command);
    if !is_checking() {
        let text = serde_json::to_string_pretty(&form).expect("it is JSON");
        fs::write(&file, format!("{text}\n")).expect("the tree is writable");
        return;
    }
    let known = fs::read_to_string(&file).unwrap_or_default();
    let known: Value = serde_json::from_str(&known).unwrap_or_default();
    let lines = |form: &Value| serde_json::to_string_pretty(form).expect("it is JSON");
    let (now, then) = (lines(&form), lines(&known));
    let differ = |a: &str, b: &str| a.lines().filter(|line| !b.contains(line)).map(str::to_owned).collect::<Vec<_>>();
    let (added, lost) = (differ(&now, &then), differ(&then, &now));
    assert_eq!(form, known, "`{command} -o json`: new {added:?}, lost {lost:?}, against `{}`", file.display());
}

/// Whether forms are checked. A test asserts it, so that a run that writes them fails as a whole.
pub fn is_checking() -> bool {
    std::env::var_os("AGENTD_WRITE_FORMS").is_none()
}
