//! `LlamaIndex`: the project that a login is used for, and deployments that need no login.

use harness::service::{Fault, LlamaIndex, Project};
use harness::site::Site;
use harness::stage::bearer;
use proto::login::{Flow, LoginRequest};
use proto::problem::Code;
use proto::profile::{AuthType, ProfileState, Revocation};
use proto::whoami::ProbeStatus;

fn with_projects(projects: Vec<Project>) -> Site<LlamaIndex> {
    Site::new(LlamaIndex { projects, ..LlamaIndex::default() })
}

fn open() -> Site<LlamaIndex> {
    Site::new(LlamaIndex { requires_auth: false, ..LlamaIndex::default() })
}

fn wanting(site: &Site<LlamaIndex>, project: &str) -> LoginRequest {
    LoginRequest { project: Some(project.to_owned()), ..site.login() }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_only_project_is_taken_by_itself() {
    let site = with_projects(vec![Project::new("project-7", "Seven", "org-2")]);
    let (profile, warnings) = site.logged_in(site.login()).await;
    assert!(warnings.is_empty(), "{warnings:?}");
    assert_eq!((profile.project.as_deref(), profile.project_name.as_deref()), (Some("project-7"), Some("Seven")));
    let key = site.service.make_key();
    let (profile, _) = site.logged_in(site.key_login(&key)).await;
    assert_eq!(profile.project.as_deref(), Some("project-7"));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_projects_none_is_taken_unless_it_is_named() {
    let site = Site::new(LlamaIndex::default());
    let (profile, _) = site.logged_in(site.login()).await;
    assert_eq!(profile.project, None);
    for (wanted, id) in [("project-1", "project-1"), ("Second", "project-2")] {
        let (profile, warnings) = site.logged_in(wanting(&site, wanted)).await;
        assert!(warnings.is_empty(), "{warnings:?}");
        assert_eq!(profile.project.as_deref(), Some(id));
    }
    let (profile, warnings) = site.logged_in(wanting(&site, "project-9")).await;
    assert_eq!(profile.project, None, "the login is not lost because of it");
    assert!(warnings.iter().any(|warning| warning.contains("agentctl project")), "{warnings:?}");
    assert!(warnings.iter().any(|warning| warning.contains("project-1, project-2")), "{warnings:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn projects_of_all_organizations_are_listed_with_the_chosen_one() {
    let site = Site::new(LlamaIndex::default());
    site.logged_in(wanting(&site, "project-2")).await;
    let listed = site.projects().await.expect("a list");
    assert!(listed.listed);
    let shown: Vec<_> = listed
        .projects
        .iter()
        .map(|one| (one.id.as_str(), one.name.as_deref(), one.group.as_deref(), one.active))
        .collect();
    let expected =
        [("project-1", Some("Default"), Some("org-1"), false), ("project-2", Some("Second"), Some("org-2"), true)];
    assert_eq!(shown, expected);
    let ledger = site.service.ledger();
    let asked = ledger.last(LlamaIndex::PROJECTS).expect("a request");
    assert_eq!(asked.field("org_id").as_deref(), Some("org-2"));
    assert!(asked.header("authorization").is_some_and(|value| value.starts_with("Bearer ")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_without_organizations_lists_its_projects_at_once() {
    let site = Site::new(LlamaIndex { capabilities: Vec::new(), ..LlamaIndex::default() });
    site.logged_in(site.login()).await;
    let before = site.service.count(LlamaIndex::PROJECTS);
    let listed = site.projects().await.expect("a list");
    assert_eq!(listed.projects.len(), 2);
    assert!(listed.projects.iter().all(|one| one.group.is_none()));
    assert_eq!(site.service.count(LlamaIndex::PROJECTS), before + 1);
    let ledger = site.service.ledger();
    assert_eq!(ledger.last(LlamaIndex::PROJECTS).and_then(|entry| entry.field("org_id")), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_is_chosen_by_its_identifier_or_its_name() {
    let site = Site::new(LlamaIndex::default());
    site.logged_in(site.login()).await;
    let before = site.profile().await;
    for (wanted, id) in [("Default", "project-1"), ("project-2", "project-2")] {
        let profile = site.project(wanted).await.expect("it is there");
        assert_eq!(profile.project.as_deref(), Some(id));
        assert_eq!(profile.fingerprint, before.fingerprint, "the credential is untouched");
    }
    let unknown = site.project("project-9").await.expect_err("it is not there");
    assert_eq!(unknown.code, Code::NotFound);
    let hint = unknown.hint.expect("those there are");
    assert!(hint.contains("project-1") && hint.contains("project-2"), "{hint}");
    assert_eq!(site.profile().await.project.as_deref(), Some("project-2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_two_projects_share_chooses_neither() {
    let site = with_projects(vec![Project::new("a", "Same", "org-1"), Project::new("b", "Same", "org-2")]);
    site.logged_in(site.login()).await;
    let problem = site.project("Same").await.expect_err("which one?");
    assert!(problem.hint.is_some_and(|hint| hint.contains("a, b")));
    assert_eq!(site.project("b").await.expect("by its identifier").project.as_deref(), Some("b"));
}

#[tokio::test(flavor = "multi_thread")]
async fn projects_that_cannot_be_listed_are_a_warning_at_login_and_a_problem_later() {
    let site = Site::new(LlamaIndex::default());
    site.service.always(LlamaIndex::PROJECTS, Fault::status(503));
    let (profile, warnings) = site.logged_in(wanting(&site, "project-1")).await;
    assert!(warnings.iter().any(|warning| warning.contains("projects")), "{warnings:?}");
    assert_eq!(profile.project.as_deref(), Some("project-1"), "what the person said is believed");
    assert_eq!(site.projects().await.expect_err("no list").code, Code::IssuerUnreachable);
    assert_eq!(site.project("project-2").await.expect_err("no list").code, Code::IssuerUnreachable);
    assert_eq!(site.profile().await.project.as_deref(), Some("project-1"));
    site.service.always(LlamaIndex::PROJECTS, Fault::status(403));
    assert_eq!(site.projects().await.expect_err("not allowed").code, Code::Denied);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_that_needs_no_login_has_a_profile_without_a_credential() {
    let mut site = open();
    let (profile, warnings) = site.logged_in(site.login()).await;
    assert!(warnings.is_empty(), "{warnings:?}");
    assert_eq!((profile.auth_type, profile.flow, profile.state), (AuthType::None, Flow::None, ProfileState::Usable));
    assert_eq!((profile.account, profile.expires_at, profile.fingerprint), (None, None, None));
    assert!(profile.current && !profile.refresh.possible);
    assert_eq!(site.service.count("/oidc/*"), 0);
    let refused = site.token().await.expect_err("there is none");
    assert_eq!(refused.code, Code::Unsupported);
    assert!(refused.detail.contains("needs no login"), "{refused:?}");
    let refused = site.refresh().await.expect_err("there is none");
    assert!(refused.detail.contains("needs no login"), "{refused:?}");
    let nobody = site.whoami().await.expect_err("nobody is logged in");
    assert!(nobody.detail.contains("needs no login"), "{nobody:?}");
    assert_eq!(site.verdict().await.0, ProbeStatus::Ok);
    site.restart().await;
    assert_eq!(site.profile().await.state, ProfileState::Usable);
    let gone = site.logout().await;
    assert_eq!((gone.was_logged_in, gone.revocation), (true, Revocation::Nothing));
    assert!(gone.still_valid.is_empty());
    assert_eq!(site.profile().await.state, ProfileState::LoggedOut);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_no_login_is_needed_a_project_is_typed_and_a_child_process_gets_it() {
    let site = open();
    let (profile, _) = site.logged_in(wanting(&site, "anything")).await;
    assert_eq!(profile.project.as_deref(), Some("anything"));
    assert!(!site.projects().await.expect("no list").listed);
    assert_eq!(site.project("else").await.expect("it is believed").project.as_deref(), Some("else"));
    let variables = site.variables().await;
    assert_eq!(variables["LLAMA_CLOUD_BASE_URL"], site.service.url());
    assert_eq!(variables["LLAMA_AGENTS_PROJECT_ID"], "else");
    assert_eq!(variables.get("LLAMA_CLOUD_API_KEY"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_taken_also_where_none_is_needed() {
    let site = open();
    let key = site.service.make_key();
    let (profile, _) = site.logged_in(site.key_login(&key)).await;
    assert_eq!(profile.auth_type, AuthType::ApiKey);
    assert_eq!(bearer(&site.token().await.expect("the key")), key);
}
