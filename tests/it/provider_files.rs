//! Providers of a person's own, through the front door: checked as a whole, refused where they would do harm, used from
//! the login to the removal, and never a way to send a credential elsewhere.

use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::time::Duration;

use harness::service::{Elsewhere, Fault, Tensormesh};
use harness::site::{PROFILE, Site};
use harness::stage::bearer;
use harness::wire::{self, Wire};
use proto::id::ProviderName;
use proto::login::LoginRequest;
use proto::problem::{Code, Problem};
use proto::profile::{LoggedOut, LogoutRequest, Profile, ProfileState, Revocation};
use proto::provider::{Forgotten, Provider, ProviderChecked, ProviderFile, Providers};
use proto::route;

/// A service on the wire of Tensormesh.
const ACME: &str = r#"schema = 1
name = "acme"
title = "Acme"

[environment.production]
url = "https://acme.example"

[[login]]
flow = "poll-exchange"
method = "browser"
pending = [202]
every = "2s"

[login.start]
post = "{base}/auth/cli/start"

[login.answer]
open = "auth_url"
code = "cli_code"
interval = "interval"

[login.exchange]
post = "{base}/auth/cli/exchange"
json = { cli_code = "{code}" }

[refresh]
post = "{base}/auth/cli/refresh"
json = { refresh_token = "{refresh_token}" }

[revoke]
post = "{base}/auth/cli/logout"

[whoami]
get = "{base}/auth/profile"
subject = "user.id"
email = "user.userEmail"
"#;

async fn check(wire: &Wire, text: &str) -> ProviderChecked {
    let file = ProviderFile { text: text.to_owned(), replace: false };
    wire.call(&route::PROVIDER_CHECK, "", &file).await.message().expect("a check always answers")
}

async fn add(wire: &Wire, text: &str, replace: bool) -> Result<ProviderChecked, Problem> {
    let file = ProviderFile { text: text.to_owned(), replace };
    wire.call(&route::PROVIDER_ADD, "", &file).await.message()
}

async fn added(wire: &Wire, text: &str) {
    let checked = add(wire, text, true).await.expect("it can be written");
    assert!(checked.provider.is_some(), "{:?}", checked.mistakes);
}

async fn all(wire: &Wire) -> Providers {
    wire.call(&route::PROVIDERS, "", &()).await.message().expect("they are listed")
}

async fn show(wire: &Wire, name: &str) -> Result<Provider, Problem> {
    wire.call(&route::PROVIDER, name, &()).await.message()
}

async fn remove(wire: &Wire, name: &str) -> Result<Forgotten, Problem> {
    wire.call(&route::PROVIDER_REMOVE, name, &()).await.message()
}

fn names(providers: &Providers) -> Vec<&str> {
    providers.providers.iter().map(|provider| provider.name.as_str()).collect()
}

fn login<W: harness::service::Wire>(site: &Site<W>) -> LoginRequest {
    LoginRequest { provider: Some("acme".parse().expect("a good name")), ..site.login() }
}

/// A daemon that knows Acme, which is on loopback, and a login there.
async fn ready() -> Site<Tensormesh> {
    let site = Site::new(Tensormesh::default());
    added(&site.wire, ACME).await;
    site.logged_in(login(&site)).await;
    site
}

