//! What a section without a login says of its remote. A link writes over that, and puts it back when it goes.

use super::super::ini::{Document, IniError};
use super::super::json::Object;
use super::secrets::{self, KIND};

/// Keys that a link sets besides the secrets.
const KEYS: [&str; 3] = ["remote_provider", "remote_url", KIND];

/// What is to be remembered of a section; nothing of one that holds a login, since that is replaced as a whole.
pub(super) fn of(document: &Document, section: &str) -> Result<Option<String>, IniError> {
    if secrets::inline(document, section)?.is_some() || secrets::is_elsewhere(document, section) {
        return Ok(None);
    }
    let mut before = Object::default();
    for key in KEYS {
        if let Some(value) = document.own(section, key) {
            before.set(key, value);
        }
    }
    Ok(if before.is_empty() { None } else { Some(before.line().as_str().to_owned()) })
}

/// Makes the section say again what it said.
pub(super) fn restore(document: &mut Document, section: &str, before: &str) -> Result<(), IniError> {
    let before = Object::parse(before).unwrap_or_default();
    for key in KEYS {
        match before.text(key) {
            Some(value) => document.set(section, key, value)?,
            None => document.unset(section, key)?,
        }
    }
    Ok(())
}
