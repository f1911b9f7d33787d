//! The life of a device login as a person at a terminal sees it, through the real programs.

use harness::ctl::{Ctl, Ran};
use harness::daemon::Process;
use harness::issuer::{Behaviour, Client, Config, DeviceRules, Endpoint, Issuer};
use harness::sandbox::Sandbox;
use serde_json::Value;
use std::time::Duration;

/// An issuer, a daemon and directories.
struct Terminal {
    issuer: Issuer,
    sandbox: Sandbox,
    /// Ends with the test.
    _daemon: Process,
}

impl Terminal {
    fn new(device: DeviceRules) -> Self {
        let issuer = Issuer::launch(Config { device, ..Config::default() });
        let sandbox = Sandbox::new();
        let daemon = Process::start(&sandbox);
        Self { issuer, sandbox, _daemon: daemon }
    }

    /// Where logins approve themselves.
    fn approving() -> Self {
        Self::new(DeviceRules { auto_approve: Some(Duration::ZERO), ..DeviceRules::default() })
    }

    fn ctl(&self, arguments: &[&str]) -> Ctl {
        Ctl::new(&self.sandbox, arguments)
    }

    /// A device login into the profile `work`, with further arguments.
    fn login(&self, more: &[&str]) -> Ran {
        self.login_at(self.issuer.url(), more)
    }

    fn login_at(&self, issuer: &str, more: &[&str]) -> Ran {
        let all = ["login", "work", "--issuer", issuer, "--client-id", Client::PUBLIC, "--device"];
        self.ctl(&[&all, more].concat()).run()
    }

    fn profile(&self, name: &str) -> Value {
        let ran = self.ctl(&["status", "-p", name, "--json"]).run().ok();
        serde_json::from_str(&ran.out).expect("`--json` prints JSON")
    }
}

#[test]
fn a_login_prints_what_to_do_and_leaves_a_token() {
    let terminal = Terminal::approving();
    let ran = terminal.login(&["--no-open-browser"]).ok();
    assert!(ran.err.contains(&terminal.issuer.endpoint(Endpoint::Verification)), "{ran:?}");
    assert!(ran.out.contains("work") && ran.out.contains("ada@example.test"), "{ran:?}");
    let token = terminal.ctl(&["token"]).run().ok();
    assert!(token.out.ends_with('\n') && token.err.is_empty(), "{token:?}");
    assert!(terminal.issuer.is_live(token.out.trim_end()));
}

#[test]
fn a_refusal_ends_with_4() {
    let terminal = Terminal::new(DeviceRules::default());
    terminal.issuer.next(Endpoint::Token, Behaviour::oauth_error("access_denied"));
    let ran = terminal.login(&[]).fails(4);
    assert!(ran.err.contains("error: ") && ran.err.contains("refused"), "{ran:?}");
    let _none = terminal.ctl(&["token"]).run().fails(3);
}

#[test]
fn a_login_that_nobody_approves_in_time_ends_with_1() {
    let terminal = Terminal::new(DeviceRules { interval: Some(5), ..DeviceRules::default() });
    let ran = terminal.login(&["--max-wait", "1s"]).fails(1);
    assert!(ran.err.contains("in time") && ran.err.contains("--max-wait"), "{ran:?}");
}

#[test]
fn a_service_that_does_not_answer_ends_with_7() {
    let terminal = Terminal::approving();
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = nobody.local_addr().expect("it is bound");
    drop(nobody);
    let ran = terminal.login_at(&format!("http://{address}"), &[]).fails(7);
    assert!(ran.err.contains("error: ") && ran.err.contains("hint: "), "{ran:?}");
}

#[test]
fn another_issuer_than_the_service_says_ends_with_1_and_plain_http_elsewhere_with_2() {
    let terminal = Terminal::approving();
    let with_slash = format!("{}/", terminal.issuer.url());
    let ran = terminal.login_at(&with_slash, &[]).fails(1);
    assert!(ran.err.contains(terminal.issuer.url()), "{ran:?}");
    let _plain = terminal.login_at("http://login.example.org", &[]).fails(2);
    let _nonsense = terminal.login_at("nonsense", &[]).fails(2);
}

