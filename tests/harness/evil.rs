//! A malicious authorization server, and everybody it might harm: the daemon that logs in to it, a login at an honest
//! server, and somebody who has nothing to do with any of this.
//!
//! It is the issuer of the harness with one switch per attack ([`Attack`]). What it puts into its answers has [`MARKER`] in
//! it, so that it can be looked for where no word of a service may be.

mod arm;
mod attack;
mod encoded;
mod flood;

use std::time::Duration;

use proto::login::{LoginRequest, LoginStep};
use proto::profile::Profile;
use proto::token::TokenRequest;
use url::Url;

pub use attack::Attack;

use crate::browser::Browser;
use crate::canary::Canaries;
use crate::daemon::Inside;
use crate::issuer::{Client, Config, Endpoint, Issuer};
use crate::sandbox::Sandbox;
use crate::service::Elsewhere;
use crate::stage::{PROFILE, Stage, done};
use crate::tunnel::Tunnel;
use crate::wire;

/// In everything that the server makes up.
pub const MARKER: &str = "evil-marker";
/// The login at the honest server.
pub const OTHER: &str = "other";
/// The name of the server on the internet.
const HOST: &str = "as.evil.test";
/// What a login is given, on the manual clock.
const MAX_WAIT: Duration = Duration::from_mins(2);

/// Where the malicious server is, as the daemon sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// On loopback, by plain http: the person has said so.
    ThisMachine,
    /// On the internet, by TLS, under a name that a proxy knows.
    Internet,
}

/// See the module's documentation.
pub struct Evil {
    /// The daemon, and the malicious server as its issuer.
    pub stage: Stage,
    /// Where [`OTHER`] is logged in.
    pub honest: Issuer,
    /// Where nobody should be sent.
    pub victim: Elsewhere,
    /// The way to a server on the internet.
    pub tunnel: Option<Tunnel>,
    attack: Attack,
    flood: Option<flood::Flood>,
    /// A code that somebody else's browser was given.
    stolen: String,
}

/// What a login showed, and how it ended.
#[derive(Debug)]
pub struct Ended {
    /// Every step that came before the last.
    pub shown: Vec<LoginStep>,
    /// The last.
    pub last: LoginStep,
}

impl Evil {
    /// Everybody in place; nothing is wrong yet.
    pub async fn new(attack: Attack) -> Self {
        let evil = match attack.place() {
            Place::ThisMachine => Self::here(attack),
            Place::Internet => Self::far(attack),
        };
        let login = LoginRequest {
            profile: Some(wire::name(OTHER)),
            issuer: Some(evil.honest.url().to_owned()),
            switch: false,
            ..evil.stage.browser_login()
        };
        let started = evil.stage.wire.login(&login).await.expect("the login starts");
        let person = async |step: &LoginStep| {
            if let LoginStep::Open { url, .. } = step {
                Browser::new().follow(url).await;
            }
        };
        done(evil.stage.wire.follow(started.id.as_str(), person).await);
        evil
    }

    fn here(attack: Attack) -> Self {
        let mut config = Config::default();
        config.registration.offered = attack.registers();
        let stage = Stage::new(config);
        Self::with(attack, stage, None)
    }

    fn far(attack: Attack) -> Self {
        let issuer = Issuer::launch(Config { tls: true, host: Some(HOST.to_owned()), ..Config::default() });
        let tunnel = Tunnel::start([(format!("{HOST}:443"), issuer.address())]);
        let sandbox = Sandbox::new();
        sandbox.write_config(&format!("[store]\nkey = \"file\"\n[http]\nproxy = \"{}\"\n", tunnel.url()));
        std::fs::write(sandbox.path().join("ca.pem"), issuer.ca_pem().expect("it speaks TLS")).expect("it is ours");
        let inside = Inside::start(&sandbox);
        let wire = inside.wire();
        Self::with(attack, Stage { sandbox, issuer, inside, wire }, Some(tunnel))
    }

    fn with(attack: Attack, stage: Stage, tunnel: Option<Tunnel>) -> Self {
        let (honest, victim) = (Issuer::launch(Config::default()), Elsewhere::start());
        Self { stage, honest, victim, tunnel, attack, flood: None, stolen: String::new() }
    }

