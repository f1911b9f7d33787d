//! The real, certified `oidc-provider`: logins, rotation, revocation and resources as a server sees them that nobody
//! here has written.

mod clients;
mod registered;

use std::time::Duration;

use harness::browser::Browser;
use harness::ctl::Ctl;
use harness::daemon::Process;
use harness::oidc_provider::{OidcProvider, Settings};
use harness::sandbox::Sandbox;
use harness::stage::{PROFILE, bearer, done, failed};
use harness::wire::{self, Wire};
use proto::login::{Flow, LoginRequest, LoginStep};
use proto::problem::{Code, Problem, Reason};
use proto::profile::{LogoutRequest, Profile, ProfileState, Revocation};
use proto::route;
use proto::secret::Secret;
use proto::token::{RefreshRequest, TokenRequest};

/// A provider, the real daemon and requests to it.
struct Real {
    provider: OidcProvider,
    sandbox: Sandbox,
    /// Ends with the test.
    _daemon: Process,
    wire: Wire,
}

impl Real {
    fn start(settings: &Settings, config: &str) -> Self {
        let provider = OidcProvider::start_with(settings);
        let sandbox = Sandbox::new();
        sandbox.write_config(&format!("[store]\nkey = \"file\"\n{config}"));
        let daemon = Process::start(&sandbox);
        let wire = daemon.wire();
        Self { provider, sandbox, _daemon: daemon, wire }
    }

    fn with_tokens_of(life: Duration) -> Self {
        Self::start(&Settings { access_token_ttl: life, ..Settings::default() }, "")
    }

    fn request(&self, flow: Flow) -> LoginRequest {
        LoginRequest {
            profile: Some(wire::name(PROFILE)),
            switch: true,
            flow: Some(flow),
            issuer: Some(self.provider.url.clone()),
            client_id: Some(OidcProvider::PUBLIC.to_owned()),
            ..LoginRequest::default()
        }
    }

    /// Runs a login whose person agrees.
    async fn login(&self, request: LoginRequest) -> LoginStep {
        let started = self.wire.login(&request).await.expect("the login starts");
        let mut browser = Browser::new();
        let person = async |step: &LoginStep| match step {
            LoginStep::Open { url, .. } => drop(browser.follow(url).await),
            LoginStep::Device { user_code, .. } => self.provider.approve(user_code).await,
            _ => {}
        };
        self.wire.follow(started.id.as_str(), person).await
    }

    async fn logged_in(&self) -> Profile {
        done(self.login(self.request(Flow::AuthorizationCode)).await).0
    }

    async fn refresh(&self) -> Result<Profile, Problem> {
        let request = RefreshRequest { profile: Some(wire::name(PROFILE)) };
        self.wire.call(&route::REFRESH, "", &request).await.message()
    }

    async fn access_token(&self) -> String {
        bearer(&self.wire.token(&wire::of(PROFILE)).await.expect("a token")).to_owned()
    }
}

#[tokio::test]
async fn a_device_login_gives_a_token_that_the_provider_accepts() {
    let real = Real::with_tokens_of(Duration::from_hours(1));
    let (profile, warnings) = done(real.login(real.request(Flow::Device)).await);
    assert_eq!((profile.state, profile.flow, profile.current), (ProfileState::Usable, Flow::Device, true));
    assert!(profile.refresh.possible && warnings.is_empty(), "{warnings:?}");
    assert_eq!(profile.account.and_then(|account| account.subject).as_deref(), Some("user-1"));
    let token = Ctl::new(&real.sandbox, &["token"]).run().ok().out;
    assert_eq!(real.provider.userinfo(token.trim_end()).await, 200);
}

