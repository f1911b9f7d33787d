//! The service files and the programs agree on names and places.

use std::ffi::OsString;

use harness::architecture::repository;
use proto::paths::Paths;

#[test]
fn systemd_serves_the_socket_that_clients_look_for() {
    let run_time = |name: &str| matches!(name, "HOME" | "XDG_RUNTIME_DIR").then(|| OsString::from("/run/user/1000"));
    let socket = Paths::find(run_time, 1000).expect("HOME is set").socket;
    let expected = format!("ListenStream={}", socket.to_string_lossy().replace("/run/user/1000", "%t"));
    has("systemd/agentd.socket", &[&expected, "SocketMode=0600", "DirectoryMode=0700"]);
}

#[test]
fn systemd_waits_for_the_daemon_to_say_that_it_serves() {
    has("systemd/agentd.service", &["Type=notify-reload", "ExecStart=%h/.cargo/bin/agentd run"]);
}

#[test]
fn launchd_starts_the_daemon_and_keeps_it() {
    let plist = has("launchd/io.agentd.agentd.plist", &["<string>exec \"$HOME/.cargo/bin/agentd\" run</string>"]);
    for key in ["RunAtLoad", "KeepAlive"] {
        let (_, value) = plist.split_once(&format!("<key>{key}</key>")).expect("the key is there");
        assert!(value.trim_start().starts_with("<true/>"), "`{key}` is not true");
    }
}

/// The file, which holds each of `lines` as a line of its own.
fn has(file: &str, lines: &[&str]) -> String {
    let text = std::fs::read_to_string(repository().join(file)).expect("the file exists");
    for line in lines {
        assert!(text.lines().any(|found| found.trim() == *line), "`{file}` has no line `{line}`");
    }
    text
}
