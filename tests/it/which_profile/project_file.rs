//! `.agentctl.toml` as a stranger would write it: it names profiles or is refused, and what others could have put there is
//! left alone.

use std::os::unix::fs::{PermissionsExt as _, chown, symlink};
use std::path::Path;

use super::World;

fn mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("it is ours");
}

#[test]
fn it_names_profiles_and_can_do_nothing_else() {
    let world = World::new();
    for (text, said) in [
        ("profile = \"a\"\ncommand = \"touch /tmp/owned\"\n", "line 2: the key `command` is not allowed here"),
        ("[policy]\nallow = \"all\"\n", "line 1: the key `policy`"),
        ("issuer = \"https://evil.example\"\nprofile = \"a\"\n", "line 1: the key `issuer`"),
        ("profile = \"a\"\n[endpoints]\ntoken = \"https://evil.example\"\n", "line 2: the key `endpoints`"),
        ("[environment.evil]\nurl = \"https://evil.example\"\n", "line 1: the key `environment`"),
        ("socket = \"/tmp/evil.sock\"\n", "line 1: the key `socket`"),
        ("[provider.baseten]\nurl = \"https://evil.example\"\n", "line 1: `provider` names no profile"),
        ("profile = \"a\"\n[host]\n\"evil.example\" = [\"a\"]\n", "line 3: `host` names no profile"),
        ("profile = \"\u{1b}[2J\"\n", "line 1: "),
        ("\"\u{9b}2J\" = 1\n", "line 1: "),
    ] {
        let path = world.file(text);
        for verb in [&["token"][..], &["status"], &["whoami"], &["why"], &["exec", "--", "true"]] {
            let ran = world.front.ctl(verb).within(&world.project).run().fails(2);
            assert!(ran.out.is_empty() && ran.err.contains(said), "{verb:?} {text:?}: {ran:?}");
            assert!(ran.err.contains(path.to_str().expect("text")) && !ran.err.contains("evil"), "{ran:?}");
            assert!(ran.err.bytes().all(|byte| byte == b'\n' || !byte.is_ascii_control()), "{ran:?}");
        }
        // Whoever is named on the command line is used all the same.
        assert_eq!(world.token(&["-p", "t"], ""), world.keys[2].1);
    }
    let long = format!("# {}\nprofile = \"a\"\n", "x".repeat(5000));
    world.file(&long);
    let ran = world.front.ctl(&["token"]).within(&world.project).run().fails(2);
    assert!(ran.err.contains("is longer than 4096 bytes"), "{ran:?}");
    // A name that is new to the agent is told with the file and its line, and nothing stands in for it.
    world.file("\nprofile = \"stolen\"\n");
    for verb in ["token", "status", "whoami"] {
        let ran = world.front.ctl(&[verb]).within(&world.project).run().fails(1);
        assert!(
            ran.err.contains("there is no profile") && ran.err.contains(".agentctl.toml`, line 2, names stolen"),
            "{ran:?}"
        );
    }
    let ran = world.front.ctl(&["token"]).env("AGENTCTL_PROFILE", "gone").within(&world.project).run().fails(1);
    assert!(ran.err.contains("`AGENTCTL_PROFILE` names gone"), "{ran:?}");
}

#[test]
fn it_neither_ends_nor_makes_a_login_nor_changes_what_is_current() {
    let world = World::new();
    world.file("profile = \"t\"\n");
    for verb in [&["logout", "--yes"][..], &["remove", "--yes"], &["switch"], &["unlink"]] {
        let ran = world.front.ctl(verb).within(&world.project).run().fails(2);
        assert!(ran.err.contains("is named") || ran.err.contains("nothing says"), "{verb:?}: {ran:?}");
    }
    let key = world.front.service.make_key();
    world.front.secret(&key);
    let login = world.front.ctl(&["login", "baseten", "--api-key-stdin", "--yes"]).input(&format!("{key}\n"));
    drop(login.within(&world.project).run().ok());
    assert_eq!(world.token(&["-p", "t"], ""), world.keys[2].1, "the profile that it names is as it was");
}

#[test]
fn what_somebody_else_could_have_put_there_is_left_alone_and_said_so() {
    let world = World::new();
    let path = world.file("profile = \"a\"\n");
    let near = path.parent().expect("it lies somewhere").to_owned();
    let above = world.front.sandbox.path().join(".agentctl.toml");
    std::fs::write(&above, "profile = \"t\"\n").expect("the sandbox is writable");
    let ignored = |why: &str| {
        let ran = world.front.ctl(&["token"]).within(&world.project).run().ok();
        assert_eq!(ran.out.trim_end(), world.keys[2].1, "{why}: the one above counts");
        assert!(ran.err.contains("is ignored") && ran.err.contains(why), "{why}: {ran:?}");
    };
    assert_eq!(world.token(&[], ""), world.keys[0].1, "the nearest counts");
    mode(&path, 0o666);
    ignored("others can write it");
    mode(&path, 0o600);
    mode(&near, 0o1777);
    ignored("others can write to its directory");
    mode(&near, 0o700);
    if rustix::process::getuid().is_root() {
        chown(&path, Some(12_345), None).expect("root may");
        ignored("it belongs to user 12345");
    }
    std::fs::remove_file(&path).expect("it is ours");
    let real = world.front.sandbox.path().join("real.toml");
    std::fs::write(&real, "profile = \"a\"\n").expect("the sandbox is writable");
    symlink(&real, &path).expect("the sandbox is writable");
    ignored("it is a symbolic link");
    std::fs::remove_file(&path).expect("it is ours");
    std::fs::create_dir(&path).expect("the sandbox is writable");
    ignored("it is no regular file");
    std::fs::remove_dir(&path).expect("it is ours");
    let pipe = std::process::Command::new("mkfifo").arg(&path).status().expect("there is a mkfifo");
    assert!(pipe.success());
    ignored("it is no regular file");
    std::fs::remove_file(&path).expect("it is ours");
    // `-q` hides the warning and nothing else changes.
    std::fs::write(&path, "profile = \"a\"\n").expect("the sandbox is writable");
    mode(&path, 0o666);
    let ran = world.front.ctl(&["token", "-q"]).within(&world.project).run().ok();
    assert_eq!((ran.out.trim_end(), ran.err.as_str()), (world.keys[2].1.as_str(), ""));
}

#[test]
fn the_search_ends_at_the_home() {
    let world = World::new();
    let home = world.project.parent().expect("it is below another").to_owned();
    std::fs::write(world.front.sandbox.path().join(".agentctl.toml"), "profile = \"t\"\n").expect("it is writable");
    let ran = |home: &Path| world.front.ctl(&["token"]).env("HOME", home).within(&world.project).run().ok();
    assert_eq!(ran(&home).out.trim_end(), world.keys[1].1, "what lies above the home is not looked at");
    assert_eq!(ran(world.front.sandbox.path()).out.trim_end(), world.keys[2].1, "what lies in it is");
    // A home that is elsewhere does not keep a project from having its file.
    assert_eq!(ran(Path::new("/nonexistent")).out.trim_end(), world.keys[2].1);
}