#[tokio::test]
async fn a_refusal_at_the_provider_is_denied() {
    let real = Real::with_tokens_of(Duration::from_hours(1));
    let started = real.wire.login(&real.request(Flow::Device)).await.expect("the login starts");
    let person = async |step: &LoginStep| {
        if let LoginStep::Device { user_code, .. } = step {
            real.provider.deny(user_code).await;
        }
    };
    assert_eq!(failed(real.wire.follow(started.id.as_str(), person).await).code, Code::Denied);

    let started = real.wire.login(&real.request(Flow::AuthorizationCode)).await.expect("the login starts");
    let person = async |step: &LoginStep| {
        if let LoginStep::Open { url, .. } = step {
            Browser::new().deny(url).await;
        }
    };
    assert_eq!(failed(real.wire.follow(started.id.as_str(), person).await).code, Code::Denied);
}

#[tokio::test]
async fn a_browser_login_gives_a_token_that_the_provider_accepts() {
    let real = Real::with_tokens_of(Duration::from_hours(1));
    let (profile, warnings) = done(real.login(real.request(Flow::AuthorizationCode)).await);
    assert_eq!((profile.state, profile.flow), (ProfileState::Usable, Flow::AuthorizationCode));
    assert!(profile.refresh.possible && warnings.is_empty(), "{warnings:?}");
    assert_eq!(profile.account.and_then(|account| account.subject).as_deref(), Some("user-1"));
    assert_eq!(real.provider.userinfo(&real.access_token().await).await, 200);
}

#[tokio::test]
async fn a_confidential_client_logs_in_refreshes_and_revokes() {
    let real = Real::with_tokens_of(Duration::from_hours(1));
    for flow in [Flow::AuthorizationCode, Flow::Device] {
        let request = LoginRequest {
            client_id: Some(OidcProvider::CONFIDENTIAL.to_owned()),
            client_secret: Some(Secret::new(OidcProvider::SECRET.to_owned())),
            ..real.request(flow)
        };
        done(real.login(request).await);
        real.refresh().await.expect("a refresh");
        let token = real.access_token().await;
        assert!(real.provider.introspect(&token).await);
        let _done = Ctl::new(&real.sandbox, &["logout", "--yes"]).run().ok();
        assert!(!real.provider.introspect(&token).await);
    }
}

#[tokio::test]
async fn every_refresh_rotates_and_none_is_ever_a_reuse() {
    let real = Real::with_tokens_of(Duration::from_hours(1));
    real.logged_in().await;
    for _ in 0..5 {
        let eight = futures_util::future::join_all((0..8).map(|_| real.refresh())).await;
        assert!(eight.iter().all(Result::is_ok), "{eight:?}");
    }
    let given = real.provider.refresh_tokens().await;
    assert!(given.len() > 5, "{} refresh tokens", given.len());
    let (last, used) = given.split_last().expect("there are some");
    assert!(real.provider.introspect(last).await);
    for old in used {
        assert!(!real.provider.introspect(old).await, "a refresh token that was used is dead");
    }
    assert_eq!(real.provider.events("refresh_token.consumed").await, used.len() as u64);
    assert_eq!(real.provider.events("grant.revoked").await, 0, "the provider saw no reuse");
    assert_eq!(real.provider.userinfo(&real.access_token().await).await, 200);
}

#[tokio::test]
async fn reuse_by_a_thief_ends_the_login_and_the_daemon_says_so() {
    let real = Real::with_tokens_of(Duration::from_hours(1));
    real.logged_in().await;
    real.refresh().await.expect("a refresh");
    let given = real.provider.refresh_tokens().await;
    let stolen = given.first().expect("the login left one");
    assert_eq!(real.provider.refresh(stolen).await["error"], "invalid_grant");
    assert_eq!(real.provider.events("grant.revoked").await, 1);
    let problem = real.refresh().await.expect_err("the family is dead");
    assert_eq!((problem.code, problem.reason), (Code::LoginRequired, Some(Reason::Refused)));
    real.logged_in().await;
    assert_eq!(real.provider.userinfo(&real.access_token().await).await, 200);
}

