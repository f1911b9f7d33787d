//! One daemon per user, however it is started; the service manager is told; only the declared socket is there.
//!
//! Linux only: service manager and listeners are looked at its way.

use std::collections::BTreeSet;
use std::os::unix::net::UnixDatagram;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use harness::ctl::Ctl;
use harness::daemon::Process;
use harness::issuer::{Config, Issuer};
use harness::proc;
use harness::raw::assert_served;
use harness::sandbox::{Sandbox, program};
use harness::session::Home;
use harness::stranger;
use harness::until::{until, until_true};
use proto::login::LoginStep;
use serde_json::Value;

#[test]
fn of_fifty_parallel_starts_one_serves_and_all_use_it() {
    let home = Home::new();
    let session = home.session();
    let clients: Vec<_> = (0..50)
        .map(|_| {
            let mut command = session.command(program("agentctl"));
            command.args(["status", "-o", "json"]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
            command.spawn().expect("agentctl can be started")
        })
        .collect();
    let mut pids = BTreeSet::new();
    for client in clients {
        let output = client.wait_with_output().expect("it is ours");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let report: Value = serde_json::from_slice(&output.stdout).expect("one JSON document");
        pids.insert(report["agent"]["pid"].as_u64().expect("a process id"));
    }
    assert_eq!(pids.len(), 1, "all speak to one daemon: {pids:?}");
    let recorded = home.recorded_pid().expect("the lock says who holds it");
    assert_eq!(pids.first(), Some(&u64::from(recorded)));
    let starts = home.log().matches(" serving ").count();
    assert_eq!(starts, 1, "one daemon has ever served:\n{}", home.log());
}

#[test]
fn a_killed_daemon_leaves_nothing_in_the_way_of_the_next() {
    let home = Home::new();
    let session = home.session();
    let first = session.agent();
    home.kill();
    assert!(session.socket().exists() && home.data().join("agentd.lock").exists(), "what it left behind");
    let none = session.ctl(&["status", "--no-autostart"]).run().fails(6);
    assert!(none.err.starts_with("error: no agent is running at ") && none.err.contains("\nhint: "), "{none:?}");
    let second = session.agent();
    assert_ne!(first["pid"], second["pid"]);
    assert_eq!(first["socket"], second["socket"]);
}

#[test]
fn two_sessions_of_one_home_share_one_daemon() {
    let home = Home::new();
    let (here, there) = (home.session(), home.session());
    let first = here.agent();
    assert_eq!(first["socket"].as_str(), here.socket().to_str());
    let second = there.agent();
    assert_eq!((&first["pid"], &first["socket"]), (&second["pid"], &second["socket"]));
    assert!(!there.socket().exists(), "the other session has no daemon of its own");
    let run = there.command(program("agentd")).arg("run").output().expect("agentd can be started");
    let said = String::from_utf8_lossy(&run.stderr);
    assert_eq!(run.status.code(), Some(1), "{said}");
    assert!(said.contains("error: another agentd already serves this store\nhint: "), "{said}");
}

#[test]
fn a_memory_only_vault_takes_the_lock_too() {
    let sandbox = Sandbox::memory_only();
    let daemon = Process::start(&sandbox);
    let mut second = sandbox.command(program("agentd"));
    second.arg("run").env("AGENTD_SOCKET", sandbox.path().join("other.sock"));
    let output = second.output().expect("agentd can be started");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("another agentd already serves this store"));
    assert!(!sandbox.path().join("other.sock").exists());
    assert_served(daemon.socket());
}

