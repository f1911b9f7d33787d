//! Each built-in standard login against a server that looks like the service: browser, code, refresh, who it is, the end.

use harness::issuer::{Behaviour, Endpoint, ErrorBody, Issuer};
use harness::stage::{Stage, bearer, done, failed};
use harness::standard::{self, CLIENT, SECRET, Standard, TENANT};
use harness::wire;
use proto::login::LoginRequest;
use proto::problem::{Code, Missing, Problem};
use proto::profile::{Profile, ProfileState, Revocation};
use proto::provider::Method;
use proto::route;
use proto::secret::Secret;
use proto::token::RefreshRequest;
use proto::whoami::{Whoami, WhoamiRequest};

/// A daemon, a service, and the service's address.
struct At {
    stage: Stage,
    base: String,
    provider: &'static str,
}

impl At {
    fn new(standard: &Standard) -> Self {
        let stage = Stage::new(standard.config.clone());
        let base = standard.settle(&stage.issuer);
        Self { stage, base, provider: standard.provider }
    }

    fn issuer(&self) -> &Issuer {
        &self.stage.issuer
    }

    /// A login that gives nothing but the address and the way.
    fn bare(&self, method: Method) -> LoginRequest {
        LoginRequest {
            provider: Some(self.provider.parse().expect("names of providers are good")),
            environment: Some(self.base.clone()),
            method: Some(method),
            switch: true,
            ..LoginRequest::default()
        }
    }

    /// The same with a client, and its secret.
    fn login(&self, method: Method, secret: Option<&str>) -> LoginRequest {
        let client_secret = secret.map(|secret| Secret::new(secret.to_owned()));
        LoginRequest { client_id: Some(CLIENT.to_owned()), client_secret, ..self.bare(method) }
    }

    /// Runs a login that succeeds.
    async fn run(&self, request: LoginRequest) -> (Profile, Vec<String>) {
        match request.method {
            Some(Method::Device) => done(self.stage.with_device(request, Some(1)).await),
            _ => done(self.stage.with_browser(request).await),
        }
    }

    async fn whoami(&self, profile: &Profile) -> Result<Whoami, Problem> {
        let request = WhoamiRequest { profile: Some(profile.name.clone()), fallback: None };
        self.stage.wire.call(&route::WHOAMI, "", &request).await.message()
    }

    /// Whether the service accepts what the agent serves for the profile.
    async fn is_live(&self, profile: &Profile) -> bool {
        let token = self.stage.wire.token(&wire::of(profile.name.as_str())).await.expect("there is a token");
        self.issuer().is_live(bearer(&token))
    }

    /// A refresh that succeeds.
    async fn refresh(&self, profile: &Profile) -> Profile {
        let request = RefreshRequest { profile: Some(profile.name.clone()) };
        let answer = self.stage.wire.call(&route::REFRESH, "", &request).await;
        answer.message().expect("it is refreshed")
    }

    /// The problem of a login that does not start.
    async fn not_started(&self, request: &LoginRequest) -> Problem {
        self.stage.wire.login(request).await.expect_err("it does not start")
    }
}

/// Logs in by browser and by code, and goes through the life of each login.
async fn whole_life(standard: &Standard, secret: Option<&str>, name: &str) -> At {
    let at = At::new(standard);
    for method in [Method::Browser, Method::Device] {
        let (profile, warnings) = at.run(at.login(method, secret)).await;
        assert!(warnings.is_empty(), "{method:?}: {warnings:?}");
        assert!(profile.name.as_str().starts_with(name), "named after the account: {}", profile.name);
        assert_eq!(profile.state, ProfileState::Usable);
        assert_eq!(profile.url.as_deref(), Some(at.base.as_str()));
        assert!(at.is_live(&profile).await, "{method:?}");
        let who = at.whoami(&profile).await.expect("it can be asked");
        assert!(!who.offline, "{who:?}");
        assert_eq!(who.account, profile.account, "{method:?}");
        let refreshed = at.refresh(&profile).await;
        assert!(refreshed.refresh.last_at.is_some() && at.is_live(&refreshed).await, "{method:?}");
    }
    at
}

