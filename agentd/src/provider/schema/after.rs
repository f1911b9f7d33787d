//! What follows a login: who is logged in, which projects there are, what else comes with it.

use super::login::choose;
use super::request::{account, member, needed_member, pointer, request};
use super::rule;
use super::scope::{Ground, Scope};
use super::section::{Section, text};
use crate::config::Findings;
use crate::provider::template::Name;
use crate::provider::{Groups, MethodName, Pick, Pointer, Projects, Secondary, Step, Whoami};

/// The most steps of a secondary credential.
const MOST_STEPS: usize = 8;

/// Reads `[whoami]`.
pub(super) fn whoami(mut section: Section<'_>, ground: &Ground, found: &mut Findings) -> Whoami {
    let whoami = Whoami {
        request: request(&mut section, &Scope::new(ground, &[]), found),
        account: account(&mut section, found),
        required: section.texts("required", found).iter().map(|text| pointer(text, found)).collect(),
        usable: member(&mut section, "usable", found),
        expires_at: member(&mut section, "expires_at", found),
    };
    section.close(found);
    whoami
}

/// Reads `[projects]`.
pub(super) fn projects(mut section: Section<'_>, ground: &Ground, found: &mut Findings) -> Projects {
    let scope = Scope::new(ground, &[]);
    let projects = Projects {
        request: request(&mut section, &scope, found),
        items: needed_member(&mut section, "items", found),
        id: needed_member(&mut section, "id", found),
        name: member(&mut section, "name", found),
        groups: section.table("groups", found).and_then(|groups| self::groups(groups, &scope, found)),
    };
    section.close(found);
    projects
}

fn groups(mut section: Section<'_>, scope: &Scope<'_>, found: &mut Findings) -> Option<Groups> {
    let list = request(&mut section, scope, found);
    let items = needed_member(&mut section, "items", found);
    let id = needed_member(&mut section, "id", found);
    let each = section.table("each", found);
    if each.is_none() && !section.has("each") {
        section.missing("each", found);
    }
    section.close(found);
    let mut each = each?;
    let mut scope = scope.clone();
    scope.take("group");
    let of_one = request(&mut each, &scope, found);
    each.close(found);
    Some(Groups { request: list, items, id, each: of_one })
}

/// Reads every `[[secondary]]`.
pub(super) fn secondaries(tables: Vec<Section<'_>>, ground: &Ground, found: &mut Findings) -> Vec<Secondary> {
    let mut secondaries: Vec<Secondary> = Vec::new();
    for section in tables {
        let origin = section.origin();
        let secondary = secondary(section, ground, found);
        if secondaries.iter().any(|known| known.name == secondary.name) {
            found.add(origin, "is a second `[[secondary]]` of one name", None);
        }
        secondaries.push(secondary);
    }
    secondaries
}

fn secondary(mut section: Section<'_>, ground: &Ground, found: &mut Findings) -> Secondary {
    let name = section.need("name", found);
    if let Some(name) = name.as_ref().filter(|name| !rule::is_name(&name.value)) {
        let hint = "use lower-case letters, digits and dashes, at most 32".to_owned();
        found.add(name.origin, "is not a name for a credential", Some(hint));
    }
    let name = name.map(|name| name.value).unwrap_or_default();
    let title = section.need("title", found).map(|title| title.value).unwrap_or_default();
    let secret = section.need("secret", found);
    let mut scope = Scope::new(ground, &[Name::Profile, Name::Host]);
    if let Some(secret) = &secret {
        scope.hide(&secret.value);
    }
    let mut taken = Vec::new();
    let tables = section.tables("step", found);
    if tables.is_empty() && !section.has("step") {
        section.missing("step", found);
    }
    if tables.len() > MOST_STEPS {
        found.add(section.origin(), format!("has more than {MOST_STEPS} steps"), None);
    }
    let steps = tables.into_iter().map(|step| self::step(step, &mut scope, &mut taken, found)).collect();
    let keep = section.texts("keep", found);
    for text in keep.iter().chain(&secret).filter(|text| !taken.contains(&text.value)) {
        found.add(text.origin, "is not taken by any step", Some("add it to a `take`".to_owned()));
    }
    let shown = keep.iter().find(|text| secret.as_ref().is_some_and(|secret| secret.value == text.value));
    if let Some(text) = shown {
        found.add(text.origin, "is the secret, which is not shown", Some("leave it out of `keep`".to_owned()));
    }
    let keep: Vec<String> = keep.into_iter().map(|text| text.value).collect();
    let delete = section.table("delete", found).map(|mut table| {
        // At logout only what was kept is known.
        let mut scope = Scope::new(ground, &[]);
        for word in &keep {
            scope.take(word);
        }
        let request = request(&mut table, &scope, found);
        table.close(found);
        request
    });
    let methods = section.texts("methods", found);
    let words = MethodName::ALL.map(|(name, word)| (word, name));
    let secondary = Secondary {
        name,
        title,
        required: section.truth("required", found).unwrap_or(false),
        steps,
        secret: secret.map(|secret| secret.value).unwrap_or_default(),
        keep,
        methods: methods.iter().filter_map(|text| choose(text, "methods", &words, found)).collect(),
        once: section.truth("once", found).unwrap_or(false),
        delete,
    };
    section.close(found);
    secondary
}

fn step(mut section: Section<'_>, scope: &mut Scope<'_>, taken: &mut Vec<String>, found: &mut Findings) -> Step {
    let request = request(&mut section, scope, found);
    let pick = section.table("pick", found).map(|mut table| {
        let pick = Pick {
            from: needed_member(&mut table, "from", found),
            only: only(&mut table, found),
            with: member(&mut table, "with", found),
            without: member(&mut table, "without", found),
            until: member(&mut table, "until", found),
            newest: member(&mut table, "newest", found),
        };
        table.close(found);
        pick
    });
    let mut take: Vec<(String, Pointer)> = Vec::new();
    if let Some(table) = section.table("take", found) {
        for (name, value) in table.entries() {
            // A later step may take what an earlier one has not found.
            let known = !scope.is_free(&name.value) && !taken.contains(&name.value);
            if !rule::is_word(&name.value) || known {
                let hint = "use lower-case letters, digits and `_`, and no name that templates know already".to_owned();
                found.add(name.origin, "is not a name for a value", Some(hint));
            }
            if let Some(text) = text(value, found) {
                take.push((name.value, pointer(&text, found)));
            }
        }
    }
    let unless = section.text("unless", found);
    if let Some(text) = unless.as_ref().filter(|text| !taken.contains(&text.value)) {
        found.add(text.origin, "is not taken by an earlier step", None);
    }
    section.close(found);
    for (name, _) in &take {
        scope.take(name);
        taken.push(name.clone());
    }
    Step { request, pick, take, unless: unless.map(|text| text.value) }
}

/// `only = { status = "UP" }`.
fn only(pick: &mut Section<'_>, found: &mut Findings) -> Vec<(Pointer, String)> {
    let Some(table) = pick.table("only", found) else { return Vec::new() };
    let mut only = Vec::new();
    for (name, value) in table.entries() {
        if let Some(text) = text(value, found) {
            only.push((pointer(&name, found), text.value));
        }
    }
    only
}
