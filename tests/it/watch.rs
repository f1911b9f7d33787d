//! `watch`: what happens, as lines and as JSON, across restarts of the daemon, and on the desktop.

mod notify;

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixListener;
use std::time::Duration;

use harness::daemon::Process;
use harness::issuer::{Behaviour, Endpoint};
use harness::logins;
use harness::running::Running;
use harness::sandbox::Sandbox;
use harness::stage::{PROFILE, Stage};
use harness::until::until_true;
use proto::event::{Event, EventKind};
use proto::login::LoginRequest;
use proto::timestamp::Timestamp;
use rustix::process::Signal;
use serde_json::Value;

const KEY: &str = "canary-key-of-watch-0001";
const DAY: Duration = Duration::from_hours(24);

/// A watcher that listens.
fn watch(sandbox: &Sandbox, arguments: &[&str]) -> Running {
    let running = Running::start(sandbox, &[&["watch", "-v"], arguments].concat(), &[]);
    running.says("listening");
    running
}

/// A key under `profile` that lapses after `life`, in seconds.
async fn keep_key(stage: &Stage, profile: &str, life: Duration) {
    let end = stage.inside.clock.wall() + i64::try_from(life.as_secs()).expect("a short life");
    let request = LoginRequest { expires_at: Some(Timestamp::from_unix(end)), ..logins::by_key(profile, KEY) };
    logins::run(&stage.wire, &stage.issuer, &request).await.expect("a key is kept");
}

fn events(text: &str) -> Vec<Event> {
    text.lines().map(|line| serde_json::from_str(line).expect("each line is one event")).collect()
}

