//! What the person brings to a service: the address, where every organization has its own, and a client to log in as.

use super::Section;
use super::rule;
use super::scope::Scope;
use crate::config::{Findings, Text};
use crate::http::check_endpoint;
use crate::provider::{Address, OwnClient};

/// Longest sentence for people, in bytes.
const MAX_SENTENCE: usize = 300;

/// Reads `[address]`.
pub(super) fn address(mut table: Section<'_>, found: &mut Findings) -> Address {
    let what = sentence(table.need("what", found), found);
    let example = table.need("example", found);
    if let Some(text) = example.as_ref().filter(|text| check_endpoint(&text.value).is_err()) {
        found.add(text.origin, "is not a usable URL", None);
    }
    table.close(found);
    Address { what, example: example.map(|text| text.value).unwrap_or_default() }
}

/// Reads `[client]`.
pub(super) fn client(mut table: Section<'_>, scope: &Scope<'_>, found: &mut Findings) -> OwnClient {
    let obtain = table.text("obtain", found).map(|text| scope.address(&text, found));
    let kind = sentence(table.need("kind", found), found);
    let redirect = table.text("redirect", found).map(|text| {
        if !rule::is_loopback_redirect(&text.value) {
            let hint = "write `http://127.0.0.1/callback`, with a port only if the service compares it".to_owned();
            found.add(text.origin, "is not a redirect to this machine", Some(hint));
        }
        text.value
    });
    let register = table.truth("register", found).unwrap_or(false);
    table.close(found);
    OwnClient { obtain, kind, redirect, register }
}

/// A few words for people.
fn sentence(text: Option<Text>, found: &mut Findings) -> String {
    let Some(text) = text else { return String::new() };
    if text.value.trim().is_empty() || text.value.len() > MAX_SENTENCE {
        found.add(text.origin, format!("is empty or longer than {MAX_SENTENCE} bytes"), None);
    }
    text.value
}
