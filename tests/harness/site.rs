//! One daemon on a manual clock, one of the five services, one profile, and a person who approves.
//!
//! Both clocks are moved together ([`Site::pass`]). A login is given a second at a time until it ends, and approved as soon
//! as it shows where.

mod ask;
mod links;

use std::time::{Duration, Instant};

use proto::login::{LoginRequest, LoginStep};
use proto::problem::Problem;
use proto::profile::{LoggedOut, LogoutRequest, Profile};
use proto::project::{ProjectRequest, Projects};
use proto::provider::Method;
use proto::route;
use proto::secret::Secret;
use proto::token::{RefreshRequest, Token, TokenRequest};
use proto::whoami::{ProbeRequest, Probed, SyncRequest, Whoami, WhoamiRequest};

use crate::daemon::Inside;
use crate::sandbox::Sandbox;
use crate::service::{Service, Wire as ServiceWire};
use crate::wire::{self, Wire};

/// The profile of every login.
pub const PROFILE: &str = "work";
/// Real time in which a poll that is due reaches the service, on an idle machine; on a busy one the clock runs ahead.
const POLL_TIME: Duration = Duration::from_millis(20);
/// Real time that a condition is waited for.
const DEADLINE: Duration = Duration::from_secs(20);

/// See the module's documentation.
pub struct Site<W: ServiceWire> {
    /// The daemon's directories.
    pub sandbox: Sandbox,
    /// The service.
    pub service: Service<W>,
    /// The daemon.
    pub inside: Inside,
    /// Requests to it.
    pub wire: Wire,
    provider: &'static str,
}

impl<W: ServiceWire> Site<W> {
    /// A daemon with a key file as its store, and a service with these settings.
    pub fn new(wire: W) -> Self {
        Self::configured(wire, "")
    }

    /// The same with more lines in `config.toml`.
    pub fn configured(wire: W, more: &str) -> Self {
        let sandbox = Sandbox::new();
        sandbox.write_config(&format!("[store]\nkey = \"file\"\n{more}"));
        let service = Service::launch(wire);
        let inside = Inside::start(&sandbox);
        let wire = inside.wire();
        Self { sandbox, service, inside, wire, provider: W::NAME }
    }

    /// A login into [`PROFILE`] that leaves everything else to the daemon.
    pub fn login(&self) -> LoginRequest {
        LoginRequest {
            profile: Some(wire::name(PROFILE)),
            provider: Some(self.provider.parse().expect("names of providers are good")),
            environment: Some(self.service.url().to_owned()),
            switch: true,
            ..LoginRequest::default()
        }
    }

    /// A login with a key.
    pub fn key_login(&self, key: &str) -> LoginRequest {
        LoginRequest { method: Some(Method::ApiKey), key: Some(Secret::new(key.to_owned())), ..self.login() }
    }

    /// Runs a login whose person approves at once, and returns its last step.
    ///
    /// # Errors
    /// The problem of a login that does not start.
    pub async fn run(&self, request: LoginRequest) -> Result<LoginStep, Problem> {
        self.run_with(request, || self.service.approve()).await
    }

    /// Runs a login whose person does this as soon as it is shown where.
    ///
    /// # Errors
    /// The problem of a login that does not start.
    pub async fn run_with(&self, request: LoginRequest, person: impl Fn()) -> Result<LoginStep, Problem> {
        let started = self.wire.login(&request).await?;
        let person = async |step: &LoginStep| {
            if matches!(step, LoginStep::Open { .. } | LoginStep::Device { .. }) {
                person();
            }
        };
        let time = async {
            loop {
                let before = self.service.ledger().entries().len();
                self.pass(Duration::from_secs(1));
                let asked = self.service.wait_for(|ledger| ledger.entries().len() > before);
                // Most seconds bring no request.
                let _ = tokio::time::timeout(POLL_TIME, asked).await;
            }
        };
        tokio::select! {
            last = self.wire.follow(started.id.as_str(), person) => Ok(last),
            () = time => unreachable!("time has no end"),
        }
    }

    /// A login that succeeds: the profile and the warnings.
    pub async fn logged_in(&self, request: LoginRequest) -> (Profile, Vec<String>) {
        crate::stage::done(self.run(request).await.expect("the login starts"))
    }

    /// A login that fails.
    pub async fn refused(&self, request: LoginRequest) -> Problem {
        match self.run(request).await {
            Err(problem) => problem,
            Ok(last) => crate::stage::failed(last),
        }
    }

    /// Moves both clocks.
    pub fn pass(&self, time: Duration) {
        self.service.advance(time);
        self.inside.clock.advance(time);
    }

    /// A lease.
    ///
    /// # Errors
    /// The daemon's problem.
    pub async fn token(&self) -> Result<Token, Problem> {
        self.wire.token(&wire::of(PROFILE)).await
    }

    /// A credential that came with the login.
    ///
    /// # Errors
    /// The daemon's problem.
    pub async fn secondary(&self, word: &str) -> Result<Token, Problem> {
        self.wire.token(&TokenRequest { secondary: Some(word.to_owned()), ..wire::of(PROFILE) }).await
    }

    /// A refresh now.
    ///
    /// # Errors
    /// The daemon's problem.
    pub async fn refresh(&self) -> Result<Profile, Problem> {
        let request = RefreshRequest { profile: Some(wire::name(PROFILE)) };
        self.wire.call(&route::REFRESH, "", &request).await.message()
    }

    /// Who is logged in.
    ///
    /// # Errors
    /// The daemon's problem.
    pub async fn whoami(&self) -> Result<Whoami, Problem> {
        let request = WhoamiRequest { profile: Some(wire::name(PROFILE)), fallback: None };
        self.wire.call(&route::WHOAMI, "", &request).await.message()
    }

    /// What comes with the login, anew.
    ///
    /// # Errors
    /// The daemon's problem.
    pub async fn sync(&self) -> Result<Profile, Problem> {
        let request = SyncRequest { profile: Some(wire::name(PROFILE)) };
        self.wire.call(&route::SYNC, "", &request).await.message()
    }

    /// The projects.
    ///
    /// # Errors
    /// The daemon's problem.
    pub async fn projects(&self) -> Result<Projects, Problem> {
        self.wire.call(&route::PROJECTS, PROFILE, &()).await.message()
    }

    /// Chooses a project.
    ///
    /// # Errors
    /// The daemon's problem.
    pub async fn project(&self, project: &str) -> Result<Profile, Problem> {
        let request = ProjectRequest { profile: Some(wire::name(PROFILE)), project: project.to_owned() };
        self.wire.call(&route::PROJECT, "", &request).await.message()
    }

    /// Every profile, tried; the clock stands still meanwhile.
    pub async fn probe(&self) -> Probed {
        let request = ProbeRequest { all: true, ..ProbeRequest::default() };
        self.wire.call(&route::PROBE, "", &request).await.message().expect("a probe succeeds")
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

    /// Moves both clocks a little again and again until the profile is as wished, and gives it back.
    pub async fn in_time(&self, wished: impl Fn(&Profile) -> bool) -> Profile {
        let deadline = Instant::now() + DEADLINE;
        loop {
            let profile = self.profile().await;
            if wished(&profile) {
                return profile;
            }
            assert!(Instant::now() < deadline, "the profile did not get there: {profile:?}");
            self.pass(Duration::from_secs(5));
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