#[test]
fn a_login_again_by_name_reuses_the_settings() {
    let terminal = Terminal::approving();
    let _first = terminal.login(&["--scope", "openid", "--scope", "email", "--auth-param", "hint=x"]).ok();
    let first = terminal.profile("work");
    let _out = terminal.ctl(&["logout", "work", "--yes"]).run().ok();
    let _none = terminal.ctl(&["token", "-p", "work"]).run().fails(3);
    let _again = terminal.ctl(&["login", "work"]).run().ok();
    let again = terminal.profile("work");
    for member in ["issuer", "client_id", "scope", "flow", "state"] {
        assert_eq!(first["profile"][member], again["profile"][member], "{member}: {first} {again}");
    }
    let ledger = terminal.issuer.ledger();
    let asked: Vec<_> = ledger.at(Endpoint::DeviceAuthorization).collect();
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[0].fields, asked[1].fields);
    assert_eq!((asked[1].field("scope"), asked[1].field("hint")), (Some("openid email"), Some("x")));
    let _unknown = terminal.ctl(&["login", "nobody"]).run().fails(2);
}

#[test]
fn a_confidential_client_gives_its_secret_on_standard_input() {
    let terminal = Terminal::approving();
    for client in [Client::BASIC, Client::POST] {
        let arguments = ["login", client, "--issuer", terminal.issuer.url(), "--client-id", client, "--device"];
        let login = |secret: &str| {
            terminal.ctl(&[&arguments[..], &["--client-secret-stdin"]].concat()).input(&format!("{secret}\n")).run()
        };
        let wrong = login("not the secret").fails(1);
        assert!(wrong.err.contains("client id and secret"), "{wrong:?}");
        // Both methods are listed; which of them the client is registered for, only the service knows.
        let _made = login(Client::SECRET).ok();
        let _again = terminal.ctl(&["refresh", client]).run().ok();
    }
}

#[test]
fn a_key_from_standard_input_is_kept_and_lapses_when_it_should() {
    let terminal = Terminal::approving();
    let key = |more: &[&str], text: &str| {
        terminal.ctl(&[&["login", "--api-key-stdin", "--profile", "ci"], more].concat()).input(text).run()
    };
    let _kept = key(&["--expires-at", "90d"], "canary-key-1234567890\n").ok();
    assert_eq!(terminal.ctl(&["token", "-p", "ci"]).run().ok().out, "canary-key-1234567890\n");
    let profile = terminal.profile("ci");
    assert_eq!(profile["profile"]["auth_type"], "api_key", "{profile}");
    assert!(profile["profile"]["expires_at"].is_string(), "{profile}");
    assert!(!profile.to_string().contains("canary"));

    let _past = key(&["--expires-at", "2020-01-01T00:00:00Z"], "canary-key-0987654321\n").fails(2);
    let _nonsense = key(&["--expires-at", "tomorrow"], "canary-key-0987654321\n").fails(2);
    let _empty = key(&[], "\n").fails(2);
    assert_eq!(terminal.ctl(&["token", "-p", "ci"]).run().ok().out, "canary-key-1234567890\n", "it is as it was");
    let nameless = terminal.ctl(&["login", "--api-key-stdin"]).input("canary-key-0987654321\n").run().fails(2);
    assert!(nameless.err.contains("profile"), "{nameless:?}");
    assert!(terminal.issuer.ledger().entries().is_empty(), "a key needs no service");
}

#[test]
fn two_methods_at_once_are_a_usage_error() {
    let terminal = Terminal::approving();
    for two in [["--browser", "--device"], ["--device", "--api-key-stdin"], ["--browser", "--api-key-stdin"]] {
        let _usage = terminal.ctl(&[&["login", "-p", "work"], &two[..]].concat()).run().fails(2);
    }
    let _usage = terminal.ctl(&["login", "-p", "work", "--api-key-stdin", "--client-id", "x"]).run().fails(2);
    let _usage = terminal.login(&["--expires-at", "90d"]).fails(2);
}

#[test]
fn a_refresh_by_hand_brings_a_refused_login_back() {
    for answer in [Behaviour::oauth_error("invalid_grant"), Behaviour::oauth_error("invalid_client")] {
        let terminal = Terminal::approving();
        let _made = terminal.login(&[]).ok();
        terminal.issuer.next(Endpoint::Token, answer.clone());
        let refused = terminal.ctl(&["refresh"]).run();
        assert!(matches!(refused.code, Some(1 | 3)), "{answer:?}: {refused:?}");
        let token = terminal.ctl(&["token"]).run().ok();
        assert!(terminal.issuer.is_live(token.out.trim_end()), "what is still valid is served");
        let _again = terminal.ctl(&["refresh"]).run().ok();
        let profile = terminal.profile("work");
        assert_eq!(
            (&profile["profile"]["state"], &profile["profile"]["refresh"]["failures"]),
            (&"usable".into(), &0.into())
        );
        let newer = terminal.ctl(&["token"]).run().ok();
        assert_ne!(newer.out, token.out);
    }
}
