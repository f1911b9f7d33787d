//! The client as people and scripts meet it: verbs, outputs, exit codes.

use std::process::Stdio;

use harness::ctl::{Ctl, Ran};
use harness::daemon::Process;
use harness::issuer::{Behaviour, Client, Config, Endpoint, Issuer};
use harness::sandbox::{Sandbox, program};
use harness::session::Home;
use serde_json::Value;

const KEY: &str = "canary-key-of-ci-0001";

fn ctl(sandbox: &Sandbox, arguments: &[&str]) -> Ran {
    Ctl::new(sandbox, arguments).run()
}

fn json(ran: &Ran) -> Value {
    assert_eq!(ran.out.matches('\n').count(), 1, "one document on one line: {ran:?}");
    serde_json::from_str(&ran.out).expect("one JSON document")
}

fn keep_key(sandbox: &Sandbox, profile: &str) {
    drop(Ctl::new(sandbox, &["login", "--api-key-stdin", "-p", profile]).input(&format!("{KEY}\n")).run().ok());
}

/// `agentctl login` by device code at an issuer that approves by itself.
fn login(sandbox: &Sandbox, issuer: &Issuer, more: &[&str]) -> Ran {
    let arguments = ["login", "--device", "--issuer", issuer.url(), "--client-id", Client::PUBLIC];
    ctl(sandbox, &[&arguments, more].concat())
}

fn approving() -> Config {
    let mut config = Config::default();
    config.device.auto_approve = Some(std::time::Duration::ZERO);
    config
}

#[test]
fn a_profile_lives_from_login_to_remove() {
    let issuer = Issuer::launch(approving());
    let sandbox = Sandbox::new();
    let _daemon = Process::start(&sandbox);
    let made = login(&sandbox, &issuer, &["-p", "work"]).ok();
    assert!(made.out.starts_with("Logged in to work"), "{made:?}");
    assert!(made.err.contains("open this address in any browser and enter the code:"), "{made:?}");
    keep_key(&sandbox, "ci");

    let token = ctl(&sandbox, &["token", "-p", "work"]).ok();
    assert!(issuer.is_live(token.out.strip_suffix('\n').expect("a newline ends it")) && token.err.is_empty());
    assert_eq!(ctl(&sandbox, &["token"]).ok().out, format!("{KEY}\n"), "the latest login is the current one");
    assert_eq!(Ctl::new(&sandbox, &["token"]).env("AGENTCTL_PROFILE", "work").run().ok().out, token.out);
    let lease = json(&ctl(&sandbox, &["token", "-p", "work", "-o", "json"]).ok());
    assert_eq!(
        (&lease["profile"], &lease["token_type"], &lease["min_ttl_met"]),
        (&"work".into(), &"Bearer".into(), &true.into())
    );

    let listed = ctl(&sandbox, &["list"]).ok().out;
    let rows: Vec<Vec<&str>> = listed.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[0][..3], ["NAME", "PROVIDER", "ENVIRONMENT"]);
    assert_eq!((rows[1][..2].to_vec(), rows[2][0]), (vec!["*", "ci"], "work"));
    assert!(!listed.contains('\u{1b}'), "no colours without a terminal");

    assert!(ctl(&sandbox, &["switch", "work"]).ok().out.starts_with("Switched to work"));
    let report = json(&ctl(&sandbox, &["status", "--json"]).ok());
    assert_eq!((&report["why"], &report["profile"]["name"]), (&"current".into(), &"work".into()));
    assert_eq!(json(&ctl(&sandbox, &["-p", "ci", "status", "--json"]).ok())["why"], "--profile");
    let status = ctl(&sandbox, &["status"]).ok().out;
    assert!(status.contains("work (current)") && status.contains("expires in 59 min"), "{status}");

    let refreshed = ctl(&sandbox, &["refresh"]).ok().out;
    assert!(
        refreshed.starts_with("Refreshed work as ") && refreshed.contains("; the token expires in "),
        "{refreshed}"
    );
    let rejected = ctl(&sandbox, &["reject", "--lease", lease["lease"].as_str().expect("text")]).ok();
    assert!(rejected.out != token.out && issuer.is_live(rejected.out.trim_end()), "a newer token, and nothing else");
    assert_eq!(issuer.exchanges(), 1, "the newer one was there already");

    drop(ctl(&sandbox, &["logout", "work"]).fails(2));
    assert!(ctl(&sandbox, &["logout", "work", "--yes"]).ok().out.contains("the service has revoked the login"));
    assert!(!issuer.is_live(rejected.out.trim_end()) && issuer.live_refresh_tokens().is_empty());
    assert!(ctl(&sandbox, &["logout", "work", "-y"]).ok().err.contains("nothing to do"));
    assert!(ctl(&sandbox, &["logout", "none", "--yes"]).fails(1).err.contains("ci, work"));
    let out = ctl(&sandbox, &["token", "-p", "work"]).fails(3);
    assert!(out.err.contains("hint: run `agentctl login work`") && out.out.is_empty(), "{out:?}");
    // The settings stayed: the name is enough.
    ctl(&sandbox, &["login", "work", "--device"])
        .ok()
        .out
        .starts_with("Logged in to work")
        .then_some(())
        .expect("again");

    assert!(ctl(&sandbox, &["rm", "work", "-y"]).ok().out.starts_with("Removed work"));
    drop(ctl(&sandbox, &["remove", "work", "--yes"]).fails(1));
    assert_eq!(json(&ctl(&sandbox, &["list", "--offline", "--json"]).ok()).as_array().map(Vec::len), Some(1));
}

