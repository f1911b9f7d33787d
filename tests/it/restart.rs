//! What survives the end of the daemon, by order or by `kill -9`, and what is said when the store cannot be used.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use harness::ctl::Ctl;
use harness::daemon::Process;
use harness::issuer::{Client, Config, Issuer};
use harness::logins;
use harness::sandbox::{Sandbox, program};
use harness::wire::of;
use proto::profile::{ProfileState, Source};
use proto::token::TokenRequest;

/// A sandbox with two logins and a key in its store; `work` is current. Gives back what is served for each.
async fn stocked(sandbox: &Sandbox) -> [String; 3] {
    let issuer = Issuer::start(Config::default()).await;
    let daemon = Process::start(sandbox);
    let wire = daemon.wire();
    logins::must(&wire, &issuer, &logins::by_code(&issuer, "work")).await;
    logins::must(&wire, &issuer, &logins::confidential(&issuer, "team", Client::BASIC)).await;
    logins::keep(&wire, "ci", "canary-key-of-ci-0001").await;
    let switched = Ctl::new(sandbox, &["switch", "work"]).run().ok();
    assert_eq!(switched.out.trim_end().split(' ').take(3).collect::<Vec<_>>(), ["Switched", "to", "work"]);
    let served = served(&daemon).await;
    assert_eq!(daemon.terminate(), Some(0));
    served
}

async fn served(daemon: &Process) -> [String; 3] {
    let wire = daemon.wire();
    let mut all = Vec::new();
    for request in [of("work"), of("team"), of("ci")] {
        all.push(wire.token(&request).await.expect("it is served").access_token.expose().to_owned());
    }
    all.try_into().expect("there are three")
}

#[tokio::test]
async fn profiles_current_and_tokens_survive_and_are_served_with_the_issuer_down() {
    let sandbox = Sandbox::new();
    // The issuer ends with this call.
    let before = stocked(&sandbox).await;
    for how in ["after an ordered stop", "after kill -9", "after kill -9 again"] {
        let daemon = Process::start(&sandbox);
        assert!(served(&daemon).await == before, "{how}");
        let current = daemon.wire().token(&TokenRequest::default()).await.expect("it is served");
        assert_eq!(current.profile.as_str(), "work", "{how}");
        let profile = daemon.wire().inspect("work").await.expect("it is there");
        assert_eq!((profile.state, profile.source, profile.current), (ProfileState::Usable, Source::File, true));
        assert!(profile.account.is_some() && profile.refresh.possible && profile.logged_in_at.is_some(), "{profile:?}");
        daemon.kill();
    }
}

#[tokio::test]
async fn a_change_is_durable_when_it_is_answered() {
    let sandbox = Sandbox::new();
    let before = stocked(&sandbox).await;
    let daemon = Process::start(&sandbox);
    drop(Ctl::new(&sandbox, &["switch", "ci"]).run().ok());
    drop(Ctl::new(&sandbox, &["remove", "team", "--yes"]).run().ok());
    logins::keep(&daemon.wire(), "new", "canary-key-of-new-0002").await;
    daemon.kill();
    let daemon = Process::start(&sandbox);
    let listed = Ctl::new(&sandbox, &["list", "--offline", "-o", "json"]).run().ok();
    let listed: serde_json::Value = serde_json::from_str(&listed.out).expect("one JSON document");
    let names: Vec<_> = listed.as_array().expect("a list").iter().map(|p| p["name"].as_str()).collect();
    assert_eq!(names, [Some("ci"), Some("new"), Some("work")]);
    let current = daemon.wire().token(&TokenRequest::default()).await.expect("it is served");
    assert_eq!(current.profile.as_str(), "new", "a key that is kept becomes the current profile");
    assert!(daemon.wire().token(&of("work")).await.expect("it is served").access_token.expose() == before[0]);
}

#[tokio::test]
async fn a_memory_only_vault_keeps_nothing_and_says_so() {
    let sandbox = Sandbox::memory_only();
    let daemon = Process::start(&sandbox);
    let login =
        Ctl::new(&sandbox, &["login", "--api-key-stdin", "-p", "ci"]).input("canary-key-of-ci-0001\n").run().ok();
    assert!(login.err.contains("this login is gone when the agent stops; `store.key = \"file\"` in `"), "{login:?}");
    let status = Ctl::new(&sandbox, &["status"]).run().ok();
    assert!(status.out.contains("memory (gone when the agent stops)"), "{status:?}");
    assert_eq!(daemon.wire().inspect("ci").await.expect("it is there").source, Source::Memory);
    daemon.terminate();
    let _daemon = Process::start(&sandbox);
    Ctl::new(&sandbox, &["token", "-p", "ci"]).run().fails(1).err.contains("ci").then_some(()).expect("it is named");
    drop(Ctl::new(&sandbox, &["token"]).run().fails(3));
    let written = sandbox.files().into_iter().map(|(path, _)| path).filter(|path| !path.ends_with("daemon.log"));
    assert_eq!(written.collect::<Vec<_>>(), [sandbox.paths().lock()], "nothing is stored");
}

