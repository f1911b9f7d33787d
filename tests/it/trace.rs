//! `trace`: what is said to the service, while a verb runs, and never a secret of it.

use harness::canary::Canaries;
use harness::ctl::{Ctl, Ran};
use harness::daemon::Process;
use harness::issuer::{Behaviour, Client, ClientAuth, ClientKey, Config, Endpoint, Issuer, Pushed, Receiver};
use harness::sandbox::Sandbox;
use harness::service::{Service, Tensormesh};
use serde_json::Value;

/// A browser that does as it is told, and agrees.
const BROWSER: &str = "curl --silent --location --output /dev/null";

struct Stage {
    sandbox: Sandbox,
    issuer: Issuer,
    _daemon: Process,
}

impl Stage {
    fn new() -> Self {
        Self::of(Config::default())
    }

    fn of(mut config: Config) -> Self {
        config.device.auto_approve = Some(std::time::Duration::from_secs(2));
        config.device.interval = Some(1);
        let sandbox = Sandbox::new();
        let daemon = Process::start(&sandbox);
        Self { sandbox, issuer: Issuer::launch(config), _daemon: daemon }
    }

    /// `agentctl trace …`, whose trace may hold no secret.
    fn trace(&self, arguments: &[&str], input: &str) -> Ran {
        let ran = Ctl::new(&self.sandbox, &[&["trace"], arguments].concat()).env("BROWSER", BROWSER).input(input).run();
        let canaries = Canaries::new(self.issuer.secrets().into_iter().chain([Client::SECRET.to_owned()]));
        canaries.assert_absent(&format!("the trace of {arguments:?}"), self.said(&ran));
        ran
    }

    /// What was said on standard error, without the address that the login itself shows to be opened.
    fn said(&self, ran: &Ran) -> String {
        let address = self.issuer.endpoint(Endpoint::Authorization);
        ran.err
            .lines()
            .filter(|line| !line.trim_start().starts_with(&address))
            .fold(String::new(), |said, line| said + line + "\n")
    }

    fn login(&self, how: &[&str], client: &str, profile: &str, input: &str) -> Ran {
        let url = self.issuer.url().to_owned();
        let arguments = ["login", "--issuer", &url, "--client-id", client, "-p", profile];
        self.trace(&[&arguments[..], how].concat(), input)
    }
}

/// The lines of the trace, without what differs in time.
fn traced(ran: &Ran) -> Vec<String> {
    let lines = ran.err.lines().filter_map(|line| line.strip_prefix("trace: "));
    let timeless = |line: &str| match (line.split_once(" in "), line.find(" ms")) {
        (Some((before, _)), Some(at)) => format!("{before}{}", &line[at + 3..]),
        _ => line.to_owned(),
    };
    lines.map(timeless).collect()
}

/// The start of the line that such a request has.
fn asks(issuer: &Issuer, whose: &str, method: &str, endpoint: Endpoint, end: &str) -> String {
    format!("{whose}: {method} {} → {end}", issuer.endpoint(endpoint))
}

fn has(lines: &[String], start: &str) -> bool {
    lines.iter().any(|line| line.starts_with(start))
}

