//! One daemon on a manual clock, one issuer that does as it is told, one profile, and a person who logs in.
//!
//! Both clocks are moved together ([`Stage::pass`]). A browser login needs no time; a device login is given a second at
//! a time until it ends. What happens at the issuer is scripted and read there.

use std::time::{Duration, Instant};

use proto::id::LeaseId;
use proto::login::{Flow, LoginRequest, LoginStep};
use proto::problem::Problem;
use proto::profile::{LoggedOut, LogoutRequest, Profile};
use proto::route;
use proto::token::{RefreshRequest, RejectRequest, Rejected, Token, TokenRequest};

use crate::browser::Browser;
use crate::daemon::Inside;
use crate::issuer::{Client, Config, Endpoint, Issuer};
use crate::sandbox::Sandbox;
use crate::wire::{self, Wire};

/// The profile of every login.
pub const PROFILE: &str = "work";
/// Real time that a condition is waited for.
const DEADLINE: Duration = Duration::from_secs(20);
/// Real time in which a poll that is due reaches the issuer, on an idle machine; on a busy one the clock runs ahead.
const POLL_TIME: Duration = Duration::from_millis(20);

/// See the module's documentation.
pub struct Stage {
    /// The daemon's directories.
    pub sandbox: Sandbox,
    /// The authorization server.
    pub issuer: Issuer,
    /// The daemon.
    pub inside: Inside,
    /// Requests to it.
    pub wire: Wire,
}

impl Stage {
    /// A daemon with a key file as its store, and an issuer with these settings.
    pub fn new(config: Config) -> Self {
        Self::configured(config, "")
    }

    /// The same with more lines in `config.toml`.
    pub fn configured(config: Config, more: &str) -> Self {
        let sandbox = Sandbox::new();
        sandbox.write_config(&format!("[store]\nkey = \"file\"\n{more}"));
        let issuer = Issuer::launch(config);
        let inside = Inside::start(&sandbox);
        let wire = inside.wire();
        Self { sandbox, issuer, inside, wire }
    }

    /// With a device login made by a well-behaved issuer.
    pub async fn ready() -> Self {
        Self::ready_with(Config::default(), "").await
    }

    /// The same with these settings, and more lines in `config.toml`.
    pub async fn ready_with(config: Config, more: &str) -> Self {
        let stage = Self::configured(config, more);
        stage.log_in(PROFILE, None).await;
        stage
    }

    /// Makes a device login under `profile`, approved at once.
    pub async fn log_in(&self, profile: &str, scope: Option<&str>) -> Profile {
        let request = LoginRequest {
            profile: Some(wire::name(profile)),
            flow: Some(Flow::Device),
            scope: scope.map(str::to_owned),
            ..self.plain()
        };
        done(self.with_device(request, Some(0)).await).0
    }

    /// A browser login of the public client with the scope `openid profile`.
    pub fn browser_login(&self) -> LoginRequest {
        LoginRequest { flow: Some(Flow::AuthorizationCode), scope: Some("openid profile".to_owned()), ..self.plain() }
    }

    /// A device login of the public client with the scope `openid profile`.
    pub fn device_login(&self) -> LoginRequest {
        LoginRequest { flow: Some(Flow::Device), ..self.browser_login() }
    }

    /// A login of the public client that leaves everything to the daemon.
    pub fn plain(&self) -> LoginRequest {
        LoginRequest {
            profile: Some(wire::name(PROFILE)),
            switch: true,
            issuer: Some(self.issuer.url().to_owned()),
            client_id: Some(Client::PUBLIC.to_owned()),
            ..LoginRequest::default()
        }
    }

    /// Runs a login whose person opens the address in a browser and agrees.
    pub async fn with_browser(&self, request: LoginRequest) -> LoginStep {
        let started = self.wire.login(&request).await.expect("the login starts");
        let mut browser = self.issuer.ca_pem().map_or_else(Browser::new, Browser::trusting);
        let person = async |step: &LoginStep| {
            if let LoginStep::Open { url, .. } = step {
                browser.follow(url).await;
            }
        };
        self.wire.follow(started.id.as_str(), person).await
    }

    /// Runs a device login whose person agrees when the client has polled `polls` times; never if that is `None`.
    pub async fn with_device(&self, request: LoginRequest, polls: Option<usize>) -> LoginStep {
        self.see_device(request, polls).await.1
    }

