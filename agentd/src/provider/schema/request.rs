//! Requests and members of answers, as a file describes them.

use super::rule;
use super::scope::{Scope, header_value};
use super::section::{Section, text};
use crate::config::{Findings, Text};
use crate::provider::{AccountFields, Body, Pointer, Request, RequestMethod, Template};

const METHODS: &[(&str, RequestMethod)] =
    &[("get", RequestMethod::Get), ("post", RequestMethod::Post), ("delete", RequestMethod::Delete)];

/// The most headers of a request, and members of its body.
const MOST_MEMBERS: usize = 32;

/// Reads `get`, `post` or `delete`, `headers`, `form` and `json` of a table.
pub(super) fn request(section: &mut Section<'_>, scope: &Scope<'_>, found: &mut Findings) -> Request {
    let mut lines: Vec<(RequestMethod, Template)> = Vec::new();
    for (key, method) in METHODS {
        let Some(url) = section.text(key, found) else { continue };
        if !lines.is_empty() {
            found.add(url.origin, "is a second request in one table", Some("keep one of the two".to_owned()));
        }
        lines.push((*method, scope.url(&url, found)));
    }
    if lines.is_empty() && !METHODS.iter().any(|(key, _)| section.has(key)) {
        let hint = "add `get`, `post` or `delete` with its URL".to_owned();
        found.add(section.origin(), "has no request", Some(hint));
    }
    let headers = headers(section, scope, found);
    let form = members(section, "form", scope, found);
    let json = json(section, scope, found);
    let (method, url) = lines.into_iter().next().unwrap_or((RequestMethod::Get, Template::default()));
    if method != RequestMethod::Post && (form.is_some() || json.is_some()) {
        found.add(section.origin(), "has a body, which only `post` carries", None);
    }
    let body = match (form, json) {
        (None, None) => Body::None,
        (Some(form), None) => Body::Form(form),
        (None, Some(json)) => Body::Json(json),
        (Some(_), Some(_)) => {
            found.add(section.origin(), "has two bodies", Some("keep `form` or `json`".to_owned()));
            Body::None
        }
    };
    Request { method, url, headers, body }
}

fn headers(section: &mut Section<'_>, scope: &Scope<'_>, found: &mut Findings) -> Vec<(String, Template)> {
    let Some(table) = section.table("headers", found) else { return Vec::new() };
    let mut headers: Vec<(String, Template)> = Vec::new();
    for (name, value) in table.entries() {
        if !rule::is_token(&name.value) {
            found.add(name.origin, "is not the name of a header", None);
        } else if rule::is_own_header(&name.value) {
            let hint = match name.value.to_ascii_lowercase().as_str() {
                "user-agent" => "use `user_agent` at the top",
                "authorization" => "use `scheme`: the credential is sent with it",
                _ => "leave it out: the agent sets it as needed",
            };
            found.add(name.origin, "is not a header that a provider sets", Some(hint.to_owned()));
        } else if headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(&name.value)) {
            found.add(name.origin, "is a header that is there already", None);
        }
        if let Some(value) = text(value, found) {
            headers.push((name.value, header_value(&value, scope, found)));
        }
    }
    limited(&table, headers.len(), found);
    headers
}

fn members(
    section: &mut Section<'_>,
    key: &'static str,
    scope: &Scope<'_>,
    found: &mut Findings,
) -> Option<Vec<(String, Template)>> {
    let table = section.table(key, found)?;
    let mut members = Vec::new();
    for (name, value) in table.entries() {
        if let Some(value) = text(value, found) {
            members.push((name.value, scope.template(&value, found)));
        }
    }
    limited(&table, members.len(), found);
    Some(members)
}

fn json(section: &mut Section<'_>, scope: &Scope<'_>, found: &mut Findings) -> Option<Vec<(String, Option<Template>)>> {
    let table = section.table("json", found)?;
    let mut members = Vec::new();
    for (name, value) in table.entries() {
        // TOML has no null; an empty table stands for it.
        if value.get_ref().as_table().is_some_and(toml::map::Map::is_empty) {
            members.push((name.value, None));
        } else if let Some(value) = text(value, found) {
            members.push((name.value, Some(scope.template(&value, found))));
        }
    }
    limited(&table, members.len(), found);
    Some(members)
}

fn limited(table: &Section<'_>, count: usize, found: &mut Findings) {
    if count > MOST_MEMBERS {
        found.add(table.origin(), format!("has more than {MOST_MEMBERS} entries"), None);
    }
}

/// The member that `key` names.
pub(super) fn member(section: &mut Section<'_>, key: &'static str, found: &mut Findings) -> Option<Pointer> {
    let text = section.text(key, found)?;
    Some(pointer(&text, found))
}

/// The member that `key` names, which has to be there.
pub(super) fn needed_member(section: &mut Section<'_>, key: &'static str, found: &mut Findings) -> Pointer {
    section.need(key, found).map_or(Pointer(Vec::new()), |text| pointer(&text, found))
}

/// The member that `text` names.
pub(super) fn pointer(text: &Text, found: &mut Findings) -> Pointer {
    rule::pointer(&text.value).unwrap_or_else(|| {
        let hint = "write names separated by dots, such as `data.0.id`; `.` is the whole answer".to_owned();
        found.add(text.origin, "is not a member of an answer", Some(hint));
        Pointer(Vec::new())
    })
}

/// Members that say who is logged in.
pub(super) fn account(section: &mut Section<'_>, found: &mut Findings) -> AccountFields {
    AccountFields {
        subject: member(section, "subject", found),
        name: member(section, "name", found),
        email: member(section, "email", found),
        organization: member(section, "organization", found),
    }
}
