//! `agentctl exec`: the token reaches the child's environment and nothing else; signals and exit codes are the child's.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use harness::canary::Canaries;
use harness::ctl::Ctl;
use harness::daemon::Process;
use harness::sandbox::{Sandbox, program};

const KEY: &str = "canary-key-for-exec-0001";

fn with_key() -> (Sandbox, Process) {
    let sandbox = Sandbox::memory_only();
    let daemon = Process::start(&sandbox);
    drop(Ctl::new(&sandbox, &["login", "--api-key-stdin", "-p", "ci"]).input(&format!("{KEY}\n")).run().ok());
    (sandbox, daemon)
}

fn exec(sandbox: &Sandbox, arguments: &[&str]) -> Command {
    let mut command = sandbox.command(program("agentctl"));
    command.env("AGENTCTL_NO_AUTOSTART", "1").arg("exec").args(arguments);
    command
}

#[test]
fn exit_codes_are_the_commands_own_and_those_of_posix() {
    let (sandbox, _daemon) = with_key();
    let directory = sandbox.path().to_str().expect("text").to_owned();
    let no_program = sandbox.path().join("no-program");
    std::fs::write(&no_program, "x").expect("the sandbox is writable");
    std::fs::set_permissions(&no_program, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("it is ours");
    let no_program = no_program.to_str().expect("text").to_owned();
    let table: [(&[&str], i32); 8] = [
        (&["--", "true"], 0),
        (&["--", "sh", "-c", "exit 42"], 42),
        (&["--", "sh", "-c", "exit 3"], 3),
        (&["--", "./agentd-no-such-command"], 127),
        (&["--", &directory], 126),
        (&["--", &no_program], 126),
        (&["-p", "none", "--", "true"], 1),
        (&["--env", "1BAD", "--", "true"], 2),
    ];
    for (arguments, code) in table {
        let ran = Ctl::of(exec(&sandbox, arguments)).run().fails(code);
        let own = matches!(code, 1 | 2 | 126 | 127);
        assert_eq!(own, ran.err.starts_with("error: "), "{arguments:?}: {ran:?}");
        assert!(ran.out.is_empty() && !ran.err.contains(KEY));
    }
    Ctl::of(exec(&sandbox, &["--", "sh", "-c", "kill -KILL $$"])).run().code.ok_or(()).expect_err("a signal ended it");
}

#[test]
fn the_token_is_in_the_childs_environment_under_the_name_that_was_asked_for() {
    let (sandbox, _daemon) = with_key();
    for (arguments, name) in [(&["--"][..], "ACCESS_TOKEN"), (&["--env", "MY_TOKEN", "--"], "MY_TOKEN")] {
        let arguments = [arguments, &["env"]].concat();
        let ran = Ctl::of(exec(&sandbox, &arguments)).env("KEPT", "yes").run().ok();
        let holding: Vec<&str> = ran.out.lines().filter(|line| line.contains(KEY)).collect();
        assert_eq!(holding, [format!("{name}={KEY}")]);
        assert!(ran.out.lines().any(|line| line == "KEPT=yes"), "the rest of the environment is handed on");
        assert!(ran.err.is_empty(), "{ran:?}");
    }
    let ran = Ctl::of(exec(&sandbox, &["--", "sh", "-c", "cat"])).input("through\n").run().ok();
    assert_eq!(ran.out, "through\n", "the command has our standard input");
}

/// A child that says `ready` and then waits for its input to end, or a signal.
fn waiting(mut command: Command) -> Child {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("agentctl can be started");
    let mut line = String::new();
    let stdout = child.stdout.as_mut().expect("it is a pipe");
    BufReader::new(stdout).read_line(&mut line).expect("the pipe can be read");
    assert_eq!(line, "ready\n");
    child
}

#[test]
fn a_signal_reaches_the_command_and_its_answer_is_the_exit_code() {
    let (sandbox, _daemon) = with_key();
    let script = "trap 'exit 17' TERM; echo ready; while :; do read -r x || exit 1; done";
    let mut child = waiting(exec(&sandbox, &["--", "sh", "-c", script]));
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), rustix::process::Signal::TERM)
        .expect("it is ours");
    // A shell runs a trap between two commands.
    drop(child.stdin.take());
    assert_eq!(child.wait().expect("it is ours").code(), Some(17));
}

#[cfg(target_os = "linux")]
#[test]
fn the_token_is_in_nobodys_command_line_and_in_no_other_environment() {
    let (sandbox, daemon) = with_key();
    let canaries = Canaries::new([KEY]);
    let mut child = waiting(exec(&sandbox, &["--", "sh", "-c", "echo ready; read -r x; exit 0"]));
    // `exec` has replaced `agentctl`: there is one process, whose environment has it.
    let (line, environment) = harness::proc::start_of(child.id()).expect("it is ours");
    assert!(line.starts_with(b"sh\0"), "{}", String::from_utf8_lossy(&line));
    canaries.assert_absent("the child's command line", &line);
    assert!(canaries.find(&environment).is_some(), "the search finds it where it belongs");
    if let Some((line, environment)) = harness::proc::start_of(daemon.pid()) {
        canaries.assert_absent("the daemon's command line", line);
        canaries.assert_absent("the daemon's environment", environment);
    }
    drop(child.stdin.take());
    assert!(child.wait().expect("it is ours").success());
    let ran = Ctl::new(&sandbox, &["status"]).env("BROWSER", "env").run().ok();
    canaries.assert_absent("what another verb prints", format!("{ran:?}"));
}

#[cfg(target_os = "linux")]
#[test]
fn the_command_inherits_no_descriptor_of_ours() {
    let (sandbox, _daemon) = with_key();
    let ran = Ctl::of(exec(&sandbox, &["--", "ls", "-l", "/proc/self/fd"])).run().ok();
    assert!(
        ran.out.contains("pipe:") && !ran.out.contains("socket:"),
        "the connection to the agent is closed: {ran:?}"
    );
}

#[test]
fn a_daemon_that_exec_starts_is_not_the_commands_child() {
    let home = harness::session::Home::new();
    let session = home.session();
    drop(session.ctl(&["login", "--api-key-stdin", "-p", "ci"]).input(&format!("{KEY}\n")).run().ok());
    drop(session.ctl(&["exec", "--", "sh", "-c", "wait; exit 5"]).run().fails(5));
    home.kill();
    // Memory-only: the new daemon knows no profile, so the command is not run.
    let ran = session.ctl(&["exec", "--", "sh", "-c", "echo ran"]).run().fails(3);
    assert!(ran.out.is_empty(), "{ran:?}");
    assert!(home.recorded_pid().is_some_and(|pid| pid != 0));
}
