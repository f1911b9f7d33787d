//! The configuration of the real daemon: every mistake at once, the environment over the file, reload.

use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};

use harness::ctl::Ctl;
use harness::daemon::Process;
use harness::raw::Raw;
use harness::sandbox::{Sandbox, program};
use harness::until::until_true;
use serde_json::{Value, json};

const MISTAKES: &str = "\
[store]
key = \"flie\"

[log]
levle = \"info\"
level = 3

[http]
proxy = \"ftp://user:canary-password@proxy.example\"

[profile.work]
refresh = \"latest\"

[storage]
path = \"/tmp\"
";

#[test]
fn every_mistake_is_told_at_once_with_its_line_and_a_hint() {
    let sandbox = Sandbox::memory_only();
    sandbox.write_config(MISTAKES);
    let file = sandbox.paths().config;
    for arguments in [["check"], ["run"]] {
        let output = sandbox.command(program("agentd")).args(arguments).env("AGENTD_STORE_KEY", "keyrnig").output();
        let output = output.expect("agentd can be started");
        let said = String::from_utf8(output.stderr).expect("text");
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(output.stdout.is_empty());
        let place = |line: u32, column: u32| format!("{}:{line}:{column}: ", file.display());
        let expected = [
            (place(2, 7), "`flie` is not a value of `store.key`", "hint: did you mean `file`?"),
            (place(5, 1), "`levle` is not a setting of `[log]`", "hint: did you mean `level`?"),
            (place(6, 9), "is not text", "hint: write the value in double quotes"),
            (place(9, 9), "this is not the URL of a proxy", "hint: write `http://HOST:PORT`"),
            (place(12, 11), "`latest` is not a value of `refresh`", "hint: "),
            (place(14, 2), "`storage` is not a section", "hint: "),
            ("AGENTD_STORE_KEY: ".to_owned(), "`keyrnig` is not a value of `store.key`", "hint: "),
        ];
        let lines: Vec<&str> = said.trim_start_matches("error: ").lines().collect();
        assert_eq!(lines.len(), expected.len() * 2, "one line and one hint for each:\n{said}");
        for ((place, what, hint), found) in expected.iter().zip(lines.chunks(2)) {
            assert!(found[0].starts_with(&format!("{place}{what}")), "{place}{what}:\n{said}");
            assert!(found[1].starts_with(hint), "{hint}:\n{said}");
        }
        assert!(!said.contains("canary"), "{said}");
        assert!(!sandbox.paths().lock().exists() && !sandbox.paths().socket.exists(), "nothing was begun");
    }
}

#[test]
fn a_file_that_others_can_write_and_one_that_is_no_text_are_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let sandbox = Sandbox::new();
    let refused = |why: &str| {
        let output = sandbox.command(program("agentd")).arg("run").output().expect("agentd can be started");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(why), "{said}");
    };
    let file = sandbox.paths().config;
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o622)).expect("it is ours");
    refused("can be written by other users (mode 0622)\nhint: run `chmod go-w ");
    std::fs::remove_file(&file).expect("it is ours");
    std::fs::write(&file, b"[log]\nlevel = \"\xff\"\n").expect("it is ours");
    refused("is not UTF-8 text (line 2)");
    std::fs::write(&file, "[log\nlevel = ").expect("it is ours");
    refused("config.toml:1:");
    std::fs::remove_file(&file).expect("it is ours");
    std::fs::create_dir(&file).expect("the place is free");
    refused("is not a regular file");
}

#[test]
fn the_home_variable_moves_everything_and_the_key_variable_decides_over_the_file() {
    let sandbox = Sandbox::new();
    let daemon = Process::start_with(&sandbox, &[("AGENTD_STORE_KEY", "memory")]);
    assert_eq!(daemon.socket(), sandbox.path().join("agentd.sock"));
    let status = agent(&sandbox);
    assert_eq!(status["store"]["source"], "memory");
    assert!(!sandbox.paths().store().exists() && sandbox.paths().lock().exists());
    daemon.terminate();

    sandbox.write_config("[store]\nkey = \"memory\"\n");
    let daemon = Process::start_with(&sandbox, &[("AGENTD_STORE_KEY", "file"), ("AGENTD_LOG", "")]);
    assert_eq!(
        agent(&sandbox)["store"],
        json!({
            "source": "file", "path": sandbox.paths().store(), "unsaved": 0, "damaged": 0
        })
    );
    assert!(sandbox.paths().key().exists());
    assert!(!daemon.log().contains("TRACE"), "an empty variable counts as not set, and `info` is the default");
    for entry in std::fs::read_dir(sandbox.path()).expect("it is ours") {
        let name = entry.expect("it is ours").file_name().into_string().expect("text");
        let ours = ["agentd.lock", "agentd.sock", "config.toml", "daemon.log", "store.key", "store.redb"];
        assert!(ours.contains(&name.as_str()), "`{name}` was not expected");
    }
}

