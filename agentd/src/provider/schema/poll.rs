//! A poll-exchange: the start, its answer, the exchange, its answer.

use std::time::Duration;

use super::login::time;
use super::request::{account, member, needed_member, request};
use super::rule;
use super::scope::{Ground, Scope};
use super::section::Section;
use crate::config::Findings;
use crate::provider::template::Name;
use crate::provider::{Body, Pointer, PollExchange, Request, RequestMethod, Template, TokenFields};

/// Time between polls when neither file nor service says.
const EVERY: Duration = Duration::from_secs(2);

/// Reads the tables of a poll-exchange.
pub(super) fn read(section: &mut Section<'_>, ground: &Ground, found: &mut Findings) -> PollExchange {
    let starting = Scope::new(ground, &[Name::State]);
    let polling = Scope::new(ground, &[Name::State, Name::Code]);
    let start = sub_request(section, "start", &starting, found);
    let exchange = sub_request(section, "exchange", &polling, found);
    let mut answer = section.table("answer", found);
    if answer.is_none() && !section.has("answer") {
        section.missing("answer", found);
    }
    let mut needed = |key, found: &mut Findings| {
        answer.as_mut().map_or(Pointer(Vec::new()), |table| needed_member(table, key, found))
    };
    let (open, code) = (needed("open", found), needed("code", found));
    let interval = answer.as_mut().and_then(|table| member(table, "interval", found));
    if let Some(answer) = answer {
        answer.close(found);
    }
    let pending = section.statuses("pending", 201..500, found);
    if pending.is_empty() && !section.has("pending") {
        section.missing("pending", found);
    }
    let every = time(section, "every", Duration::from_secs(1)..=Duration::from_mins(1), found);
    let token = token(section, found);
    PollExchange { start, open, code, interval, exchange, pending, every: every.unwrap_or(EVERY), token }
}

fn sub_request(section: &mut Section<'_>, key: &'static str, scope: &Scope<'_>, found: &mut Findings) -> Request {
    let Some(mut table) = section.table(key, found) else {
        if !section.has(key) {
            section.missing(key, found);
        }
        let url = Template::default();
        return Request { method: RequestMethod::Get, url, headers: Vec::new(), body: Body::None };
    };
    let request = request(&mut table, scope, found);
    table.close(found);
    request
}

/// How the credential is read from the answer; the names of RFC 6749 §5.1 where nothing is said.
fn token(section: &mut Section<'_>, found: &mut Findings) -> TokenFields {
    let mut fields = TokenFields::standard();
    let Some(mut table) = section.table("token", found) else { return fields };
    for (key, slot) in [
        ("credential", &mut fields.credential),
        ("refresh_token", &mut fields.refresh_token),
        ("expires_in", &mut fields.expires_in),
        ("expires_at", &mut fields.expires_at),
    ] {
        if let Some(pointer) = member(&mut table, key, found) {
            *slot = pointer;
        }
    }
    fields.is_key = table.truth("is_key", found).unwrap_or(false);
    fields.prefix = prefix(&mut table, found);
    fields.account = account(&mut table, found);
    table.close(found);
    fields
}

/// `prefix`, what a credential begins with.
pub(super) fn prefix(section: &mut Section<'_>, found: &mut Findings) -> Option<String> {
    let text = section.text("prefix", found)?;
    if !rule::is_token(&text.value) || text.value.len() > 32 {
        found.add(
            text.origin,
            "is not the beginning of a key",
            Some("use a few characters, such as `acme_`".to_owned()),
        );
    }
    Some(text.value)
}
