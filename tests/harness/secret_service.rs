//! A Secret Service of its own for one test: a session bus and the real `gnome-keyring-daemon`, in a temporary directory.
//!
//! Nobody's own session or keyring is touched. The bus activates nothing, so a service that was not started is absent.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::ctl::{Ctl, Ran};
use crate::until::until_true;

/// Opens the login collection; the keyring is thrown away with its directory.
const PASSWORD: &str = "a password for one test";
const SERVICE: &str = "org.freedesktop.secrets";
const OBJECT: &str = "/org/freedesktop/secrets";
const LOGIN: &str = "/org/freedesktop/secrets/collection/login";

/// What commands on the bus find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// A default collection that is open.
    Unlocked,
    /// A default collection that is locked. Nothing can ask for its password: there is no display.
    Locked,
    /// A bus without a Secret Service.
    None,
}

/// A running bus, with or without a keyring. Dropping it ends the processes it started and no others.
#[derive(Debug)]
pub struct SecretService {
    address: String,
    keyring: Option<Child>,
    bus: Child,
    directory: TempDir,
}

impl SecretService {
    /// Starts it; it is in the state of `mode` when this returns.
    pub fn start(mode: Mode) -> Self {
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        let directory = tempfile::Builder::new().prefix("agentd-bus-").permissions(private).tempdir();
        let directory = directory.expect("a temporary directory");
        let (bus, address) = start_bus(directory.path());
        let mut service = Self { address, keyring: None, bus, directory };
        if mode != Mode::None {
            service.start_keyring();
        }
        if mode == Mode::Locked {
            service.lock();
        }
        service
    }

    /// The address of the bus, as `DBUS_SESSION_BUS_ADDRESS` has it.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The variables with which a command finds this bus and no other.
    pub fn environment(&self) -> [(&'static str, String); 2] {
        let directory = self.directory.path().display().to_string();
        [("DBUS_SESSION_BUS_ADDRESS", self.address.clone()), ("XDG_RUNTIME_DIR", directory)]
    }

    /// Locks the default collection. It stays locked.
    pub fn lock(&self) {
        let lock = ["org.freedesktop.Secret.Service.Lock", &format!("array:objpath:{LOGIN}")];
        let _locked = self.call(OBJECT, &lock).ok();
        until_true("the collection is locked", || !self.is_open());
    }

    /// `secret-tool ARGUMENTS` on this bus, with `input` on standard input.
    pub fn tool(&self, arguments: &[&str], input: &str) -> Ran {
        let mut tool = self.command("secret-tool");
        tool.args(arguments);
        Ctl::of(tool).input(input).run()
    }

    /// Stores an item in the default collection, or replaces the one with the same attributes.
    pub fn store(&self, label: &str, attributes: &[(&str, &str)], secret: &str) {
        let label = format!("--label={label}");
        let _stored = self.tool(&[&["store", &label], &*words(attributes)].concat(), secret).ok();
    }

    /// The secret of an item that has these attributes.
    pub fn lookup(&self, attributes: &[(&str, &str)]) -> Option<String> {
        let ran = self.tool(&[&["lookup"], &*words(attributes)].concat(), "");
        (ran.code == Some(0)).then_some(ran.out)
    }

    /// A program that sees this bus and nothing else of the environment but `PATH`.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("HOME", self.directory.path()).envs(self.environment());
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        command
    }

    fn start_keyring(&mut self) {
        let said = self.directory.path().join("keyring.log");
        let log = File::create(&said).expect("the directory is ours");
        let mut process = self
            .command("gnome-keyring-daemon")
            .args(["--foreground", "--unlock", "--components=secrets"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("`gnome-keyring-daemon` can be started; `cargo xtask test` installs it");
        // The password ends where the pipe does.
        let written = process.stdin.take().expect("stdin is a pipe").write_all(PASSWORD.as_bytes());
        self.keyring = Some(process);
        written.expect("the keyring reads its password");
        // The collection appears a moment after the name on the bus.
        until_true("the keyring is open", || {
            let ended = self.keyring.as_mut().and_then(|process| process.try_wait().ok().flatten());
            assert!(ended.is_none(), "{ended:?}: {}", std::fs::read_to_string(&said).unwrap_or_default());
            self.is_open()
        });
    }

    fn is_open(&self) -> bool {
        let property = ["string:org.freedesktop.Secret.Collection", "string:Locked"];
        let ran = self.call(LOGIN, &[&["org.freedesktop.DBus.Properties.Get"], &property[..]].concat());
        ran.out.contains("boolean false")
    }

    fn call(&self, object: &str, words: &[&str]) -> Ran {
        let mut send = self.command("dbus-send");
        send.args(["--session", "--print-reply", &format!("--dest={SERVICE}"), object]).args(words);
        Ctl::of(send).run()
    }
}

impl Drop for SecretService {
    fn drop(&mut self) {
        for process in self.keyring.iter_mut().chain([&mut self.bus]) {
            // It may have ended by itself; there is nobody to tell.
            process.kill().ok();
            process.wait().ok();
        }
    }
}

/// `dbus-daemon` with a configuration that lists no services, and where it listens.
fn start_bus(directory: &Path) -> (Child, String) {
    let configuration = directory.join("bus.conf");
    let text = format!(
        r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={}/bus</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow own="*"/>
    <allow send_destination="*"/>
    <allow receive_sender="*"/>
  </policy>
</busconfig>
"#,
        directory.display()
    );
    std::fs::write(&configuration, text).expect("the directory is ours");
    let mut bus = Command::new("dbus-daemon")
        .arg("--config-file")
        .arg(&configuration)
        .args(["--nofork", "--nosyslog", "--print-address"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(File::create(directory.join("bus.log")).expect("the directory is ours"))
        .spawn()
        .expect("`dbus-daemon` can be started; `cargo xtask test` installs it");
    let mut line = String::new();
    // It prints the address when it listens.
    BufReader::new(bus.stdout.take().expect("stdout is a pipe")).read_line(&mut line).expect("the bus prints text");
    let said = || std::fs::read_to_string(directory.join("bus.log")).unwrap_or_default();
    assert!(line.starts_with("unix:"), "no bus: {line}{}", said());
    (bus, line.trim().to_owned())
}

fn words<'a>(attributes: &[(&'a str, &'a str)]) -> Vec<&'a str> {
    attributes.iter().flat_map(|(name, value)| [*name, *value]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ITEM: &[(&str, &str)] = &[("service", "a-test"), ("username", "work")];

    #[test]
    fn an_item_is_stored_replaced_and_read_until_the_keyring_is_locked() {
        let service = SecretService::start(Mode::Unlocked);
        assert_eq!(service.lookup(ITEM), None);
        service.store("first", ITEM, "one");
        service.store("second", ITEM, "two");
        assert_eq!(service.lookup(ITEM).as_deref(), Some("two"));
        service.lock();
        assert_eq!(service.lookup(ITEM), None);
    }

    #[test]
    fn a_locked_and_an_absent_one_give_and_take_nothing() {
        for mode in [Mode::Locked, Mode::None] {
            let service = SecretService::start(mode);
            assert_eq!(service.lookup(ITEM), None, "{mode:?}");
            let mut store = vec!["store", "--label=x"];
            store.extend(words(ITEM));
            assert_ne!(service.tool(&store, "one").code, Some(0), "{mode:?}");
        }
    }
}
