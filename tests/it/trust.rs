//! Places where somebody else could stand: the daemon does not serve there, the client sends nothing there.

use std::fs::{self, Permissions};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use harness::ctl::Ctl;
use harness::sandbox::{Sandbox, program};

/// A directory for a socket in some state, and what is said about it; `None`: it is used.
struct State {
    name: &'static str,
    make: fn(&Path),
    daemon: Option<&'static str>,
    client: Option<&'static str>,
}

fn directory(path: &Path, mode: u32) {
    fs::DirBuilder::new().mode(0o700).create(path).expect("it is new");
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("it is ours");
}

const STATES: &[State] = &[
    State { name: "missing", make: |_| {}, daemon: None, client: None },
    State { name: "0700", make: |path| directory(path, 0o700), daemon: None, client: None },
    State {
        name: "0777",
        make: |path| directory(path, 0o777),
        daemon: Some("run `chmod 700` on it"),
        client: Some("can be written by others"),
    },
    State {
        name: "0770",
        make: |path| directory(path, 0o770),
        daemon: Some("run `chmod 700` on it"),
        client: Some("can be written by others"),
    },
    State { name: "0755", make: |path| directory(path, 0o755), daemon: Some("run `chmod 700` on it"), client: None },
    State {
        name: "a link to a sound directory",
        make: |path| {
            directory(&path.with_extension("real"), 0o700);
            symlink(path.with_extension("real"), path).expect("it is new");
        },
        daemon: Some("or a symbolic link to one"),
        client: None,
    },
    State {
        name: "a link to nowhere",
        make: |path| symlink("/nowhere/at/all", path).expect("it is new"),
        daemon: Some("or a symbolic link to one"),
        client: None,
    },
    State {
        name: "a file",
        make: |path| fs::write(path, "x").expect("it is new"),
        daemon: Some("is not a directory"),
        client: None,
    },
    State {
        name: "below one that anybody can change",
        make: |path| {
            directory(path, 0o700);
            fs::set_permissions(path.parent().expect("it has one"), Permissions::from_mode(0o777)).expect("it is ours");
        },
        daemon: Some("anybody can change"),
        client: None,
    },
];

#[test]
fn the_daemon_serves_only_where_nobody_else_can_stand() {
    for State { name, make, daemon, .. } in STATES {
        let sandbox = Sandbox::memory_only();
        let socket = place(&sandbox, *make);
        let mut command = sandbox.command(program("agentd"));
        command.args(["run"]).env("AGENTD_SOCKET", &socket).stdout(std::process::Stdio::piped());
        let Some(why) = daemon else {
            let ran = Ctl::new(&sandbox, &["status"]).autostart().env("AGENTD_SOCKET", &socket).run();
            assert_eq!(ran.code, Some(0), "{name}: {ran:?}");
            drop(Ctl::new(&sandbox, &["daemon", "stop"]).env("AGENTD_SOCKET", &socket).run().ok());
            continue;
        };
        let output = command.output().expect("agentd can be started");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{name}: {said}");
        assert!(said.starts_with("error: ") && said.contains(why), "{name}: {said}");
        assert!(fs::symlink_metadata(&socket).is_err(), "{name}: no socket was made");
    }
}

#[test]
fn the_client_sends_nothing_where_somebody_else_could_stand() {
    for State { name, make, client, .. } in STATES {
        let sandbox = Sandbox::memory_only();
        let socket = place(&sandbox, *make);
        // An echo: whatever is sent can be seen.
        let listener = std::os::unix::net::UnixListener::bind(&socket);
        let ran = Ctl::new(&sandbox, &["login", "--api-key-stdin", "-p", "k"])
            .env("AGENTD_SOCKET", &socket)
            .input("canary-key-never-sent\n");
        match (client, listener) {
            (Some(why), Ok(listener)) => {
                let ran = ran.run().fails(6);
                assert!(ran.err.contains(why) && ran.err.contains("hint: nothing was sent"), "{name}: {ran:?}");
                listener.set_nonblocking(true).expect("it is a socket");
                assert!(listener.accept().is_err(), "{name}: it was not even connected to");
            }
            (Some(_), Err(error)) => panic!("{name}: {error}"),
            // Nobody listens there in the states that the client may use.
            (None, listener) => {
                drop(listener);
                drop(ran.run().fails(6));
            }
        }
    }
}