#[test]
fn a_reload_applies_what_it_can_and_says_what_needs_a_restart_until_it_is_restarted() {
    let sandbox = Sandbox::new();
    let daemon = Process::start_with(&sandbox, &[("AGENTD_LOG", "")]);
    let reload = || -> Value {
        let ran = Ctl::new(&sandbox, &["daemon", "reload", "-o", "json"]).run().ok();
        serde_json::from_str(&ran.out).expect("one JSON document")
    };
    assert_eq!(reload(), json!({"applied": [], "restart_needed": []}));
    let changed = "[store]\nkey = \"memory\"\n[log]\nlevel = \"debug\"\n[http]\nproxy = \"http://127.0.0.1:9\"\n\
                   [profile.work]\nrefresh = \"late\"\nnarrow = \"refresh\"\n";
    sandbox.write_config(changed);
    let waiting = ["http.proxy", "store.key"];
    let applied = ["log.level", "profile.work.narrow", "profile.work.refresh"];
    assert_eq!(reload(), json!({"applied": applied, "restart_needed": waiting}));
    assert_eq!(reload(), json!({"applied": [], "restart_needed": waiting}), "it has not been restarted");
    assert_eq!(agent(&sandbox)["store"]["source"], "file", "and still works as it was started");
    let text = Ctl::new(&sandbox, &["daemon", "reload"]).run().ok();
    assert!(text.out.starts_with("Configuration read: nothing changed"), "{text:?}");
    assert!(text.err.contains("warning: a restart is needed for http.proxy, store.key"), "{text:?}");
    drop(Raw::ask(daemon.socket(), b"GET /v1/nowhere HTTP/1.1\r\nhost: agentd\r\n\r\n"));
    assert!(daemon.log().contains("DEBUG"), "the log level is in force");

    sandbox.write_config("[store]\nkey = \"file\"\n");
    let back = reload();
    assert_eq!(back["restart_needed"], json!([]), "what is written is what runs again");
}

#[test]
fn a_reload_of_a_file_with_mistakes_changes_nothing() {
    let sandbox = Sandbox::new();
    let daemon = Process::start_with(&sandbox, &[("AGENTD_LOG", "")]);
    sandbox.write_config(&format!("{MISTAKES}\n[profile.other]\nrefresh = \"late\"\n"));
    let ran = Ctl::new(&sandbox, &["daemon", "reload"]).run().fails(2);
    assert!(ran.err.contains("config.toml:2:7: ") && ran.err.contains("config.toml:14:2: "), "{ran:?}");
    assert!(ran.err.contains("hint: nothing was changed; correct the file"), "{ran:?}");
    assert!(!ran.err.contains("canary") && !daemon.log().contains("canary"));
    assert_eq!(agent(&sandbox)["store"]["source"], "file");
}

#[test]
fn the_log_is_json_where_that_is_asked_for() {
    let sandbox = Sandbox::new();
    let daemon = Process::start_with(&sandbox, &[("AGENTD_LOG", "info"), ("AGENTD_LOG_FORMAT", "json")]);
    until_true("it says that it serves", || daemon.log().contains("serving"));
    for line in daemon.log().lines() {
        let line: Value = serde_json::from_str(line).expect("each line is one object");
        assert!(line["at"].is_string() && line["level"].is_string() && line["message"].is_string(), "{line}");
    }
}