#[test]
fn every_exit_code_is_met() {
    let issuer = Issuer::launch(approving());
    let sandbox = Sandbox::new();
    let usage = ctl(&sandbox, &["token", "--min-ttl", "soon"]).fails(2);
    assert!(usage.err.starts_with("error: "), "{usage:?}");
    let none = ctl(&sandbox, &["token"]).fails(6);
    assert!(none.err.starts_with("error: no agent is running") && none.err.contains("\nhint: "), "{none:?}");

    let _daemon = Process::start(&sandbox);
    assert!(ctl(&sandbox, &["token"]).fails(3).err.contains("hint: run `agentctl login`"));
    assert!(ctl(&sandbox, &["switch", "none"]).fails(1).err.contains("hint: `agentctl list` shows them"));
    issuer.next(Endpoint::Token, Behaviour::oauth_error("access_denied"));
    assert!(login(&sandbox, &issuer, &["-p", "refused"]).fails(4).err.starts_with("agentctl asks "));
    issuer.next(Endpoint::DeviceAuthorization, Behaviour::oauth_error("invalid_scope"));
    drop(login(&sandbox, &issuer, &["-p", "refused"]).fails(1));
    drop(login(&sandbox, &issuer, &["-p", "work"]).ok());
    let refused = ctl(&sandbox, &["token", "-p", "refused"]).fails(1);
    assert!(
        refused.err.contains("error: ") && refused.err.contains("hint: "),
        "a failed login left nothing: {refused:?}"
    );
    issuer.always(Endpoint::Token, Behaviour::status(503));
    let down = ctl(&sandbox, &["refresh", "work"]).fails(7);
    assert!(down.err.starts_with("error: profile `work`: "), "{down:?}");
    let down = ctl(&sandbox, &["refresh", "work", "-o", "json"]).fails(7);
    let problem: Value = serde_json::from_str(&down.err).expect("a problem document");
    assert_eq!((&problem["code"], &problem["status"]), (&"issuer-unreachable".into(), &502.into()));
    assert_eq!(ctl(&sandbox, &["token", "-p", "work"]).ok().err, "", "the token is good for long");
    issuer.clear(Endpoint::Token);
    issuer.always(Endpoint::Token, Behaviour::oauth_error("invalid_grant"));
    drop(ctl(&sandbox, &["refresh", "work"]).fails(3));
    let silent = ctl(&sandbox, &["-q", "switch", "none"]).fails(1);
    assert!(silent.err.starts_with("error: "), "not even `-q` hides an error");
}