fn place(sandbox: &Sandbox, make: fn(&Path)) -> PathBuf {
    let above = sandbox.path().join("above");
    directory(&above, 0o700);
    // Its name makes it the agent's own, which others may not even enter.
    let place = above.join("agentd");
    make(&place);
    place.join("agentd.sock")
}

#[test]
fn something_at_the_sockets_path_is_never_removed() {
    let sandbox = Sandbox::memory_only();
    for make in [
        (|path| fs::write(path, "precious").expect("it is new")) as fn(&Path),
        |path| fs::create_dir(path).expect("it is new"),
        |path| symlink("/etc/hostname", path).expect("it is new"),
    ] {
        let socket = sandbox.path().join("agentd.sock");
        make(&socket);
        let before = fs::symlink_metadata(&socket).expect("it is there");
        let output = sandbox.command(program("agentd")).arg("run").output().expect("agentd can be started");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("is in the way and is not a socket of this user"), "{said}");
        let after = fs::symlink_metadata(&socket).expect("it is still there");
        assert_eq!((before.file_type(), before.len()), (after.file_type(), after.len()));
        if after.is_dir() { fs::remove_dir(&socket) } else { fs::remove_file(&socket) }.expect("it is ours");
    }
}

/// Needs root, who alone can be somebody else.
#[cfg(target_os = "linux")]
#[test]
fn what_another_user_serves_is_not_spoken_to() {
    use harness::stranger;
    use std::os::unix::fs::chown;
    use std::os::unix::net::UnixListener;

    for (ours, why) in [(false, "is served by another user"), (true, "is served by another user")] {
        let sandbox = Sandbox::memory_only();
        fs::set_permissions(sandbox.path(), Permissions::from_mode(0o755)).expect("it is ours");
        let place = sandbox.path().join("d");
        directory(&place, 0o777);
        let socket = place.join("agentd.sock");
        let bound = socket.clone();
        let listener = stranger::act(move || UnixListener::bind(bound).expect("the directory is open"));
        fs::set_permissions(&place, Permissions::from_mode(0o700)).expect("it is ours");
        if ours {
            // Now only the kernel knows who listens.
            chown(&socket, Some(0), Some(0)).expect("root may");
        }
        let ran = Ctl::new(&sandbox, &["login", "--api-key-stdin", "-p", "k"]).env("AGENTD_SOCKET", &socket);
        let ran = ran.input("canary-key-never-sent\n").run().fails(6);
        assert!(ran.err.contains(why) && ran.err.contains("hint: nothing was sent"), "{ran:?}");
        assert!(ran.err.contains(&stranger::UID.to_string()), "{ran:?}");
        listener.set_nonblocking(true).expect("it is a socket");
        if let Ok((stream, _)) = listener.accept() {
            let sent = harness::raw::Raw::over(stream).rest();
            assert!(sent.is_empty(), "a stranger was sent {} bytes", sent.len());
        }
    }
    let sandbox = Sandbox::memory_only();
    let place = sandbox.path().join("d");
    directory(&place, 0o700);
    chown(&place, Some(stranger::UID), None).expect("root may");
    let mut command = sandbox.command(program("agentd"));
    let output = command.arg("run").env("AGENTD_SOCKET", place.join("agentd.sock")).output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(1) && said.contains("belongs to another user"), "{said}");
    let ran = Ctl::new(&sandbox, &["status"]).env("AGENTD_SOCKET", place.join("agentd.sock")).run().fails(6);
    assert!(ran.err.contains("belongs to another user"), "{ran:?}");
}