#[test]
fn a_command_substitution_does_not_wait_for_the_daemon_it_started() {
    let home = Home::new();
    let session = home.session();
    for script in ["x=$(agentctl list 2>&1); echo done", "agentctl list 2>&1 | cat; echo done"] {
        let mut command = session.command(Path::new("sh"));
        command.args(["-c", script]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut shell = command.spawn().expect("there is a shell");
        let status = until("the shell ends while the daemon runs", || shell.try_wait().expect("it is ours"));
        let output = shell.wait_with_output().expect("it is ours");
        assert!(status.success() && output.stdout.ends_with(b"done\n"), "{output:?}");
        assert!(proc::lives(home.recorded_pid().expect("a daemon was started")));
        home.kill();
    }
}

#[test]
fn a_daemon_in_the_background_has_left_its_terminal_its_directory_and_our_descriptors() {
    let home = Home::new();
    let session = home.session();
    session.agent();
    let pid = home.recorded_pid().expect("a daemon was started");
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("it lives");
    let fields: Vec<&str> = stat.rsplit_once(')').expect("a name in parentheses").1.split_whitespace().collect();
    // `proc_pid_stat(5)`: session and controlling terminal come fourth and fifth after the name.
    assert_eq!((fields[3], fields[4]), (pid.to_string().as_str(), "0"), "{stat}");
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it lives");
    assert!(status.contains("Umask:\t0077\n"), "{status}");
    // Only root sees these of a process that refuses tracing.
    if let Ok(directory) = std::fs::read_link(format!("/proc/{pid}/cwd")) {
        assert_eq!(directory, Path::new("/"));
        let open = |number: u32| std::fs::read_link(format!("/proc/{pid}/fd/{number}")).expect("it is open");
        assert_eq!(open(0), Path::new("/dev/null"));
        // It is let go of right after the one line that `agentctl` waits for.
        until_true("standard output is let go of", || open(1) == Path::new("/dev/null"));
        assert!(open(2).ends_with(".local/state/agentd/agentd.log"));
    }
}

#[tokio::test]
async fn the_daemon_listens_on_its_socket_and_nowhere_else() {
    let sandbox = Sandbox::new();
    let daemon = Process::start(&sandbox);
    // Without root, nobody may look into a process that refuses tracing.
    let Some(found) = proc::listeners(daemon.pid()) else { return };
    // The kernel shows the name under which it was bound, before it was renamed into its place.
    let passing = format!("unix {}/.s", sandbox.path().display());
    assert!(found.len() == 1 && found[0].starts_with(&passing), "{found:?}");
    let declared = found[0].clone();
    // A login in the browser adds one loopback listener, which ends with it.
    let issuer = Issuer::start(Config::default()).await;
    let wire = daemon.wire();
    let started = wire.login(&harness::logins::by_code(&issuer, "work")).await.expect("it starts");
    let mut during = Vec::new();
    let end = wire.follow(started.id.as_str(), async |step| {
        if let LoginStep::Open { url, .. } = step {
            during = proc::listeners(daemon.pid()).expect("root may look");
            drop(harness::browser::Browser::new().follow(url).await);
        }
    });
    assert!(matches!(end.await, LoginStep::Done { .. }));
    let extra: Vec<&String> = during.iter().filter(|found| **found != declared).collect();
    assert!(extra.len() == 1 && extra[0].starts_with("tcp 0100007F:"), "loopback only: {during:?}");
    until_true("the listener is gone", || {
        proc::listeners(daemon.pid()).as_deref() == Some(std::slice::from_ref(&declared))
    });
}

#[test]
fn the_service_manager_is_told_that_the_daemon_serves_reloads_and_stops() {
    let sandbox = Sandbox::new();
    let path = sandbox.path().join("notify");
    let manager = UnixDatagram::bind(&path).expect("it is free");
    manager.set_read_timeout(Some(Duration::from_secs(30))).expect("it is a socket");
    let heard = || {
        let mut buffer = [0; 4096];
        let length = manager.recv(&mut buffer).expect("the daemon says something");
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    };
    let daemon = Process::start_with(&sandbox, &[("NOTIFY_SOCKET", path.to_str().expect("it is text"))]);
    assert_eq!(heard().trim(), "READY=1");
    assert_served(daemon.socket());
    let pid = rustix::process::Pid::from_raw(daemon.pid().cast_signed()).expect("a process id");
    // Read again, it may hold mistakes: the manager is told all the same that the reload is over (`sd_notify(3)`).
    for text in ["", "[log]\nlevel = \"loud\"\n"] {
        sandbox.write_config(text);
        rustix::process::kill_process(pid, rustix::process::Signal::HUP).expect("it is ours");
        let reloading = heard();
        let time = reloading.strip_prefix("RELOADING=1\nMONOTONIC_USEC=").expect("both in one message");
        assert!(time.trim().parse::<u64>().is_ok_and(|time| time > 0), "{reloading}");
        assert_eq!(heard().trim(), "READY=1");
    }
    assert_eq!(daemon.terminate(), Some(0));
    assert_eq!(heard().trim(), "STOPPING=1");
}

#[test]
fn systemd_hands_its_socket_over_and_keeps_it() {
    let tool = Path::new("/usr/bin/systemd-socket-activate");
    assert!(tool.exists(), "`systemd-socket-activate` is missing: install the package `systemd`");
    let sandbox = Sandbox::new();
    let socket = sandbox.path().join("manager.sock");
    let home = format!("--setenv=AGENTD_HOME={}", sandbox.path().display());
    let mut manager = sandbox.command(tool);
    manager.arg(home).arg("--setenv=AGENTD_LOG=trace").arg("-l").arg(&socket).arg(program("agentd")).arg("run");
    let mut manager =
        manager.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it runs");
    until_true("systemd listens", || socket.exists());
    let ctl = |arguments: &[&str]| Ctl::new(&sandbox, arguments).env("AGENTD_SOCKET", &socket).run();
    let ran = ctl(&["status", "-o", "json"]).ok();
    let report: Value = serde_json::from_str(&ran.out).expect("one JSON document");
    assert_eq!(report["agent"]["pid"], manager.id(), "the daemon took the place of the manager's child");
    assert_eq!(report["agent"]["socket"].as_str(), socket.to_str());
    assert!(!sandbox.path().join("agentd.sock").exists(), "it has bound none of its own");
    let recorded = std::fs::read_to_string(sandbox.paths().lock()).expect("it holds the lock");
    assert_eq!(recorded.lines().next(), socket.to_str(), "other sessions find it");
    drop(ctl(&["daemon", "stop"]).ok());
    assert!(manager.wait().expect("it is ours").success());
    assert!(socket.exists(), "the socket belongs to the manager");
}

#[test]
fn a_crash_leaves_no_core_and_no_process_of_the_user_opens_its_memory() {
    let sandbox = Sandbox::new();
    let daemon = Process::start(&sandbox);
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", daemon.pid())).expect("it lives");
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).expect("there is a limit");
    assert_eq!(core.split_whitespace().collect::<Vec<_>>()[4..6], ["0", "0"], "{core}");
    assert_served(daemon.socket());

    // Not even its own user may open its memory. Root may, whatever a process does, so another user runs this one.
    let theirs = Sandbox::new();
    let copy = theirs.path().join("agentd");
    std::fs::copy(harness::sandbox::program("agentd"), &copy).expect("there is room");
    for path in [theirs.path(), &copy, &theirs.paths().config] {
        std::os::unix::fs::chown(path, Some(stranger::UID), Some(stranger::UID)).expect("this test has to run as root");
    }
    let mut command = theirs.command(&copy);
    command.arg("run").uid(stranger::UID).gid(stranger::UID).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().expect("it is executable");
    let mut line = String::new();
    let stdout = child.stdout.take().expect("a pipe");
    std::io::BufRead::read_line(&mut std::io::BufReader::new(stdout), &mut line).expect("it says that it serves");
    let (pid, own) = (child.id(), line.starts_with("ready "));
    let opened = stranger::act(move || std::fs::File::open(format!("/proc/{pid}/mem")).map(drop));
    child.kill().expect("it is ours to end");
    child.wait().expect("it is ours");
    assert!(own, "it did not serve");
    assert!(opened.is_err_and(|error| error.kind() == std::io::ErrorKind::PermissionDenied));
}
