//! A client of one's own: where to get it, what to type then, and that it is kept for the next login there.
#![cfg(target_os = "linux")]

use harness::canary::Canaries;
use harness::ctl::{Ctl, Ran};
use harness::daemon::Process;
use harness::issuer::Issuer;
use harness::sandbox::{Sandbox, program};
use harness::standard::{self, CLIENT, SECRET, Standard};
use harness::terminal::Terminal;
use serde_json::Value;

/// A daemon, and a service whose codes approve themselves.
struct Desk {
    sandbox: Sandbox,
    base: String,
    issuer: Issuer,
    _daemon: Process,
}

impl Desk {
    /// With the service as the deployment in use.
    fn new(standard: Standard) -> Self {
        let provider = standard.provider;
        let desk = Self::elsewhere(standard);
        let add = ["env", "add", "here", &desk.base, "--provider", provider];
        drop(desk.run(&add).ok());
        drop(desk.run(&["env", "switch", "here", "--provider", provider]).ok());
        desk
    }

    /// With a service of which nobody knows.
    fn elsewhere(standard: Standard) -> Self {
        let mut standard = standard.approving();
        standard.config.device.interval = Some(1);
        let issuer = Issuer::launch(standard.config.clone());
        let base = standard.settle(&issuer);
        let sandbox = Sandbox::new();
        sandbox.write_config("[store]\nkey = \"file\"\n");
        let daemon = Process::start(&sandbox);
        Self { sandbox, base, issuer, _daemon: daemon }
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        Ctl::new(&self.sandbox, arguments).run()
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let ran = self.run(&[arguments, &["-o", "json"]].concat()).ok();
        serde_json::from_str(&ran.out).expect("one JSON document")
    }

    fn terminal(&self, arguments: &[&str]) -> Terminal {
        Terminal::start(&self.sandbox, &program("agentctl"), arguments)
    }
}

#[test]
fn a_login_without_a_client_says_where_to_get_one_and_what_to_type_then() {
    let desk = Desk::new(standard::github());
    let ran = desk.run(&["login", "github", "--device"]).fails(2);
    let (error, hint) = ran.err.split_once("hint: ").expect("it has a hint");
    assert!(
        error.contains(&format!("GitHub wants a client of your own, and none is kept for {}", desk.base)),
        "{error}"
    );
    for part in ["/settings/applications/new", "an OAuth app", "the redirect `http://127.0.0.1/callback`"] {
        assert!(hint.contains(part), "{part}: {hint}");
    }
    // What the hint says is typed as it stands.
    let command = hint.split('`').nth(3).expect("the command is in backticks");
    assert_eq!(command, "agentctl login github --device --client-id ID");
    let words: Vec<&str> = command.split(' ').skip(1).map(|word| if word == "ID" { CLIENT } else { word }).collect();
    assert!(desk.run(&words).ok().out.contains("Logged in to octocat"));

    // It is kept, for another name too, and shown.
    drop(desk.run(&["login", "github", "--device", "-p", "second"]).ok());
    let shown = desk.json(&["provider", "show", "github"]);
    let kept = shown["client"]["kept"].as_array().expect("there are some").clone();
    assert_eq!(kept.len(), 2, "{kept:?}");
    assert!(
        kept.iter().all(|one| one["client_id"] == CLIENT && one["url"] == *desk.base && one["has_secret"] == false)
    );
    let text = desk.run(&["provider", "show", "github"]).ok().out;
    assert!(text.contains(&format!("{CLIENT} for {}, by profile second", desk.base)), "{text}");

    // A logout leaves it; the last removal does not.
    drop(desk.run(&["logout", "second", "--yes"]).ok());
    drop(desk.run(&["remove", "octocat", "--yes"]).ok());
    drop(desk.run(&["login", "github", "--device", "-p", "third"]).ok());
    for name in ["second", "third"] {
        drop(desk.run(&["remove", name, "--yes"]).ok());
    }
    drop(desk.run(&["login", "github", "--device"]).fails(2));
    assert!(desk.json(&["provider", "show", "github"])["client"].get("kept").is_none());
}

#[test]
fn a_client_is_kept_for_its_own_deployment() {
    let desk = Desk::new(standard::gitlab());
    drop(desk.run(&["login", "gitlab", "--device", "--client-id", CLIENT]).ok());
    let other = Issuer::launch(standard::gitlab().config);
    let ran = desk.run(&["login", "gitlab", "--device", "--environment", other.url(), "-p", "other"]).fails(2);
    assert!(ran.err.contains("none is kept for"), "{ran:?}");
    let again =
        format!("`agentctl login gitlab --environment {} --device --profile other --client-id ID`", other.url());
    assert!(ran.err.contains(&again), "{ran:?}");
    assert!(other.ledger().entries().is_empty(), "nothing was sent there");
}

