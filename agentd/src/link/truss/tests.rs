//! Sections with tokens and keys, and a keyring that is not there.

use super::super::FindingKind;
use super::super::keyring::BUS;
use super::*;
use crate::link::testing::{self, Home};

const FILE: &str = ".trussrc";
const THEIRS: &str = "[old]\nremote_provider = baseten\nremote_url = https://s.example\napi_key = key-old\n\n[own]\nremote_provider = baseten\nremote_url = https://s.example/\nauth_type = oauth\noauth_access_token = at-own\noauth_refresh_token = rt-own\noauth_expires_at = 1700000000\nteam = t\n";

#[test]
fn tokens_are_inline_without_a_keyring() {
    let home = Home::new();
    home.file(FILE, THEIRS, 0o644);
    let spot = home.spot(&Truss);
    assert_eq!(Truss.look(&spot, "work", None).expect("readable"), Seen::Empty);
    assert_eq!(Truss.look(&spot, "own", None).expect("readable"), Seen::Foreign);
    let mine = Truss.write(&spot, &testing::token("work", "at-1"), None).expect("it fits");
    let section = "\n[work]\nremote_provider = baseten\nremote_url = https://service.example\nauth_type = oauth\noauth_access_token = at-1\noauth_refresh_token = held-by-agentd\noauth_expires_at = 1900000000\n";
    assert_eq!((home.text(FILE), testing::mode(&spot.path)), (format!("{THEIRS}{section}"), 0o600));
    assert_eq!(Truss.look(&spot, "work", Some(&mine)).expect("readable"), Seen::Mine);
    let mine = Truss.write(&spot, &testing::key("work", "key-2"), Some(&mine)).expect("it fits");
    assert!(home.text(FILE).ends_with("auth_type = api_key\napi_key = key-2\n"));
    Truss.withdraw(&spot, &mine).expect("it is ours");
    Truss.withdraw(&spot, &mine).expect("gone is no error");
    assert_eq!(home.text(FILE), THEIRS);
}

#[test]
fn other_keys_of_a_section_stay() {
    let home = Home::new();
    home.file(FILE, THEIRS, 0o600);
    let spot = home.spot(&Truss);
    let mine = Truss.write(&spot, &testing::key("own", "key-1"), None).expect("it fits");
    let text = home.text(FILE);
    assert!(text.contains("team = t") && !text.contains("at-own") && !text.contains("rt-own"), "{text}");
    let mine = Truss.write(&spot, &testing::token("moved", "at-1"), Some(&mine)).expect("it fits");
    let text = home.text(FILE);
    assert!(text.contains("[own]\nremote_provider = baseten\n") && text.contains("team = t"), "{text}");
    assert!(!text.contains("key-1") && text.contains("[moved]"), "{text}");
    Truss.withdraw(&spot, &mine).expect("it is ours");
    assert!(!home.text(FILE).contains("moved"));
}

#[test]
fn what_cannot_be_kept_is_refused_and_memory_has_a_variable() {
    let home = Home::new();
    let spot = home.spot(&Truss);
    for export in [testing::key("work", "a%b"), testing::key("DEFAULT", "key"), testing::key("a]b", "key")] {
        assert!(matches!(Truss.write(&spot, &export, None), Err(FormatError::Refused(_))), "{}", export.profile);
    }
    assert!(!spot.path.exists());
    let variables = home.variables(&[(BUS, "unix:path=/nowhere")]);
    let spot = Truss.spot(&variables, To::Tmpfs, &home.path("run")).expect("it has a variable");
    assert_eq!(spot.environment["USER_TRUSSRC_PATH"], home.path("run/truss/trussrc").display().to_string());
    let mine = Truss.write(&spot, &testing::token("work", "at-1"), None).expect("no keyring is asked");
    Truss.withdraw(&spot, &mine).expect("it is ours");
    assert!(!spot.path.exists());
    let spot = Truss.spot(&variables, To::Home, &home.path("run")).expect("there is a home");
    let error = Truss.write(&spot, &testing::token("work", "canary"), None).expect_err("there is no such bus");
    assert!(matches!(&error, FormatError::Keyring(_)) && !error.to_string().contains("canary"), "{error}");
    assert!(!spot.path.exists(), "nothing has changed");
    Truss.write(&spot, &testing::key("work", "key"), None).expect("a key needs no keyring");
}

#[test]
fn logins_are_found_taken_and_given_back() {
    let home = Home::new();
    let variables = home.variables(&[]);
    home.file(FILE, &format!("{THEIRS}[other]\nremote_provider = x\napi_key = no\n"), 0o644);
    let mut logins = Truss.logins(&variables, &[]).expect("readable");
    let names: Vec<_> = logins.iter().map(|login| (login.name.as_str(), login.scheme.as_str())).collect();
    assert_eq!(names, [("old", "Api-Key"), ("own", "Bearer")]);
    let kinds: Vec<_> = Truss.findings(&variables).iter().map(|finding| finding.kind).collect();
    assert_eq!(kinds, [FindingKind::Plaintext, FindingKind::Exposed, FindingKind::Legacy, FindingKind::Legacy]);
    let login = logins.pop().expect("two");
    assert_eq!((login.expires_at, login.url.as_deref()), (Some(1_700_000_000), Some("https://s.example")));
    let taken = Truss.take(&variables, &login).expect("it is there");
    let text = home.text(FILE);
    assert!(text.contains("at-own") && !text.contains("rt-own") && text.contains("team = t"), "{text}");
    assert_eq!(testing::mode(&home.path(FILE)), 0o600);
    assert!(matches!(Truss.take(&variables, &login), Err(FormatError::Refused(_))));

    let spot = home.spot(&Truss);
    let mine = Truss.write(&spot, &testing::token("own", "at-link"), None).expect("it fits");
    Truss.withdraw(&spot, &mine).expect("it is ours");
    let rotated = RefreshToken::new("rt-new".to_owned());
    Truss.give_back(&variables, &taken, Some(&rotated)).expect("nothing is there");
    let text = home.text(FILE);
    assert!(
        text.contains("oauth_refresh_token = rt-new\n") && text.contains("oauth_access_token = at-own\n"),
        "{text}"
    );
    assert!(matches!(Truss.give_back(&variables, &taken, None), Err(FormatError::Refused(_))));
}

#[test]
fn a_section_without_a_login_says_again_what_it_said() {
    const BARE: &str = "[work]\nremote_provider = baseten\nremote_url = https://s.example/\n";
    let home = Home::new();
    home.file(FILE, BARE, 0o600);
    let spot = home.spot(&Truss);
    assert_eq!(Truss.look(&spot, "work", None).expect("readable"), Seen::Empty);
    let mine = Truss.write(&spot, &testing::token("work", "at-1"), None).expect("it fits");
    let mine = Truss.write(&spot, &testing::key("work", "key-2"), Some(&mine)).expect("it fits");
    assert!(home.text(FILE).contains("remote_url = https://service.example\n"));
    Truss.withdraw(&spot, &mine).expect("it is ours");
    assert_eq!(home.text(FILE), BARE);
}