#[test]
fn the_command_line_decides_about_the_log_over_environment_and_file() {
    let sandbox = Sandbox::new();
    sandbox.write_config("[store]\nkey = \"file\"\n[log]\nlevel = \"debug\"\nformat = \"text\"\n");
    let environment = [("AGENTD_LOG", "error"), ("AGENTD_LOG_FORMAT", "text")];
    let daemon = Process::start_as(&sandbox, &["--log-level", "info", "--log-format", "json"], &environment);
    until_true("it says that it serves", || daemon.log().contains("serving"));
    let ran = Ctl::new(&sandbox, &["daemon", "reload", "-o", "json"]).run().ok();
    assert_eq!(ran.out, "{\"applied\":[],\"restart_needed\":[]}\n", "a reload keeps to it");
    for line in daemon.log().lines() {
        let line: Value = serde_json::from_str(line).expect("each line is one object");
        assert!(line["level"] != "debug" && line["level"] != "DEBUG", "{line}");
    }
    drop(daemon);
    let refused = sandbox.command(program("agentd")).args(["run", "--log-level", "loud"]).output();
    let refused = refused.expect("agentd can be started");
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(2), "{said}");
    assert!(said.contains("[possible values: error, warn, info, debug, trace]"), "{said}");
}

#[test]
fn a_hang_up_signal_reads_the_files_of_services_and_environments_too() {
    let sandbox = Sandbox::new();
    let paths = sandbox.paths();
    std::fs::DirBuilder::new().mode(0o700).create(paths.providers()).expect("the sandbox is writable");
    let write = |path: std::path::PathBuf, text: &str| {
        std::fs::write(&path, text).expect("the sandbox is writable");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("it is ours");
    };
    let reload = || Ctl::new(&sandbox, &["daemon", "reload"]).run();
    let acme = |title: &str| {
        let text = format!(
            "schema = 1\nname = \"acme\"\ntitle = \"{title}\"\n[environment.production]\nurl = \"https://acme.example\"\n\
             [[login]]\nflow = \"key\"\n[whoami]\nget = \"{{base}}/me\"\nsubject = \"id\"\n"
        );
        write(paths.providers().join("acme.toml"), &text);
    };
    let daemon = Process::start_with(&sandbox, &[("AGENTD_LOG", "")]);
    acme("Acme");
    write(paths.providers().join("broken.toml"), "schema = 1\ncommand = \"id\"\n");
    write(paths.environments(), "[tank.staging]\nurl = \"https://staging.tank.example\"\nlogin = true\n");
    sandbox.write_config("[store]\nkey = \"file\"\n[log]\nlevel = \"debug\"\n");
    hang_up(&daemon);
    let mistake = "broken.toml:2:1: a provider never names a program";
    until_true("the mistake is told", || daemon.log().contains(mistake));
    let log = daemon.log();
    assert!(log.contains(r#"applied=["environments", "log.level", "providers"]"#), "{log}");

    let again = reload().ok();
    assert!(again.out.starts_with("Configuration read: nothing changed"), "{again:?}");
    assert!(again.err.contains("warning: ") && again.err.contains(mistake), "{again:?}");
    acme("Acme Inc.");
    std::fs::remove_file(paths.providers().join("broken.toml")).expect("it is there");
    let mended = reload().ok();
    assert!(mended.out.starts_with("Configuration read: providers") && mended.err.is_empty(), "{mended:?}");
    acme("Another");
    sandbox.write_config(MISTAKES);
    drop(reload().fails(2));
    sandbox.write_config("[store]\nkey = \"file\"\n[log]\nlevel = \"debug\"\n");
    assert!(reload().ok().out.starts_with("Configuration read: providers"), "the mistake kept that back as well");
}

#[test]
fn a_hang_up_signal_reloads() {
    let sandbox = Sandbox::new();
    let daemon = Process::start_with(&sandbox, &[("AGENTD_LOG", "")]);
    sandbox.write_config("[store]\nkey = \"file\"\n[log]\nlevel = \"debug\"\n");
    hang_up(&daemon);
    until_true("the configuration is read again", || daemon.log().contains("the configuration was read again"));
    sandbox.write_config("[log]\nlevel = \"loud\"\n");
    hang_up(&daemon);
    until_true("the mistake is told", || daemon.log().contains("the configuration is not changed"));
    assert!(daemon.log().contains("`loud` is not a value of `log.level`"), "{}", daemon.log());
    harness::raw::assert_served(daemon.socket());
}

fn hang_up(daemon: &Process) {
    let pid = rustix::process::Pid::from_raw(daemon.pid().cast_signed()).expect("a process id");
    rustix::process::kill_process(pid, rustix::process::Signal::HUP).expect("it is ours");
}

fn agent(sandbox: &Sandbox) -> Value {
    let ran = Ctl::new(sandbox, &["daemon", "status", "-o", "json"]).run().ok();
    serde_json::from_str(&ran.out).expect("one JSON document")
}
