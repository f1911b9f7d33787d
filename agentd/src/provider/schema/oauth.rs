//! A login at an authorization server: where it is, as whom we are known to it, what is asked for.

use std::collections::BTreeMap;

use super::request::{member, needed_member, request};
use super::rule;
use super::scope::Scope;
use super::section::{Section, text};
use crate::config::Findings;
use crate::provider::{Discovery, Flow, OauthSpec, Template};

/// Reads the keys of an OAuth flow.
pub(super) fn read(section: &mut Section<'_>, flow: Flow, scope: &Scope<'_>, found: &mut Findings) -> OauthSpec {
    let mut address = |key, found: &mut Findings| -> Option<Template> {
        let text = section.text(key, found)?;
        Some(scope.address(&text, found))
    };
    let issuer = address("issuer", found);
    let document = address("document", found);
    let authorization_endpoint = address("authorization_endpoint", found);
    let device_authorization_endpoint = address("device_authorization_endpoint", found);
    let token_endpoint = address("token_endpoint", found);
    let revocation_endpoint = address("revocation_endpoint", found);
    let spec = OauthSpec {
        issuer,
        discovery: discovery(section, scope, found),
        document,
        needs_secret: section.truth("needs_secret", found).unwrap_or(false),
        client_id: section.text("client_id", found).map(|text| {
            if text.value.is_empty() || !rule::is_header_value(&text.value) {
                found.add(text.origin, "is not a client id", None);
            }
            text.value
        }),
        scope: section.text("scope", found).map(|text| {
            if !rule::is_scope(&text.value) {
                found.add(text.origin, "is not a list of scopes", Some("separate words by spaces".to_owned()));
            }
            text.value
        }),
        authorization_endpoint,
        device_authorization_endpoint,
        token_endpoint,
        revocation_endpoint,
        auth_params: parameters(section, found),
    };
    let ways = [spec.issuer.is_some(), spec.discovery.is_some(), spec.document.is_some()];
    if ways.into_iter().filter(|given| *given).count() > 1 {
        let hint = "keep one of `issuer`, `discovery` and `document`".to_owned();
        found.add(section.origin(), "names its authorization server in two ways", Some(hint));
    }
    let named = ["issuer", "discovery", "document", "token_endpoint"].iter().any(|key| section.has(key));
    if !spec.is_reachable(flow) {
        let what = if named { "names not all endpoints" } else { "names no authorization server" };
        let first = match flow {
            Flow::AuthorizationCode => "`authorization_endpoint` and ",
            Flow::Device => "`device_authorization_endpoint` and ",
            _ => "",
        };
        let hint = format!("add `issuer`, `document`, `[login.discovery]`, or {first}`token_endpoint`");
        found.add(section.origin(), what, Some(hint));
    }
    spec
}

fn discovery(section: &mut Section<'_>, scope: &Scope<'_>, found: &mut Findings) -> Option<Discovery> {
    let mut section = section.table("discovery", found)?;
    let discovery = Discovery {
        request: request(&mut section, scope, found),
        document: needed_member(&mut section, "document", found),
        client_id: member(&mut section, "client_id", found),
        absent: section.statuses("absent", 400..600, found),
    };
    section.close(found);
    Some(discovery)
}

fn parameters(section: &mut Section<'_>, found: &mut Findings) -> BTreeMap<String, String> {
    let mut parameters = BTreeMap::new();
    let Some(table) = section.table("auth_params", found) else { return parameters };
    for (name, value) in table.entries() {
        if !rule::is_token(&name.value) || rule::is_own_parameter(&name.value) {
            let hint = "the agent sets what OAuth itself defines; scopes have a key of their own".to_owned();
            found.add(name.origin, "is not a parameter that a provider sets", Some(hint));
        }
        if let Some(value) = text(value, found) {
            parameters.insert(name.value, value.value);
        }
    }
    parameters
}