#[tokio::test]
async fn github_by_code_and_by_browser() {
    let at = At::new(&standard::github());
    let (profile, warnings) = at.run(at.login(Method::Device, None)).await;
    assert!(warnings.is_empty(), "tokens without an end need no refresh: {warnings:?}");
    assert_eq!(profile.name.as_str(), "octocat");
    let account = profile.account.clone().expect("the API says who it is");
    assert_eq!((account.subject.as_deref(), account.email), (Some("583231"), None));
    assert_eq!(profile.scope.as_deref(), Some("gist read:org read:packages repo"));
    assert_eq!((profile.expires_at, profile.refresh.possible), (None, false));
    assert!(at.is_live(&profile).await && !at.whoami(&profile).await.expect("an answer").offline);

    // The browser needs the secret, and says that the other way does not.
    let problem = at.not_started(&at.login(Method::Browser, None)).await;
    assert_eq!((problem.code, problem.missing), (Code::InvalidRequest, Some(Missing::ClientSecret)));
    let hint = problem.hint.expect("it says what to do");
    assert!(hint.contains("--client-secret-stdin") && hint.contains("`--device`, which needs none"), "{hint}");

    let with_secret = At::new(&standard::github().confidential());
    let (profile, _) = with_secret.run(with_secret.login(Method::Browser, Some(SECRET))).await;
    assert_eq!(profile.name.as_str(), "octocat");
    assert!(with_secret.is_live(&profile).await);
}

#[tokio::test]
async fn github_says_what_is_wrong_with_status_200() {
    let at = At::new(&standard::github());
    let refused = Behaviour::Status { status: 200, body: ErrorBody::Error("device_flow_disabled"), retry_after: None };
    at.issuer().next(Endpoint::DeviceAuthorization, refused);
    let problem = failed(at.stage.with_device(at.login(Method::Device, None), None).await);
    assert_eq!(problem.code, Code::Misconfigured);
    assert!(problem.hint.is_some_and(|hint| hint.contains("allow the device flow")), "{}", problem.detail);

    // A poll that comes too early is answered `slow_down`, and the login goes on.
    let early = Behaviour::Status { status: 200, body: ErrorBody::Error("slow_down"), retry_after: None };
    at.issuer().next(Endpoint::Token, early);
    let (profile, _) = at.run(at.login(Method::Device, None)).await;
    assert!(at.is_live(&profile).await);
    let over = Behaviour::Status { status: 200, body: ErrorBody::Error("incorrect_device_code"), retry_after: None };
    at.issuer().next(Endpoint::Token, over);
    let problem = failed(at.stage.with_device(at.login(Method::Device, None), None).await);
    assert_eq!(problem.code, Code::LoginFailed);
}

#[tokio::test]
async fn github_apps_whose_tokens_end_are_refreshed() {
    let mut standard = standard::github();
    standard.config.looks.lasting = false;
    standard.config.offline = harness::issuer::Offline::Always;
    let at = At::new(&standard);
    let (profile, _) = at.run(at.login(Method::Device, None)).await;
    assert!(profile.refresh.possible && profile.expires_at.is_some());
    assert!(at.is_live(&at.refresh(&profile).await).await);
    let request = RefreshRequest { profile: Some(profile.name.clone()) };
    let over = Behaviour::Status { status: 200, body: ErrorBody::Error("bad_refresh_token"), retry_after: None };
    at.issuer().next(Endpoint::Token, over);
    at.stage.pass(std::time::Duration::from_mins(1));
    let answer = at.stage.wire.call(&route::REFRESH, "", &request).await.message::<Profile>();
    assert_eq!(answer.map_err(|problem| problem.code), Err(Code::LoginRequired), "GitHub's word for `invalid_grant`");
}

#[tokio::test]
async fn gitlab_by_code_and_by_browser() {
    let at = whole_life(&standard::gitlab(), None, "ada").await;
    let (profile, _) = at.run(at.login(Method::Device, None)).await;
    let account = profile.account.expect("the API says who it is");
    assert_eq!(account.email.as_deref(), Some("ada@gitlab.example"));
}

#[tokio::test]
async fn google_by_code_and_by_browser() {
    let at = whole_life(&standard::google(), Some(SECRET), "ada").await;
    let fresh = At::new(&standard::google());
    for method in [Method::Browser, Method::Device] {
        let problem = fresh.not_started(&fresh.login(method, None)).await;
        assert_eq!(problem.missing, Some(Missing::ClientSecret), "{method:?}");
    }
    let url = at
        .issuer()
        .ledger()
        .entries()
        .iter()
        .any(|entry| entry.endpoint == Endpoint::Authorization && entry.field("access_type") == Some("offline"));
    assert!(url, "a refresh token is asked for");
}

