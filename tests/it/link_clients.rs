//! The real `tm` and the real `truss` use a login that the agent holds and keeps fresh for them.

use std::path::Path;
use std::time::Duration;

use harness::client::{Tm, Truss};
use harness::desk::{Desk, PROFILE, mode, read, write};
use harness::service::{Baseten, Tensormesh, Terms, Wire};
use harness::until::until_true;

/// What the newest request for `path` presented.
fn presented<W: Wire>(desk: &Desk<W>, path: &str) -> String {
    let ledger = desk.service.ledger();
    let entry = ledger.last(path).expect("the service was asked");
    assert_eq!(entry.status, Some(200), "{entry:?}");
    let agent = entry.header("user-agent").unwrap_or_default();
    assert!(!agent.starts_with("agentd/"), "it was the tool that asked: {agent}");
    entry.header("authorization").unwrap_or_default().to_owned()
}

fn tensormesh() -> (Desk<Tensormesh>, Tm) {
    let desk = Desk::new(Tensormesh { interval: Some(0.1), ..Tensormesh::default() });
    let tm = Tm::new(&desk.sandbox, desk.service.url()).env("BROWSER", "true");
    (desk, tm)
}

/// `tm` asks who it is, and is known by this token.
fn tm_is(desk: &Desk<Tensormesh>, tm: &Tm, token: &str) {
    let ran = tm.run(&["auth", "whoami"]).ok();
    assert!(ran.out.contains("ada@example.test"), "{ran:?}");
    assert!(presented(desk, Tensormesh::PROFILE) == format!("Bearer {token}"));
}

#[test]
fn tm_is_logged_in_before_and_after_a_refresh_and_not_after_a_logout() {
    let (desk, tm) = tensormesh();
    desk.log_in(PROFILE, &[]);
    let file = tm.home().join("auth.json");
    let linked = desk.run(&["link", PROFILE]).ok();
    let who = "Linked work as ada@example.test (Ada Example, Tensormesh) to tensormesh: ";
    assert!(linked.out.starts_with(who), "{linked:?}");
    assert!(linked.out.contains(file.to_str().expect("a path in UTF-8")), "{linked:?}");
    tm_is(&desk, &tm, &desk.token(PROFILE));
    assert!(tm.run(&["auth", "status", "--exit-status"]).ok().out.contains("token=present"));
    assert_eq!((mode(&file), mode(&tm.home().join("config.toml"))), (0o600, 0o600));

    let fresh = desk.refresh();
    desk.holds(&file, &fresh);
    tm_is(&desk, &tm, &fresh);
    let refreshes = desk.service.count(Tensormesh::REFRESH);
    let alone = tm.run(&["auth", "refresh"]).fails(1);
    assert!(!alone.err.contains("Traceback"), "{alone:?}");
    assert_eq!(desk.service.count(Tensormesh::REFRESH), refreshes, "only the agent refreshes");
    desk.keeps_refresh_tokens();
    assert_eq!(desk.link_is("linked")["profile"], PROFILE);

    let _out = desk.run(&["logout", PROFILE, "--yes"]).ok();
    desk.vanishes(&file);
    let ran = tm.run(&["auth", "whoami"]).fails(2);
    assert!(ran.err.contains("No control plane access token found"), "{ran:?}");
    let ran = tm.run(&["auth", "status"]).ok();
    assert!(ran.out.contains("token=missing") && !read_all(tm.home()).contains("canary-"), "{ran:?}");
    desk.link_is("waiting");

    desk.log_in(PROFILE, &[]);
    desk.holds(&file, &desk.token(PROFILE));
}

/// The text of every file in a directory.
fn read_all(directory: &Path) -> String {
    let files = std::fs::read_dir(directory).into_iter().flatten().flatten();
    files.filter_map(|file| read(&file.path())).collect()
}

