//! Links in memory, and links of a daemon that is stopped or killed: nothing of the agent's stays behind where nobody
//! would take it out.
#![cfg(target_os = "linux")]

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use harness::canary::Canaries;
use harness::client::Tm;
use harness::ctl::Ran;
use harness::desk::{Desk, PROFILE, mode, read, write};
use harness::service::{Contree, LlamaIndex, Project, Tensormesh, Wire};
use harness::until::until_true;
use tempfile::TempDir;

/// What `contree` has.
const INI: &str = "[DEFAULT]\nprofile = own\n\n[profile:own]\nurl = https://other.example\ntoken = key-own\n";

/// A session's directory in memory.
fn memory() -> TempDir {
    let private = std::fs::Permissions::from_mode(0o700);
    let made = tempfile::Builder::new().prefix("agentd-test-").permissions(private).tempdir_in("/dev/shm");
    made.expect("a directory in memory")
}

/// A desk whose daemon has this directory for its session.
fn in_session<W: Wire>(mut desk: Desk<W>, session: &TempDir) -> Desk<W> {
    desk.terminate();
    desk.start(&[("XDG_RUNTIME_DIR", session.path().to_str().expect("a path in UTF-8"))]);
    desk
}

/// The value of the variable that `agentctl` says is to be set.
fn told(ran: &Ran, variable: &str) -> PathBuf {
    let said = format!("{}{}", ran.out, ran.err);
    let value = said.lines().find_map(|line| line.split_once(&format!("{variable}="))).map(|(_, value)| value);
    PathBuf::from(value.expect("the variable is told").trim())
}

/// The home holds no credential, and the directory in memory is private.
fn only_in_memory<W: Wire>(desk: &Desk<W>, session: &TempDir, directory: &Path, file: &str) {
    let path = directory.join(file);
    assert!(path.starts_with(session.path()), "{}", path.display());
    assert_eq!((mode(&path), mode(directory)), (0o600, 0o700));
    assert!(read(&path).is_some_and(|text| text.contains(&desk.token(PROFILE))));
    Canaries::new(desk.service.secrets()).assert_absent_below(desk.sandbox.path());
}

#[test]
fn tm_uses_a_login_that_lies_in_memory_only() {
    let session = memory();
    let desk = Desk::new(Tensormesh { interval: Some(0.1), ..Tensormesh::default() });
    let desk = in_session(desk, &session);
    desk.log_in(PROFILE, &[]);
    let linked = desk.run(&["link", PROFILE, "--to", "tmpfs"]).ok();
    let directory = told(&linked, "TM_CONFIG_HOME");
    only_in_memory(&desk, &session, &directory, "auth.json");
    let tm = Tm::new(&desk.sandbox, desk.service.url());
    let _not_at_home = tm.run(&["auth", "whoami"]).fails(2);
    let tm = tm.env("TM_CONFIG_HOME", &directory);
    let _known = tm.run(&["auth", "whoami"]).ok();
    let fresh = desk.refresh();
    desk.holds(&directory.join("auth.json"), &fresh);
    only_in_memory(&desk, &session, &directory, "auth.json");
    let again = desk.run(&["link", PROFILE, "--to", "tmpfs"]).ok();
    assert_eq!((told(&again, "TM_CONFIG_HOME"), desk.links().len()), (directory.clone(), 1));
    let _ended = desk.run(&["unlink", PROFILE]).ok();
    assert!(!directory.exists());
}

#[test]
fn llamactl_and_contree_have_a_place_in_memory_as_well() {
    let session = memory();
    let desk = Desk::new(Contree::default());
    let desk = in_session(desk, &session);
    let key = desk.service.make_key();
    desk.keep(PROFILE, &key, &["--type", "iam", "--project", Contree::PROJECT]);
    let directory = told(&desk.run(&["link", "--to", "tmpfs"]).ok(), "CONTREE_HOME");
    only_in_memory(&desk, &session, &directory, "auth.ini");
    let _out = desk.run(&["logout", PROFILE, "--yes"]).ok();
    desk.vanishes(&directory.join("auth.ini"));

    let mut wire = LlamaIndex { projects: vec![Project::new("p-1", "Notes", "org-1")], ..LlamaIndex::default() };
    wire.device.interval = Some(1);
    let session = memory();
    let desk = in_session(Desk::new(wire), &session);
    desk.log_in(PROFILE, &["--device"]);
    let directory = told(&desk.run(&["link", "--to", "tmpfs"]).ok(), "LLAMACTL_CONFIG_DIR");
    only_in_memory(&desk, &session, &directory, "profiles.db");
    let _gone = desk.run(&["remove", PROFILE, "--yes"]).ok();
    until_true("the directory is gone", || !directory.exists());
    until_true("the link is gone", || desk.links().is_empty());
}

