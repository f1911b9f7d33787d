//! No secret is anywhere but in the answers of `token`, `reject` and `exec`: not in a log at trace level, an error, a
//! file, a command line, an environment. Everything that can go well or wrong with a login is made to happen first.
//!
//! Every secret of the in-tree issuer is a canary; the search knows it in every encoding (`harness::canary`).

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use harness::browser::Browser;
use harness::canary::Canaries;
use harness::ctl::{Ctl, Ran};
use harness::daemon::Process;
use harness::issuer::{Behaviour, Client, Config, Endpoint, ErrorBody, ExpiresIn, Issuer};
use harness::logins;
use harness::raw::Raw;
use harness::sandbox::Sandbox;
use harness::until::until;

const KEY: &str = "canary-key-\"5\"+/100%-of-ci";
const WRONG: &str = "canary-wrong-client-secret";

/// One daemon at trace level, and everything its clients have said.
struct Stage {
    sandbox: Sandbox,
    issuer: Issuer,
    daemon: Process,
    heard: Vec<(String, String)>,
}

impl Stage {
    fn new() -> Self {
        let mut config = Config::default();
        config.device.auto_approve = Some(std::time::Duration::ZERO);
        let sandbox = Sandbox::new();
        let daemon = Process::start(&sandbox);
        Self { sandbox, issuer: Issuer::launch(config), daemon, heard: Vec::new() }
    }

    /// `agentctl -v`, whose output may hold no secret.
    fn ctl(&mut self, arguments: &[&str], input: &str) -> Ran {
        self.hear(arguments, Ctl::new(&self.sandbox, &[&["-v"], arguments].concat()).input(input).run())
    }

    fn hear(&mut self, arguments: &[&str], ran: Ran) -> Ran {
        let words = arguments.join(" ");
        self.heard.push((format!("standard error of `agentctl {words}`"), ran.err.clone()));
        let asked_for = ["token", "reject", "exec"].iter().any(|verb| arguments.contains(verb));
        if !asked_for {
            self.heard.push((format!("standard output of `agentctl {words}`"), ran.out.clone()));
        }
        ran
    }

    fn login(&mut self, how: &str, profile: &str, client: &str, secret: Option<&str>) -> Ran {
        let url = self.issuer.url().to_owned();
        let mut arguments = vec!["login", how, "--issuer", &url, "--client-id", client, "-p", profile];
        arguments.extend(secret.map(|_| "--client-secret-stdin"));
        self.ctl(&arguments, &secret.map_or_else(String::new, |secret| format!("{secret}\n")))
    }

    /// A login in a browser that leaves behind what it was given.
    fn browse(&mut self, profile: &str) -> Ran {
        let (seen, address) = (self.sandbox.path().join("browser.seen"), self.sandbox.path().join("browser.url"));
        let script = self.sandbox.path().join("browser.sh");
        let (notes, place) = (seen.display(), address.display());
        let text = format!(
            "#!/bin/sh\n(env; cat /proc/$$/cmdline; cat /proc/$PPID/cmdline) >> '{notes}' 2>/dev/null\n\
             echo \"$1\" > '{place}.new' && mv '{place}.new' '{place}'\n",
        );
        fs::write(&script, text).expect("the sandbox is writable");
        fs::set_permissions(&script, fs::Permissions::from_mode(0o700)).expect("it is ours");
        let _old = fs::remove_file(&address);
        let url = self.issuer.url().to_owned();
        let arguments = ["login", "--browser", "--issuer", &url, "--client-id", Client::PUBLIC, "-p", profile];
        let ctl = Ctl::new(&self.sandbox, &[&["-v"], &arguments[..]].concat()).env("BROWSER", &script);
        let ran = std::thread::scope(|scope| {
            let client = scope.spawn(|| ctl.run());
            let url = until("the browser is opened", || fs::read_to_string(&address).ok());
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            let page = runtime.block_on(Browser::new().follow(url.trim()));
            self.heard.push(("the page in the browser".to_owned(), page.body));
            client.join().expect("agentctl ends")
        });
        self.hear(&arguments, ran)
    }

    /// Everything that was ever secret.
    fn canaries(&self) -> Canaries {
        let own = [KEY, WRONG, Client::SECRET].map(str::to_owned);
        Canaries::new(self.issuer.secrets().into_iter().chain(own))
    }
}

