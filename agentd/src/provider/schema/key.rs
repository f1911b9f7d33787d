//! A key flow: what a key looks like, where it comes from, which kinds there are. And variables, to read and to set.

use super::login::choose;
use super::poll::prefix;
use super::rule;
use super::scope::Scope;
use super::section::{Section, text};
use crate::config::{Findings, Text, quoted};
use crate::provider::{Absent, Input, KeySpec, Template, Variant};

const PARTS: &[(&str, Part)] = &[("key", Part::Key), ("url", Part::Url), ("project", Part::Project)];
const FORBIDDEN: &[(&str, Part)] = &[("project", Part::Project)];

#[derive(Clone, Copy, PartialEq)]
enum Part {
    Key,
    Project,
    Url,
}

/// Reads `[login.key]` and every `[[login.variant]]`.
pub(super) fn read(section: &mut Section<'_>, found: &mut Findings) -> KeySpec {
    let variants: Vec<Variant> =
        section.tables("variant", found).into_iter().map(|table| variant(table, found)).collect();
    for (index, variant) in variants.iter().enumerate() {
        if variants[..index].iter().any(|known| known.name == variant.name) {
            found.add(section.origin(), "has two variants of one name", None);
        }
    }
    let only = Variant { name: None, needs_url: false, project: Absent::Fine };
    let mut spec = KeySpec {
        prefix: None,
        key: Input::default(),
        url: Input::default(),
        project: Input::default(),
        variants: if variants.is_empty() { vec![only] } else { variants },
    };
    let Some(mut table) = section.table("key", found) else { return spec };
    spec.prefix = prefix(&mut table, found);
    spec.key = input(&mut table, "variables", found);
    spec.url = input(&mut table, "url_variables", found);
    spec.project = input(&mut table, "project_variables", found);
    if let [Variant { name: None, .. }] = spec.variants.as_slice() {
        (spec.variants[0].needs_url, spec.variants[0].project) = needs(&mut table, found);
    }
    let lists = [&spec.key.variables, &spec.url.variables, &spec.project.variables];
    let again = |(index, list): (usize, &&Vec<String>)| {
        lists[..index].iter().any(|known| known.iter().any(|variable| list.contains(variable)))
    };
    if lists.iter().enumerate().any(again) {
        found.add(table.origin(), "reads one variable for two things", None);
    }
    table.close(found);
    spec
}

fn variant(mut section: Section<'_>, found: &mut Findings) -> Variant {
    let name = section.need("name", found).map(|name| {
        if !rule::is_name(&name.value) {
            let hint = "use lower-case letters, digits and dashes, at most 32".to_owned();
            found.add(name.origin, "is not a name for a variant", Some(hint));
        }
        name.value
    });
    let (needs_url, project) = needs(&mut section, found);
    section.close(found);
    Variant { name, needs_url, project }
}

/// `requires` and `forbids`: whether a URL must be given, and whether a project.
fn needs(section: &mut Section<'_>, found: &mut Findings) -> (bool, Absent) {
    let mut parts = |key, choices, found: &mut Findings| -> Vec<(Part, Text)> {
        let texts = section.texts(key, found);
        texts.into_iter().filter_map(|text| Some((choose(&text, key, choices, found)?, text))).collect()
    };
    let required = parts("requires", PARTS, found);
    let forbidden = parts("forbids", FORBIDDEN, found);
    let has = |part| required.iter().any(|(known, _)| *known == part);
    if let (true, Some((_, text))) = (has(Part::Project), forbidden.first()) {
        found.add(text.origin, "is required and forbidden", None);
    }
    let project = match (has(Part::Project), forbidden.is_empty()) {
        (true, _) => Absent::Mistake,
        (false, true) => Absent::Fine,
        (false, false) => Absent::Wanted,
    };
    (has(Part::Url), project)
}

fn input(section: &mut Section<'_>, key: &'static str, found: &mut Findings) -> Input {
    Input { variables: variables(section, key, found) }
}

/// The variables of the list `key`, to be read.
pub(super) fn variables(section: &mut Section<'_>, key: &'static str, found: &mut Findings) -> Vec<String> {
    let texts = section.texts(key, found);
    texts.into_iter().map(|text| variable(text, found)).collect()
}

fn variable(name: Text, found: &mut Findings) -> String {
    if !rule::is_variable(&name.value) {
        let hint = "use capital letters, digits and `_`".to_owned();
        let what = format!("{} is not the name of a variable", quoted(&name.value, "this"));
        found.add(name.origin, what, Some(hint));
    } else if rule::is_others_variable(&name.value) {
        let hint = "use a variable of the service's own tools".to_owned();
        found.add(name.origin, "is a variable of the system or of another program", Some(hint));
    }
    name.value
}

/// `[exec]`: variables and what they are set to.
pub(super) fn exec(table: &Section<'_>, scope: &Scope<'_>, found: &mut Findings) -> Vec<(String, Template)> {
    let mut variables = Vec::new();
    for (name, value) in table.entries() {
        if rule::names_a_program(&name.value) {
            let hint = "`agentctl exec` runs what the person names, never the provider".to_owned();
            found.add(name.origin, "a provider never names a program", Some(hint));
            continue;
        }
        let name = variable(name, found);
        if let Some(value) = text(value, found) {
            variables.push((name, scope.template(&value, found)));
        }
    }
    variables
}
