//! The program without an agent: help, version, mistakes, and what is said when nobody answers.
//!
//! This file also makes `cargo test` build the program itself, which the behaviour tests of the `tests` crate run.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Output};

fn agentctl(home: &Path, arguments: &[&str]) -> Output {
    run(Path::new(env!("CARGO_BIN_EXE_agentctl")), home, arguments)
}

fn run(program: &Path, home: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(program);
    command.args(arguments).env_clear().env("AGENTD_HOME", home).env("PATH", "/usr/bin:/bin");
    command.output().expect("the program can be run")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("output is UTF-8")
}

#[test]
fn help_and_version_go_to_standard_output() {
    let home = tempfile::tempdir().expect("a temporary directory");
    for (arguments, part) in
        [(&["--help"][..], "Verbs:"), (&["--version"], "agentctl "), (&["token", "--help"], "curl")]
    {
        let output = agentctl(home.path(), arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert!(text(&output.stdout).contains(part) && output.stderr.is_empty(), "{arguments:?}");
    }
}

#[test]
fn a_wrong_command_line_exits_with_2_and_prints_no_data() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let wrong: [&[&str]; 10] = [
        &[],
        &["--nonsense"],
        &["nonsense"],
        &["token", "--min-ttl", "soon"],
        &["-p", "../x", "token"],
        &["login", "--browser", "--device"],
        &["login", "--device", "--api-key-stdin"],
        &["login", "--api-key-stdin", "--no-autostart"],
        &["exec", "--"],
        &["remove", "work", "--no-autostart"],
    ];
    for arguments in wrong {
        let output = agentctl(home.path(), arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", text(&output.stderr));
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{arguments:?}");
    }
}

#[test]
fn a_credential_on_the_command_line_is_refused_and_not_repeated() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let wrong: [&[&str]; 4] = [
        &["login", "--api-key=canary-XYZ"],
        &["login", "tank", "--api-key-stdin=canary-XYZ"],
        &["login", "tank", "--api-key", "canary-XYZ"],
        &["--json", "login", "tank", "--device", "--client-secret-stdin=canary-XYZ"],
    ];
    for arguments in wrong {
        let output = agentctl(home.path(), arguments);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.contains("visible to every process") && !said.contains("canary"), "{said}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
}

#[test]
fn nobody_is_asked_without_a_terminal() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let output = agentctl(home.path(), &["remove", "--no-autostart"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("\nhint: add `--yes`"), "{}", text(&output.stderr));
    let output = agentctl(home.path(), &["remove", "--interactive", "--no-interactive"]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn no_agent_and_no_leave_to_start_one_exits_with_6_and_a_hint() {
    let home = tempfile::tempdir().expect("a temporary directory");
    for arguments in
        [&["token", "--no-autostart"][..], &["daemon", "status"], &["exec", "--no-autostart", "--", "true"]]
    {
        let output = agentctl(home.path(), arguments);
        assert_eq!(output.status.code(), Some(6), "{arguments:?}");
        let said = text(&output.stderr);
        assert!(said.starts_with("error: no agent is running") && said.contains("\nhint: "), "{said}");
        assert!(output.stdout.is_empty());
    }
    let output = agentctl(home.path(), &["token", "--no-autostart", "-o", "json"]);
    assert_eq!(output.status.code(), Some(6));
    assert!(text(&output.stderr).contains("\"code\":\"agent-unreachable\"") && output.stdout.is_empty());
}

#[test]
fn stopping_what_does_not_run_is_no_error() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let output = agentctl(home.path(), &["daemon", "stop"]);
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(0), "No agent is running\n"));
}

/// Our program in a directory of its own, with `program` as the agent beside it.
fn beside(program: &str) -> tempfile::TempDir {
    // On the file system of the build, so that a link is enough: a copy could still be open for writing when it is run.
    let place = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a temporary directory");
    std::fs::hard_link(env!("CARGO_BIN_EXE_agentctl"), place.path().join("agentctl")).expect("the same file system");
    symlink(program, place.path().join("agentd")).expect("it is new");
    place
}

#[test]
fn an_agent_that_does_not_start_is_told_with_its_last_words() {
    // It does not know the option `--background`, says so and ends.
    let place = beside("/bin/cat");
    let home = place.path().join("home/below");
    for arguments in [&["token"][..], &["daemon", "start"], &["exec", "--", "true"]] {
        let output = run(&place.path().join("agentctl"), &home, arguments);
        assert_eq!(output.status.code(), Some(6), "{arguments:?}");
        let said = text(&output.stderr);
        assert!(said.starts_with("error: the agent could not be started: it ended before it was ready\n  "), "{said}");
        assert!(said.contains("option") && said.contains("\nhint: its log is `"), "{said}");
        assert!(output.stdout.is_empty());
    }
    let mode = |path: &Path| path.metadata().expect("it was made").permissions().mode() & 0o777;
    assert_eq!((mode(&home), mode(&home.join("agentd.log"))), (0o700, 0o600));
}

#[test]
fn daemon_run_becomes_the_agent_beside_the_client() {
    let place = beside("/bin/echo");
    let output = run(&place.path().join("agentctl"), place.path(), &["daemon", "run"]);
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(0), "run\n"));
}

