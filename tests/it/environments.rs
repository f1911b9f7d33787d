//! Deployments of a service: added by a person, asked whether they need a login, made current, removed; or named by their
//! URL alone.

use harness::service::{Elsewhere, Fault, LlamaIndex, Service, Tank};
use harness::site::Site;
use harness::wire;
use proto::id::{ProfileName, ProviderName};
use proto::login::LoginRequest;
use proto::problem::{Code, Problem};
use proto::profile::{AuthType, Profiles};
use proto::provider::{Environment, EnvironmentRequest, EnvironmentSwitched, Forgotten, Provider};
use proto::route;

type At = Site<LlamaIndex>;

fn provider() -> ProviderName {
    "llamaindex".parse().expect("a good name")
}

fn request(name: &str, url: Option<&str>) -> EnvironmentRequest {
    let (name, url) = (name.to_owned(), url.map(str::to_owned));
    EnvironmentRequest { provider: Some(provider()), name, url, ..EnvironmentRequest::default() }
}

async fn add(site: &At, request: &EnvironmentRequest) -> Result<Environment, Problem> {
    site.wire.call(&route::ENV_ADD, "", request).await.message()
}

async fn switch(site: &At, name: &str) -> Result<EnvironmentSwitched, Problem> {
    site.wire.call(&route::ENV_SWITCH, "", &request(name, None)).await.message()
}

async fn remove(site: &At, name: &str) -> Result<Forgotten, Problem> {
    site.wire.call(&route::ENV_REMOVE, "", &request(name, None)).await.message()
}

async fn known(site: &At) -> Vec<Environment> {
    let shown: Provider = site.wire.call(&route::PROVIDER, "llamaindex", &()).await.message().expect("it is built in");
    shown.environments
}

