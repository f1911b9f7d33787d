//! The client opens the browser with the right program, and with nothing of the person's that the browser does not need.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use harness::browser::Browser;
use harness::ctl::Ctl;
use harness::daemon::Process;
use harness::issuer::{Client, Config, Issuer};
use harness::sandbox::Sandbox;
use harness::stage::PROFILE;
use harness::until::until;

/// A folder with an opener in it that writes what it was given into a file of its own.
fn opener(sandbox: &Sandbox, folder: &str, mode: u32) -> (PathBuf, PathBuf) {
    let folder = sandbox.path().join(folder);
    std::fs::create_dir(&folder).expect("the sandbox is writable");
    let (opener, told) = (folder.join("xdg-open"), folder.join("told"));
    let script = format!(
        "#!/bin/sh\n{{ echo \"$#\"; echo \"$1\"; pwd; /usr/bin/env; }} > '{0}.new'\nmv '{0}.new' '{0}'\n",
        told.display()
    );
    std::fs::write(&opener, script).expect("the sandbox is writable");
    set_mode(&opener, 0o755);
    set_mode(&folder, mode);
    (folder, told)
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("the sandbox is ours");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_program_that_not_everybody_can_replace_is_started_and_it_gets_no_credentials() {
    let issuer = Issuer::launch(Config::default());
    let sandbox = Sandbox::new();
    let _daemon = Process::start(&sandbox);
    let (planted, trap) = opener(&sandbox, "bin", 0o777);
    let (trusted, told) = opener(&sandbox, "trusted", 0o755);
    // The client runs in the sandbox: the first three lead to the planted program.
    let path = format!(":bin:./bin:{}:{}:/usr/bin:/bin", planted.display(), trusted.display());
    let arguments = ["login", "--issuer", issuer.url(), "--client-id", Client::PUBLIC, "--browser", "-p", PROFILE];
    let secrets = ["GITHUB_TOKEN", "SOME_API_KEY", "AWS_SECRET_ACCESS_KEY", "DB_PASSWORD"];
    let mut ctl = Ctl::new(&sandbox, &arguments).env("BROWSER", "xdg-open").env("DISPLAY", ":0").env("PATH", path);
    for name in secrets {
        ctl = ctl.env(name, "canary-of-the-environment");
    }
    let login = tokio::task::spawn_blocking(move || ctl.run());
    let told = tokio::task::block_in_place(|| until("the opener is started", || std::fs::read_to_string(&told).ok()));
    let lines: Vec<&str> = told.lines().collect();
    let [count, url, directory, environment @ ..] = lines.as_slice() else { unreachable!("{told}") };
    assert_eq!((*count, *directory), ("1", "/"), "one argument, and not where the person happens to be");
    assert!(environment.contains(&"DISPLAY=:0") && !told.contains("canary"), "{told}");
    assert!(environment.iter().any(|line| *line == format!("PATH={}:/usr/bin:/bin", trusted.display())), "{told}");
    Browser::new().follow(url).await;
    let ran = login.await.expect("the client ends").ok();
    assert!(ran.err.contains("Opened in the browser"), "{ran:?}");
    assert!(!trap.exists(), "a planted program was started");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_such_a_program_the_address_is_to_be_opened_by_hand() {
    let issuer = Issuer::launch(Config::default());
    let sandbox = Sandbox::new();
    let _daemon = Process::start(&sandbox);
    let (planted, trap) = opener(&sandbox, "bin", 0o777);
    let arguments = [
        "login",
        "--issuer",
        issuer.url(),
        "--client-id",
        Client::PUBLIC,
        "--browser",
        "--max-wait",
        "2s",
        "-p",
        PROFILE,
    ];
    for browser in ["./bin/xdg-open", "bin/xdg-open %s", "xdg-open"] {
        let path = format!(":bin:{}", planted.display());
        let ctl = Ctl::new(&sandbox, &arguments).env("DISPLAY", ":0").env("PATH", path).env("BROWSER", browser);
        let ran = tokio::task::block_in_place(|| ctl.run());
        assert!(ran.err.contains("open the address by hand"), "{browser}: {ran:?}");
        assert!(!trap.exists(), "{browser}: a planted program was started");
    }
}