fn refresh_failures(live: &str) -> Vec<Behaviour> {
    let description = Some(format!("the token {live} is not known"));
    let mut all = vec![
        Behaviour::Normal,
        Behaviour::CutBeforeProcessing,
        Behaviour::status(500),
        Behaviour::status(404),
        Behaviour::retry_after(429, 1),
        Behaviour::Redirect(format!("http://127.0.0.1:9/?token={live}")),
        Behaviour::OAuthError { code: "temporarily_unavailable".to_owned(), description: description.clone() },
        Behaviour::OAuthError { code: live.to_owned(), description: description.clone() },
        Behaviour::ExpiresIn(ExpiresIn::Text),
        Behaviour::ExpiresIn(ExpiresIn::Negative),
        Behaviour::OmitRefreshToken,
        Behaviour::WidenScope,
        Behaviour::TokenType("mac".to_owned()),
        Behaviour::DuplicateKeys,
        Behaviour::ExtraFields,
        Behaviour::HugeBody(4 * 1024 * 1024),
        Behaviour::Truncate,
        Behaviour::StatusAfterProcessing(502),
        Behaviour::CutAfterProcessing,
        Behaviour::Empty400,
        Behaviour::InvalidRequest,
        Behaviour::OAuthError { code: "invalid_client".to_owned(), description: description.clone() },
        Behaviour::OAuthError { code: "invalid_scope".to_owned(), description: description.clone() },
        Behaviour::OAuthError { code: "invalid_grant".to_owned(), description },
    ];
    let bodies = [ErrorBody::Json, ErrorBody::Html, ErrorBody::Garbage];
    all.extend(bodies.map(|body| Behaviour::Status { status: 503, body, retry_after: None }));
    all
}

fn good_logins(stage: &mut Stage) {
    drop(stage.login("--device", "device", Client::PUBLIC, None).ok());
    drop(stage.browse("code").ok());
    drop(stage.login("--device", "basic", Client::BASIC, Some(Client::SECRET)).ok());
    // This client's secret goes into the form, which the server has to say.
    let methods = "token_endpoint_auth_methods_supported".to_owned();
    let post = serde_json::json!(["client_secret_post"]);
    stage.issuer.reconfigure(|config| drop(config.discovery.overrides.insert(methods.clone(), post)));
    drop(stage.login("--device", "post", Client::POST, Some(Client::SECRET)).ok());
    stage.issuer.reconfigure(|config| drop(config.discovery.overrides.remove(&methods)));
    drop(stage.ctl(&["login", "--api-key-stdin", "-p", "ci"], &format!("{KEY}\n")).ok());
    for arguments in
        [&["status"][..], &["status", "basic", "--json"], &["list"], &["list", "-o", "json"], &["daemon", "status"]]
    {
        drop(stage.ctl(arguments, "").ok());
    }
    for profile in ["device", "code", "basic", "post", "ci"] {
        let token = stage.ctl(&["token", "-p", profile], "").ok();
        assert!(stage.canaries().find(token.out.as_bytes()).is_some(), "the search finds what `token` prints");
        drop(stage.ctl(&["token", "-p", profile, "--min-ttl", "3h", "--scope", "other"], ""));
        drop(stage.ctl(&["reject", profile, "-o", "json"], ""));
        drop(stage.ctl(&["exec", "-p", profile, "--", "true"], "").ok());
        drop(stage.ctl(&["exec", "-p", profile, "--", "./agentd-no-such-command"], "").fails(127));
    }
}

