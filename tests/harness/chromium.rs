//! A real Chromium without a screen, told what to do over a pair of pipes (the protocol of its developer tools).
//!
//! It has a profile of its own below a temporary directory, asks nobody at home, and writes down everything that a page
//! complains about and every address that it asks for.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::architecture::repository;

/// How long a page, or an answer of the browser, is waited for: the first start on a busy machine takes long.
const DEADLINE: Duration = Duration::from_mins(1);

/// Arguments that keep it small, quiet and at home.
const ARGUMENTS: [&str; 14] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-extensions",
    "--disable-sync",
    "--mute-audio",
    "--no-proxy-server",
    "--remote-debugging-pipe",
];

/// A browser with one page open; dropping it ends it.
pub struct Chromium {
    child: Child,
    commands: ChildStdin,
    news: Receiver<Value>,
    events: VecDeque<Value>,
    session: Option<String>,
    number: u64,
    /// Goes when the browser has ended.
    _home: TempDir,
}

impl Chromium {
    /// Starts it with an empty page.
    pub fn start() -> Self {
        let home = tempfile::tempdir().expect("a directory can be made");
        // It reads its third descriptor and writes its fourth; a shell can put pipes there.
        let script = "exec chromium \"$@\" 3<&0 4>&1 0</dev/null 1>/dev/null 2>&1";
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script, "sh"]).args(ARGUMENTS);
        command.arg(format!("--user-data-dir={}", home.path().display())).arg("about:blank");
        command.env("HOME", home.path()).env_remove("DISPLAY").env_remove("DBUS_SESSION_BUS_ADDRESS");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("a shell can be started");
        let commands = child.stdin.take().expect("stdin is a pipe");
        let output = child.stdout.take().expect("stdout is a pipe");
        let (tell, news) = channel();
        std::thread::spawn(move || {
            let messages = BufReader::new(output).split(0).map_while(Result::ok);
            for message in messages.filter_map(|message| serde_json::from_slice(&message).ok()) {
                if tell.send(message).is_err() {
                    return;
                }
            }
        });
        let events = VecDeque::new();
        let mut browser = Self { child, commands, news, events, session: None, number: 0, _home: home };
        browser.attach();
        browser
    }

    fn attach(&mut self) {
        let targets = self.command("Target.getTargets", &json!({}));
        let page = targets["targetInfos"].as_array().and_then(|all| all.iter().find(|one| one["type"] == "page"));
        let page = page.expect("it starts with a page")["targetId"].clone();
        let attached = self.command("Target.attachToTarget", &json!({ "targetId": page, "flatten": true }));
        self.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Log", "Network"] {
            self.command(&format!("{domain}.enable"), &json!({}));
        }
    }

    /// Opens an address and waits until a page is loaded, whichever it ends at.
    pub fn open(&mut self, url: &str) {
        let answer = self.command("Page.navigate", &json!({ "url": url }));
        assert!(answer.get("errorText").is_none(), "{url}: {answer}");
        self.wait_for("document.readyState === 'complete' && location.href !== 'about:blank'");
    }

    /// What a script comes to.
    pub fn value(&mut self, script: &str) -> Value {
        let answer = self.command("Runtime.evaluate", &json!({ "expression": script, "returnByValue": true }));
        answer["result"]["value"].clone()
    }

    /// Waits until a script says `true`; while a page goes and the next one comes, none says anything.
    pub fn wait_for(&mut self, script: &str) {
        let deadline = Instant::now() + DEADLINE;
        while self.value(script) != true {
            assert!(Instant::now() < deadline, "`{script}` did not come true at {}: {}", self.url(), self.text());
        }
    }

    /// Where the page is.
    pub fn url(&mut self) -> String {
        self.value("location.href").as_str().unwrap_or_default().to_owned()
    }

    /// What a person reads on it.
    pub fn text(&mut self) -> String {
        self.value("document.body ? document.body.innerText : ''").as_str().unwrap_or_default().to_owned()
    }

    /// Types into the field that this selector finds, once it is there.
    pub fn fill(&mut self, selector: &str, text: &str) {
        let field = format!("document.querySelector({})", json!(selector));
        self.wait_for(&format!("{field} !== null"));
        self.value(&format!("{field}.focus()"));
        self.command("Input.insertText", &json!({ "text": text }));
    }

    /// Clicks with the mouse on what this selector finds, once it is there.
    pub fn click(&mut self, selector: &str) {
        let button = format!("document.querySelector({})", json!(selector));
        self.wait_for(&format!("{button} !== null"));
        let place =
            self.value(&format!("(r => [r.x + r.width / 2, r.y + r.height / 2])({button}.getBoundingClientRect())"));
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({ "type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1 });
            self.command("Input.dispatchMouseEvent", &event);
        }
    }

    /// A window of this size, on a screen that is dark or light.
    pub fn look(&mut self, width: u32, height: u32, dark: bool) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.command("Emulation.setDeviceMetricsOverride", &size);
        let scheme = json!({ "name": "prefers-color-scheme", "value": if dark { "dark" } else { "light" } });
        self.command("Emulation.setEmulatedMedia", &json!({ "features": [scheme] }));
    }

    /// Keeps what is to be seen as `target/screenshots/NAME.png`.
    pub fn screenshot(&mut self, name: &str) -> PathBuf {
        let answer = self.command("Page.captureScreenshot", &json!({ "format": "png" }));
        let png = BASE64_STANDARD.decode(answer["data"].as_str().unwrap_or_default()).expect("it is base64");
        assert!(png.starts_with(b"\x89PNG"), "it is a picture");
        let directory = repository().join("target/screenshots");
        std::fs::create_dir_all(&directory).expect("the target directory is ours");
        let path = directory.join(name).with_extension("png");
        std::fs::write(&path, png).expect("the target directory is ours");
        path
    }

    /// What pages and the browser complained about so far: errors, warnings, and what a policy forbade. The status of an
    /// answer is none of it, see [`answers`](Self::answers).
    pub fn complaints(&mut self) -> Vec<String> {
        let complains = |event: &&Value| match event["method"].as_str() {
            Some("Log.entryAdded") => event["params"]["entry"]["source"] != "network",
            Some("Runtime.exceptionThrown" | "Runtime.consoleAPICalled") => true,
            _ => false,
        };
        self.seen(complains).map(|event| event["params"].to_string()).collect()
    }

    /// Every address that was asked for, and the status it was answered with, in order.
    pub fn answers(&mut self) -> Vec<(String, u64)> {
        let answered = |event: &&Value| event["method"] == "Network.responseReceived";
        let answer = |event: &Value| {
            let response = &event["params"]["response"];
            (response["url"].as_str().unwrap_or_default().to_owned(), response["status"].as_u64().unwrap_or_default())
        };
        self.seen(answered).map(answer).collect()
    }

    /// Every address that was asked for, redirects included.
    pub fn requests(&mut self) -> Vec<String> {
        let asked = |event: &&Value| event["method"] == "Network.requestWillBeSent";
        let url = |event: &Value| event["params"]["request"]["url"].as_str().unwrap_or_default().to_owned();
        self.seen(asked).map(url).collect()
    }

    fn seen(&mut self, which: impl Fn(&&Value) -> bool) -> impl Iterator<Item = &Value> {
        // The answer comes after everything that happened before.
        self.value("0");
        self.events.iter().filter(which)
    }

    fn command(&mut self, method: &str, parameters: &Value) -> Value {
        self.number += 1;
        let mut message = json!({ "id": self.number, "method": method, "params": parameters });
        if let Some(session) = &self.session {
            message["sessionId"] = session.as_str().into();
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.commands.write_all(&bytes).expect("Chromium is there; `cargo xtask test` installs it");
        loop {
            let message = self.news.recv_timeout(DEADLINE).expect("Chromium answers; `cargo xtask test` installs it");
            if message["id"] == self.number {
                // A page that is just being replaced cannot be asked; whoever waits asks again.
                return message["result"].clone();
            }
            self.events.push_back(message);
        }
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        // With its pipes it loses its purpose, and ends with all its children; the second is for one that hangs.
        let close = json!({ "id": 0, "method": "Browser.close" }).to_string();
        self.commands.write_all(&[close.as_bytes(), b"\0"].concat()).ok();
        while self.news.recv_timeout(Duration::from_secs(5)).is_ok() {}
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// A script for `BROWSER` that notes the address it is given, and the file that it notes it in.
pub fn relay(directory: &Path) -> (PathBuf, PathBuf) {
    let (script, opened) = (directory.join("browser.sh"), directory.join("opened"));
    let text = format!("#!/bin/sh\nprintf '%s' \"$1\" > '{0}.new'\nmv '{0}.new' '{0}'\n", opened.display());
    std::fs::write(&script, text).expect("the directory is writable");
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    std::fs::set_permissions(&script, executable).expect("the script is ours");
    (script, opened)
}