#[test]
fn a_refresh_is_shown_with_its_answer_and_what_is_made_of_it() {
    let stage = Stage::new();
    drop(stage.login(&["--device"], Client::PUBLIC, "work", "").ok());
    let good = traced(&stage.trace(&["refresh", "work"], "").ok());
    assert_eq!(good.len(), 2, "{good:?}");
    assert!(
        good[0].starts_with(&asks(&stage.issuer, "work", "POST", Endpoint::Token, "200 (application/json, ")),
        "{good:?}"
    );
    assert_eq!(good[1], "work: a new token; it is kept and served");

    let live = stage.issuer.live_refresh_tokens().pop().expect("there is one");
    let refusal = Behaviour::OAuthError { code: "invalid_grant".to_owned(), description: Some(format!("of {live}")) };
    stage.issuer.next(Endpoint::Token, refusal);
    let ran = stage.trace(&["refresh"], "").fails(3);
    let refused = traced(&ran);
    assert!(
        refused[0].starts_with(&asks(&stage.issuer, "work", "POST", Endpoint::Token, "400 invalid_grant (")),
        "{ran:?}"
    );
    assert!(refused[1].starts_with("work: taken for: ") && refused[1].ends_with("a new one is required"), "{ran:?}");
    assert!(
        ran.err.lines().nth(2).is_some_and(|line| line.starts_with("error: ")),
        "the verb has the last word: {ran:?}"
    );

    // A word of the service's own is not repeated, though it is a secret's twin.
    stage.issuer.next(Endpoint::Token, Behaviour::OAuthError { code: live.clone(), description: None });
    let ran = stage.trace(&["refresh", "work", "-o", "json"], "").fails(7);
    assert!(ran.out.is_empty() && !ran.err.contains(&live), "{ran:?}");
    let lines: Vec<Value> =
        ran.err.lines().map(|line| serde_json::from_str(line).expect("one object a line")).collect();
    assert_eq!(
        (&lines[0]["kind"], &lines[0]["status"], &lines[0]["whose"]),
        (&"exchange".into(), &400.into(), &"work".into())
    );
    assert!(lines[0].get("code").is_none() && lines[1]["kind"] == "remark", "{lines:?}");
    assert!(lines.last().is_some_and(|last| last["code"] == "issuer-unreachable"), "{lines:?}");
}

#[test]
fn every_step_of_every_login_is_shown() {
    let stage = Stage::new();
    let device = stage.login(&["--device"], Client::PUBLIC, "d", "").ok();
    let lines = traced(&device);
    assert!(lines[0].starts_with("d: GET ") && lines[0].contains("/.well-known/"), "{lines:?}");
    assert!(has(&lines, &asks(&stage.issuer, "d", "POST", Endpoint::DeviceAuthorization, "200 (")), "{lines:?}");
    let pending = asks(&stage.issuer, "d", "POST", Endpoint::Token, "400 authorization_pending (");
    assert_eq!(lines.iter().filter(|line| line.starts_with(&pending)).count(), 1, "told once: {lines:?}");
    assert!(has(&lines, &asks(&stage.issuer, "d", "POST", Endpoint::Token, "200 (")), "{lines:?}");

    let browser = traced(&stage.login(&["--browser"], Client::PUBLIC, "b", "").ok());
    assert!(has(&browser, &asks(&stage.issuer, "b", "POST", Endpoint::Token, "200 (")), "{browser:?}");
    let secret = format!("{}\n", Client::SECRET);
    let confidential = stage.login(&["--browser", "--client-secret-stdin"], Client::BASIC, "c", &secret).ok();
    let lines = traced(&confidential);
    assert!(has(&lines, &asks(&stage.issuer, "c", "POST", Endpoint::Token, "200 (")), "{lines:?}");
    let wrong = stage.login(&["--browser", "--client-secret-stdin"], Client::BASIC, "w", "canary-wrong-secret\n");
    assert!(!wrong.err.contains("canary-wrong-secret"), "{wrong:?}");
    let lines = traced(&wrong.fails(1));
    assert!(lines.iter().any(|line| line.contains("invalid_client")), "{lines:?}");

    let logout = traced(&stage.trace(&["logout", "d", "--yes"], "").ok());
    assert!(has(&logout, &asks(&stage.issuer, "d", "POST", Endpoint::Revocation, "200 (")), "{logout:?}");
}