#[test]
fn id_and_secret_are_asked_for_on_a_terminal_and_the_secret_stays_secret() {
    let desk = Desk::new(standard::google());
    let mut terminal = desk.terminal(&["login", "google", "--device"]);
    terminal.wait_for("Google wants a client of your own");
    terminal.wait_for("TVs and Limited Input devices");
    terminal.wait_for("Enter the client id");
    terminal.enter(CLIENT);
    terminal.wait_for("Enter the client secret; it is not shown");
    terminal.wait_until_hidden();
    terminal.enter(SECRET);
    terminal.wait_for("Logged in to ada@example.test");
    assert_eq!(terminal.wait(), Some(0));
    let (_, seen) = terminal.end();
    let canaries = Canaries::new(vec![SECRET.to_owned()]);
    canaries.assert_absent("the terminal", seen.as_bytes());
    assert_eq!(desk.json(&["provider", "show", "google"])["client"]["kept"][0]["has_secret"], true);
    drop(desk.run(&["login", "google", "--device", "-p", "second"]).ok());
    assert!(canaries.assert_absent_below(desk.sandbox.path()) > 0, "it is sealed");

    let none = Desk::new(standard::google());
    let mut terminal = none.terminal(&["login", "google", "--device"]);
    terminal.wait_for("Enter the client id");
    terminal.enter("");
    terminal.wait_for("no client id was entered; nothing was done");
    assert_eq!(terminal.wait(), Some(1));
    drop(terminal.end());
}

#[test]
fn a_secret_that_is_missing_is_named_and_a_wrong_client_told() {
    let desk = Desk::new(standard::google());
    let ran = desk.run(&["login", "google", "--device", "--client-id", CLIENT]).fails(2);
    assert!(ran.err.contains(&format!("Google wants the secret of the client `{CLIENT}`")), "{ran:?}");
    let again = format!("`agentctl login google --device --client-id {CLIENT} --client-secret-stdin < FILE`");
    assert!(ran.err.contains(&again), "{ran:?}");
    let wrong = ["login", "google", "--device", "--client-id", "somebody-else", "--client-secret-stdin"];
    let ran = Ctl::new(&desk.sandbox, &wrong).input("canary-wrong\n").run().fails(1);
    assert!(ran.err.contains("`invalid_client`") && ran.err.contains("check the client id and secret"), "{ran:?}");
    assert!(!ran.err.contains("canary-wrong"));
    assert!(desk.json(&["provider", "show", "google"])["client"].get("kept").is_none(), "it is kept with a login only");
    assert!(desk.issuer.live_refresh_tokens().is_empty());
}

#[test]
fn a_service_of_ones_own_address_asks_for_it() {
    let desk = Desk::elsewhere(standard::okta(8976));
    let ran = desk.run(&["login", "okta", "--device", "--client-id", CLIENT]).fails(2);
    assert!(ran.err.contains("Okta has no address of its own: it takes the address of your organization"), "{ran:?}");
    assert!(ran.err.contains("`agentctl login okta --environment https://acme.okta.com`"), "{ran:?}");
    let shown = desk.run(&["provider", "show", "okta"]).ok().out;
    assert!(shown.contains("https://acme.okta.com") && shown.contains("http://127.0.0.1:8976/callback"), "{shown}");
    for (address, told) in [
        ("http://acme.okta.example", "the URL is not https"),
        ("https://me@acme.okta.example", "the URL has a user name or password"),
        ("https://acme.okta.example/#x", "the URL has a fragment"),
        ("acme", "Okta has no environment of this name"),
        ("file:///etc/passwd", "the URL is not https"),
    ] {
        let ran = desk.run(&["login", "okta", "--device", "--client-id", CLIENT, "--environment", address]);
        assert!(ran.code != Some(0) && ran.err.contains(told), "{address}: {ran:?}");
    }
    // A domain is an address, too.
    let domain = ["login", "okta", "--device", "--client-id", CLIENT, "--environment", "okta.invalid"];
    assert!(desk.run(&domain).fails(7).err.contains("cannot be reached"));

    let mut terminal = desk.terminal(&["login", "okta", "--device"]);
    terminal.wait_for("Okta has no address of its own");
    terminal.wait_for("Enter the URL");
    terminal.enter(&desk.base);
    terminal.wait_for("Okta wants a client of your own");
    terminal.wait_for("Enter the client id");
    terminal.enter(CLIENT);
    terminal.wait_for("Logged in to ada@example.test");
    assert_eq!(terminal.wait(), Some(0));
    drop(terminal.end());
    // From now on it is the deployment in use.
    drop(desk.run(&["login", "okta", "--device", "-p", "second"]).ok());
}

#[test]
fn where_a_service_registers_clients_none_has_to_be_named() {
    let mut standard = standard::keycloak();
    standard.config.registration.offered = true;
    let desk = Desk::elsewhere(standard);
    let login = ["login", "keycloak", "--environment", &desk.base, "--device", "--no-open-browser", "-p"];
    let _first = desk.run(&[&login[..], &["one"]].concat()).ok();
    let _second = desk.run(&[&login[..], &["two"]].concat()).ok();
    assert_eq!(desk.issuer.registered().len(), 1, "both logins are of the client that was registered for the first");
    let shown = desk.json(&["status", "two"]);
    assert_eq!(shown["profile"]["client_id"], "registered-1");
}

#[test]
fn where_a_service_registers_none_it_is_said_where_to_get_one() {
    let desk = Desk::elsewhere(standard::keycloak());
    let login = ["login", "keycloak", "--environment", &desk.base, "--device", "--no-open-browser"];
    let ran = desk.run(&login).fails(2);
    assert!(ran.err.contains("--client-id") && ran.err.contains("`agentctl provider show`"), "{ran:?}");
}