#[tokio::test(flavor = "multi_thread")]
async fn every_mistake_of_a_file_is_told_at_once_with_its_line() {
    let site = Site::new(Tensormesh::default());
    let text = r#"schema = 1
name = "Acme Corp"
titel = "Acme"
hosts = ["https://files.acme.example"]
[environment.production]
url = "http://acme.example"
[[login]]
flow = "poll-exchange"
pending = [200]
every = "2 seconds"
command = "/bin/sh"
[login.start]
get = "file:///etc/passwd"
[login.answer]
open = "auth_url"
[login.exchange]
post = "{base}/x?code={code}"
json = { a = "{nobody}" }
[whoami]
get = "https://elsewhere.example/me"
headers = { Host = "x", "X-A" = "a\r\nX-B: c" }
[exec]
LD_PRELOAD = "{credential}"
"#;
    let checked = check(&site.wire, text).await;
    assert!(checked.provider.is_none());
    let lines: Vec<u64> = checked.mistakes.iter().filter_map(|mistake| mistake.line).collect();
    for line in [2, 3, 4, 6, 9, 10, 11, 13, 17, 18, 20, 21, 23] {
        assert!(lines.contains(&line), "line {line}: {:#?}", checked.mistakes);
    }
    assert!(lines.is_sorted(), "{lines:?}");
    let missing = checked.mistakes.iter().any(|mistake| mistake.message.contains("title"));
    assert!(missing, "{:#?}", checked.mistakes);
    let hinted = checked.mistakes.iter().filter(|mistake| mistake.hint.is_some()).count();
    assert!(hinted >= 8, "{:#?}", checked.mistakes);
    let refused = add(&site.wire, text, false).await.expect("the mistakes are the answer");
    assert_eq!(refused.mistakes, checked.mistakes);
    assert!(!names(&all(&site.wire).await).contains(&"acme"));
    assert!(!site.sandbox.paths().providers().exists(), "nothing was written");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_would_do_harm_is_refused() {
    let site = Site::new(Tensormesh::default());
    let whoami = "get = \"{base}/auth/profile\"";
    let header = |text: &str| format!("{whoami}\nheaders = {{ {text} }}");
    let url = |text: &str| format!("get = \"{text}\"");
    let exec = |text: &str| format!("[exec]\n{text} = \"{{credential}}\"");
    let bent = [
        url("file:///etc/passwd"),
        url("ftp://acme.example/"),
        url("javascript:alert(1)"),
        url("unix:/run/docker.sock"),
        url("http://acme.example/me"),
        url("http://169.254.169.254/latest/meta-data"),
        url("https://evil.example/me"),
        url("https://acme.example@evil.example/"),
        url("{base}.evil.example/"),
        url("{base}@evil.example/"),
        url("{base}/{credential}"),
        url("{base}/me?t={refresh_token}"),
        url("{base}/../me"),
        url("{base}/me\\nX-Evil: 1"),
        header("Host = \"evil.example\""),
        header("Authorization = \"Basic x\""),
        header("Cookie = \"a=b\""),
        header("X-Acme = \"a\\r\\nX-Evil: 1\""),
        header("\"X-Acme: 1\\r\\nX-Evil\" = \"1\""),
        exec("LD_PRELOAD"),
        exec("PATH"),
        exec("HTTPS_PROXY"),
        exec("GIT_SSH_COMMAND"),
        exec("BASH_ENV"),
        format!("{whoami}\ncommand = \"/bin/sh\""),
        "[credential_process]\nrun = \"x\"".to_owned(),
    ];
    for bent in bent {
        let text = if bent.starts_with('[') { format!("{ACME}{bent}\n") } else { ACME.replace(whoami, &bent) };
        let first = text.lines().zip(1_u64..).find(|(line, _)| bent.lines().next() == Some(*line));
        let (_, first) = first.expect("it is in there");
        let checked = add(&site.wire, &text, false).await.expect("the mistakes are the answer");
        assert!(checked.provider.is_none() && !checked.mistakes.is_empty(), "{bent}");
        let lines: Vec<_> = checked.mistakes.iter().filter_map(|mistake| mistake.line).collect();
        assert!(lines.iter().all(|line| (first..first + 3).contains(line)), "{bent}: {:?}", checked.mistakes);
        assert!(!format!("{:?}", checked.mistakes).contains("evil.example"), "{:?}", checked.mistakes);
    }
    let base = "url = \"https://acme.example\"";
    for url in ["http://acme.example", "https://u:p@acme.example", "https://@acme.example", "file:///", "https://a\\nb"]
    {
        let checked = check(&site.wire, &ACME.replace(base, &format!("url = \"{url}\""))).await;
        assert_eq!(checked.mistakes.first().and_then(|mistake| mistake.line), Some(6), "{url}");
    }
    assert!(show(&site.wire, "acme").await.is_err());
    assert!(!site.sandbox.paths().providers().exists(), "nothing was written");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_of_ones_own_works_from_its_file_to_its_removal() {
    let site = Site::new(Tensormesh::default());
    let checked = check(&site.wire, ACME).await;
    assert!(checked.mistakes.is_empty(), "{:?}", checked.mistakes);
    added(&site.wire, ACME).await;
    let shown = show(&site.wire, "acme").await.expect("it is there");
    assert!(!shown.built_in && shown.whoami && shown.source.as_deref() == Some(ACME));
    let path = shown.path.expect("it has a file");
    let mode = std::fs::metadata(&path).expect("the file is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let exists = add(&site.wire, ACME, false).await.expect_err("there is one already");
    assert!(exists.hint.as_deref().is_some_and(|hint| hint.contains("--replace")), "{exists:?}");

    let (profile, warnings) = site.logged_in(login(&site)).await;
    assert!(warnings.is_empty(), "{warnings:?}");
    assert_eq!(profile.url.as_deref(), Some(site.service.url()));
    let whoami = site.whoami().await.expect("the service answers");
    assert_eq!(whoami.account.and_then(|account| account.email).as_deref(), Some("ada@example.test"));
    let first = site.token().await.expect("a token");
    let by_hand = site.refresh().await.expect("the service renews").refresh.last_at;
    let second = bearer(&site.token().await.expect("a token")).to_owned();
    assert_ne!(bearer(&first), second);
    site.pass(Duration::from_mins(52));
    site.until(|profile| profile.refresh.last_at != by_hand).await;
    assert_eq!(site.service.count(Tensormesh::REFRESH), 2);

    let third = bearer(&site.token().await.expect("a token")).to_owned();
    let out = site.logout().await;
    assert_eq!(out.revocation, Revocation::Accepted, "the service does not know it: {out:?}");
    let ledger = site.service.ledger();
    let told = ledger.last("/auth/cli/logout").expect("the service was told");
    assert_eq!(told.header("authorization"), Some(format!("Bearer {third}").as_str()));

    assert!(remove(&site.wire, "acme").await.expect("it is one's own").existed);
    assert!(!std::path::Path::new(&path).exists());
    assert!(!remove(&site.wire, "acme").await.expect("nothing is no error").existed);
    assert_eq!(show(&site.wire, "acme").await.expect_err("it is gone").code, Code::NotFound);
    assert_eq!(site.refused(login(&site)).await.code, Code::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_outlives_its_providers_file() {
    let site = ready().await;
    remove(&site.wire, "acme").await.expect("it is one's own");
    assert_eq!(site.profile().await.state, ProfileState::Usable);
    site.token().await.expect("what is held is served");
    let problem = site.whoami().await.expect_err("nobody knows how to ask");
    assert_eq!(problem.code, Code::Unsupported, "{problem:?}");
    site.pass(Duration::from_mins(61));
    let problem = site.token().await.expect_err("nobody knows how to renew it");
    assert_ne!(problem.code, Code::LoginRequired, "{problem:?}");
    added(&site.wire, ACME).await;
    site.pass(Duration::from_mins(6));
    site.refresh().await.expect("the file is back");
    site.token().await.expect("a token");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_redirects_to_itself_is_not_followed() {
    let site = ready().await;
    for path in [Tensormesh::PROFILE, Tensormesh::REFRESH, Tensormesh::START, "/auth/cli/logout"] {
        site.service.always(path, Fault::Redirect(format!("{}{path}", site.service.url())));
    }
    let whoami = site.whoami().await.expect("what is known is shown");
    assert!(whoami.problem.is_some_and(|problem| problem.detail.contains("redirect")));
    let problem = site.refresh().await.expect_err("no token comes");
    assert_eq!(problem.code, Code::IssuerUnreachable, "{problem:?}");
    let other = LoginRequest { profile: Some(wire::name("other")), ..login(&site) };
    let problem = site.refused(other).await;
    assert_eq!(problem.code, Code::LoginFailed);
    assert!(problem.detail.contains("redirect"), "{problem:?}");
    let request = LogoutRequest { profile: Some(wire::name(PROFILE)) };
    let out: LoggedOut = site.wire.call(&route::LOGOUT, "", &request).await.message().expect("it is gone here");
    assert!(out.retried, "{out:?}");
    for (path, most) in [(Tensormesh::PROFILE, 2), (Tensormesh::REFRESH, 1), (Tensormesh::START, 2)] {
        assert!(site.service.count(path) <= most, "{path}");
    }
    assert_eq!(site.service.count("/auth/cli/logout"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edited_file_does_not_send_a_credential_elsewhere() {
    let site = ready().await;
    let elsewhere = Elsewhere::start();
    let moved = ACME.replace("https://acme.example", &elsewhere.url());
    added(&site.wire, &moved).await;
    assert!(!site.whoami().await.expect("the service of the login answers").offline);
    site.refresh().await.expect("the service of the login renews");
    assert_eq!(site.profile().await.url.as_deref(), Some(site.service.url()));
    // By its absolute address the new place is no host of the old one.
    let aimed = ACME.replace("get = \"{base}/auth/profile\"", &format!("get = \"{}/auth/profile\"", elsewhere.url()));
    let checked = add(&site.wire, &aimed, true).await.expect("the mistakes are the answer");
    assert!(checked.provider.is_none(), "a host that is not listed");
    site.pass(Duration::from_mins(52));
    site.service.wait_for(|ledger| ledger.count(Tensormesh::REFRESH) == 2).await;
    site.logout().await;
    assert_eq!(elsewhere.hits(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_file_replaces_a_provider_that_is_built_in() {
    let site = Site::new(Tensormesh::default());
    let text = ACME.replace("name = \"acme\"", "name = \"tensormesh\"");
    for replace in [false, true] {
        let checked = add(&site.wire, &text, replace).await.expect("the mistakes are the answer");
        assert_eq!(checked.mistakes.first().and_then(|mistake| mistake.line), Some(2), "{:?}", checked.mistakes);
    }
    let refused = remove(&site.wire, "tensormesh").await.expect_err("it stays");
    assert_eq!(refused.code, Code::Denied);
    drop_in(&site, "tensormesh.toml", &text);
    let providers = all(&site.wire).await;
    let tensormesh = providers.providers.iter().find(|one| one.name.as_str() == "tensormesh").expect("it is there");
    assert!(tensormesh.built_in);
    assert_eq!(providers.broken.len(), 1);
}

/// A file put there by hand.
fn drop_in<W: harness::service::Wire>(site: &Site<W>, name: &str, text: &str) {
    let directory = site.sandbox.paths().providers();
    std::fs::DirBuilder::new().mode(0o700).recursive(true).create(&directory).expect("the sandbox is writable");
    let path = directory.join(name);
    std::fs::write(&path, text).expect("the sandbox is writable");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("it is ours");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_file_is_listed_and_hides_nothing() {
    let site = ready().await;
    drop_in(&site, "broken.toml", "schema = 1\nname = \"broken\"\ntitle = \n");
    drop_in(&site, "other.toml", &ACME.replace("name = \"acme\"", "name = \"another\""));
    drop_in(&site, "later.toml", &ACME.replace("schema = 1", "schema = 2").replace("acme\"", "later\""));
    let providers = all(&site.wire).await;
    let (own, built_in): (Vec<_>, Vec<_>) = providers.providers.iter().partition(|provider| !provider.built_in);
    assert_eq!(own.iter().map(|provider| provider.name.as_str()).collect::<Vec<_>>(), ["acme"]);
    for name in ["baseten", "contree", "github", "llamaindex", "oidc", "tank", "tensormesh"] {
        assert!(built_in.iter().any(|provider| provider.name.as_str() == name), "{name}");
    }
    let broken: Vec<&str> = providers.broken.iter().filter_map(|one| one.path.rsplit('/').next()).collect();
    assert_eq!(broken, ["broken.toml", "later.toml", "other.toml"]);
    for (broken, line) in providers.broken.iter().zip([3, 1, 2]) {
        assert!(broken.mistakes.iter().any(|mistake| mistake.line == Some(line)), "{broken:?}");
    }
    assert!(!site.whoami().await.expect("the service answers").offline);
    assert!(remove(&site.wire, "broken").await.expect("it is one's own").existed, "mistakes or not");
    assert_eq!(all(&site.wire).await.broken.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_others_can_write_is_not_used() {
    let site = Site::new(Tensormesh::default());
    drop_in(&site, "acme.toml", ACME);
    assert!(names(&all(&site.wire).await).contains(&"acme"));
    let path = site.sandbox.paths().providers().join("acme.toml");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666)).expect("it is ours");
    let providers = all(&site.wire).await;
    assert!(!names(&providers).contains(&"acme"));
    assert_eq!(providers.broken.len(), 1);
    assert_eq!(site.refused(login(&site)).await.code, Code::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_outlives_a_restart_with_its_file() {
    let mut site = ready().await;
    let token = bearer(&site.token().await.expect("a token")).to_owned();
    site.restart().await;
    site.wire = site.inside.wire();
    assert_eq!(bearer(&site.token().await.expect("a token")), token);
    site.refresh().await.expect("the file was read again");
    let profile: Profile = site.profile().await;
    assert_eq!(profile.provider.as_ref().map(ProviderName::as_str), Some("acme"));
}
