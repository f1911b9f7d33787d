//! The real `truss` and a real keyring: a login that is linked into an item, one that is imported out of an item, and
//! keyrings that cannot be used.
#![cfg(target_os = "linux")]

use std::time::{Duration, Instant};

use harness::client::Truss;
use harness::ctl::Ran;
use harness::desk::{Desk, PROFILE, read, write};
use harness::secret_service::{Mode, SecretService};
use harness::service::{Baseten, Terms};
use harness::until::until_true;
use serde_json::{Value, json};

/// How long the agent may try a keyring, with what it takes to start a program on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// What `truss` gives its items.
const ITEM: &[(&str, &str)] =
    &[("application", "Python keyring library"), ("service", "baseten-truss"), ("username", PROFILE)];

fn desk(keyring: &SecretService) -> Desk<Baseten> {
    let terms = Terms { life: Some(Duration::from_hours(10)), ..Terms::default() };
    let mut wire = Baseten { terms, ..Baseten::default() };
    wire.device.interval = Some(1);
    let desk = Desk::new(wire).env("DBUS_SESSION_BUS_ADDRESS", keyring.address());
    desk.log_in(PROFILE, &["--device"]);
    desk
}

fn item(keyring: &SecretService) -> Value {
    keyring.lookup(ITEM).map_or(Value::Null, |secret| serde_json::from_str(&secret).expect("the item is JSON"))
}

/// Runs a command that must end in time.
fn in_time(desk: &Desk<Baseten>, arguments: &[&str]) -> Ran {
    let began = Instant::now();
    let ran = desk.run(arguments);
    assert!(began.elapsed() < PATIENCE, "{arguments:?} took {:?}", began.elapsed());
    ran
}

#[test]
fn truss_is_logged_in_from_its_keyring_item_before_and_after_a_refresh_and_not_after_a_logout() {
    let keyring = SecretService::start(Mode::Unlocked);
    let desk = desk(&keyring);
    let truss = Truss::new(&desk.sandbox).with_keyring(&keyring);
    let who = ["whoami", "--remote", PROFILE];
    let presented = || {
        let ledger = desk.service.ledger();
        ledger.last(Baseten::GRAPHQL).and_then(|entry| entry.header("authorization").map(str::to_owned))
    };
    let linked = desk.run(&["link", PROFILE]).ok();
    assert!(linked.out.contains("keyring item of `baseten-truss`"), "{linked:?}");
    let found = keyring.tool(&["search", "--all", "service", "baseten-truss"], "");
    let said = format!("{}{}", found.out, found.err);
    let attributes = said.lines().filter_map(|line| line.trim().strip_prefix("attribute."));
    let mut attributes: Vec<_> = attributes.collect();
    attributes.sort_unstable();
    let expected = ["application = Python keyring library", "service = baseten-truss", "username = work"];
    assert_eq!(attributes, expected, "exactly what the tool itself would give it");
    let _known = truss.run(&who).ok();
    assert!(presented() == Some(format!("Bearer {}", desk.token(PROFILE))));
    let status = truss.run(&["auth", "status", "--remote", PROFILE]).ok();
    let source = status.out.lines().find(|line| line.contains("source"));
    assert!(source.is_some_and(|line| line.ends_with("keyring")), "{status:?}");

    let fresh = desk.refresh();
    until_true("the item has the new token", || item(&keyring)["oauth_access_token"] == json!(fresh));
    let _known = truss.run(&who).ok();
    assert!(presented() == Some(format!("Bearer {fresh}")));
    assert_eq!(item(&keyring)["oauth_refresh_token"], "held-by-agentd");
    assert!(!read(truss.trussrc()).expect("it has a section").contains("canary-"), "no secret beside the keyring");
    desk.keeps_refresh_tokens();

    let _out = desk.run(&["logout", PROFILE, "--yes"]).ok();
    desk.vanishes(truss.trussrc());
    until_true("the item is gone", || keyring.lookup(&ITEM[1..]).is_none());
    let ran = truss.run(&["whoami"]).fails(2);
    assert!(ran.err.contains("No remote configured"), "{ran:?}");
}