    /// A login at the malicious server, without its attack if `form` is `None`.
    pub async fn login(&mut self, form: Option<&str>) -> Ended {
        if let Some(form) = form {
            if self.attack == Attack::CodeOfAnother {
                self.stolen = self.steal().await;
            }
            self.turn_on(form);
        }
        let request = self.request();
        if self.attack.is_by_device() {
            let (shown, last) = self.stage.see_device(request, Some(0)).await;
            return Ended { shown: shown.into_iter().collect(), last };
        }
        let started = self.stage.wire.login(&request).await.expect("the login starts");
        let mut browser = match (&self.tunnel, self.stage.issuer.ca_pem()) {
            (Some(tunnel), Some(pem)) => Browser::behind(&tunnel.url(), pem),
            _ => Browser::new(),
        };
        let mut shown = Vec::new();
        let person = async |step: &LoginStep| {
            shown.push(step.clone());
            if let LoginStep::Open { url, .. } = step {
                let page = browser.follow(url).await;
                assert!(!page.body.contains(MARKER), "the page repeats what it was sent: {page:?}");
                if self.attack.is_left_aside() {
                    assert_eq!(page.status, 400, "{page:?}");
                    self.stage.pass(MAX_WAIT);
                }
            }
        };
        let impatience = async {
            if self.attack == Attack::SlowMetadata {
                self.stage.issuer.wait_for(|ledger| ledger.count(Endpoint::OpenidConfiguration) > 0).await;
                self.stage.pass(MAX_WAIT);
            }
            std::future::pending::<()>().await;
        };
        let last = tokio::select! {
            last = self.stage.wire.follow(started.id.as_str(), person) => last,
            () = impatience => unreachable!("it has no end"),
        };
        shown.retain(|step| *step != last);
        Ended { shown, last }
    }

    /// Turns the attack on, in one of its forms.
    pub fn turn_on(&mut self, form: &str) {
        self.arm(self.attack, form);
    }

    fn request(&self) -> LoginRequest {
        let plain = if self.attack.is_by_device() { self.stage.device_login() } else { self.stage.browser_login() };
        let ca_file = self.tunnel.as_ref().map(|_| self.stage.sandbox.path().join("ca.pem").display().to_string());
        let client_id = plain.client_id.filter(|_| !self.attack.registers());
        LoginRequest { client_id, max_wait: Some(MAX_WAIT.as_secs()), ca_file, ..plain }
    }

    /// The code that another client's browser was given, with a challenge of its own.
    async fn steal(&self) -> String {
        let mut url = Url::parse(&self.stage.issuer.endpoint(Endpoint::Authorization)).expect("an address");
        url.query_pairs_mut()
            .extend_pairs([("client_id", Client::PUBLIC), ("response_type", "code"), ("state", "another")])
            .extend_pairs([("redirect_uri", "http://127.0.0.1:9/callback"), ("scope", "openid profile")])
            .extend_pairs([("code_challenge", "another"), ("code_challenge_method", "S256")]);
        let answer = crate::browser::client(None).get(url).send().await.expect("the issuer answers");
        let location = answer.headers().get("location").and_then(|to| to.to_str().ok()).expect("a redirect");
        let location = Url::parse(location).expect("an address");
        let code = location.query_pairs().find(|(name, _)| name == "code").expect("a code");
        code.1.into_owned()
    }

    /// The profile at the malicious server, if there is one.
    pub async fn profile(&self) -> Option<Profile> {
        self.stage.wire.inspect(PROFILE).await.ok()
    }

    /// The login at the honest server works, and nobody was harmed.
    pub async fn nobody_is_harmed(&self) {
        let request = TokenRequest { min_ttl: Some(60), ..wire::of(OTHER) };
        let token = self.stage.wire.token(&request).await.expect("the other login is served");
        assert!(self.honest.is_live(crate::stage::bearer(&token)));
        assert_eq!(self.victim.hits(), 0, "somebody was sent elsewhere");
        if let Some(tunnel) = &self.tunnel {
            let asked = tunnel.asked();
            assert!(asked.iter().all(|target| *target == format!("{HOST}:443")), "{asked:?}");
        }
        if let Some(flood) = &self.flood {
            assert!(flood.taken() < 8 << 20, "a client took {} bytes", flood.taken());
        }
    }

    /// No secret of the malicious server is in a file, and nothing that it made up.
    pub fn nothing_is_stored(&self) {
        let secrets = self.stage.issuer.secrets();
        let canaries = Canaries::new(secrets.iter().map(String::as_str).chain([MARKER]));
        assert!(canaries.assert_absent_below(self.stage.sandbox.path()) > 0, "there are files to search");
    }
}
