//! The usual scene: an issuer, a daemon on a manual clock, and one login made.

use std::time::Duration;

use proto::id::LeaseId;
use proto::login::{Flow, LoginRequest, LoginStep};
use proto::problem::Problem;
use proto::profile::Profile;
use proto::route;
use proto::token::{RefreshRequest, RejectRequest, Rejected, Token, TokenRequest};

use crate::daemon::Inside;
use crate::issuer::{Client, Config, Endpoint, Issuer};
use crate::sandbox::Sandbox;
use crate::wire::{Wire, name, of};

/// See the module's documentation. The profile is called `work`.
pub struct Scene {
    /// The daemon's directories.
    pub sandbox: Sandbox,
    /// The authorization server.
    pub issuer: Issuer,
    /// The daemon.
    pub daemon: Inside,
}

/// The profile of the scene.
pub const WORK: &str = "work";

/// How long a condition may take to come true, in real time.
const PATIENCE: Duration = Duration::from_secs(20);

impl Scene {
    /// With a well-behaved issuer.
    pub async fn new() -> Self {
        Self::with(Config::default(), "").await
    }

    /// With an issuer of this kind, and further lines in `config.toml`.
    pub async fn with(config: Config, lines: &str) -> Self {
        let sandbox = Sandbox::new();
        sandbox.write_config(&format!("[store]\nkey = \"file\"\n{lines}"));
        let issuer = Issuer::start(config).await;
        let daemon = Inside::start(&sandbox);
        let scene = Self { sandbox, issuer, daemon };
        scene.log_in(WORK, None).await;
        scene
    }

    /// Makes a device login under `profile`.
    pub async fn log_in(&self, profile: &str, scope: Option<&str>) -> Profile {
        let request = LoginRequest {
            profile: Some(name(profile)),
            flow: Some(Flow::Device),
            issuer: Some(self.issuer.url().to_owned()),
            client_id: Some(Client::PUBLIC.to_owned()),
            scope: scope.map(str::to_owned),
            switch: true,
            ..LoginRequest::default()
        };
        let wire = self.daemon.wire();
        let started = wire.login(&request).await.expect("the login starts");
        let last = wire
            .follow(started.id.as_str(), async |step| {
                if let LoginStep::Device { user_code, .. } = step {
                    self.issuer.approve(user_code);
                    let polls = self.issuer.count(Endpoint::Token);
                    self.until(async || self.issuer.count(Endpoint::Token) > polls, Duration::from_secs(1)).await;
                }
            })
            .await;
        let LoginStep::Done { profile, .. } = last else { panic!("the login failed: {last:?}") };
        *profile
    }

    /// Moves the daemon's clock by `step` again and again until `condition` holds, giving it real time in between.
    pub async fn until(&self, condition: impl AsyncFn() -> bool, step: Duration) {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while !condition().await {
            assert!(tokio::time::Instant::now() < deadline, "the condition did not come true");
            self.daemon.clock.advance(step);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Lets time pass for daemon and issuer alike.
    pub fn pass(&self, time: Duration) {
        self.issuer.advance(time);
        self.daemon.clock.advance(time);
    }

    /// Waits, without moving any clock, until `condition` holds of the profile.
    pub async fn settles(&self, condition: impl Fn(&Profile) -> bool) -> Profile {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let profile = self.profile().await;
            if condition(&profile) {
                return profile;
            }
            assert!(tokio::time::Instant::now() < deadline, "the profile did not get there: {profile:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// The daemon's socket.
    pub fn wire(&self) -> Wire {
        self.daemon.wire()
    }

    /// The profile now.
    pub async fn profile(&self) -> Profile {
        self.wire().inspect(WORK).await.expect("the profile is there")
    }

    /// Its token.
    ///
    /// # Errors
    /// The daemon's problem.
    pub async fn token(&self) -> Result<Token, Problem> {
        self.wire().token(&of(WORK)).await
    }

    /// Its token with at least this many seconds left.
    ///
    /// # Errors
    /// The daemon's problem.
    pub async fn token_for(&self, min_ttl: u64) -> Result<Token, Problem> {
        self.wire().token(&TokenRequest { min_ttl: Some(min_ttl), ..of(WORK) }).await
    }

    /// A forced refresh.
    ///
    /// # Errors
    /// The daemon's problem.
    pub async fn refresh(&self) -> Result<Profile, Problem> {
        self.wire().call(&route::REFRESH, "", &RefreshRequest { profile: Some(name(WORK)) }).await.message()
    }

    /// "The service refused this lease."
    ///
    /// # Errors
    /// The daemon's problem.
    pub async fn reject(&self, lease: &LeaseId) -> Result<Rejected, Problem> {
        let request = RejectRequest { lease: Some(lease.clone()), profile: None };
        self.wire().call(&route::REJECT, "", &request).await.message()
    }

    /// Stops the daemon in order and starts it again, with the same clock.
    pub async fn restart(&mut self) {
        let clock = self.daemon.clock.clone();
        let stopped = self.daemon.halt().await;
        assert!(stopped.orderly, "{stopped:?}");
        self.daemon = Inside::start_at(&self.sandbox, clock);
    }
}

/// The text of a token, for comparisons in tests.
pub fn text(token: &Token) -> String {
    // EXPOSE: tests compare tokens with what the issuer made.
    token.access_token.expose().to_owned()
}