#[test]
fn a_login_in_a_keyring_item_is_imported_and_given_back() {
    let keyring = SecretService::start(Mode::Unlocked);
    let desk = desk(&keyring);
    let file = desk.at(".trussrc");
    let section = format!("[own]\nremote_provider = baseten\nremote_url = {}\nauth_type = oauth\n", desk.service.url());
    write(&file, &section, 0o600);
    let (access, refresh) = ("canary-at-of-truss-itself", "canary-rt-of-truss-itself");
    let secret = json!({ "auth_type": "oauth", "oauth_access_token": access, "oauth_refresh_token": refresh,
        "oauth_expires_at": "4102444800" });
    // An older library left the first attribute out.
    let own = [("service", "baseten-truss"), ("username", "own")];
    keyring.store("Password for 'own' on 'baseten-truss'", &own, &secret.to_string());

    let seen = desk.run(&["import", "--dry-run"]).ok();
    assert!(
        seen.out.contains("keyring item of `baseten-truss` for `own`") && !seen.out.contains("canary-"),
        "{seen:?}"
    );
    assert_eq!(keyring.lookup(&own).as_deref(), Some(secret.to_string().as_str()));

    let _taken = desk.run(&["import", "own"]).ok();
    assert!(desk.token("own") == access);
    let left = keyring.lookup(&own).expect("the item stays");
    assert!(left.contains(access) && !left.contains(refresh), "only the refresh token has moved");
    assert_eq!(read(&file).as_ref(), Some(&section));

    let _given = desk.run(&["import", "own", "--undo"]).ok();
    let back: Value = serde_json::from_str(&keyring.lookup(&own).expect("the item is there")).expect("JSON");
    assert_eq!((&back["oauth_access_token"], &back["oauth_refresh_token"]), (&json!(access), &json!(refresh)));
    assert_eq!(desk.run(&["token", "-p", "own"]).code, Some(1), "the agent has it no more");
}

#[test]
fn a_login_is_not_linked_into_a_keyring_that_is_locked_and_nothing_is_lost() {
    let keyring = SecretService::start(Mode::Locked);
    let desk = desk(&keyring);
    let refused = in_time(&desk, &["link", PROFILE]);
    assert!(refused.code != Some(0) && refused.err.contains("locked"), "{refused:?}");
    assert!(!refused.err.contains("canary-"));
    assert!(desk.links().is_empty() && !desk.at(".trussrc").exists(), "nothing has changed");
    assert!(desk.service.is_live(&desk.token(PROFILE)));
    // The same login, where the tool is told to do without.
    let off = desk.env("BASETEN_TRUSS_AUTH_KEYRING_DISABLED", "1");
    let _linked = off.run(&["link", PROFILE]).ok();
    off.holds(&off.at(".trussrc"), &off.token(PROFILE));
}

#[test]
fn where_no_secret_service_is_the_tokens_are_in_the_file() {
    let keyring = SecretService::start(Mode::None);
    let desk = desk(&keyring);
    let _linked = desk.run(&["link", PROFILE]).ok();
    desk.holds(&desk.at(".trussrc"), &desk.token(PROFILE));
    let _unlinked = desk.run(&["unlink", PROFILE]).ok();
    desk.vanishes(&desk.at(".trussrc"));
}

#[test]
fn a_keyring_that_is_locked_later_makes_the_link_fail_in_words() {
    let keyring = SecretService::start(Mode::Unlocked);
    let desk = desk(&keyring);
    let _linked = desk.run(&["link", PROFILE]).ok();
    keyring.lock();
    let fresh = desk.refresh();
    let failed = desk.link_is("failed");
    assert!(failed["detail"].as_str().is_some_and(|why| why.contains("locked")), "{failed}");
    assert!(desk.token(PROFILE) == fresh && desk.service.is_live(&fresh), "the login is not touched");
    let unlinked = in_time(&desk, &["unlink", PROFILE]);
    assert!(unlinked.code != Some(0) && unlinked.err.contains("locked"), "it is still there, and that is said");
    assert_eq!(desk.links().len(), 1);
    let _out = in_time(&desk, &["logout", PROFILE, "--yes"]).ok();
    assert!(!desk.service.is_live(&fresh), "what lies in the keyring is worth nothing");
}
