//! Services as text for people. Pure; what a description says is cleaned here.

use proto::provider::{MethodOffer, Need, OwnClient, Provider, Variant};

use super::profile::method;
use super::{Cell, Colour, Paint, clean, fields, table};

/// The words of the ways to log in.
pub(crate) fn methods(provider: &Provider) -> Vec<&'static str> {
    let mut words: Vec<&str> = provider.methods.iter().filter_map(|offer| method(offer.method)).collect();
    words.dedup();
    words
}

/// The table of all services.
pub(crate) fn list(providers: &[Provider], paint: Paint) -> String {
    let row = |provider: &Provider| {
        let current = provider.environments.iter().find(|environment| environment.current);
        vec![
            Cell::plain(provider.name.as_str()),
            Cell::plain(clean(&provider.title)),
            Cell::plain(methods(provider).join(", ")),
            Cell::plain(current.map_or("-".into(), |environment| clean(&environment.url))),
            if provider.built_in { Cell::coloured("built in", Colour::Dim) } else { Cell::plain("yours") },
        ]
    };
    let rows: Vec<Vec<Cell>> = providers.iter().map(row).collect();
    table(&["NAME", "SERVICE", "LOG IN BY", "URL", "FROM"], &rows, paint)
}

/// The lines about one service.
pub(crate) fn provider(provider: &Provider, paint: Paint) -> String {
    let words = |words: &[String]| words.iter().map(|word| clean(word)).collect::<Vec<_>>().join(", ");
    let mut rows = vec![
        ("provider", Cell::plain(provider.name.as_str())),
        ("service", Cell::plain(clean(&provider.title))),
        ("from", provider.path.as_deref().map_or(Cell::plain("built in"), |path| Cell::plain(clean(path)))),
    ];
    rows.extend(provider.environments.iter().map(|environment| {
        let mark = if environment.current { " (in use)" } else { "" };
        let login = if environment.needs_login { "" } else { ", needs no login" };
        let text = format!("{}, {}{login}{mark}", clean(&environment.name), clean(&environment.url));
        ("environment", Cell::plain(text))
    }));
    rows.extend(
        provider.address.iter().map(|address| {
            ("address", Cell::plain(format!("the {}: {}", clean(&address.what), clean(&address.example))))
        }),
    );
    rows.extend(provider.methods.iter().map(|offer| ("log in by", Cell::plain(offer_text(offer)))));
    rows.extend(provider.client.iter().flat_map(client));
    let can = [(provider.whoami, "whoami"), (provider.projects, "project")];
    let can: Vec<&str> = can.iter().filter(|(can, _)| *can).map(|(_, word)| *word).collect();
    if !can.is_empty() {
        rows.push(("answers to", Cell::plain(can.join(", "))));
    }
    let hosts = hosts(provider);
    let lists = [
        ("hosts", &hosts),
        ("comes with it", &provider.secondaries),
        ("exec sets", &provider.exec),
        ("stands in", &provider.fallback_variables),
    ];
    rows.extend(
        lists.iter().filter(|(_, list)| !list.is_empty()).map(|(label, list)| (*label, Cell::plain(words(list)))),
    );
    rows.extend(provider.format.as_deref().map(|format| ("links to", Cell::plain(clean(format)))));
    fields(&rows, paint)
}

/// What client the person brings, and which are kept.
fn client(client: &OwnClient) -> Vec<(&'static str, Cell)> {
    let mut rows = vec![("your client", Cell::plain(clean(&client.kind)))];
    rows.extend(client.obtain.as_deref().map(|page| ("  get it at", Cell::plain(clean(page)))));
    rows.extend(client.redirect.as_deref().map(|redirect| ("  redirect", Cell::plain(clean(redirect)))));
    if client.register {
        rows.push(("  or none", Cell::plain("the agent registers one, where the service lets it")));
    }
    if client.kept.is_empty() {
        rows.push(("  kept", Cell::plain("none")));
    }
    rows.extend(client.kept.iter().map(|kept| {
        let secret = if kept.has_secret { " and its secret" } else { "" };
        let text = format!("{}{secret} for {}, by profile {}", clean(&kept.client_id), clean(&kept.url), kept.profile);
        ("  kept", Cell::plain(text))
    }));
    rows
}

