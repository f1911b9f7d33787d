//! Which socket is taken.

use std::fs;
use std::os::unix::net::UnixListener;

use super::*;

fn door(place: &Path) -> Door {
    let home = |name: &str| (name == "AGENTD_HOME").then(|| place.as_os_str().to_owned());
    let paths = Paths::find(home, 0).expect("AGENTD_HOME is absolute");
    Door { paths, demanded: false, uid: rustix::process::getuid().as_raw(), log: Log::default() }
}

#[test]
fn the_recorded_socket_is_followed_when_the_usual_one_is_dead() {
    let place = tempfile::tempdir().expect("a temporary directory");
    let mut door = door(place.path());
    assert!(matches!(door.connect(), Err(ConnectError::NotRunning(path)) if path == door.paths.socket));
    let other = place.path().join("other.sock");
    let _listener = UnixListener::bind(&other).expect("it is free");
    fs::write(door.paths.lock(), format!("{}\n1234\n", other.display())).expect("it is ours");
    assert_eq!(door.connect().expect("it is followed").socket, other);
    door.demanded = true;
    assert!(matches!(door.connect(), Err(ConnectError::NotRunning(_))), "`--socket` is a demand");
}

#[test]
fn a_dead_socket_file_is_no_agent_and_a_live_one_is() {
    let place = tempfile::tempdir().expect("a temporary directory");
    let door = door(place.path());
    let listener = UnixListener::bind(&door.paths.socket).expect("it is free");
    assert_eq!(door.connect().expect("it listens").socket, door.paths.socket);
    drop(listener);
    assert!(matches!(door.connect(), Err(ConnectError::NotRunning(_))), "its file is still there");
}

#[test]
fn a_lock_that_is_a_link_or_names_no_absolute_path_is_ignored() {
    let place = tempfile::tempdir().expect("a temporary directory");
    let uid = rustix::process::getuid().as_raw();
    let (file, link) = (place.path().join("file"), place.path().join("link"));
    fs::write(&file, "/run/s\n").expect("it is ours");
    std::os::unix::fs::symlink(&file, &link).expect("it is new");
    assert_eq!(recorded(&file, uid), Some(PathBuf::from("/run/s")));
    assert_eq!(recorded(&link, uid), None);
    fs::write(&file, "relative\n").expect("it is ours");
    assert_eq!(recorded(&file, uid), None);
}