#[test]
fn neither_a_pushed_request_nor_the_proof_by_a_key_is_shown() {
    let key = ClientKey::generate();
    let mut config = Config { pushed: Pushed::Required, ..Config::default() };
    let auth = ClientAuth::PrivateKeyJwt { key: key.clone(), receiver: Receiver::Issuer };
    config.clients.push(Client { auth, ..Client::public("by-key") });
    let stage = Stage::of(config);
    let file = stage.sandbox.path().join("key.pem");
    std::fs::write(&file, &key.pem).expect("the sandbox is writable");
    let by_key = ["--browser", "--client-key-file", file.to_str().expect("it is text")];
    let login = stage.login(&by_key, "by-key", "k", "").ok();
    let lines = traced(&login);
    assert!(has(&lines, &asks(&stage.issuer, "k", "POST", Endpoint::PushedAuthorization, "201 (")), "{lines:?}");
    assert!(has(&lines, &asks(&stage.issuer, "k", "POST", Endpoint::Token, "200 (")), "{lines:?}");
    let refresh = stage.trace(&["refresh", "k"], "").ok();
    let logout = stage.trace(&["logout", "k", "--yes"], "").ok();

    let ledger = stage.issuer.ledger();
    let sent = |name: &str| -> Vec<String> {
        ledger.entries().iter().filter_map(|entry| entry.field(name)).map(str::to_owned).collect()
    };
    assert_eq!(sent("client_assertion").len(), 5, "pushed, redeemed, refreshed, and two tokens revoked");
    let names = ["client_assertion", "code", "code_challenge", "code_verifier", "nonce", "request_uri", "state"];
    let mut secrets = vec![key.on_the_wire()];
    for name in names {
        let values = sent(name);
        assert!(!values.is_empty(), "`{name}` was sent");
        secrets.extend(values);
    }
    secrets.extend(key.pem.lines().map(str::to_owned));
    let all = [login, refresh, logout].map(|ran| stage.said(&ran)).concat();
    Canaries::new(secrets).assert_absent("the traces", &all);
}

#[test]
fn what_is_said_to_one_of_the_five_services_is_shown_without_its_secrets() {
    let service = Service::launch(Tensormesh { interval: Some(0.1), ..Tensormesh::default() });
    service.follow_real_time();
    service.auto_approve(true);
    let sandbox = Sandbox::new();
    let _daemon = Process::start(&sandbox);
    let run = |arguments: &[&str]| Ctl::new(&sandbox, arguments).env("BROWSER", "true").run().ok();
    drop(run(&["env", "add", "here", service.url(), "--provider", "tensormesh"]));
    drop(run(&["env", "switch", "here", "--provider", "tensormesh"]));
    let mut all = String::new();
    for (arguments, method, path) in [
        (&["trace", "login", "tensormesh", "-p", "work"][..], "POST", Tensormesh::EXCHANGE),
        (&["trace", "whoami", "-p", "work"], "GET", Tensormesh::PROFILE),
        (&["trace", "refresh", "work"], "POST", Tensormesh::REFRESH),
    ] {
        let ran = run(arguments);
        let request = format!("work: {method} {}{path} → 200 (", service.url());
        assert!(has(&traced(&ran), &request), "{request}: {ran:?}");
        all.push_str(&ran.err);
    }
    let secrets = service.secrets();
    assert!(secrets.len() >= 4, "two pairs of tokens at least");
    Canaries::new(secrets).assert_absent("the traces", &all);
}

#[test]
fn a_service_that_is_not_there_is_told_from_one_that_does_not_answer() {
    let stage = Stage::new();
    drop(stage.login(&["--device"], Client::PUBLIC, "work", "").ok());
    stage.issuer.always(Endpoint::Token, Behaviour::CutBeforeProcessing);
    let lost = stage.trace(&["refresh", "work"], "").fails(7);
    assert!(lost.err.contains(" → no answer in "), "{lost:?}");
    let unsent = Ctl::new(&stage.sandbox, &["trace", "login", "--issuer", "http://127.0.0.1:1", "--client-id", "c"]);
    let unsent = unsent.run();
    assert_ne!(unsent.code, Some(0));
    assert!(
        unsent.err.contains("GET http://127.0.0.1:1/.well-known/") && unsent.err.contains(" → not sent in "),
        "{unsent:?}"
    );
}

#[test]
fn only_verbs_that_ask_a_service_are_traced() {
    let sandbox = Sandbox::new();
    let ran = Ctl::new(&sandbox, &["trace", "switch", "x"]).run().fails(2);
    assert!(ran.err.contains("switch"), "{ran:?}");
    let help = Ctl::new(&sandbox, &["trace", "refresh", "--help"]).run().ok();
    assert!(help.out.contains("agentctl trace refresh") || help.out.contains("Usage: "), "{help:?}");
    drop(Ctl::new(&sandbox, &["trace", "refresh"]).run().fails(6));
}
