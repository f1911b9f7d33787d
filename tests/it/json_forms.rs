//! What `agentctl -o json` prints has, for every verb, the form that is kept in `tests/it/forms`.

use std::collections::BTreeSet;

use harness::ctl::Ctl;
use harness::form::{self, check};
use harness::front::{Front, document};
use harness::sandbox::Sandbox;
use harness::service::{LlamaIndex, Project, Tank};
use harness::until::{until, until_true};
use serde_json::Value;

/// What prints no JSON, or what another program or verb prints.
const NONE: [&str; 15] = [
    "completions",
    "daemon logs",
    "daemon run",
    "exec",
    "help",
    "man",
    "trace list",
    "trace login",
    "trace logout",
    "trace project",
    "trace refresh",
    "trace reject",
    "trace sync",
    "trace token",
    "trace whoami",
];

/// Runs `command`, with more arguments, and checks what it prints.
fn shown<W: harness::service::Wire>(front: &Front<W>, command: &str, more: &[&str]) -> Value {
    let words: Vec<&str> = command.split(' ').chain(more.iter().copied()).collect();
    let document = front.json(&words);
    check(command, &document);
    document
}

fn llamaindex() -> Front<LlamaIndex> {
    let projects = vec![Project::new("p-1", "Notes", "org-1"), Project::new("p-2", "Other", "org-1")];
    let mut wire = LlamaIndex { projects, ..LlamaIndex::default() };
    wire.device.interval = Some(1);
    Front::new(wire)
}

#[test]
fn a_login_and_what_can_be_done_with_it() {
    let front = llamaindex();
    shown(&front, "login", &["llamaindex", "-p", "work", "--device", "--no-open-browser"]);
    a_login_that_waits(&front);
    shown(&front, "project", &["p-1"]);
    shown(&front, "switch", &["work"]);
    shown(&front, "status", &[]);
    shown(&front, "why", &["--provider", "llamaindex"]);
    shown(&front, "whoami", &[]);
    shown(&front, "rename", &["work", "job"]);
    shown(&front, "rename", &["job", "work"]);
    shown(&front, "list", &[]);
    shown(&front, "sync", &[]);
    let lease = shown(&front, "token", &[]);
    shown(&front, "refresh", &[]);
    shown(&front, "reject", &["--lease", lease["lease"].as_str().expect("a lease")]);
    shown(&front, "link", &["work"]);
    shown(&front, "links", &[]);
    shown(&front, "doctor", &[]);
    shown(&front, "unlink", &["work"]);
    shown(&front, "logout", &["work", "--yes"]);
    shown(&front, "remove", &["work", "--yes"]);
}

fn a_login_that_waits(front: &Front<LlamaIndex>) {
    let login = ["login", "llamaindex", "-p", "other", "--device", "--no-switch", "-P", "p-1"];
    let listed = || {
        until("a login that waits", || {
            let list = front.json(&["login", "--list"]);
            list["logins"][0]["waits_for"].is_object().then_some(list)
        })
    };
    front.service.auto_approve(false);
    std::thread::scope(|scope| {
        let first = scope.spawn(|| front.run(&login));
        check("login --list", &listed());
        let second = scope.spawn(|| front.json(&["login", "--resume", "other"]));
        // Both follow, and so does who asks.
        until_true("both are connected", || front.json(&["daemon", "status"])["connections"].as_u64() >= Some(3));
        front.service.approve();
        check("login --resume", &second.join().expect("agentctl ends"));
        drop(first.join().expect("agentctl ends").ok());
        let third = scope.spawn(|| front.run(&login));
        listed();
        shown(front, "login --cancel", &["other"]);
        drop(third.join().expect("agentctl ends").fails(1));
    });
    front.service.auto_approve(true);
    drop(front.run(&["remove", "other", "--yes"]).ok());
}

#[test]
fn what_the_agent_knows_of_services() {
    let front = llamaindex();
    shown(&front, "provider list", &[]);
    shown(&front, "provider show", &["tank"]);
    let file = "acme.toml".as_ref();
    front.write(
        file,
        "schema = 1\nname = \"acme\"\ntitle = \"Acme\"\n[environment.production]\nurl = \"https://acme.example\"\n\
         [[login]]\nmethod = \"api-key\"\nflow = \"key\"\n\
         [whoami]\nget = \"{base}/me\"\nemail = \"email\"\n",
    );
    let path = front.sandbox.path().join("acme.toml");
    let path = path.to_str().expect("it is text");
    shown(&front, "provider check", &[path]);
    shown(&front, "provider add", &[path]);
    shown(&front, "provider remove", &["acme"]);
    shown(&front, "env add", &["staging", "https://staging.example", "--provider", "tank", "--no-login"]);
    shown(&front, "env list", &["tank"]);
    shown(&front, "env switch", &["staging", "--provider", "tank"]);
    shown(&front, "env remove", &["staging", "--provider", "tank"]);
}

#[test]
fn logins_of_other_tools() {
    let front = Front::new(Tank::default());
    let key = front.service.make_key();
    std::fs::create_dir_all(front.sandbox.path().join(".tank")).expect("the home is writable");
    let file = serde_json::json!({"registry": front.service.url(), "token": key, "user": {"name": "Ada", "email": "ada@example.test"}});
    front.write(".tank/config.json".as_ref(), &file.to_string());
    shown(&front, "import", &["tank"]);
}

#[test]
fn the_agent_itself() {
    let sandbox = Sandbox::memory_only();
    let run = |command: &str| {
        let words: Vec<&str> = command.split(' ').chain(["-o", "json"]).collect();
        let document = document(&Ctl::new(&sandbox, &words).autostart().run().ok().out);
        check(command, &document);
    };
    for command in ["daemon start", "daemon status", "daemon metrics", "daemon reload", "daemon stop", "help agents"] {
        run(command);
    }
}

#[test]
fn a_problem() {
    let sandbox = Sandbox::memory_only();
    let ran = Ctl::new(&sandbox, &["token", "-o", "json"]).run().fails(6);
    check("problem", &document(&ran.err));
}

#[test]
fn every_command_has_its_form() {
    assert!(form::is_checking(), "forms are written, not checked");
    let sandbox = Sandbox::memory_only();
    let page = document(&Ctl::new(&sandbox, &["help", "agents", "-o", "json"]).run().ok().out);
    let commands =
        page["commands"].as_array().expect("a list").iter().map(|one| one["command"].as_str().expect("text"));
    let known: BTreeSet<&str> = commands.collect();
    let (none, with): (BTreeSet<&str>, BTreeSet<&str>) = known.iter().partition(|command| NONE.contains(command));
    assert_eq!(none, BTreeSet::from(NONE), "what is listed here is there");
    let missing: Vec<&&str> = with.iter().filter(|command| !form::file(command).exists()).collect();
    assert!(missing.is_empty(), "no form of {missing:?}");
}
