//! States a directory can be in.

use std::os::unix::fs::symlink;
use std::os::unix::net::{UnixDatagram, UnixStream};

use tempfile::TempDir;

use super::*;

fn directory() -> TempDir {
    tempfile::tempdir().expect("a directory")
}

fn make(path: &Path, mode: u32) {
    fs::create_dir(path).expect("made");
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("changed");
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).expect("there").mode() & 0o7777
}

/// What the error is called in the table below.
fn outcome(socket: &Path, uid: u32) -> &'static str {
    match bind_as(socket, uid) {
        Ok(_) => "bound",
        Err(BindError::Directory(DirectoryError::Above(_))) => "above",
        Err(BindError::Directory(DirectoryError::Mode(_))) => "mode",
        Err(BindError::Directory(DirectoryError::NotADirectory(_))) => "not a directory",
        Err(BindError::Directory(DirectoryError::Owner(_))) => "owner",
        Err(BindError::Directory(DirectoryError::Io { .. })) => "directory io",
        Err(BindError::InUse(_)) => "in use",
        Err(BindError::Io { .. }) => "io",
        Err(BindError::Occupied(_)) => "occupied",
        Err(BindError::Path(_)) => "path",
    }
}

#[tokio::test]
async fn a_directory_is_used_only_in_a_sound_state() {
    type Prepare = fn(&Path, &Path);
    let states: [(&str, &str, Prepare); 13] = [
        ("missing", "bound", |_, _| {}),
        ("pre-created, 0700", "bound", |_, own| make(own, 0o700)),
        ("group may read", "mode", |_, own| make(own, 0o750)),
        ("others may enter", "mode", |_, own| make(own, 0o711)),
        ("group may write", "mode", |_, own| make(own, 0o770)),
        ("sticky and open to all", "mode", |_, own| make(own, 0o1777)),
        ("a file", "not a directory", |_, own| drop(fs::File::create(own).expect("made"))),
        ("a link to a sound directory", "not a directory", |base, own| {
            make(&base.join("real"), 0o700);
            symlink(base.join("real"), own).expect("linked");
        }),
        ("a dangling link", "not a directory", |base, own| symlink(base.join("gone"), own).expect("linked")),
        ("a sticky directory above", "bound", |base, own| {
            fs::set_permissions(base, fs::Permissions::from_mode(0o1777)).expect("changed");
            make(own, 0o700);
        }),
        ("an open directory above", "above", |base, own| {
            fs::set_permissions(base, fs::Permissions::from_mode(0o777)).expect("changed");
            make(own, 0o700);
        }),
        ("a file at the socket's path", "occupied", |_, own| {
            make(own, 0o700);
            fs::File::create(own.join("agentd.sock")).map(drop).expect("made");
        }),
        ("a link at the socket's path", "occupied", |base, own| {
            make(own, 0o700);
            symlink(base.join("gone"), own.join("agentd.sock")).expect("linked");
        }),
    ];
    for (state, expected, prepare) in states {
        let base = directory();
        let own = base.path().join("agentd");
        prepare(base.path(), &own);
        assert_eq!(outcome(&own.join("agentd.sock"), process_uid()), expected, "{state}");
    }
}

#[tokio::test]
async fn what_belongs_to_another_user_is_refused_and_left_alone() {
    // The daemon of some other user finds our directory, which is the same as us finding theirs.
    let base = directory();
    let own = base.path().join("agentd");
    make(&own, 0o700);
    assert_eq!(outcome(&own.join("agentd.sock"), process_uid() + 1), "owner");

    let socket = own.join("agentd.sock");
    drop(std::os::unix::net::UnixListener::bind(&socket).expect("bound"));
    let refused = check_free(&socket, process_uid() + 1);
    assert!(matches!(refused, Err(BindError::Occupied(_))), "a stale socket of another user");
    assert!(socket.exists());
}

#[tokio::test]
async fn every_directory_that_is_made_is_for_the_owner_alone() {
    let base = directory();
    let socket = base.path().join("a/b/agentd/agentd.sock");
    let bound = bind(&socket).expect("bound");
    for made in ["a", "a/b", "a/b/agentd"] {
        assert_eq!(mode(&base.path().join(made)), 0o700, "{made}");
    }
    assert_eq!(mode(&socket), 0o600);
    assert_eq!(fs::read_dir(base.path().join("a/b/agentd")).expect("readable").count(), 1, "no passing name is left");
    drop(bound);
    assert!(!socket.exists());
}

#[tokio::test]
async fn a_directory_of_another_name_may_be_read_but_not_changed_by_others() {
    for (given, expected) in [(0o755, "bound"), (0o775, "mode"), (0o1777, "mode")] {
        let base = directory();
        let mine = base.path().join("mine");
        make(&mine, given);
        assert_eq!(outcome(&mine.join("s"), process_uid()), expected, "{given:o}");
    }
}

#[tokio::test]
async fn a_stale_socket_is_replaced_and_a_live_one_is_not() {
    let base = directory();
    let socket = base.path().join("s");
    drop(std::os::unix::net::UnixListener::bind(&socket).expect("bound"));
    let stale = fs::symlink_metadata(&socket).expect("there").ino();
    let bound = bind(&socket).expect("the stale one is replaced");
    UnixStream::connect(&socket).expect("it listens");
    assert_eq!(outcome(&socket, process_uid()), "in use");
    UnixStream::connect(&socket).expect("it still listens");
    assert_ne!(fs::symlink_metadata(&socket).expect("there").ino(), stale);
    drop(bound);
}

#[tokio::test]
async fn a_daemon_that_accepts_nothing_is_alive() {
    let base = directory();
    let socket = base.path().join("s");
    let hung = UnixSocket::new_stream().expect("made");
    hung.bind(&socket).expect("bound");
    let _hung = hung.listen(1).expect("listens");
    let fill = || knock(&socket);
    while fill().is_ok() {}
    assert_eq!(outcome(&socket, process_uid()), "in use");
}

#[tokio::test]
async fn a_socket_of_another_kind_is_left_alone() {
    let base = directory();
    let socket = base.path().join("s");
    let _datagram = UnixDatagram::bind(&socket).expect("bound");
    assert_eq!(outcome(&socket, process_uid()), "occupied");
    assert!(socket.exists());
}

#[tokio::test]
async fn only_the_socket_that_was_bound_is_removed() {
    let base = directory();
    let socket = base.path().join("s");
    let first = bind(&socket).expect("bound");
    fs::remove_file(&socket).expect("removed");
    let second = bind(&socket).expect("bound");
    drop(first);
    UnixStream::connect(&socket).expect("the second one stays");
    drop(second);
    assert!(!socket.exists());
}

#[tokio::test]
async fn a_path_that_fits_no_address_is_refused_with_a_hint() {
    let base = directory();
    for socket in [base.path().join("x".repeat(120)), PathBuf::from("relative/s"), PathBuf::from("/")] {
        assert_eq!(outcome(&socket, process_uid()), "path", "{}", socket.display());
    }
    let error = bind(&base.path().join("x".repeat(120))).expect_err("too long");
    assert!(error.to_string().contains("AGENTD_SOCKET"));
}
