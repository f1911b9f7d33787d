//! `LlamaIndex`: a device login at an issuer that the service names, or a key; and how the agent asks afterwards.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use harness::service::{DeviceTerms, Fault, LlamaIndex, Oidc, Project, Terms};
use harness::site::{PROFILE, Site};
use harness::stage::{bearer, done};
use harness::wire;
use proto::login::{Flow, LoginRequest};
use proto::problem::{Code, Reason};
use proto::profile::{AuthType, ProfileState};
use proto::provider::Method;
use proto::whoami::ProbeStatus;

fn plain() -> Site<LlamaIndex> {
    Site::new(LlamaIndex::default())
}

async fn ready() -> Site<LlamaIndex> {
    let site = plain();
    site.logged_in(site.login()).await;
    site
}

fn device(change: impl FnOnce(&mut DeviceTerms)) -> Site<LlamaIndex> {
    let mut wire = LlamaIndex::default();
    change(&mut wire.device);
    Site::new(wire)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_login_finds_issuer_and_client_and_leaves_all_that_is_known() {
    let site = plain();
    let (profile, warnings) = done(site.approved_after(LlamaIndex::TOKEN, 2, site.login()).await);
    assert!(warnings.is_empty(), "{warnings:?}");
    let ledger = site.service.ledger();
    let asked = ledger.last(LlamaIndex::DEVICE).expect("a device login");
    assert_eq!(asked.field("client_id").as_deref(), Some(LlamaIndex::CLIENT));
    assert_eq!(asked.field("scope").as_deref(), Some("email offline_access openid profile"));
    let polls: Vec<_> = ledger.at(LlamaIndex::TOKEN).map(|poll| poll.status).collect();
    assert_eq!((polls.first(), polls.last()), (Some(&Some(403)), Some(&Some(200))), "pending is told by the body");
    assert_eq!((profile.flow, profile.method), (Flow::Device, Some(Method::Device)));
    assert_eq!((profile.auth_type, profile.state), (AuthType::Oauth, ProfileState::Usable));
    assert_eq!(profile.issuer, Some(format!("{}/oidc", site.service.url())));
    assert_eq!(profile.client_id.as_deref(), Some(LlamaIndex::CLIENT));
    assert_eq!(profile.url.as_deref(), Some(site.service.url()));
    let mut scope: Vec<&str> = profile.scope.as_deref().expect("it was asked for").split(' ').collect();
    scope.sort_unstable();
    assert_eq!(scope, ["email", "offline_access", "openid", "profile"]);
    let account = profile.account.expect("the ID token says who it is");
    assert_eq!(account.subject.as_deref(), Some(LlamaIndex::USER));
    assert_eq!((account.name.as_deref(), account.email.as_deref()), (Some("Ada Example"), Some("ada@example.test")));
    assert!(profile.current && profile.refresh.possible);
    let token = site.token().await.expect("a token");
    assert!(site.service.is_live(bearer(&token)) && token.token_type == "Bearer");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_token_is_told_by_the_answer_or_by_the_token_itself() {
    let base = LlamaIndex::default().terms;
    let told = [
        (base, true),
        (Terms { jwt: false, expires_in: true, ..base }, true),
        (Terms { jwt: false, expires_in: false, ..base }, false),
    ];
    for (terms, known) in told {
        let site = Site::new(LlamaIndex { terms, ..LlamaIndex::default() });
        let (profile, _) = site.logged_in(site.login()).await;
        assert_eq!(profile.expires_at.is_some(), known, "{terms:?}");
        if let Some(at) = profile.expires_at {
            assert!((250..=300).contains(&(at.unix() - site.service.now())), "{terms:?}: {at}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pending_is_judged_by_the_body_whatever_the_status_and_slow_down_is_heeded() {
    for status in [400, 403, 428] {
        let site = device(|terms| (terms.refusal_status, terms.slow_downs) = (status, 1));
        done(site.approved_after(LlamaIndex::TOKEN, 3, site.login()).await);
        let ledger = site.service.ledger();
        let polls: Vec<u64> = ledger.at(LlamaIndex::TOKEN).map(|poll| poll.at.as_secs()).collect();
        // The two clocks may be a second apart.
        assert!(polls[2] - polls[0] + 1 >= 20, "{status}: five seconds more each time: {polls:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn polls_keep_to_the_services_interval_and_to_a_longer_one_that_is_wished_for() {
    for (interval, wish, least) in [(Some(7), Some(1000), 7), (Some(2), Some(6000), 6), (None, None, 5)] {
        let site = device(|terms| terms.interval = interval);
        let request = LoginRequest { poll_interval: wish, ..site.login() };
        done(site.approved_after(LlamaIndex::TOKEN, 3, request).await);
        let ledger = site.service.ledger();
        let polls: Vec<u64> = ledger.at(LlamaIndex::TOKEN).map(|poll| poll.at.as_secs()).collect();
        let (first, last) = (polls[0], polls[polls.len() - 1]);
        assert!(last - first + 1 >= least * (polls.len() as u64 - 1), "{interval:?} {wish:?}: {polls:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_is_refused_expired_or_late_says_which_and_leaves_nothing() {
    let site = device(|terms| terms.life = Duration::from_secs(20));
    let denied = site.refused_with(site.login(), || site.service.deny()).await;
    assert_eq!(denied.code, Code::Denied, "{denied:?}");
    let expired = site.refused_with(site.login(), || site.service.expire()).await;
    assert_eq!(expired.code, Code::LoginTimeout);
    assert!(expired.detail.contains("expired"), "{expired:?}");
    let ended = site.refused_with(site.login(), || {}).await;
    assert_eq!(ended.code, Code::LoginTimeout, "the code's own life is heeded: {ended:?}");
    let late = site.refused_with(LoginRequest { max_wait: Some(8), ..site.login() }, || {}).await;
    assert_eq!(late.code, Code::LoginTimeout);
    assert!(late.hint.is_some_and(|hint| hint.contains("--max-wait")));
    assert!(site.list().await.is_empty());
    assert_eq!(site.service.count(LlamaIndex::KEYS), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_without_such_a_login_says_so_and_one_that_fails_is_another_matter() {
    for status in [400, 404, 501] {
        let site = Site::new(LlamaIndex { oidc: Oidc::Missing(status), ..LlamaIndex::default() });
        let problem = site.refused(site.login()).await;
        assert_eq!(problem.code, Code::Unsupported, "{status}: {problem:?}");
        assert!(problem.hint.is_some_and(|hint| hint.contains("--api-key")));
    }
    let site = plain();
    let nobody = site.refused(site.login_nowhere()).await;
    assert_eq!(nobody.code, Code::IssuerUnreachable, "{nobody:?}");
    for path in [LlamaIndex::VERSION, LlamaIndex::DISCOVERY, LlamaIndex::ISSUER_DOCUMENT, LlamaIndex::DEVICE] {
        for fault in [Fault::status(503), Fault::Refuses] {
            site.service.always(path, fault.clone());
            let problem = site.refused(site.login()).await;
            assert_eq!(problem.code, Code::IssuerUnreachable, "{path} {fault:?}: {problem:?}");
            site.service.clear(path);
        }
    }
    assert!(site.list().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_tried_at_the_service_before_it_is_saved() {
    let site = plain();
    let wrong = site.refused(site.key_login("canary-wrong-key")).await;
    assert_eq!(wrong.code, Code::Denied, "{wrong:?}");
    assert!(!wrong.detail.contains("canary") && wrong.hint.is_some());
    assert!(site.list().await.is_empty());
    let key = site.service.make_key();
    site.service.always("*", Fault::status(503));
    let down = site.refused(site.key_login(&key)).await;
    assert_eq!(down.code, Code::IssuerUnreachable);
    assert!(site.list().await.is_empty());
    site.service.clear("*");
    let (profile, _) = site.logged_in(site.key_login(&key)).await;
    assert_eq!((profile.flow, profile.method), (Flow::Key, Some(Method::ApiKey)));
    assert_eq!((profile.auth_type, profile.expires_at), (AuthType::ApiKey, None));
    let account = profile.account.expect("the service says who it is");
    assert_eq!((account.subject.as_deref(), account.email.as_deref()), (Some("user-1"), Some("ada@example.test")));
    assert!(profile.secondaries.is_empty(), "no key is made for a key");
    assert_eq!(site.service.count(LlamaIndex::KEYS), 0);
    assert_eq!(bearer(&site.token().await.expect("the key")), key);
    let refused = site.refresh().await.expect_err("a key cannot be refreshed");
    assert_eq!((refused.code, refused.reason), (Code::LoginRequired, Some(Reason::NotRefreshable)));
    assert!(refused.hint.is_some_and(|hint| hint.contains("agentctl login work")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_says_itself_when_it_lapses_lapses_then() {
    let site = plain();
    let claims = format!("{{\"exp\":{}}}", site.service.now() + 7200);
    let key = format!("{}.{}.canary-signature", URL_SAFE_NO_PAD.encode("{}"), URL_SAFE_NO_PAD.encode(claims));
    site.service.add_key(&key);
    let (profile, _) = site.logged_in(site.key_login(&key)).await;
    let left = profile.expires_at.expect("it is a JWT").unix() - site.service.now();
    assert!((7000..=7200).contains(&left), "{left}");
    site.pass(Duration::from_secs(7300));
    assert_eq!(site.profile().await.state, ProfileState::LoginRequired);
    assert_eq!(site.token().await.expect_err("it has lapsed").reason, Some(Reason::Expired));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_for_a_project_that_is_not_there_is_refused_and_those_there_are_named() {
    let site = plain();
    let key = site.service.make_key();
    let request = LoginRequest { project: Some("project-9".to_owned()), ..site.key_login(&key) };
    let problem = site.refused(request).await;
    assert_eq!(problem.code, Code::InvalidRequest, "{problem:?}");
    assert!(problem.detail.contains("project-1") && problem.detail.contains("project-2"), "{problem:?}");
    assert!(site.list().await.is_empty());
    let missing = LoginRequest { key: None, ..site.key_login("") };
    let problem = site.refused(missing).await;
    assert_eq!(problem.code, Code::InvalidRequest);
    assert!(problem.detail.contains("the key"), "{problem:?}");
    assert!(problem.hint.is_some_and(|hint| hint.contains("LLAMA_CLOUD_API_KEY")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_is_named_after_the_account_and_one_of_another_method_is_another() {
    let site = plain();
    let unnamed = |request| LoginRequest { profile: None, ..request };
    let (first, _) = site.logged_in(unnamed(site.login())).await;
    assert_eq!(first.name.as_str(), "ada@example.test");
    let (again, _) = site.logged_in(unnamed(site.login())).await;
    assert_eq!(again.name, first.name);
    let key = site.service.make_key();
    let (other, _) = site.logged_in(unnamed(site.key_login(&key))).await;
    assert_eq!(other.name.as_str(), "ada@example.test-2");
    assert_eq!(site.list().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_address_a_profile_is_named_otherwise() {
    let site = Site::new(LlamaIndex { email: None, id_token: false, ..LlamaIndex::default() });
    let (profile, _) = site.logged_in(LoginRequest { profile: None, ..site.login() }).await;
    assert_eq!(profile.name.as_str(), LlamaIndex::USER);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_again_by_name_alone_repeats_the_last_one() {
    let site = plain();
    let request = LoginRequest { project: Some("Second".to_owned()), ..site.login() };
    let (first, _) = site.logged_in(request).await;
    assert_eq!(first.project.as_deref(), Some("project-2"));
    site.logout().await;
    let by_name = LoginRequest { profile: Some(wire::name(PROFILE)), switch: true, ..LoginRequest::default() };
    let (again, _) = site.logged_in(by_name).await;
    assert_eq!((again.issuer, again.client_id, again.url), (first.issuer, first.client_id, first.url));
    assert_eq!((again.project, again.method), (first.project, first.method));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoami_asks_live_and_knows_who_it_was_when_it_cannot() {
    let site = ready().await;
    let account = site.whoami().await.expect("an answer").account.expect("an account");
    assert_eq!(account.name.as_deref(), Some("Ada Example"), "what the ID token said is not lost");
    for fault in [Fault::status(500), Fault::Html(200), Fault::Refuses] {
        site.service.next(LlamaIndex::ME, fault.clone());
        let known = site.whoami().await.unwrap_or_else(|problem| panic!("{fault:?}: {problem:?}"));
        assert!(known.offline && known.problem.is_some(), "{fault:?}");
        assert_eq!(known.account.as_ref(), Some(&account), "{fault:?}");
    }
    site.service.next(LlamaIndex::ME, Fault::status(403));
    assert_eq!(site.whoami().await.expect_err("it is not allowed").code, Code::Denied);
    site.service.always(LlamaIndex::ME, Fault::status(401));
    let before = site.service.count(LlamaIndex::TOKEN);
    let problem = site.whoami().await.expect_err("it is refused");
    assert_eq!((problem.code, problem.reason), (Code::LoginRequired, Some(Reason::Refused)));
    assert_eq!(site.service.count(LlamaIndex::TOKEN), before + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_refused_later_is_refused_at_once() {
    let site = plain();
    let key = site.service.make_key();
    site.logged_in(site.key_login(&key)).await;
    assert_eq!(site.verdict().await.0, ProbeStatus::Ok);
    site.service.end(&key);
    let before = site.service.count(LlamaIndex::ME);
    let problem = site.whoami().await.expect_err("the key is dead");
    assert_eq!((problem.code, problem.reason), (Code::LoginRequired, Some(Reason::Refused)));
    assert_eq!(site.service.count(LlamaIndex::ME), before + 1, "there is nothing to refresh with");
    assert_eq!(site.verdict().await.0, ProbeStatus::Error);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_probe_tells_how_the_profile_does_and_changes_nothing() {
    let site = ready().await;
    let (before, tokens) = (site.profile().await, site.service.count(LlamaIndex::TOKEN));
    assert_eq!(site.verdict().await.0, ProbeStatus::Ok);
    site.service.next(LlamaIndex::ME, Fault::status(401));
    assert_eq!(site.verdict().await.0, ProbeStatus::Error);
    assert_eq!(site.verdict_of_silence(LlamaIndex::ME).await, ProbeStatus::Timeout);
    assert_eq!(site.service.count(LlamaIndex::TOKEN), tokens);
    assert_eq!(site.profile().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_child_process_gets_address_project_and_token() {
    let site = ready().await;
    let token = site.token().await.expect("a token");
    let variables = site.variables().await;
    assert_eq!(variables["LLAMA_CLOUD_API_KEY"], bearer(&token));
    assert_eq!(variables["LLAMA_CLOUD_BASE_URL"], site.service.url());
    assert_eq!(variables.get("LLAMA_AGENTS_PROJECT_ID"), None, "none is chosen yet");
    site.project("project-1").await.expect("it is there");
    assert_eq!(site.variables().await["LLAMA_AGENTS_PROJECT_ID"], "project-1");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_in_an_answer_or_a_file() {
    let projects = vec![Project::new("project-1", "Default", "org-1")];
    let site = Site::new(LlamaIndex { projects, ..LlamaIndex::default() });
    site.logged_in(site.login()).await;
    let key = site.service.make_key();
    let other = LoginRequest { profile: Some(wire::name("key")), ..site.key_login(&key) };
    site.logged_in(other).await;
    site.keeps_its_secrets().await;
}
