//! `daemon logs`: the file of an agent that `agentctl` started, followed across restarts and new files, and bounded; where the
//! log is in the journal, the command that shows it.

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::process::Stdio;

use harness::ctl::Ctl;
use harness::daemon::Process;
use harness::running::Running;
use harness::sandbox::{Sandbox, program};
use harness::session::Home;
use harness::until::{until, until_true};
use rustix::process::Signal;
use serde_json::Value;

/// The most that the log file holds before a new one is begun, as `docs/observability.md` says.
const MOST: usize = 4 * 1024 * 1024;

#[test]
fn the_log_is_followed_across_restarts_and_new_files_until_ctrl_c() {
    let home = Home::new();
    let session = home.session();
    let run = |arguments: &[&str]| session.ctl(arguments).run().ok();
    let mut command = session.command(program("agentctl"));
    command.args(["daemon", "logs", "-f", "-n", "5"]);
    let follower = Running::of(command);
    follower.says("There is no log at `");
    let served = |times: usize| {
        until_true("each start is shown", || follower.out().matches(" serving ").count() == times);
    };
    for times in 1..=2 {
        drop(run(&["daemon", "start"]));
        served(times);
        drop(run(&["daemon", "stop"]));
    }
    let log = home.path().join(".local/state/agentd/agentd.log");
    let mut text = std::fs::read(&log).expect("it was written");
    text.resize(MOST, b'x');
    text.push(b'\n');
    std::fs::write(&log, text).expect("it is ours");
    drop(run(&["daemon", "start"]));
    served(3);
    assert_eq!(home.log().matches(" serving ").count(), 1, "a full one is put aside at the start");
    let last = run(&["daemon", "logs", "-n", "2"]).out;
    assert!(last.starts_with("xxx") && last.contains(" serving "), "the one before is looked at too");
    follower.signal(Signal::INT);
    let ran = follower.end();
    assert_eq!((ran.code, ran.err.lines().count()), (None, 1), "{}", ran.err);
}

#[test]
fn a_log_that_becomes_full_while_the_agent_runs_is_put_aside_in_place_of_the_one_before() {
    let home = Home::new();
    let session = home.session();
    let directory = home.path().join(".local/state/agentd");
    std::fs::create_dir_all(&directory).expect("the home is writable");
    let (log, old) = (directory.join("agentd.log"), directory.join("agentd.log.1"));
    std::fs::write(&old, "long ago\n").expect("the home is writable");
    let mut text = vec![b'x'; MOST - 2];
    text.push(b'\n');
    std::fs::write(&log, text).expect("the home is writable");
    drop(session.ctl(&["daemon", "start"]).run().ok());
    drop(session.ctl(&["daemon", "stop"]).run().ok());
    let read = |path| std::fs::read_to_string(path).expect("it is there");
    let (new, old) = (read(&log), read(&old));
    assert!(old.starts_with("xxx") && old.len() >= MOST && old.ends_with('\n'), "the line that fills it is whole");
    assert!(new.len() < MOST && new.contains(" stopped "), "what comes later is in the new one: {new}");
    assert_eq!(std::fs::metadata(&log).expect("it is there").permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_follower_whose_reader_goes_away_ends_without_a_word() {
    let home = Home::new();
    let session = home.session();
    drop(session.ctl(&["daemon", "start"]).run().ok());
    let mut command = session.command(program("agentctl"));
    let (reader, writer) = std::io::pipe().expect("a pipe");
    command.args(["daemon", "logs", "--follow"]).stdin(Stdio::null()).stdout(writer).stderr(Stdio::piped());
    let mut child = command.spawn().expect("agentctl can be started");
    drop(command);
    let mut line = String::new();
    let mut reader = BufReader::new(reader);
    reader.read_line(&mut line).expect("it shows what there is");
    assert!(line.contains(" serving "), "{line}");
    drop(reader);
    // Nothing more is logged that it could try to write.
    let status = until("it ends", || child.try_wait().expect("it is ours"));
    let said = child.stderr.take().map(std::io::read_to_string).expect("a pipe").expect("text");
    assert_eq!((status.code(), said.as_str()), (Some(0), ""));
}

#[test]
fn where_the_log_is_in_the_journal_the_command_that_shows_it_is_told() {
    let sandbox = Sandbox::new();
    let file = sandbox.path().join("daemon.log");
    std::fs::write(&file, "").expect("the sandbox is writable");
    let stream = std::fs::metadata(&file).map(|it| format!("{}:{}", it.dev(), it.ino())).expect("it is there");
    let daemon = Process::start_with(&sandbox, &[("AGENTD_LOG", "info"), ("JOURNAL_STREAM", &stream)]);
    until_true("lines have their priority", || daemon.log().starts_with("<6>"));
    let ctl = |arguments: &[&str]| Ctl::new(&sandbox, arguments).run();
    let agent: Value = serde_json::from_str(&ctl(&["daemon", "status", "-o", "json"]).ok().out).expect("a document");
    assert_eq!(agent["journal"], true);
    let told = ctl(&["daemon", "logs", "-f", "-n", "7"]).fails(1).err;
    assert!(told.contains("hint: `journalctl --user -u agentd -n 7 -f` shows it"), "{told}");
}
