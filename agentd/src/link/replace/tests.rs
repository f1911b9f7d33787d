//! What is replaced, what is followed, what is refused.

use std::fs;
use std::os::unix::fs::symlink;

use super::*;

fn mode(path: &Path) -> u32 {
    path.metadata().expect("it is there").mode() & 0o7777
}

#[test]
fn a_file_is_made_and_replaced_privately() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let path = home.path().join("a/b/file");
    assert!(read(&path).expect("nothing").is_none());
    write(&path, "one", Symlink::Followed).expect("it can be made");
    assert_eq!(mode(&home.path().join("a/b")), 0o700);
    fs::set_permissions(&path, Permissions::from_mode(0o644)).expect("it is ours");
    write(&path, "two", Symlink::Followed).expect("it can be replaced");
    assert_eq!(read(&path).expect("readable").expect("there").as_str(), "two");
    assert_eq!(mode(&path), 0o600);
    assert_eq!(fs::read_dir(home.path().join("a/b")).expect("a directory").count(), 1);
    remove(&path).expect("it is ours");
    remove(&path).expect("gone is no error");
}

#[test]
fn an_interrupted_write_leaves_the_old_file_and_its_rest_goes() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let names = || {
        let mut names: Vec<_> =
            fs::read_dir(home.path()).expect("a directory").flatten().map(|e| e.file_name()).collect();
        names.sort();
        names
    };
    // The name of the unfinished file is too long, so that the write fails when it begins.
    let long = home.path().join("x".repeat(250));
    fs::write(&long, "old").expect("a file");
    assert!(matches!(write(&long, "new", Symlink::Replaced), Err(FormatError::Io { .. })));
    assert_eq!((fs::read_to_string(&long).expect("a file").as_str(), names().len()), ("old", 1));
    fs::remove_file(&long).expect("it is ours");

    let path = home.path().join("file");
    for (name, text) in
        [("file", "old"), (".file.agentd-0123456789abcdef", "ha"), (".file.agentd-mine", "a"), (".other", "b")]
    {
        fs::write(home.path().join(name), text).expect("a file");
    }
    assert_eq!(read(&path).expect("readable").expect("there").as_str(), "old");
    write(&path, "new", Symlink::Replaced).expect("it can be replaced");
    assert_eq!(names(), [".file.agentd-mine", ".other", "file"]);
}

#[test]
fn a_symbolic_link_is_followed_or_replaced() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let (real, link) = (home.path().join("real"), home.path().join("link"));
    fs::write(&real, "one").expect("a file");
    symlink(&real, &link).expect("a link");
    write(&link, "two", Symlink::Followed).expect("followed");
    assert_eq!(fs::read_to_string(&real).expect("a file"), "two");
    write(&link, "three", Symlink::Replaced).expect("replaced");
    assert!(link.symlink_metadata().expect("there").is_file());
    assert_eq!(fs::read_to_string(&real).expect("a file"), "two");
    let dangling = home.path().join("dangling");
    symlink(home.path().join("nowhere"), &dangling).expect("a link");
    assert!(matches!(write(&dangling, "x", Symlink::Followed), Err(FormatError::Io { .. })));
}

#[test]
fn directories_open_to_others_are_refused() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let directory = home.path().join("d");
    fs::create_dir(&directory).expect("a directory");
    for open in [0o770, 0o702, 0o1777] {
        fs::set_permissions(&directory, Permissions::from_mode(open)).expect("it is ours");
        let error = write(&directory.join("f"), "x", Symlink::Replaced).expect_err("others can write");
        assert!(error.to_string().contains("chmod go-w"), "{error}");
    }
    tighten(std::slice::from_ref(&directory)).expect("it is ours");
    assert_eq!(mode(&directory), 0o700);
    write(&directory.join("f"), "x", Symlink::Replaced).expect("now it is private");
}

#[test]
fn odd_files_are_refused() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let pipe = home.path().join("pipe");
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RWXU).expect("a pipe");
    assert!(matches!(read(&pipe), Err(FormatError::Io { .. })));
    assert!(matches!(write(&pipe, "x", Symlink::Replaced), Err(FormatError::Io { .. })));
    assert!(matches!(read(home.path()), Err(FormatError::Io { .. })));
    let file = home.path().join("file");
    fs::write(&file, [0xff]).expect("a file");
    assert!(matches!(read(&file), Err(FormatError::Unreadable { .. })));
    fs::write(&file, vec![b'x'; (1 << 20) + 1]).expect("a file");
    assert!(matches!(read(&file), Err(FormatError::Unreadable { .. })));
}

#[test]
fn what_belongs_to_another_is_refused() {
    let home = tempfile::tempdir().expect("a temporary directory");
    if !rustix::process::geteuid().is_root() {
        assert!(matches!(read(Path::new("/etc/passwd")), Err(FormatError::Io { .. })));
        return;
    }
    let file = home.path().join("file");
    fs::write(&file, "x").expect("a file");
    std::os::unix::fs::chown(&file, Some(1), None).expect("root may give it away");
    assert!(matches!(read(&file), Err(FormatError::Io { .. })));
    assert!(matches!(write(&file, "y", Symlink::Replaced), Err(FormatError::Io { .. })));
    assert!(matches!(remove(&file), Err(FormatError::Io { .. })));
    let directory = home.path().join("d");
    fs::create_dir(&directory).expect("a directory");
    std::os::unix::fs::chown(&directory, Some(1), None).expect("root may give it away");
    assert!(matches!(write(&directory.join("f"), "y", Symlink::Replaced), Err(FormatError::Io { .. })));
}