/// Starts a daemon that must refuse, with the reason and a hint, leaving every file as it was.
fn refuses(sandbox: &Sandbox, why: &str, hint: &str) {
    let files = || -> Vec<(PathBuf, Vec<u8>)> {
        let mut files = sandbox.files();
        files.retain(|(path, _)| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("store.")));
        files.sort();
        files
    };
    let before = files();
    let output = sandbox.command(program("agentd")).arg("run").output().expect("agentd can be started");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.lines().any(|line| line.starts_with("error: ") && line.contains(why)), "{why}: {said}");
    assert!(said.lines().any(|line| line.starts_with("hint: ") && line.contains(hint)), "{hint}: {said}");
    assert!(files() == before, "{why}: a file was changed");
    assert!(!sandbox.paths().socket.exists(), "{why}: it does not serve");
}

#[tokio::test]
async fn a_store_that_cannot_be_used_is_explained_and_left_as_it_is() {
    let sandbox = Sandbox::new();
    let before = stocked(&sandbox).await;
    let (store, key) = (sandbox.paths().store(), sandbox.paths().key());
    let (good_store, good_key) = (fs::read(&store).expect("it is ours"), fs::read(&key).expect("it is ours"));

    fs::write(&key, [7; 32]).expect("it is ours");
    refuses(&sandbox, "is not the key of the store", "restore");
    fs::write(&key, [7; 31]).expect("it is ours");
    refuses(&sandbox, "has 31 bytes instead of 32", "restore");
    fs::remove_file(&key).expect("it is ours");
    refuses(&sandbox, "exists, but its key file", "restore");
    write_private(&key, &good_key);

    for damaged in [b"no store at all".to_vec(), good_store[..good_store.len() / 2].to_vec(), vec![0; good_store.len()]]
    {
        fs::write(&store, damaged).expect("it is ours");
        refuses(&sandbox, "is damaged", "from a copy");
    }
    fs::write(&store, &good_store).expect("it is ours");
    for (path, mode) in [(&key, 0o640), (&store, 0o604)] {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("it is ours");
        refuses(&sandbox, "can be reached by other users", "chmod 600");
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("it is ours");
    }

    write_format(&store, 99);
    refuses(&sandbox, "has format 99; this program knows formats up to 1", "update `agentd`");

    fs::write(&store, &good_store).expect("it is ours");
    let daemon = Process::start(&sandbox);
    assert!(served(&daemon).await == before, "with everything back in its place, nothing was lost");
}

#[tokio::test]
async fn one_damaged_record_costs_that_record_alone() {
    let sandbox = Sandbox::new();
    let before = stocked(&sandbox).await;
    let database = redb::Database::open(sandbox.paths().store()).expect("nobody has it open");
    let transaction = database.begin_write().expect("it can be written");
    {
        let mut records = transaction.open_table(RECORDS).expect("it has records");
        let first = {
            use redb::ReadableTable as _;
            let (id, sealed) = records.first().expect("it can be read").expect("there are some");
            (id.value(), sealed.value().to_vec())
        };
        let mut flipped = first.1;
        *flipped.last_mut().expect("it is not empty") ^= 1;
        records.insert(first.0, flipped.as_slice()).expect("it can be written");
    }
    transaction.commit().expect("it can be written");
    drop(database);
    let daemon = Process::start(&sandbox);
    let wire = daemon.wire();
    let mut lost = Vec::new();
    for (profile, expected) in ["work", "team", "ci"].into_iter().zip(&before) {
        match wire.token(&of(profile)).await {
            Ok(token) => assert!(token.access_token.expose() == expected, "{profile}"),
            Err(_) => lost.push(profile),
        }
    }
    assert_eq!(lost.len(), 1, "{lost:?}");
    let status = Ctl::new(&sandbox, &["daemon", "status"]).run().ok();
    assert!(status.out.contains("1 damaged"), "{status:?}");
    assert!(daemon.log().contains("a stored record does not open; it is left as it is"));
}

const META: redb::TableDefinition<'_, &str, &[u8]> = redb::TableDefinition::new("meta");
const RECORDS: redb::TableDefinition<'_, u64, &[u8]> = redb::TableDefinition::new("records");

/// As a newer program would have left it.
fn write_format(store: &std::path::Path, format: u8) {
    let database = redb::Database::open(store).expect("nobody has it open");
    let transaction = database.begin_write().expect("it can be written");
    {
        let mut meta = transaction.open_table(META).expect("it says its format");
        meta.insert("format", [format].as_slice()).expect("it can be written");
    }
    transaction.commit().expect("it can be written");
}

fn write_private(path: &std::path::Path, bytes: &[u8]) {
    use std::os::unix::fs::OpenOptionsExt as _;
    let file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
    std::io::Write::write_all(&mut file.expect("it can be made"), bytes).expect("it has room");
}