fn kinds(text: &str) -> Vec<(EventKind, String)> {
    let name = |event: &Event| event.profile.as_ref().map(ToString::to_string).unwrap_or_default();
    events(text).iter().map(|event| (event.kind, name(event))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_event_is_a_line_or_an_object_and_only_those_asked_for_are_told() {
    let stage = Stage::ready().await;
    let people = watch(&stage.sandbox, &[]);
    let program = watch(&stage.sandbox, &["-o", "json"]);
    let other = watch(&stage.sandbox, &["-o", "json", "-p", "other"]);
    let failures = watch(&stage.sandbox, &["-o", "json", "--kind", "login-required", "-k", "switched"]);

    stage.refresh().await.expect("a refresh");
    stage.token().await.expect("a token, which nobody is told of");
    stage.log_in("other", None).await;
    let refusal = Behaviour::OAuthError { code: "invalid_grant".to_owned(), description: None };
    stage.issuer.always(Endpoint::Token, refusal);
    stage.refresh().await.expect_err("refused");

    let line = people.line("login required");
    assert!(line.contains(&format!("  {PROFILE}  login required: the service no longer accepts the login")), "{line}");
    assert!(line.ends_with(&format!("; run `agentctl login {PROFILE}`")) && line.starts_with("2026-09-21T"), "{line}");
    let whats: Vec<String> =
        people.out().lines().map(|line| line.splitn(3, "  ").skip(1).collect::<Vec<_>>().join(" ")).collect();
    let expected = ["work refreshed", "other login started", "other logged in", "other is the current profile"];
    assert_eq!(whats[..4], expected);
    program.line("login-required");
    let (work, its) = (|| PROFILE.to_owned(), || "other".to_owned());
    let all = [
        (EventKind::Refreshed, work()),
        (EventKind::LoginStarted, its()),
        (EventKind::LoginFinished, its()),
        (EventKind::Switched, its()),
        (EventKind::LoginRequired, work()),
    ];
    assert_eq!(kinds(&program.out()), all);
    failures.line("login-required");
    assert_eq!(kinds(&failures.out()), [all[3].clone(), all[4].clone()]);
    other.line("switched");
    assert_eq!(kinds(&other.out()), all[1..4]);

    let late = watch(&stage.sandbox, &["-o", "json", "--recent", "2"]);
    late.line("login-required");
    assert_eq!(kinds(&late.out()), all[3..]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_for_a_token_is_told_to_those_who_want_to_know() {
    let stage = Stage::ready().await;
    let common = watch(&stage.sandbox, &["-o", "json"]);
    let curious = watch(&stage.sandbox, &["-o", "json", "--all"]);
    let people = watch(&stage.sandbox, &["--kind", "token-served"]);
    let asking = Running::start(&stage.sandbox, &["token", "-p", PROFILE], &[]);
    let pid = asking.pid();
    let token = asking.end().ok().out;
    stage.refresh().await.expect("a refresh");

    common.line("refreshed");
    assert_eq!(kinds(&common.out()), [(EventKind::Refreshed, PROFILE.to_owned())]);
    curious.line("refreshed");
    let first = curious.out().lines().next().map(serde_json::from_str::<Value>);
    harness::form::check("watch", &first.expect("a line").expect("it is JSON"));
    let told = &events(&curious.out())[0];
    assert_eq!(
        (told.kind, told.profile.as_ref().map(ToString::to_string)),
        (EventKind::TokenServed, Some(PROFILE.to_owned()))
    );
    let caller = told.caller.as_ref().expect("it says who");
    assert_eq!(u32::try_from(caller.pid), Ok(pid));
    if cfg!(target_os = "linux") {
        let own = std::env::current_exe().expect("a test knows its own path");
        assert_eq!(caller.program.as_deref(), Some("agentctl"));
        assert_eq!(caller.parent.as_deref(), own.file_name().and_then(std::ffi::OsStr::to_str));
        let line = people.line("token handed to");
        assert!(
            line.contains(&format!("{PROFILE}  token handed to agentctl (process {pid}, started by it-")),
            "{line}"
        );
    }
    for heard in [&common, &curious, &people] {
        assert!(!heard.out().contains(token.trim()) && !heard.err().contains(token.trim()), "the token is not told");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_lapses_is_told_ahead_once_for_each_warning_and_at_its_end() {
    let mut stage = Stage::new(harness::issuer::Config::default());
    keep_key(&stage, "ci", 30 * DAY).await;
    keep_key(&stage, "short", Duration::from_hours(1)).await;
    let heard = watch(&stage.sandbox, &["-o", "json", "-k", "lapses-soon", "-k", "login-required"]);
    let told = |running: &Running, count: usize| {
        until_true("the warnings come", || running.out().lines().count() >= count);
        kinds(&running.out())
    };
    let lapses = |name: &str| (EventKind::LapsesSoon, name.to_owned());
    let over = |name: &str| (EventKind::LoginRequired, name.to_owned());
    let end = stage.inside.clock.wall() + 30 * 24 * 3600;

    stage.inside.clock.advance(Duration::from_mins(51));
    assert_eq!(told(&heard, 1), [lapses("short")], "ten minutes ahead; a week and a day ahead it was not there yet");
    stage.inside.clock.advance(Duration::from_mins(10));
    assert_eq!(told(&heard, 2)[1..], [over("short")]);
    let problem = events(&heard.out())[1].problem.clone().expect("it says why");
    assert!(problem.detail.contains("it has expired and cannot be refreshed"), "{problem:?}");
    stage.inside.clock.advance(23 * DAY);
    assert_eq!(told(&heard, 3)[2..], [lapses("ci")], "a week ahead");
    assert_eq!(events(&heard.out())[2].lapses_at, Some(Timestamp::from_unix(end)));
    stage.inside.clock.advance(6 * DAY);
    assert_eq!(told(&heard, 4)[3..], [lapses("ci")], "a day ahead");

    // What was told is told once more after a start, as nobody may have heard it; what is over is not news.
    drop(heard);
    stage.restart().await;
    let heard = watch(&stage.sandbox, &["-o", "json", "-n", "100"]);
    assert_eq!(told(&heard, 1), [lapses("ci")]);
    stage.inside.clock.advance(Duration::from_mins(22 * 60 + 30));
    assert_eq!(told(&heard, 2)[1..], [lapses("ci")], "an hour ahead");
    stage.inside.clock.advance(Duration::from_hours(1));
    let all = told(&heard, 3);
    assert_eq!(all[2..], [over("ci")], "what fell due together is told once: {all:?}");
}

#[test]
fn a_watcher_outlives_the_daemon_and_hears_the_next_one() {
    let sandbox = Sandbox::new();
    let daemon = Process::start(&sandbox);
    let heard = watch(&sandbox, &["-o", "json"]);
    assert_eq!(daemon.terminate(), Some(0));
    heard.line("stopping");
    heard.says("The agent has gone; waiting for it to come back");
    let daemon = Process::start(&sandbox);
    heard.says(&format!("The agent is back: process {}", daemon.pid()));
    heard.line("stopping");
    let key = harness::ctl::Ctl::new(&sandbox, &["login", "--api-key-stdin", "-p", "ci"]).input(&format!("{KEY}\n"));
    drop(key.run().ok());
    heard.line("login-finished");
    let expected = [EventKind::Stopping, EventKind::LoginFinished, EventKind::Switched];
    heard.line("switched");
    assert_eq!(events(&heard.out()).iter().map(|event| event.kind).collect::<Vec<_>>(), expected);

    let quiet = Running::start(&sandbox, &["watch", "-q", "-n", "100"], &[]);
    quiet.line("ci  logged in");

    // An agent that is killed says nothing.
    daemon.kill();
    until_true("it is noticed", || heard.err().matches("The agent has gone").count() == 2);
    let _daemon = Process::start(&sandbox);
    until_true("it is back", || heard.err().matches("The agent is back").count() == 2);
    quiet.signal(Signal::INT);
    let ended = quiet.end();
    assert_eq!((ended.code, ended.err.as_str()), (None, ""), "the signal ends it, in silence");
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let sandbox = Sandbox::new();
    let _daemon = Process::start(&sandbox);
    let line = format!(
        "'{}' watch -v | head -n 1; echo \"status ${{PIPESTATUS[0]}}\" >&2",
        harness::sandbox::program("agentctl").display()
    );
    let mut command = sandbox.command("bash");
    command.args(["-c", &line]).env("AGENTCTL_NO_AUTOSTART", "1");
    let pipe = Running::of(command);
    pipe.says("listening");
    for number in 0..3 {
        let name = format!("ci{number}");
        let key = harness::ctl::Ctl::new(&sandbox, &["login", "--api-key-stdin", "-p", &name]);
        drop(key.input(&format!("{KEY}\n")).run().ok());
    }
    let ended = pipe.end();
    assert!(ended.err.contains("status 0") && !ended.err.contains("error"), "{ended:?}");
    assert_eq!(ended.out.lines().count(), 1, "{ended:?}");
}

#[test]
fn without_an_agent_it_says_so() {
    let sandbox = Sandbox::new();
    let ran = Running::start(&sandbox, &["watch"], &[]).end().fails(6);
    assert!(ran.err.contains("no agent is running"), "{ran:?}");
    let ran = Running::start(&sandbox, &["watch", "--kind", "login-requird"], &[]).end().fails(2);
    assert!(ran.err.contains("login-required"), "{ran:?}");
}

/// An agent of a later version, as far as this test needs one.
const NEWER: &str = "{\"at\":\"2030-01-01T00:00:00Z\",\"kind\":\"soared\",\"profile\":\"work\",\"height\":{\"m\":7}}";

#[test]
fn what_a_newer_agent_tells_is_shown_as_it_is() {
    let sandbox = Sandbox::new();
    let listener = UnixListener::bind(&sandbox.paths().socket).expect("the place is free");
    let agent = std::thread::spawn(move || {
        for _ in 0..2 {
            let (mut stream, _) = listener.accept().expect("a watcher comes");
            let mut input = [0; 4096];
            let head = "HTTP/1.1 200 OK\r\nagentd-protocol: 1\r\nagentd-version: 9.0.0\r\n";
            let status = "{\"agent\":{\"version\":\"9.0.0\",\"protocol\":1},\"pid\":1,\"started_at\":\"2030-01-01T00:00:00Z\",\
                \"socket\":\"/s\",\"store\":{\"source\":\"memory\"},\"profiles\":0,\"logins\":0,\"connections\":1}";
            let lost = "{\"at\":\"2030-01-01T00:00:00Z\",\"kind\":\"lost\"}";
            let stream_of = format!("data: {NEWER}\n\ndata: {lost}\n\n");
            for (kind, body) in [("application/json", status), ("text/event-stream", stream_of.as_str())] {
                let count = stream.read(&mut input).expect("it asks");
                assert!(count > 0);
                // The stream of events has no end.
                let length = body.len() + usize::from(kind.contains("stream"));
                let answer = format!("{head}content-type: {kind}\r\ncontent-length: {length}\r\n\r\n{body}");
                stream.write_all(answer.as_bytes()).expect("it listens");
            }
            assert_eq!(stream.read(&mut input).expect("it goes"), 0);
        }
    });
    let program = Running::start(&sandbox, &["watch", "-o", "json"], &[]);
    program.line("lost");
    let first: Value = serde_json::from_str(program.out().lines().next().expect("a line")).expect("it is JSON");
    assert_eq!(first, serde_json::from_str::<Value>(NEWER).expect("it is JSON"), "nothing is left out");
    drop(program);
    let people = Running::start(&sandbox, &["watch", "-p", "work"], &[]);
    people.line("some events were lost");
    assert!(people.out().starts_with("2030-01-01T00:00:00Z  work  soared\n"), "{}", people.out());
    drop(people);
    agent.join().expect("it was asked as expected");
}
