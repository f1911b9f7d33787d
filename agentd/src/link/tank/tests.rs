//! A key among settings.

use super::*;
use crate::link::testing::{self, Home};

const FILE: &str = ".tank/config.json";

#[test]
fn a_link_comes_and_goes_and_settings_stay() {
    let home = Home::new();
    home.file(FILE, r#"{"registry":"https://service.example/","telemetry":false,"x":{"y":[1]}}"#, 0o644);
    let spot = home.spot(&Tank);
    assert_eq!(Tank.look(&spot, "p", None).expect("readable"), Seen::Empty);
    let mine = Tank.write(&spot, &testing::key("p", "tank_one"), None).expect("it fits");
    assert_eq!(testing::mode(&spot.path), 0o600);
    let object = Object::of_file(&spot.path).expect("readable").expect("there");
    assert_eq!(object.text("token"), Some("tank_one"));
    assert_eq!(object.inner("user", "email"), Some("ada@example.org"));
    assert!(object.has("x") && object.has("telemetry"));
    assert_eq!(Tank.look(&spot, "p", Some(&mine)).expect("readable"), Seen::Mine);
    assert_eq!(Tank.look(&spot, "p", None).expect("readable"), Seen::Foreign);
    let mine = Tank.write(&spot, &testing::key("p", "tank_two"), Some(&mine)).expect("it fits");
    Tank.withdraw(&spot, &mine).expect("it is ours");
    Tank.withdraw(&spot, &mine).expect("gone is no error");
    let text = home.text(FILE);
    assert!(!text.contains("tank_") && !text.contains("user") && text.contains("telemetry"), "{text}");
}

#[test]
fn a_file_of_our_own_goes_away_as_a_whole() {
    let home = Home::new();
    let spot = home.spot(&Tank);
    let first = Tank.write(&spot, &testing::key("p", "tank_one"), None).expect("it fits");
    let export = Export { name: None, ..testing::key("p", "tank_two") };
    let second = Tank.write(&spot, &export, Some(&first)).expect("it fits");
    assert_eq!(testing::mode(&home.path(".tank")), 0o700);
    assert!(home.text(FILE).contains("\"email\": \"ada@example.org\"") && !home.text(FILE).contains("null"));
    Tank.withdraw(&spot, &first).expect("another credential is left alone");
    assert!(spot.path.exists());
    Tank.withdraw(&spot, &second).expect("it is ours");
    assert!(!spot.path.exists());
}

#[test]
fn another_registry_an_odd_file_and_memory_are_refused() {
    let home = Home::new();
    let text = r#"{"registry":"https://other.example"}"#;
    home.file(FILE, text, 0o600);
    let spot = home.spot(&Tank);
    let error = Tank.write(&spot, &testing::key("p", "tank_one"), None).expect_err("another registry");
    assert!(matches!(&error, FormatError::Refused(why) if why.contains("other.example") && !why.contains("tank_one")));
    assert_eq!(home.text(FILE), text);
    home.file(FILE, "{", 0o600);
    assert!(matches!(Tank.look(&spot, "p", None), Err(FormatError::Unreadable { .. })));
    let memory = Tank.spot(&home.variables(&[]), To::Tmpfs, &home.path("run"));
    assert!(matches!(memory, Err(FormatError::Refused(_))));
}

#[test]
fn a_login_is_found_and_its_places_become_private() {
    let home = Home::new();
    let variables = home.variables(&[]);
    assert!(Tank.logins(&variables, &[]).expect("nothing there").is_empty());
    let text = r#"{"registry":"https://service.example/","token":"tank_old","user":{"name":"Ada","email":"a@b"}}"#;
    home.file(FILE, text, 0o644);
    assert!(Tank.logins(&variables, &[Fingerprint::of(b"tank_old")]).expect("readable").is_empty());
    let login = Tank.logins(&variables, &[]).expect("readable").pop().expect("one");
    assert_eq!(login.url.as_deref(), Some("https://service.example"));
    assert_eq!((login.email.as_deref(), login.exposed.len()), (Some("a@b"), 2));
    assert!(matches!(&login.grant, LoginGrant::ApiKey(key) if key.matches("tank_old")));
    assert_eq!(Tank.findings(&variables).len(), 2);
    let taken = Tank.take(&variables, &login).expect("it is ours");
    assert_eq!((taken.notes.len(), testing::mode(&home.path(FILE))), (2, 0o600));
    assert_eq!((testing::mode(&home.path(".tank")), home.text(FILE).as_str()), (0o700, text));
    Tank.give_back(&variables, &taken, None).expect("nothing to do");
}