/// The hosts of all environments, each once.
fn hosts(provider: &Provider) -> Vec<String> {
    let mut hosts: Vec<String> = Vec::new();
    for host in provider.environments.iter().flat_map(|environment| &environment.hosts).chain(&provider.hosts) {
        if !hosts.contains(host) {
            hosts.push(host.clone());
        }
    }
    hosts
}

fn offer_text(offer: &MethodOffer) -> String {
    let mut text = format!("--{}", method(offer.method).unwrap_or("unknown"));
    for variant in &offer.variants {
        if let Some(name) = &variant.name {
            text = format!("{text}, --type {}{}", clean(name), needs(variant));
        }
    }
    if offer.own_client {
        let secret = if offer.needs_secret { " and its secret" } else { "" };
        text = format!("{text}, with a client of your own{secret}");
    }
    let variables = [&offer.key_variables, &offer.url_variables, &offer.project_variables];
    let variables: Vec<_> = variables.into_iter().flatten().map(|name| clean(name)).collect();
    if !variables.is_empty() {
        text = format!("{text}; from {}", variables.join(", "));
    }
    text
}

fn needs(variant: &Variant) -> String {
    let needed = [(variant.url, "URL"), (variant.project, "project")];
    let needed: Vec<&str> = needed.iter().filter(|(need, _)| *need == Need::Required).map(|(_, what)| *what).collect();
    if needed.is_empty() { String::new() } else { format!(" (needs {})", needed.join(" and ")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn contree() -> Provider {
        serde_json::from_value(json!({"name": "contree", "title": "Contree", "built_in": true, "hosts": ["api.x"],
            "whoami": true, "projects": false, "format": "contree", "exec": ["CONTREE_TOKEN"],
            "environments": [{"name": "production", "url": "https://api.x", "needs_login": true, "current": true}],
            "methods": [{"method": "api-key", "flow": "key", "max_wait": 300, "key_variables": ["CONTREE_TOKEN"],
                "variants": [{"name": "iam", "url": "optional", "project": "required"},
                    {"name": "jwt", "url": "required", "project": "none"}]}]}))
        .expect("it is a provider")
    }

    #[test]
    fn a_service_is_told_in_aligned_lines() {
        let expected = "\
provider     contree
service      Contree
from         built in
environment  production, https://api.x (in use)
log in by    --api-key, --type iam (needs project), --type jwt (needs URL); from CONTREE_TOKEN
answers to   whoami
hosts        api.x
exec sets    CONTREE_TOKEN
links to     contree
";
        assert_eq!(provider(&contree(), Paint::new(false)), expected);
    }

    #[test]
    fn what_the_person_brings_is_told_with_what_is_kept() {
        let okta: Provider =
            serde_json::from_value(json!({"name": "okta", "title": "Okta", "built_in": true, "hosts": [],
            "environments": [], "whoami": false, "projects": false,
            "address": {"what": "address of your organization", "example": "https://acme.okta.com"},
            "client": {"kind": "a native application", "redirect": "http://127.0.0.1:8976/callback", "kept": [
                {"client_id": "mine\u{1b}[2J", "url": "https://acme.okta.com", "has_secret": true, "profile": "work"}]},
            "methods": [{"method": "browser", "flow": "authorization-code", "max_wait": 300, "own_client": true,
                "needs_secret": true}]}))
            .expect("it is a provider");
        let told = provider(&okta, Paint::new(false));
        for line in [
            "address      the address of your organization: https://acme.okta.com",
            "log in by    --browser, with a client of your own and its secret",
            "your client  a native application",
            "  redirect   http://127.0.0.1:8976/callback",
            "  kept       mine\u{fffd}[2J and its secret for https://acme.okta.com, by profile work",
        ] {
            assert!(told.lines().any(|shown| shown == line), "{line}: {told}");
        }
    }

    #[test]
    fn all_services_are_told_in_a_table() {
        let expected = "NAME     SERVICE  LOG IN BY  URL            FROM\n\
                        contree  Contree  api-key    https://api.x  built in\n";
        assert_eq!(list(&[contree()], Paint::new(false)), expected);
    }
}