#[test]
fn a_logout_by_tm_suspends_the_link_until_it_is_made_again() {
    let (desk, tm) = tensormesh();
    desk.log_in(PROFILE, &[]);
    let file = tm.home().join("auth.json");
    let _linked = desk.run(&["link", PROFILE]).ok();
    // A refresh comes after the first write, so that nothing is taken for a tool's write of what it had read before.
    desk.holds(&file, &desk.refresh());
    let _out = tm.run(&["auth", "logout"]).ok();
    assert!(!file.exists());
    desk.link_is("suspended");
    let listed = desk.run(&["links"]).ok();
    assert!(listed.out.contains("suspended"), "{listed:?}");
    let fresh = desk.refresh();
    desk.link_is("suspended");
    assert!(!file.exists(), "nothing is written again");
    let _again = desk.run(&["link", PROFILE]).ok();
    desk.holds(&file, &fresh);
    desk.link_is("linked");
    tm_is(&desk, &tm, &fresh);
}

#[test]
fn a_login_of_tms_own_is_never_overwritten() {
    let (desk, tm) = tensormesh();
    let _own = tm.run(&["auth", "login"]).ok();
    let file = tm.home().join("auth.json");
    let own = read(&file).expect("it has a login");
    desk.log_in(PROFILE, &[]);
    let refused = desk.run(&["link", PROFILE]);
    assert_ne!(refused.code, Some(0), "{refused:?}");
    assert!(refused.err.contains("holds another login") && refused.err.contains("hint: "), "{refused:?}");
    assert!(read(&file).as_ref() == Some(&own), "the file is as it was");
    assert!(desk.links().is_empty());

    let _out = tm.run(&["auth", "logout"]).ok();
    let _linked = desk.run(&["link", PROFILE]).ok();
    let _own = tm.run(&["auth", "login"]).ok();
    let own = read(&file).expect("it has a login");
    desk.link_is("foreign");
    let fresh = desk.refresh();
    let _ended = desk.run(&["unlink", PROFILE]).ok();
    assert!(read(&file) == Some(own.clone()) && !own.contains(&fresh), "the file is as the tool left it");
    let _who = tm.run(&["auth", "whoami"]).ok();
}

fn baseten() -> Desk<Baseten> {
    let mut wire =
        Baseten { terms: Terms { life: Some(Duration::from_hours(10)), ..Terms::default() }, ..Baseten::default() };
    wire.device.interval = Some(1);
    Desk::new(wire)
}

#[test]
fn truss_without_a_keyring_is_logged_in_before_and_after_a_refresh_and_not_after_a_logout() {
    const OFF: &str = "BASETEN_TRUSS_AUTH_KEYRING_DISABLED";
    let desk = baseten().env(OFF, "1");
    let truss = Truss::new(&desk.sandbox).env(OFF, "1");
    let who = ["whoami", "--remote", PROFILE];
    let theirs = format!("[other]\nremote_provider = baseten\nremote_url = {}\napi_key = theirs\n", desk.service.url());
    write(truss.trussrc(), &theirs, 0o644);
    desk.log_in(PROFILE, &["--device"]);
    let _linked = desk.run(&["link", PROFILE]).ok();
    let ran = truss.run(&who).ok();
    assert!(ran.out.contains("ada@example.test") || ran.err.contains("ada@example.test"), "{ran:?}");
    assert!(presented(&desk, Baseten::GRAPHQL) == format!("Bearer {}", desk.token(PROFILE)));
    let status = truss.run(&["auth", "status", "--remote", PROFILE]).ok();
    assert!(status.out.contains(desk.service.url()) && status.out.contains("trussrc-inline"), "{status:?}");

    let fresh = desk.refresh();
    desk.holds(truss.trussrc(), &fresh);
    let _known = truss.run(&who).ok();
    assert!(presented(&desk, Baseten::GRAPHQL) == format!("Bearer {fresh}"));
    assert_eq!(mode(truss.trussrc()), 0o600);
    desk.keeps_refresh_tokens();

    let _out = desk.run(&["logout", PROFILE, "--yes"]).ok();
    until_true("only the tool's own section is left", || read(truss.trussrc()).as_ref() == Some(&theirs));
    let ran = truss.run(&who).fails(1);
    assert!(ran.out.contains("provider work not found"), "{ran:?}");
}
