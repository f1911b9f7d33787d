//! What else a client asks a daemon of a [`Site`], and what no answer may hold.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::time::Duration;

use proto::login::{LoginRequest, LoginStep};
use proto::problem::Problem;
use proto::profile::{LogoutRequest, Profile, Profiles, Removed, SwitchRequest};
use proto::project::ProjectRequest;
use proto::route;
use proto::token::{ExecRequest, ExecVariables, Purpose, RefreshRequest, Token, TokenRequest};
use proto::whoami::{ProbeRequest, ProbeStatus, SyncRequest, WhoamiRequest};

use super::{PROFILE, Site};
use crate::canary::Canaries;
use crate::service::{Fault, Wire};
use crate::wire;

impl<W: Wire> Site<W> {
    /// A login that is approved when a path has been asked for so many times.
    pub async fn approved_after(&self, path: &str, polls: usize, request: LoginRequest) -> LoginStep {
        let before = self.service.count(path);
        let person = async {
            self.service.wait_for(|ledger| ledger.count(path) >= before + polls).await;
            self.service.approve();
        };
        let (last, ()) = tokio::join!(self.run_with(request, || {}), person);
        last.expect("the login starts")
    }

    /// The problem of a login whose person does this as soon as it is shown where.
    pub async fn refused_with(&self, request: LoginRequest, person: impl Fn()) -> Problem {
        crate::stage::failed(self.run_with(request, person).await.expect("the login starts"))
    }

    /// A login at a deployment that nobody runs.
    pub fn login_nowhere(&self) -> LoginRequest {
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let address = free.expect("a port can be had");
        LoginRequest { environment: Some(format!("http://{address}")), ..self.login() }
    }

    /// A lease for this purpose.
    ///
    /// # Errors
    /// The daemon's problem.
    pub async fn token_to(&self, purpose: Purpose) -> Result<Token, Problem> {
        self.wire.token(&TokenRequest { purpose: Some(purpose), ..wire::of(PROFILE) }).await
    }

    /// What a child process gets.
    ///
    /// # Errors
    /// The daemon's problem.
    pub async fn exec(&self) -> Result<ExecVariables, Problem> {
        let request = ExecRequest { profile: Some(wire::name(PROFILE)), min_ttl: None };
        self.wire.call(&route::EXEC, "", &request).await.message()
    }

    /// The variables of a child process, with their values.
    pub async fn variables(&self) -> BTreeMap<String, String> {
        let variables = self.exec().await.expect("there are variables").variables;
        // EXPOSE: a test compares them with what the service made.
        variables.into_iter().map(|(name, value)| (name, value.expose().to_owned())).collect()
    }

    /// How [`PROFILE`] does, and why it does badly.
    pub async fn verdict(&self) -> (ProbeStatus, String) {
        let probes = self.probe().await.probes;
        let own = probes.into_iter().find(|probe| probe.profile.name.as_str() == PROFILE);
        let own = own.expect("the profile is among those tried");
        (own.status, own.detail.unwrap_or_default())
    }

    /// How [`PROFILE`] does while its service answers this path with silence.
    pub async fn verdict_of_silence(&self, path: &str) -> ProbeStatus {
        self.service.always(path, Fault::NeverAnswers);
        let patience = async {
            self.service.wait_for(|ledger| ledger.running(path) == 1).await;
            self.pass(Duration::from_secs(2));
        };
        let ((status, _), ()) = tokio::join!(self.verdict(), patience);
        self.service.clear(path);
        self.service.release();
        status
    }

    /// Every profile.
    pub async fn list(&self) -> Vec<Profile> {
        let profiles: Profiles = self.wire.call(&route::LIST, "", &()).await.message().expect("a list");
        profiles.profiles
    }

    /// Makes a profile current.
    pub async fn switch(&self, profile: &str) -> Profile {
        let request = SwitchRequest { profile: wire::name(profile) };
        self.wire.call(&route::SWITCH, "", &request).await.message().expect("the profile exists")
    }

    /// Forgets a profile.
    pub async fn remove(&self, profile: &str) -> Removed {
        self.wire.call(&route::REMOVE, profile, &()).await.message().expect("a removal succeeds")
    }

    /// Fails when a secret that the service made or took is in an answer that is not meant to hold one, or in a file.
    pub async fn keeps_its_secrets(&self) {
        let canaries = Canaries::new(self.service.secrets());
        let profile = Some(wire::name(PROFILE));
        let project = ProjectRequest { profile: profile.clone(), project: "unknown".to_owned() };
        let logout = LogoutRequest { profile: profile.clone() };
        let who = WhoamiRequest { profile: profile.clone(), fallback: None };
        let all = ProbeRequest { all: true, ..ProbeRequest::default() };
        let (refresh, sync) = (RefreshRequest { profile: profile.clone() }, SyncRequest { profile });
        let answers = [
            ("status", self.wire.call(&route::STATUS, "", &()).await),
            ("list", self.wire.call(&route::LIST, "", &()).await),
            ("inspect", self.wire.call(&route::INSPECT, PROFILE, &()).await),
            ("whoami", self.wire.call(&route::WHOAMI, "", &who).await),
            ("probe", self.wire.call(&route::PROBE, "", &all).await),
            ("sync", self.wire.call(&route::SYNC, "", &sync).await),
            ("refresh", self.wire.call(&route::REFRESH, "", &refresh).await),
            ("projects", self.wire.call(&route::PROJECTS, PROFILE, &()).await),
            ("project", self.wire.call(&route::PROJECT, "", &project).await),
            ("providers", self.wire.call(&route::PROVIDERS, "", &()).await),
        ];
        for (name, answer) in answers {
            canaries.assert_absent(name, &answer.body);
        }
        let files = canaries.assert_absent_below(self.sandbox.path());
        assert!(files > 0, "the store was looked at");
        let farewell = self.wire.call(&route::LOGOUT, "", &logout).await;
        let canaries = Canaries::new(self.service.secrets());
        canaries.assert_absent("logout", &farewell.body);
        canaries.assert_absent_below(self.sandbox.path());
    }
}