fn failed_logins(stage: &mut Stage) {
    drop(stage.login("--device", "wrong", Client::BASIC, Some(WRONG)).fails(1));
    for (endpoint, behaviour) in [
        (Endpoint::Token, Behaviour::oauth_error("access_denied")),
        (Endpoint::Token, Behaviour::oauth_error("expired_token")),
        (Endpoint::Token, Behaviour::Truncate),
        (Endpoint::Token, Behaviour::TokenType("mac".to_owned())),
        (Endpoint::DeviceAuthorization, Behaviour::Truncate),
        (Endpoint::DeviceAuthorization, Behaviour::oauth_error("invalid_client")),
        (Endpoint::DeviceAuthorization, Behaviour::Status { status: 200, body: ErrorBody::Garbage, retry_after: None }),
    ] {
        stage.issuer.next(endpoint, behaviour);
        drop(stage.login("--device", "failed", Client::PUBLIC, None));
    }
    let forged =
        |name: &str| Behaviour::RedirectParameter { name: name.to_owned(), value: Some("canary-forged".to_owned()) };
    for behaviour in [forged("iss"), forged("code"), Behaviour::oauth_error("access_denied")] {
        stage.issuer.next(Endpoint::Authorization, behaviour);
        assert_ne!(stage.browse("failed").code, Some(0));
    }
    for bad in ["canary-key\u{7}", "two canary-key-lines\nof it", ""] {
        drop(stage.ctl(&["login", "--api-key-stdin", "-p", "bad"], bad).fails(2));
    }
    // As a program that writes its request by hand would get it wrong.
    for body in [
        format!(r#"{{"profile":"x","flow":"key","key":"{WRONG}"#),
        format!(r#"{{"profile":"x","flow":"key","key":["{WRONG}"]}}"#),
        format!(r#"{{"profile":"{WRONG} ","flow":"key","key":"{WRONG}"}}"#),
        format!(r#"{{"issuer":"https://u:{WRONG}@h","client_id":"x","client_secret":"{WRONG}"}}"#),
        format!(r#"{{"issuer":"javascript:{WRONG}","client_id":"x","client_secret":"{WRONG}"}}"#),
    ] {
        let reply = Raw::ask(stage.daemon.socket(), &Raw::post("/v1/login", &body)).expect("it is told");
        assert_eq!(reply.status, 400, "{reply:?}");
        stage.heard.push(("the answer to a broken login".to_owned(), format!("{reply:?} {:?}", reply.problem())));
    }
}

fn failed_refreshes(stage: &mut Stage) {
    let wire = stage.daemon.wire();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let live = stage.issuer.live_refresh_tokens().first().cloned().expect("there are logins");
    let profiles = ["code", "basic"];
    for (number, behaviour) in refresh_failures(&live).into_iter().enumerate() {
        let profile = profiles[number % 2];
        stage.issuer.always(Endpoint::Token, behaviour);
        drop(stage.ctl(&["refresh", profile], ""));
        drop(stage.ctl(&["status", profile, "--json"], ""));
        drop(stage.ctl(&["token", "-p", profile, "--min-ttl", "59m"], ""));
        stage.issuer.clear(Endpoint::Token);
        let request = match profile {
            "code" => logins::by_code(&stage.issuer, profile),
            _ => logins::confidential(&stage.issuer, profile, Client::BASIC),
        };
        runtime.block_on(logins::must(&wire, &stage.issuer, &request));
    }
}

fn ends(stage: &mut Stage) {
    stage.issuer.next(Endpoint::Revocation, Behaviour::status(503));
    drop(stage.ctl(&["logout", "basic", "--yes"], "").ok());
    stage.issuer.next(Endpoint::Revocation, Behaviour::oauth_error("unsupported_token_type"));
    drop(stage.ctl(&["logout", "post", "--yes"], "").ok());
    drop(stage.ctl(&["logout", "code", "--yes", "--json"], "").ok());
    drop(stage.ctl(&["remove", "device", "--yes"], "").ok());
    drop(stage.ctl(&["daemon", "reload"], "").ok());
    drop(stage.ctl(&["token", "-p", "code"], "").fails(3));
}

#[test]
fn no_secret_is_in_a_log_an_error_a_file_or_an_environment() {
    let mut stage = Stage::new();
    good_logins(&mut stage);
    failed_logins(&mut stage);
    failed_refreshes(&mut stage);
    ends(&mut stage);

    let canaries = stage.canaries();
    assert!(stage.issuer.secrets().len() > 100, "a lot has happened");
    let log = stage.daemon.log();
    let chatty = [" DEBUG ", " INFO ", " WARN "].map(|level| log.matches(level).count());
    assert!(chatty.iter().sum::<usize>() > 100 && chatty[0] > 0, "the log says little: {chatty:?}");
    canaries.assert_absent("the log", &log);
    for (place, text) in &stage.heard {
        canaries.assert_absent(place, text);
    }
    assert!(canaries.assert_absent_below(stage.sandbox.path()) >= 6, "log, lock, key, store, browser's notes");
    let seen = fs::read_to_string(stage.sandbox.path().join("browser.seen")).expect("the browser was run");
    assert!(seen.contains("HOME="), "the search saw the environment of a program that `agentctl` started");
    #[cfg(target_os = "linux")]
    if let Some((line, environment)) = harness::proc::start_of(stage.daemon.pid()) {
        canaries.assert_absent("the daemon's command line", line);
        canaries.assert_absent("the daemon's environment", environment);
    }
    // What is written at the stop is searched as well.
    let directory: PathBuf = stage.sandbox.path().to_owned();
    let Stage { sandbox, daemon, issuer, .. } = stage;
    assert_eq!(daemon.terminate(), Some(0));
    canaries.assert_absent_below(&directory);
    // The search can fail: a planted secret is found, in a form that is not its own.
    let planted = issuer.secrets().pop().expect("there are some");
    let hidden = planted.bytes().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
    fs::write(directory.join("agentd.lock"), format!("/run/x\n{hidden}\n")).expect("it is ours");
    let found = sandbox.files().iter().filter(|(_, bytes)| canaries.find(bytes).is_some()).count();
    assert_eq!(found, 1, "a planted secret is found");
}