#[test]
fn two_agents_in_one_session_keep_apart_what_they_have_in_memory() {
    let session = memory();
    let desks = [(); 2].map(|()| in_session(Desk::new(Contree::default()), &session));
    let directories = desks.each_ref().map(|desk| {
        let key = desk.service.make_key();
        desk.keep(PROFILE, &key, &["--type", "iam", "--project", Contree::PROJECT]);
        told(&desk.run(&["link", "--to", "tmpfs"]).ok(), "CONTREE_HOME")
    });
    let _ended = desks[0].run(&["unlink", PROFILE]).ok();
    assert!(!directories[0].exists());
    only_in_memory(&desks[1], &session, &directories[1], "auth.ini");
}

/// A key of Contree that is linked into a file where another lies.
fn contree(desk: Desk<Contree>) -> (Desk<Contree>, PathBuf, String) {
    let file = desk.at(".config/contree/auth.ini");
    write(&file, INI, 0o600);
    let key = desk.service.make_key();
    desk.keep(PROFILE, &key, &["--type", "iam", "--project", Contree::PROJECT]);
    let _linked = desk.run(&["link", PROFILE]).ok();
    assert!(read(&file).is_some_and(|text| text.contains(&key)));
    (desk, file, key)
}

#[test]
fn a_daemon_that_keeps_nothing_takes_its_links_out_before_it_stops() {
    let (mut desk, file, _) = contree(Desk::memory_only(Contree::default()));
    desk.terminate();
    assert_eq!(read(&file).as_deref(), Some(INI));
}

#[test]
fn what_a_killed_daemon_has_left_of_a_login_that_is_gone_is_taken_out_at_the_next_start() {
    let (mut desk, file, key) = contree(Desk::memory_only(Contree::default()));
    desk.kill();
    assert!(read(&file).is_some_and(|text| text.contains(&key)), "nobody was there to take it out");
    desk.start(&[]);
    until_true("the file is as it was", || read(&file).as_deref() == Some(INI));
    let link = desk.link_is("waiting");
    assert!(link["detail"].as_str().is_some_and(|why| why.contains(PROFILE)), "{link}");
    // The same profile, made again, is what the link was for.
    desk.keep(PROFILE, &key, &["--type", "iam", "--project", Contree::PROJECT]);
    desk.holds(&file, &key);
}

#[test]
fn a_login_that_lasts_stays_linked_over_a_stop_and_over_a_kill() {
    let (mut desk, file, first) = contree(Desk::new(Contree::default()));
    for killed in [false, true] {
        if killed {
            desk.kill();
        } else {
            desk.terminate();
        }
        assert!(read(&file).is_some_and(|text| text.contains(&first)), "the tool goes on with it");
        desk.start(&[]);
        desk.link_is("linked");
    }
    let newer = desk.service.make_key();
    desk.keep(PROFILE, &newer, &["--type", "iam", "--project", Contree::PROJECT, "--yes"]);
    desk.holds(&file, &newer);
    assert!(read(&file).is_some_and(|text| !text.contains(&first)));
    desk.kill();
    desk.start(&[]);
    let _out = desk.run(&["logout", PROFILE, "--yes"]).ok();
    until_true("the file is as it was", || read(&file).as_deref() == Some(INI));
}

#[test]
fn a_profile_that_is_removed_leaves_no_trace_of_its_link() {
    let (desk, file, key) = contree(Desk::new(Contree::default()));
    let _gone = desk.run(&["remove", PROFILE, "--yes"]).ok();
    until_true("the file is as it was", || read(&file).as_deref() == Some(INI));
    until_true("nothing is followed", || desk.links().is_empty());
    let list = read(&desk.at("links.json")).unwrap_or_default();
    assert!(!list.contains(&key) && !list.contains(PROFILE), "{list}");
}