/// The profile of the next login in this environment.
fn login(site: &At, profile: &str, environment: &str) -> LoginRequest {
    LoginRequest { profile: Some(wire::name(profile)), environment: Some(environment.to_owned()), ..site.login() }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_environment_is_asked_whether_it_needs_a_login() {
    for requires_auth in [true, false] {
        let site = Site::new(LlamaIndex { requires_auth, ..LlamaIndex::default() });
        let environment = add(&site, &request("lab", Some(site.service.url()))).await.expect("it answers");
        assert_eq!((environment.needs_login, environment.added), (requires_auth, true));
        assert_eq!(site.service.count(LlamaIndex::VERSION), 1);
        assert_eq!(site.service.ledger().entries()[0].header("authorization"), None);
        let (profile, _) = site.logged_in(login(&site, "work", "lab")).await;
        let kind = if requires_auth { AuthType::Oauth } else { AuthType::None };
        assert_eq!((profile.auth_type, profile.environment.as_deref()), (kind, Some("lab")));
        assert_eq!(site.service.count(LlamaIndex::VERSION), 1, "what is known is not asked again");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_says_it_is_not_asked() {
    let site = Site::new(LlamaIndex::default());
    let told = EnvironmentRequest { needs_login: Some(false), ..request("lab", Some(site.service.url())) };
    assert!(!add(&site, &told).await.expect("nobody is asked").needs_login);
    assert!(site.service.ledger().entries().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_environment_that_does_not_say_is_not_added() {
    let site = Site::new(LlamaIndex::default());
    let elsewhere = Elsewhere::start();
    let faults = [
        Fault::Refuses,
        Fault::status(500),
        Fault::retry_after(429, 60),
        Fault::Html(200),
        Fault::Html(404),
        Fault::Redirect(elsewhere.url()),
        Fault::Garbage,
        Fault::HugeBody(1 << 20),
        Fault::Truncate,
        Fault::Json(200, serde_json::json!({ "requires_auth": "yes" })),
    ];
    for fault in faults {
        site.service.next(LlamaIndex::VERSION, fault.clone());
        let before = site.service.count(LlamaIndex::VERSION);
        let problem = add(&site, &request("lab", Some(site.service.url()))).await.expect_err("it does not say");
        assert_eq!(problem.code, Code::IssuerUnreachable, "{fault:?}: {problem:?}");
        assert_eq!(site.service.count(LlamaIndex::VERSION) - before, 1, "{fault:?}");
        assert_eq!(known(&site).await.len(), 1, "{fault:?}");
    }
    assert_eq!(elsewhere.hits(), 0);
    add(&site, &request("lab", Some(site.service.url()))).await.expect("it says so now");
}

#[tokio::test(flavor = "multi_thread")]
async fn urls_that_are_not_what_they_seem_are_refused() {
    let site = Site::new(LlamaIndex::default());
    let elsewhere = Elsewhere::start();
    let port = elsewhere.url().rsplit(':').next().expect("it has a port").to_owned();
    let bad = [
        "http://lab.example".to_owned(),
        "http://192.0.2.1:8080".to_owned(),
        "http://0.0.0.0:8080".to_owned(),
        "http://localhost.evil.example/".to_owned(),
        "file:///etc/passwd".to_owned(),
        "ftp://127.0.0.1/".to_owned(),
        format!("http://user@127.0.0.1:{port}"),
        format!("http://user:canary-password@127.0.0.1:{port}"),
        format!("http://@127.0.0.1:{port}"),
        format!("http://127.0.0.1:{port}/#x"),
        format!("http://127.0.0.1:{port}/?a=b"),
        format!("http://127.0.0.1:{port}/\nx"),
        format!("http://127.0.0.1:{port}\\@lab.example"),
        format!(" http://127.0.0.1:{port}"),
    ];
    for url in bad {
        let added =
            add(&site, &request("lab", Some(&url))).await.expect_err("it is no address to send a credential to");
        assert_eq!(added.code, Code::InvalidRequest, "{url}: {added:?}");
        assert!(!added.detail.contains("canary"), "{added:?}");
        let by_url = site.refused(login(&site, "work", &url)).await;
        assert_eq!(by_url.code, Code::InvalidRequest, "{url}: {by_url:?}");
        assert!(!by_url.detail.contains("canary"), "{by_url:?}");
    }
    assert_eq!((elsewhere.hits(), known(&site).await.len()), (0, 1));
    assert!(!site.sandbox.paths().config.with_file_name("environments.toml").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_on_loopback_needs_no_file_and_no_name() {
    let site = Site::new(LlamaIndex::default());
    let (profile, _) = site.logged_in(site.login()).await;
    assert_eq!(profile.environment.as_deref(), Some(site.service.url()));
    assert_eq!(known(&site).await.len(), 1, "it is not added by that");
    site.whoami().await.expect("it works like any other");
    site.refresh().await.expect("and is renewed");
}

#[tokio::test(flavor = "multi_thread")]
async fn switching_selects_the_profile_last_used_there_or_none() {
    let site = Site::new(LlamaIndex::default());
    let other = Service::launch(LlamaIndex::default());
    other.auto_approve(true);
    add(&site, &request("lab", Some(site.service.url()))).await.expect("it answers");
    add(&site, &request("other", Some(other.url()))).await.expect("it answers");
    site.logged_in(login(&site, "first", "lab")).await;
    site.logged_in(login(&site, "second", "lab")).await;
    let before = (site.service.ledger().entries().len(), other.ledger().entries().len());

    let switched = switch(&site, "other").await.expect("it is known");
    assert_eq!((switched.environment.name.as_str(), switched.profile), ("other", None));
    let profiles: Profiles = site.wire.call(&route::LIST, "", &()).await.message().expect("they are listed");
    assert!(profiles.profiles.iter().all(|profile| !profile.current));
    assert!(known(&site).await.iter().all(|one| one.current == (one.name == "other")));

    let switched = switch(&site, site.service.url()).await.expect("its URL will do");
    assert_eq!(switched.environment.name, "lab");
    assert_eq!(switched.profile.as_ref().map(ProfileName::as_str), Some("second"));
    assert!(site.wire.inspect("second").await.expect("it is there").current);
    let after = (site.service.ledger().entries().len(), other.ledger().entries().len());
    assert_eq!(before, after, "nothing is sent");

    let problem = switch(&site, "nowhere").await.expect_err("there is none");
    assert_eq!(problem.code, Code::NotFound);
    assert!(problem.hint.is_some_and(|hint| hint.contains("lab") && hint.contains("production")));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_environment_is_removed_and_its_profiles_go_on() {
    let mut site = Site::new(LlamaIndex::default());
    add(&site, &request("lab", Some(site.service.url()))).await.expect("it answers");
    site.logged_in(login(&site, "work", "lab")).await;
    let again = add(&site, &request("lab", Some("https://lab.example"))).await;
    assert!(again.is_err_and(|problem| problem.code == Code::InvalidRequest), "the name is taken");
    let again = add(&site, &request("lab-2", Some(site.service.url()))).await;
    assert!(again.is_err_and(|problem| problem.code == Code::InvalidRequest), "the address is");
    site.restart().await;
    site.wire = site.inside.wire();
    assert!(known(&site).await.iter().any(|one| one.name == "lab" && one.added));

    assert!(remove(&site, "lab").await.expect("it was added").existed);
    assert!(!remove(&site, "lab").await.expect("nothing is no error").existed);
    assert_eq!(remove(&site, "production").await.expect_err("it is built in").code, Code::InvalidRequest);
    assert_eq!(known(&site).await.len(), 1);
    assert!(!site.whoami().await.expect("the profile knows where its service is").offline);
    site.refresh().await.expect("and renews there");
    assert_eq!(site.profile().await.url.as_deref(), Some(site.service.url()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_none_is_refused_and_nothing_is_written() {
    let site = Site::new(LlamaIndex::default());
    for name in ["", "A", "a b", "a\nb", "../a", "a.b", "[x]", "\"", "https://a"] {
        let told = EnvironmentRequest { needs_login: Some(true), ..request(name, Some(site.service.url())) };
        let problem = add(&site, &told).await.expect_err("it is no name");
        assert_eq!(problem.code, Code::InvalidRequest, "{name:?}: {problem:?}");
    }
    assert_eq!(known(&site).await.len(), 1);
    assert!(!site.sandbox.paths().config.with_file_name("environments.toml").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_cannot_be_asked_is_taken_to_need_a_login() {
    let site = Site::new(Tank::default());
    let (profile, _) = site.logged_in(site.login()).await;
    assert_eq!(profile.auth_type, AuthType::ApiKey);
}