#[tokio::test]
async fn a_logout_ends_both_tokens_at_the_provider() {
    let real = Real::with_tokens_of(Duration::from_hours(1));
    real.logged_in().await;
    let access = real.access_token().await;
    let refresh = real.provider.refresh_tokens().await.pop().expect("the login left one");
    assert!(real.provider.introspect(&access).await && real.provider.introspect(&refresh).await);
    let request = LogoutRequest { profile: Some(wire::name(PROFILE)) };
    let out: proto::profile::LoggedOut =
        real.wire.call(&route::LOGOUT, "", &request).await.message().expect("a logout succeeds");
    assert_eq!(out.revocation, Revocation::Accepted);
    assert!(!real.provider.introspect(&access).await && !real.provider.introspect(&refresh).await);
    let _refused = Ctl::new(&real.sandbox, &["token", "-p", PROFILE]).run().fails(3);
}

#[tokio::test]
async fn a_login_for_a_resource_gives_tokens_of_that_api_only() {
    let (files, _) = OidcProvider::FILES;
    for flow in [Flow::AuthorizationCode, Flow::Device] {
        let real = Real::with_tokens_of(Duration::from_hours(1));
        let request = LoginRequest {
            scope: Some("openid offline_access files:read".to_owned()),
            resource: vec![files.to_owned()],
            ..real.request(flow)
        };
        let (profile, _) = done(real.login(request).await);
        assert_eq!(profile.scope.as_deref(), Some("files:read"));
        for _ in 0..2 {
            let seen = real.provider.introspection(&real.access_token().await).await;
            assert_eq!((seen["aud"].as_str(), seen["scope"].as_str()), (Some(files), Some("files:read")), "{flow:?}");
            real.refresh().await.expect("a refresh");
        }
    }
}

#[tokio::test]
async fn a_login_for_two_resources_gives_a_token_for_each() {
    let config = format!("[profile.{PROFILE}]\nnarrow = \"refresh\"\n");
    let real = Real::start(&Settings::default(), &config);
    let (files, mail) = (OidcProvider::FILES.0, OidcProvider::MAIL.0);
    let request = LoginRequest {
        scope: Some("openid offline_access files:read mail:read mail:send".to_owned()),
        resource: vec![files.to_owned(), mail.to_owned()],
        ..real.request(Flow::AuthorizationCode)
    };
    done(real.login(request).await);
    for (resource, scope) in [(mail, "mail:read mail:send"), (files, "files:read")] {
        let wanted = TokenRequest { resource: Some(resource.to_owned()), ..wire::of(PROFILE) };
        let token = real.wire.token(&wanted).await.expect("a token for the resource");
        assert_eq!(token.scope.as_deref(), Some(scope));
        let seen = real.provider.introspection(bearer(&token)).await;
        assert_eq!((seen["aud"].as_str(), seen["scope"].as_str()), (Some(resource), Some(scope)));
        let again = real.wire.token(&wanted).await.expect("a token for the resource");
        assert_eq!(bearer(&again), bearer(&token), "it is served from memory");
    }
    let elsewhere = TokenRequest { resource: Some("https://evil.example/".to_owned()), ..wire::of(PROFILE) };
    assert_eq!(real.wire.token(&elsewhere).await.expect_err("no such resource").code, Code::Denied);
    assert_eq!(real.provider.userinfo(&real.access_token().await).await, 200);
    assert_eq!(real.provider.events("grant.revoked").await, 0);
}

#[tokio::test]
async fn a_login_without_offline_access_says_that_it_cannot_be_refreshed() {
    let real = Real::with_tokens_of(Duration::from_hours(1));
    let request = LoginRequest { scope: Some("openid".to_owned()), ..real.request(Flow::AuthorizationCode) };
    let (profile, warnings) = done(real.login(request).await);
    assert!(!profile.refresh.possible);
    assert!(warnings.iter().any(|warning| warning.contains("`offline_access`")), "{warnings:?}");
}