#[tokio::test]
async fn entra_names_the_tenant_of_whoever_logs_in() {
    let at = whole_life(&standard::entra(), None, "ada").await;
    // An ID token of one tenant does not speak for another.
    let other = "9188040d-6c67-4c5b-b112-36a304b66dad";
    at.issuer().reconfigure(|config| {
        config.id_token.claims.insert("tid".to_owned(), other.into());
    });
    for method in [Method::Browser, Method::Device] {
        let request = at.login(method, None);
        let step = if method == Method::Device {
            at.stage.with_device(request, Some(0)).await
        } else {
            at.stage.with_browser(request).await
        };
        assert!(failed(step).detail.contains("from another issuer"), "{method:?}");
    }
    let url = at.issuer().url().to_owned();
    at.issuer().reconfigure(|config| {
        config.id_token.claims.insert("tid".to_owned(), TENANT.into());
        config.iss_parameter = harness::issuer::Iss::Other(format!("{url}/evil/v2.0"));
    });
    let problem = failed(at.stage.with_browser(at.login(Method::Browser, None)).await);
    assert!(problem.detail.contains("does not call itself by the issuer"), "{problem:?}");
}

#[tokio::test]
async fn okta_and_auth0_come_back_on_the_port_that_is_registered() {
    // One after the other: they use the same port.
    drop(whole_life(&standard::okta(8976), None, "ada").await);
    drop(whole_life(&standard::auth0(), None, "ada").await);
    let at = At::new(&standard::okta(8977));
    let elsewhere = LoginRequest { redirect_port: Some(8977), ..at.login(Method::Browser, None) };
    assert!(at.is_live(&at.run(elsewhere).await.0).await, "another one, if the person says so");
}

#[tokio::test]
async fn keycloak_leaves_names_to_userinfo() {
    let at = whole_life(&standard::keycloak(), None, "ada").await;
    let asked = at.issuer().count(Endpoint::Userinfo);
    assert!(asked >= 4, "at each login, and by each whoami: {asked}");
}

#[tokio::test]
async fn any_openid_provider_by_its_issuer_with_a_slash_or_without() {
    let mut at = whole_life(&standard::oidc(), None, "ada").await;
    at.base.push('/');
    let (profile, _) = at.run(at.login(Method::Device, None)).await;
    assert_eq!(profile.url.as_deref(), Some(at.base.trim_end_matches('/')), "the same place");
    // The slash is all that may differ.
    at.issuer().reconfigure(|config| {
        config.discovery.overrides.insert("issuer".to_owned(), "https://evil.example/tenant".into());
    });
    let problem = failed(at.stage.with_browser(at.login(Method::Browser, None)).await);
    assert!(problem.detail.contains("does not call itself by the issuer"), "{problem:?}");
}

#[tokio::test]
async fn a_login_ends_at_the_service_where_that_is_offered() {
    for (standard, revoked) in [(standard::gitlab(), true), (standard::entra(), false)] {
        let at = At::new(&standard);
        let (profile, _) = at.run(at.login(Method::Device, None)).await;
        let request = proto::profile::LogoutRequest { profile: Some(profile.name.clone()) };
        let answer = at.stage.wire.call(&route::LOGOUT, "", &request).await;
        let out: proto::profile::LoggedOut = answer.message().expect("a logout succeeds");
        assert_eq!(out.revocation == Revocation::Accepted, revoked, "{}: {out:?}", standard.provider);
    }
}

#[tokio::test]
async fn a_personal_access_token_is_tried_before_it_is_kept() {
    for (standard, name) in [(standard::github(), "octocat"), (standard::gitlab(), "ada-gitlab")] {
        let at = At::new(&standard);
        let (profile, _) =
            at.run(LoginRequest { profile: Some(wire::name("by-code")), ..at.login(Method::Device, None) }).await;
        let token = at.stage.wire.token(&wire::of(profile.name.as_str())).await.expect("there is a token");
        let with = |key: &str| LoginRequest { key: Some(Secret::new(key.to_owned())), ..at.bare(Method::ApiKey) };
        let (kept, _) = at.run(with(bearer(&token))).await;
        let plain: String = kept.name.as_str().replace(['@', '.'], "-");
        assert!(plain.starts_with(name), "{plain}");
        assert!(!at.whoami(&kept).await.expect("it can be asked").offline);
        let problem = failed(at.stage.with_browser(with("canary-not-a-token")).await);
        assert!(problem.detail.contains("does not accept the key"), "{problem:?}");
    }
}
