//! Contree: keys of two kinds, tried with the one request there is, and the project that goes with each.

use std::time::Duration;

use harness::service::{Contree, Fault};
use harness::site::{PROFILE, Site};
use harness::stage::bearer;
use harness::wire;
use proto::login::{Flow, LoginRequest};
use proto::problem::{Code, Reason};
use proto::profile::{AuthType, ProfileState, Revocation};
use proto::provider::Method;
use proto::timestamp::Timestamp;
use proto::whoami::ProbeStatus;

const KEY: &str = "canary-contree-key";

fn with(wire: Contree) -> Site<Contree> {
    let site = Site::new(wire);
    site.service.add_key(KEY);
    site
}

fn plain() -> Site<Contree> {
    with(Contree::default())
}

/// A login with a key for the project there is.
fn login(site: &Site<Contree>) -> LoginRequest {
    LoginRequest { project: Some(Contree::PROJECT.to_owned()), ..site.key_login(KEY) }
}

async fn ready() -> Site<Contree> {
    let site = plain();
    site.logged_in(login(&site)).await;
    site
}

/// The header of the newest request.
fn project_sent(site: &Site<Contree>) -> Option<String> {
    let ledger = site.service.ledger();
    ledger.entries().last().and_then(|entry| entry.header("project").map(str::to_owned))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_tried_with_its_project_and_leaves_all_that_is_known() {
    let site = plain();
    let (profile, warnings) = site.logged_in(login(&site)).await;
    assert!(warnings.is_empty(), "{warnings:?}");
    assert_eq!((profile.flow, profile.method), (Flow::Key, Some(Method::ApiKey)));
    assert_eq!((profile.auth_type, profile.state), (AuthType::ApiKey, ProfileState::Usable));
    assert_eq!(profile.project.as_deref(), Some(Contree::PROJECT));
    assert_eq!((profile.usable, profile.expires_at), (Some(true), None));
    assert!(profile.current && !profile.refresh.possible);
    let ledger = site.service.ledger();
    assert_eq!(ledger.entries().len(), 1, "one request tells");
    let sent = ledger.last(Contree::WHOAMI).expect("a request");
    assert_eq!(sent.header("authorization"), Some(format!("Bearer {KEY}").as_str()));
    assert_eq!(sent.header("project"), Some(Contree::PROJECT));
    assert_eq!(bearer(&site.token().await.expect("the key")), KEY);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_a_kind_of_key_lacks_is_named_at_once_and_nobody_is_asked() {
    let site = plain();
    let kind = |variant: &str| LoginRequest { variant: Some(variant.to_owned()), key: None, ..site.key_login(KEY) };
    for request in [kind("iam"), LoginRequest { variant: None, ..kind("iam") }] {
        let problem = site.refused(request).await;
        assert_eq!(problem.code, Code::InvalidRequest);
        assert!(problem.detail.contains("the key") && problem.detail.contains("the project"), "{problem:?}");
        let hint = problem.hint.expect("how to give them");
        for word in ["CONTREE_TOKEN", "NEBIUS_API_KEY", "CONTREE_PROJECT", "NEBIUS_AI_PROJECT", "--project"] {
            assert!(hint.contains(word), "{hint}");
        }
    }
    let problem = site.refused(LoginRequest { environment: None, ..kind("jwt") }).await;
    assert!(problem.detail.contains("the key") && problem.detail.contains("the base URL"), "{problem:?}");
    assert!(problem.hint.is_some_and(|hint| hint.contains("CONTREE_URL")));
    let superfluous = LoginRequest { variant: Some("jwt".to_owned()), ..login(&site) };
    let problem = site.refused(superfluous).await;
    assert!(problem.code == Code::InvalidRequest && problem.detail.contains("project"), "{problem:?}");
    let problem = site.refused(LoginRequest { variant: Some("other".to_owned()), ..login(&site) }).await;
    assert!(problem.hint.is_some_and(|hint| hint.contains("iam, jwt")));
    assert!(site.service.ledger().entries().is_empty() && site.list().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_older_kind_of_key_goes_without_a_project() {
    let site = with(Contree { project: None, ..Contree::default() });
    let request = LoginRequest { variant: Some("jwt".to_owned()), ..site.key_login(KEY) };
    let (profile, _) = site.logged_in(request).await;
    assert_eq!((profile.project, project_sent(&site)), (None, None));
    site.whoami().await.expect("an answer");
    let by_name = LoginRequest { profile: Some(wire::name(PROFILE)), environment: None, ..site.key_login(KEY) };
    site.logged_in(by_name).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_refused_or_cannot_be_tried_is_not_saved() {
    let site = plain();
    let wrong = LoginRequest { key: site.key_login("canary-other-key").key, ..login(&site) };
    let problem = site.refused(wrong).await;
    assert_eq!(problem.code, Code::Denied, "{problem:?}");
    assert!(problem.detail.contains("key") && !problem.detail.contains("canary"));
    let elsewhere = LoginRequest { project: Some("project-9".to_owned()), ..login(&site) };
    assert_eq!(site.refused(elsewhere).await.code, Code::Denied);
    let faults = [
        (Fault::status(500), Code::IssuerUnreachable),
        (Fault::retry_after(429, 9), Code::IssuerUnreachable),
        (Fault::Refuses, Code::IssuerUnreachable),
        (Fault::status(403), Code::Denied),
        (Fault::Html(200), Code::LoginFailed),
        (Fault::Garbage, Code::LoginFailed),
    ];
    for (fault, code) in faults {
        site.service.next(Contree::WHOAMI, fault.clone());
        let problem = site.refused(login(&site)).await;
        assert_eq!(problem.code, code, "{fault:?}: {problem:?}");
    }
    let nowhere = LoginRequest { environment: site.login_nowhere().environment, ..login(&site) };
    assert_eq!(site.refused(nowhere).await.code, Code::IssuerUnreachable);
    assert!(site.list().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_lacks_a_member_proves_nothing() {
    for member in ["token_uuid", "token_expiration", "permissions", "operations_stat"] {
        let site = with(Contree { left_out: Some(member.to_owned()), ..Contree::default() });
        let problem = site.refused(login(&site)).await;
        assert_eq!(problem.code, Code::LoginFailed, "{member}: {problem:?}");
        assert!(problem.detail.contains("missing"), "{problem:?}");
        assert!(site.list().await.is_empty());
    }
    let site = with(Contree { limits: false, ..Contree::default() });
    site.logged_in(login(&site)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_without_the_permission_is_saved_with_a_warning_and_inactive() {
    let site = with(Contree::default().without_list());
    let (profile, warnings) = site.logged_in(login(&site)).await;
    assert!(warnings.iter().any(|warning| warning.contains("inactive")), "{warnings:?}");
    assert_eq!(profile.usable, Some(false));
    assert_eq!(site.verdict().await.0, ProbeStatus::Inactive);
    assert_eq!(site.whoami().await.expect("an answer").usable, Some(false));
    site.service.reconfigure(|wire| wire.permissions[0].1 = true);
    assert_eq!(site.verdict().await.0, ProbeStatus::Ok);
    assert_eq!(site.profile().await.usable, Some(false), "a probe changes nothing");
    site.whoami().await.expect("an answer");
    assert_eq!(site.profile().await.usable, Some(true));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_lapses_when_the_service_says_so() {
    let end = harness::daemon::START + 7200;
    let site = with(Contree { expires_at: Some(end), ..Contree::default() });
    let (profile, _) = site.logged_in(login(&site)).await;
    assert_eq!(profile.expires_at.map(Timestamp::unix), Some(end));
    site.service.reconfigure(|wire| wire.expires_at = Some(end + 3600));
    let asked = site.whoami().await.expect("an answer");
    assert_eq!(asked.expires_at.map(Timestamp::unix), Some(end + 3600), "what was learned counts");
    assert_eq!(site.profile().await.expires_at.map(Timestamp::unix), Some(end + 3600));
    site.pass(Duration::from_hours(4));
    let problem = site.token().await.expect_err("it has lapsed");
    assert_eq!((problem.code, problem.reason), (Code::LoginRequired, Some(Reason::Expired)));
    assert_eq!(site.profile().await.state, ProfileState::LoginRequired);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_is_typed_and_goes_with_every_later_request() {
    let mut site = ready().await;
    assert!(!site.projects().await.expect("there is no list").listed);
    let profile = site.project("project-2").await.expect("it is believed");
    assert_eq!((profile.project.as_deref(), profile.project_name), (Some("project-2"), None));
    let problem = site.whoami().await.expect_err("the key is not for it");
    assert_eq!(problem.code, Code::LoginRequired);
    assert_eq!(project_sent(&site).as_deref(), Some("project-2"));
    site.service.reconfigure(|wire| wire.project = Some("project-2".to_owned()));
    assert_eq!(site.whoami().await.expect("an answer").project.as_deref(), Some("project-2"));
    site.restart().await;
    assert_eq!(site.verdict().await.0, ProbeStatus::Ok);
    assert_eq!(project_sent(&site).as_deref(), Some("project-2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_that_would_end_the_header_is_refused() {
    let site = ready().await;
    let before = site.service.ledger().entries().len();
    let problem = site.project("project\r\nX-Other: 1").await.expect_err("two lines");
    assert_eq!(problem.code, Code::InvalidRequest, "{problem:?}");
    let problem = site.refused(LoginRequest { project: Some("a\nb".to_owned()), ..login(&site) }).await;
    assert_eq!(problem.code, Code::InvalidRequest, "{problem:?}");
    assert_eq!(site.service.ledger().entries().len(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoami_knows_nobody_by_name_and_says_when_it_could_not_ask() {
    let site = ready().await;
    let live = site.whoami().await.expect("an answer");
    assert_eq!((live.account, live.offline, live.usable), (None, false, Some(true)));
    for fault in [Fault::status(500), Fault::Html(502), Fault::Refuses] {
        site.service.next(Contree::WHOAMI, fault.clone());
        let known = site.whoami().await.unwrap_or_else(|problem| panic!("{fault:?}: {problem:?}"));
        assert!(known.offline && known.problem.is_some(), "{fault:?}");
    }
    site.service.next(Contree::WHOAMI, Fault::status(403));
    assert_eq!(site.whoami().await.expect_err("it is not allowed").code, Code::Denied);
    site.service.end(KEY);
    let problem = site.whoami().await.expect_err("the key is dead");
    assert_eq!((problem.code, problem.reason), (Code::LoginRequired, Some(Reason::Refused)));
    let problem = site.refresh().await.expect_err("a key cannot be refreshed");
    assert_eq!((problem.code, problem.reason), (Code::LoginRequired, Some(Reason::NotRefreshable)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_probe_is_bounded_whatever_the_service_does() {
    let site = ready().await;
    assert_eq!(site.verdict_of_silence(Contree::WHOAMI).await, ProbeStatus::Timeout);
    for (fault, word) in [(Fault::status(429), "429"), (Fault::status(500), "500"), (Fault::status(401), "401")] {
        site.service.next(Contree::WHOAMI, fault);
        let (status, why) = site.verdict().await;
        assert!(status == ProbeStatus::Error && why.contains(word), "{status:?} {why}");
    }
    assert_eq!(site.verdict().await.0, ProbeStatus::Ok);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_without_a_name_is_called_after_the_service_and_numbered() {
    let site = plain();
    for name in ["contree", "contree-2"] {
        let (profile, _) = site.logged_in(LoginRequest { profile: None, ..login(&site) }).await;
        assert_eq!(profile.name.as_str(), name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removal_promotes_the_next_of_the_same_place_and_sends_nothing() {
    let site = ready().await;
    let quiet = LoginRequest { profile: Some(wire::name("another")), switch: false, ..login(&site) };
    site.logged_in(quiet).await;
    let requests = site.service.ledger().entries().len();
    let removed = site.remove(PROFILE).await;
    assert_eq!(removed.current.map(|name| name.to_string()).as_deref(), Some("another"));
    assert_eq!(removed.still_valid, ["the key stays valid at the service"]);
    assert!(site.list().await[0].current);
    let last = site.remove("another").await;
    assert!(last.existed && last.current.is_none());
    assert_eq!(site.service.ledger().entries().len(), requests);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_logout_sends_nothing_and_says_that_the_key_stays_valid() {
    let site = ready().await;
    let requests = site.service.ledger().entries().len();
    let gone = site.logout().await;
    assert_eq!((gone.was_logged_in, gone.revocation), (true, Revocation::Nothing));
    assert_eq!(gone.still_valid, ["the key stays valid at the service"]);
    let profile = site.profile().await;
    assert_eq!((profile.state, profile.current), (ProfileState::LoggedOut, false));
    assert_eq!(profile.project.as_deref(), Some(Contree::PROJECT), "the settings stay");
    assert!(!site.logout().await.was_logged_in);
    assert_eq!(site.service.ledger().entries().len(), requests);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_child_process_gets_key_and_address() {
    let site = ready().await;
    let variables = site.variables().await;
    assert_eq!((variables["CONTREE_TOKEN"].as_str(), variables["CONTREE_URL"].as_str()), (KEY, site.service.url()));
    assert_eq!(variables.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_in_an_answer_or_a_file() {
    let site = ready().await;
    site.keeps_its_secrets().await;
}