#[test]
fn exit_status_says_whether_a_token_can_be_had() {
    let sandbox = Sandbox::memory_only();
    drop(ctl(&sandbox, &["status", "--exit-status"]).fails(6));
    let _daemon = Process::start(&sandbox);
    let empty = ctl(&sandbox, &["status", "--exit-status"]).fails(3);
    assert!(empty.out.contains("profiles") && empty.err.contains("hint: "), "{empty:?}");
    drop(ctl(&sandbox, &["status"]).ok());
    keep_key(&sandbox, "ci");
    drop(ctl(&sandbox, &["status", "--exit-status"]).ok());
    drop(ctl(&sandbox, &["status", "ci", "--exit-status"]).ok());
    drop(ctl(&sandbox, &["status", "none", "--exit-status"]).fails(3));
    drop(ctl(&sandbox, &["status", "none"]).fails(1));
    drop(ctl(&sandbox, &["logout", "ci", "--yes"]).ok());
    drop(ctl(&sandbox, &["status", "--exit-status"]).fails(3));
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let sandbox = Sandbox::memory_only();
    let _daemon = Process::start(&sandbox);
    keep_key(&sandbox, "ci");
    for verb in ["list", "status", "token", "completions bash", "--help"] {
        let mut command = sandbox.command(program("agentctl"));
        command.args(verb.split(' ')).env("AGENTCTL_NO_AUTOSTART", "1").stdin(Stdio::null());
        // Nobody reads from it, ever.
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let output = command.stdout(writer).stderr(Stdio::piped()).output().expect("agentctl can be started");
        assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]), "{verb}");
    }
}

#[test]
fn the_daemon_is_started_looked_at_and_stopped() {
    let home = Home::new();
    let session = home.session();
    let run = |arguments: &[&str]| session.ctl(arguments).run();
    drop(run(&["daemon", "status"]).fails(6));
    assert_eq!(run(&["daemon", "stop"]).ok().out, "No agent is running\n");
    assert!(run(&["daemon", "logs"]).fails(1).err.contains("there is no log at `"));
    let started = run(&["daemon", "start"]).ok().out;
    let pid = home.recorded_pid().expect("it runs");
    assert!(started.starts_with(&format!("The agent is running: process {pid}, at ")), "{started}");
    assert!(run(&["daemon", "start"]).ok().out.starts_with("The agent is already running: "));
    assert!(run(&["daemon", "status"]).ok().out.contains(&format!("process {pid}")));
    assert_eq!(json(&run(&["daemon", "status", "--json"]).ok())["pid"], pid);
    assert!(run(&["daemon", "logs", "-n", "1"]).ok().out.contains("serving"));
    assert_eq!(run(&["daemon", "stop"]).ok().out, "The agent has stopped\n");
    assert!(!session.socket().exists(), "the socket is gone with it");
    assert_eq!(json(&run(&["daemon", "stop", "-o", "json"]).ok())["stopped"], false);

    let mut foreground = session.command(program("agentctl"));
    let mut child =
        foreground.args(["daemon", "run"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it runs");
    let mut line = String::new();
    let stdout = child.stdout.as_mut().expect("a pipe");
    std::io::BufRead::read_line(&mut std::io::BufReader::new(stdout), &mut line).expect("it says that it serves");
    assert_eq!(line, format!("ready {}\n", session.socket().display()));
    assert_eq!(home.recorded_pid(), Some(child.id()), "it has taken the client's place");
    drop(run(&["daemon", "stop"]).ok());
    assert!(child.wait().expect("it is ours").success());
}