    /// The same, with the step that showed the code.
    pub async fn see_device(&self, request: LoginRequest, polls: Option<usize>) -> (Option<LoginStep>, LoginStep) {
        let started = self.wire.login(&request).await.expect("the login starts");
        let before = self.issuer.count(Endpoint::Token);
        let mut shown = None;
        let person = async |step: &LoginStep| {
            if let LoginStep::Device { user_code, .. } = step {
                shown = Some(step.clone());
                if let Some(polls) = polls {
                    self.issuer.wait_for(|ledger| ledger.count(Endpoint::Token) - before >= polls).await;
                    self.issuer.approve(user_code);
                }
            }
        };
        let time = async {
            loop {
                let polls = self.issuer.count(Endpoint::Token);
                self.pass(Duration::from_secs(1));
                let polled = self.issuer.wait_for(|ledger| ledger.count(Endpoint::Token) > polls);
                // Most seconds bring no poll.
                let _ = tokio::time::timeout(POLL_TIME, polled).await;
            }
        };
        let last = tokio::select! {
            last = self.wire.follow(started.id.as_str(), person) => last,
            () = time => unreachable!("time has no end"),
        };
        (shown, last)
    }

    /// A browser login that succeeds.
    pub async fn logged_in(&self) -> Profile {
        done(self.with_browser(self.browser_login()).await).0
    }

    /// Moves both clocks.
    pub fn pass(&self, time: Duration) {
        self.issuer.advance(time);
        self.inside.clock.advance(time);
    }

    /// A lease.
    ///
    /// # Errors
    /// The daemon's problem.
    pub async fn token(&self) -> Result<Token, Problem> {
        self.wire.token(&wire::of(PROFILE)).await
    }

    /// A lease with at least this many seconds left.
    ///
    /// # Errors
    /// The daemon's problem.
    pub async fn token_for(&self, min_ttl: u64) -> Result<Token, Problem> {
        self.wire.token(&TokenRequest { min_ttl: Some(min_ttl), ..wire::of(PROFILE) }).await
    }

    /// "The service refused this lease."
    ///
    /// # Errors
    /// The daemon's problem.
    pub async fn reject(&self, lease: &LeaseId) -> Result<Rejected, Problem> {
        let request = RejectRequest { lease: Some(lease.clone()), ..RejectRequest::default() };
        self.wire.call(&route::REJECT, "", &request).await.message()
    }

    /// A refresh now.
    ///
    /// # Errors
    /// The daemon's problem.
    pub async fn refresh(&self) -> Result<Profile, Problem> {
        let request = RefreshRequest { profile: Some(wire::name(PROFILE)) };
        self.wire.call(&route::REFRESH, "", &request).await.message()
    }

    /// A logout.
    pub async fn logout(&self) -> LoggedOut {
        let request = LogoutRequest { profile: Some(wire::name(PROFILE)) };
        self.wire.call(&route::LOGOUT, "", &request).await.message().expect("a logout succeeds")
    }

    /// The profile.
    pub async fn profile(&self) -> Profile {
        self.wire.inspect(PROFILE).await.expect("the profile exists")
    }

    /// Stops the daemon in order and starts it again, with the same clock.
    pub async fn restart(&mut self) {
        let clock = self.inside.clock.clone();
        let stopped = self.inside.halt().await;
        assert!(stopped.orderly, "{stopped:?}");
        self.inside = Inside::start_at(&self.sandbox, clock);
    }

    /// Moves the daemon's clock by `step` again and again until `condition` holds, giving it real time in between.
    pub async fn comes_true(&self, condition: impl AsyncFn() -> bool, step: Duration) {
        let deadline = Instant::now() + DEADLINE;
        while !condition().await {
            assert!(Instant::now() < deadline, "the condition did not come true");
            self.inside.clock.advance(step);
        }
    }

    /// Waits until the profile is as wished, and gives it back.
    pub async fn until(&self, wished: impl Fn(&Profile) -> bool) -> Profile {
        let deadline = Instant::now() + DEADLINE;
        loop {
            let profile = self.profile().await;
            if wished(&profile) {
                return profile;
            }
            assert!(Instant::now() < deadline, "the profile did not get there: {profile:?}");
        }
    }
}

/// The profile and the warnings of a login that succeeded.
pub fn done(last: LoginStep) -> (Profile, Vec<String>) {
    match last {
        LoginStep::Done { profile, warnings, .. } => (*profile, warnings),
        other => panic!("the login did not succeed: {other:?}"),
    }
}

/// The problem of a login that failed.
pub fn failed(last: LoginStep) -> Problem {
    match last {
        LoginStep::Failed { problem } => problem,
        other => panic!("the login did not fail: {other:?}"),
    }
}

/// The access token in a lease.
pub fn bearer(token: &Token) -> &str {
    // EXPOSE: tests ask the issuer what it is worth.
    token.access_token.expose()
}
