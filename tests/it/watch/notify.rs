//! `watch --notify`: a program on the desktop is run with texts of ours as arguments, and not too often.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use harness::ctl::Ctl;
use harness::daemon::Process;
use harness::issuer::{Behaviour, Config, Endpoint, Issuer};
use harness::running::Running;
use harness::sandbox::Sandbox;
use harness::until::until;
use harness::{logins, wire::Wire};

/// A `notify-send` that writes down what it is given, one argument on a line.
fn desktop(sandbox: &Sandbox) -> (PathBuf, PathBuf) {
    let (directory, seen) = (sandbox.path().join("desktop"), sandbox.path().join("seen"));
    std::fs::create_dir(&directory).expect("the sandbox is writable");
    let program = directory.join("notify-send");
    let script = format!("#!/bin/sh\nprintf '%s\\n' \"$@\" end >> '{}'\n", seen.display());
    std::fs::write(&program, script).expect("the sandbox is writable");
    std::fs::set_permissions(&program, PermissionsExt::from_mode(0o700)).expect("it is ours");
    (directory, seen)
}

/// What was shown so far, one list of arguments each.
fn shown(seen: &Path) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(seen).unwrap_or_default();
    let arguments = |one: &str| one.lines().map(str::to_owned).collect();
    text.split_terminator("end\n").map(arguments).collect()
}

async fn log_in(wire: &Wire, issuer: &Issuer, profile: &str) {
    logins::run(wire, issuer, &logins::by_code(issuer, profile)).await.expect("a login");
}

fn refused(sandbox: &Sandbox, profile: &str) {
    drop(Ctl::new(sandbox, &["refresh", profile]).run().fails(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_is_needed_is_shown_at_once_and_others_together() {
    let sandbox = Sandbox::new();
    let daemon = Process::start(&sandbox);
    let issuer = Issuer::launch(Config::default());
    for profile in ["a", "b", "c"] {
        log_in(&daemon.wire(), &issuer, profile).await;
    }
    let (directory, seen) = desktop(&sandbox);
    let path = format!(".:{}", directory.display());
    let heard = Running::start(&sandbox, &["watch", "-v", "--notify"], &[("PATH", &path)]);
    heard.says("listening");
    let refusal = Behaviour::OAuthError { code: "invalid_grant".to_owned(), description: None };
    issuer.always(Endpoint::Token, refusal);
    refused(&sandbox, "a");
    let first = until("a notification", || shown(&seen).first().cloned());
    let options = ["--app-name=agentctl", "--icon=dialog-password", "--", "Login needed: a"];
    assert_eq!(first[..4], options, "{first:?}");
    assert!(first[4].starts_with("the service no longer accepts the login"), "{first:?}");
    assert!(first[4].ends_with(". Run: agentctl login a") && first.len() == 5, "{first:?}");
    for profile in ["b", "a", "c", "b"] {
        refused(&sandbox, profile);
    }
    heard.line("  c  login required");
    let second = until("another notification", || shown(&seen).get(1).cloned());
    assert_eq!(second[3], "Login needed (2)", "{second:?}");
    assert!(second[4].starts_with("b: ") && second[4].contains("; c: ") && !second[4].contains("a: "), "{second:?}");
    assert_eq!(shown(&seen).len(), 2);
    assert!(!heard.err().contains("could not be shown"), "{}", heard.err());
}

#[test]
fn without_such_a_program_nothing_is_watched() {
    let sandbox = Sandbox::new();
    let _daemon = Process::start(&sandbox);
    desktop(&sandbox);
    let ran = Running::start(&sandbox, &["watch", "--notify"], &[("PATH", "desktop:.::")]).end().fails(1);
    assert!(ran.err.contains("no program that shows notifications") && ran.err.contains("hint: install"), "{ran:?}");
    assert!(ran.out.is_empty());
}
