//! Command line before variables before the profile before the prompt, and all that is missing at once.

use super::*;
use crate::exit::Status;
use serde_json::json;

fn contree() -> Provider {
    serde_json::from_value(json!({"name": "contree", "title": "Contree", "built_in": true, "environments": [],
        "hosts": [], "whoami": true, "projects": false, "methods": [{"method": "api-key", "flow": "key",
            "max_wait": 300, "key_variables": ["CONTREE_TOKEN", "NEBIUS_API_KEY"], "url_variables": ["CONTREE_URL"],
            "project_variables": ["CONTREE_PROJECT", "NEBIUS_AI_PROJECT"], "key_prefix": "ct_",
            "variants": [{"name": "iam", "url": "optional", "project": "required"},
                {"name": "jwt", "url": "required", "project": "none"}]}]}))
    .expect("it is a provider")
}

fn case<'c>(provider: &'c Provider, kind: usize, variable: Variable<'c>, can_ask: bool) -> Case<'c> {
    let offer = &provider.methods[0];
    Case { provider, offer, variant: offer.variants.get(kind), renewed: None, variable, can_ask }
}

fn unset(_: &str) -> Option<String> {
    None
}

fn all(name: &str) -> Option<String> {
    (!name.is_empty()).then(|| format!("of {name}"))
}

fn later(name: &str) -> Option<String> {
    name.starts_with("NEBIUS").then(|| format!("of {name}"))
}

fn value(from: &Origin<String>) -> Option<&str> {
    if let Origin::Value(value, _) = from { Some(value) } else { None }
}

#[test]
fn the_command_line_wins_then_the_first_variable() {
    let contree = contree();
    let given = Given { environment: Some("https://x"), project: Some("p"), on_stdin: true, client_key: false };
    let found = find(case(&contree, 0, &all, false), given).expect("all is there");
    assert!(matches!(found.secret, Origin::Stdin));
    assert_eq!((value(&found.environment), value(&found.project)), (Some("https://x"), Some("p")));

    let found = find(case(&contree, 0, &all, true), Given::default()).expect("all is there");
    assert!(matches!(&found.secret, Origin::Value(_, Some(name)) if name == "CONTREE_TOKEN"));
    assert_eq!(
        (value(&found.environment), value(&found.project)),
        (Some("of CONTREE_URL"), Some("of CONTREE_PROJECT"))
    );

    let found = find(case(&contree, 0, &later, false), Given::default()).expect("all is there");
    assert!(matches!(&found.secret, Origin::Value(_, Some(name)) if name == "NEBIUS_API_KEY"));
    assert_eq!(value(&found.project), Some("of NEBIUS_AI_PROJECT"));
    assert!(matches!(found.environment, Origin::Absent), "the provider's own deployment");
}

#[test]
fn what_is_missing_is_asked_for() {
    let contree = contree();
    let iam = find(case(&contree, 0, &unset, true), Given::default()).expect("somebody can be asked");
    assert!(matches!((&iam.secret, &iam.environment, &iam.project), (Origin::Ask, Origin::Absent, Origin::Ask)));
    let jwt = find(case(&contree, 1, &unset, true), Given::default()).expect("somebody can be asked");
    assert!(matches!((&jwt.secret, &jwt.environment, &jwt.project), (Origin::Ask, Origin::Ask, Origin::Absent)));
}

#[test]
fn all_that_is_missing_is_named_at_once_where_nobody_can_be_asked() {
    let contree = contree();
    let failure = find(case(&contree, 0, &unset, false), Given::default()).expect_err("two are missing");
    assert_eq!(failure.status(), Status::Usage);
    let (detail, ..) = failure.text().expect("it is told");
    assert_eq!(
        detail,
        "Contree needs what nobody can be asked for: the key (`--api-key-stdin` or CONTREE_TOKEN or NEBIUS_API_KEY), \
         the project (`--project ID` or CONTREE_PROJECT or NEBIUS_AI_PROJECT)"
    );
    let failure = find(case(&contree, 1, &unset, false), Given::default()).expect_err("two are missing");
    let (detail, ..) = failure.text().expect("it is told");
    assert!(detail.contains("the key") && detail.contains("the base URL") && !detail.contains("project"), "{detail}");
}

#[test]
fn what_a_kind_of_key_refuses_is_refused_but_its_variables_are_left_alone() {
    let contree = contree();
    let given = Given { project: Some("p"), ..Given::default() };
    assert_eq!(find(case(&contree, 1, &all, true), given).expect_err("no project").status(), Status::Usage);
    let jwt = find(case(&contree, 1, &all, true), Given::default()).expect("all is there");
    assert!(matches!(jwt.project, Origin::Absent));
}

#[test]
fn a_profile_that_is_renewed_keeps_its_place() {
    let contree = contree();
    let known: Profile = serde_json::from_value(json!({"name": "c", "current": true, "auth_type": "api_key",
        "state": "usable", "flow": "key", "source": "file", "refresh": {"possible": false}, "provider": "contree",
        "project": "p-1", "environment": "production"}))
    .expect("it is a profile");
    let case = Case { renewed: Some(&known), ..case(&contree, 0, &all, false) };
    let found = find(case, Given::default()).expect("all is there");
    assert!(matches!((&found.environment, &found.project), (Origin::Absent, Origin::Absent)));
    assert!(matches!(found.secret, Origin::Value(..)));
    let moved = find(case, Given { project: Some("p-2"), ..Given::default() }).expect("all is there");
    assert_eq!(value(&moved.project), Some("p-2"));
}

#[test]
fn a_list_of_projects_is_chosen_from_after_the_login() {
    let mut listed = contree();
    listed.projects = true;
    let found = find(case(&listed, 0, &unset, true), Given::default()).expect("somebody can be asked");
    assert!(matches!(found.project, Origin::Absent));
    assert!(find(case(&listed, 0, &unset, false), Given::default()).is_err(), "nobody can choose");
}

#[test]
fn a_key_of_another_shape_is_refused_and_not_repeated() {
    assert!(check("Contree", "ct_", &Secret::new("ct_abc".to_owned())).is_ok());
    let failure = check("Contree", "ct_", &Secret::new("sk_secret".to_owned())).expect_err("another service's key");
    assert_eq!(failure.status(), Status::Usage);
    let (detail, ..) = failure.text().expect("it is told");
    assert_eq!(detail, "a key of Contree begins with `ct_`");
}