#[test]
fn what_is_said_is_told_line_by_line_in_the_form_that_was_asked_for() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let output = agentctl(home.path(), &["token", "--no-autostart", "--log-format", "json"]);
    assert_eq!(output.status.code(), Some(6));
    let lines: Vec<serde_json::Value> =
        text(&output.stderr).lines().map(|line| serde_json::from_str(line).expect("one document on a line")).collect();
    let levels: Vec<&str> = lines.iter().filter_map(|line| line["level"].as_str()).collect();
    assert_eq!(levels, ["error", "hint"], "{lines:?}");
    assert_eq!(agentctl(home.path(), &["-q", "--log-level", "debug", "status"]).status.code(), Some(2));
    assert_eq!(agentctl(home.path(), &["--log-level", "loud", "status"]).status.code(), Some(2));
}

#[test]
fn an_agent_that_is_started_logs_as_the_command_line_says() {
    let place = beside("/bin/sh");
    let script = place.path().join("run");
    std::fs::write(&script, "echo \"$AGENTD_LOG $AGENTD_LOG_FORMAT\"").expect("it is writable");
    let mut command = Command::new(place.path().join("agentctl"));
    command.args(["daemon", "run", "--log-level", "trace", "--log-format", "json"]).current_dir(place.path());
    let output = command.env_clear().env("AGENTD_HOME", place.path()).output().expect("it can be run");
    assert_eq!(text(&output.stdout), "trace json\n", "{}", text(&output.stderr));
}

#[test]
fn every_shell_has_a_script_that_asks_this_program() {
    let home = tempfile::tempdir().expect("a temporary directory");
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = agentctl(home.path(), &["completions", shell]);
        assert_eq!(output.status.code(), Some(0), "{shell}");
        assert!(text(&output.stdout).contains("AGENTCTL_COMPLETE"), "{shell}");
    }
    assert_eq!(agentctl(home.path(), &["completions", "tcsh"]).status.code(), Some(2));
}

#[test]
fn help_of_a_verb_is_what_the_verb_says_itself() {
    let home = tempfile::tempdir().expect("a temporary directory");
    for words in [&["login"][..], &["env", "add"], &["token"]] {
        let asked = agentctl(home.path(), &[&["help"], words].concat());
        let own = agentctl(home.path(), &[words, &["--help"]].concat());
        assert_eq!((asked.status.code(), text(&asked.stdout)), (Some(0), text(&own.stdout)), "{words:?}");
    }
    let output = agentctl(home.path(), &["help", "tokn"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("\nhint: did you mean `agentctl help token`?"));
}

#[test]
fn the_page_for_agents_sorts_all_that_can_be_typed_and_lists_the_exit_codes() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let page = agentctl(home.path(), &["help", "agents"]);
    let page = text(&page.stdout);
    let (reads, changes) = page.split_once("\nChange something\n").expect("two parts");
    let holds = |part: &str, words: &str| part.lines().any(|line| line.trim_start().starts_with(&format!("{words}  ")));
    for words in ["status", "token", "env list", "provider show"] {
        assert!(holds(reads, words) && !holds(changes, words), "{words}");
    }
    for words in ["login", "logout", "env add", "daemon stop"] {
        assert!(holds(changes, words) && !holds(reads, words), "{words}");
    }
    let output = agentctl(home.path(), &["help", "agents", "-o", "json"]);
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).expect("one JSON document");
    let commands = document["commands"].as_array().expect("a list");
    assert!(commands.len() > 30);
    for command in commands {
        let words = command["command"].as_str().expect("text");
        let part = if command["reads_only"] == true { reads } else { changes };
        assert!(holds(part, words), "{words}");
    }
    for code in document["exit_codes"].as_array().expect("a list") {
        assert!(
            page.contains(&format!("{:>3}  {}", code["status"], code["meaning"].as_str().expect("text"))),
            "{code}"
        );
    }
}

#[test]
fn manual_pages_are_printed_or_written_one_for_each_thing_that_can_be_typed() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let output = agentctl(home.path(), &["man", "env", "add"]);
    assert!(text(&output.stdout).contains("agentctl\\-env\\-add"), "{}", text(&output.stdout));
    assert!(text(&agentctl(home.path(), &["man"]).stdout).contains(".SH Verbs"));
    assert_eq!(agentctl(home.path(), &["man", "nope"]).status.code(), Some(2));
    let dir = home.path().join("a/man1");
    let dir = dir.to_str().expect("it is text");
    assert_eq!(agentctl(home.path(), &["man", "--dir", dir]).status.code(), Some(0));
    for name in ["agentctl.1", "agentctl-login.1", "agentctl-env.1", "agentctl-env-add.1"] {
        let page = std::fs::read_to_string(Path::new(dir).join(name)).expect(name);
        assert!(page.contains(".SH SYNOPSIS"), "{name}");
    }
    let taken = home.path().join("file");
    std::fs::write(&taken, "").expect("it is writable");
    let output = agentctl(home.path(), &["man", "--dir", taken.to_str().expect("it is text")]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).starts_with("error: `"), "{}", text(&output.stderr));
}
