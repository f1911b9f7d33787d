//! `LlamaIndex` after the login: refreshing at the issuer, the key that is made and deleted, restarts, logout.

use std::time::Duration;

use harness::issuer::Rotation;
use harness::service::{Fault, LlamaIndex, Terms};
use harness::site::{PROFILE, Site};
use harness::stage::bearer;
use harness::wire;
use proto::login::LoginRequest;
use proto::problem::{Code, Reason};
use proto::profile::{ProfileState, Revocation};

const MINUTE: Duration = Duration::from_mins(1);
/// A deletion of a key.
const DELETE: &str = "/api/v1/api-keys/*";

async fn ready() -> Site<LlamaIndex> {
    let site = Site::new(LlamaIndex::default());
    site.logged_in(site.login()).await;
    site
}

/// The refresh tokens presented so far.
fn presented(site: &Site<LlamaIndex>) -> Vec<String> {
    site.service.ledger().at(LlamaIndex::TOKEN).filter_map(|entry| entry.field("refresh_token")).collect()
}

async fn minted(site: &Site<LlamaIndex>) -> String {
    bearer(&site.secondary("api-key").await.expect("the key")).to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_refreshed_once_at_the_discovered_endpoint_with_nobody_asking() {
    let site = ready().await;
    let first = site.token().await.expect("a token");
    site.pass(3 * MINUTE);
    site.token().await.expect("a token");
    assert!(presented(&site).is_empty(), "not before three quarters of its life");
    site.pass(MINUTE);
    site.until(|profile| profile.refresh.last_at.is_some()).await;
    let second = site.token().await.expect("a token");
    assert!(bearer(&first) != bearer(&second) && site.service.is_live(bearer(&second)));
    assert_eq!(presented(&site).len(), 1);
    let ledger = site.service.ledger();
    let sent = ledger.last(LlamaIndex::TOKEN).expect("one request");
    assert_eq!(sent.field("grant_type").as_deref(), Some("refresh_token"));
    assert_eq!(sent.field("client_id").as_deref(), Some(LlamaIndex::CLIENT));
    let left = site.profile().await.expires_at.expect("a JWT again").unix() - site.service.now();
    assert!((290..=300).contains(&left), "{left}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_is_kept_when_the_answer_omits_it_and_replaced_when_it_does_not() {
    for (rotation, same) in [(Rotation::Absent, true), (Rotation::On, false)] {
        let terms = Terms { rotation, ..LlamaIndex::default().terms };
        let site = Site::new(LlamaIndex { terms, ..LlamaIndex::default() });
        site.logged_in(site.login()).await;
        for _ in 0..2 {
            site.refresh().await.expect("a refresh");
        }
        let sent = presented(&site);
        assert_eq!(sent[0] == sent[1], same, "{rotation:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ended_at_the_issuer_needs_a_login_and_a_failing_issuer_does_not() {
    let site = ready().await;
    site.service.always(LlamaIndex::TOKEN, Fault::status(503));
    site.pass(6 * MINUTE);
    assert_eq!(site.token().await.expect_err("it has lapsed").code, Code::IssuerUnreachable);
    site.service.clear(LlamaIndex::TOKEN);
    site.pass(6 * MINUTE);
    site.token().await.expect("the issuer is back");
    site.service.end_login();
    let problem = site.refresh().await.expect_err("it is over");
    assert_eq!((problem.code, problem.reason), (Code::LoginRequired, Some(Reason::Refused)), "{problem:?}");
    site.pass(6 * MINUTE);
    assert_eq!(site.profile().await.state, ProfileState::LoginRequired);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_was_granted_no_refresh_token_warns_and_lapses() {
    let site = Site::new(LlamaIndex::default());
    let request = LoginRequest { scope: Some("openid email".to_owned()), ..site.login() };
    let (profile, warnings) = site.logged_in(request).await;
    assert!(warnings.iter().any(|warning| warning.contains("cannot be refreshed")), "{warnings:?}");
    assert_eq!((profile.scope.as_deref(), profile.refresh.possible), (Some("openid email"), false));
    let problem = site.refresh().await.expect_err("there is nothing to refresh with");
    assert_eq!((problem.code, problem.reason), (Code::LoginRequired, Some(Reason::NotRefreshable)));
    site.pass(6 * MINUTE);
    assert_eq!(site.token().await.expect_err("it has lapsed").reason, Some(Reason::Expired));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_made_once_for_a_login_and_deleted_at_its_logout() {
    let site = ready().await;
    let key = minted(&site).await;
    assert!(site.service.is_live(&key));
    let ledger = site.service.ledger();
    let made = ledger.last(LlamaIndex::KEYS).expect("a key was made");
    let name = made.json()["name"].as_str().expect("a name").to_owned();
    assert!(name.starts_with("work agentctl on ") && made.json()["project_id"].is_null(), "{made:?}");
    let held = site.profile().await.secondaries.remove(0);
    assert!(held.present && !held.required && held.values.contains_key("key_id"), "{held:?}");
    let synced = site.sync().await.expect("the service answers").secondaries.remove(0);
    assert_eq!(synced.fingerprint, held.fingerprint);
    site.refresh().await.expect("a refresh");
    assert_eq!(site.service.count(LlamaIndex::KEYS), 1, "it is made once");
    let token = site.token().await.expect("a token");
    let gone = site.logout().await;
    assert!(gone.was_logged_in && !site.service.is_live(&key));
    assert_eq!((gone.revocation, gone.retried), (Revocation::Unsupported, false));
    assert_eq!(gone.still_valid, ["the login stays valid at the service"]);
    let ledger = site.service.ledger();
    let deleted = ledger.last(DELETE).expect("a request");
    assert_eq!((deleted.method.as_str(), deleted.status), ("DELETE", Some(204)));
    assert_eq!(deleted.header("authorization"), Some(format!("Bearer {}", bearer(&token)).as_str()));
    let again = site.logout().await;
    assert_eq!((again.was_logged_in, again.revocation), (false, Revocation::Nothing));
    assert_eq!(site.service.count(DELETE), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_without_its_key_succeeds_and_a_later_sync_makes_it() {
    let site = Site::new(LlamaIndex::default());
    site.service.next(LlamaIndex::KEYS, Fault::status(500));
    let (profile, warnings) = site.logged_in(site.login()).await;
    assert!(warnings.iter().any(|warning| warning.contains("API key")), "{warnings:?}");
    assert!(!profile.secondaries[0].present);
    assert!(site.sync().await.expect("the service answers").secondaries[0].present);
    assert_eq!(site.service.count(LlamaIndex::KEYS), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lapsed_token_is_renewed_before_the_key_is_deleted_with_it() {
    let site = ready().await;
    let key = minted(&site).await;
    site.service.always(LlamaIndex::TOKEN, Fault::status(503));
    site.pass(6 * MINUTE);
    site.until(|profile| profile.refresh.failures > 0).await;
    site.service.clear(LlamaIndex::TOKEN);
    let gone = site.logout().await;
    assert!(!site.service.is_live(&key), "{gone:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_that_failed_is_made_up_for_when_the_service_is_back() {
    let mut site = ready().await;
    let key = minted(&site).await;
    site.service.always("*", Fault::Refuses);
    let gone = site.logout().await;
    assert_eq!((gone.revocation, gone.retried), (Revocation::Failed, true), "{gone:?}");
    assert!(gone.still_valid.iter().any(|what| what.contains("API key")), "{gone:?}");
    let profile = site.profile().await;
    assert_eq!((profile.state, profile.unrevoked), (ProfileState::LoggedOut, Some(1)));
    site.restart().await;
    assert_eq!(site.profile().await.unrevoked, Some(1));
    // The access token has lapsed meanwhile.
    site.pass(10 * MINUTE);
    site.service.wait_for(|ledger| ledger.count(DELETE) + ledger.count(LlamaIndex::TOKEN) > 2).await;
    site.service.clear("*");
    site.in_time(|profile| profile.unrevoked.is_none()).await;
    assert!(!site.service.is_live(&key));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_login_of_the_same_profile_leaves_no_key_of_the_old_one_behind() {
    let site = ready().await;
    let old = minted(&site).await;
    site.logged_in(site.login()).await;
    let new = minted(&site).await;
    site.until(|profile| profile.unrevoked.is_none()).await;
    assert!(site.service.is_live(&new));
    assert!(old == new || !site.service.is_live(&old), "the key of the first login lives on with nobody to delete it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removal_sends_nothing_and_says_what_lives_on() {
    let site = ready().await;
    let second = LoginRequest { profile: Some(wire::name("second")), switch: false, ..site.login() };
    site.logged_in(second).await;
    let requests = site.service.ledger().entries().len();
    let removed = site.remove(PROFILE).await;
    assert!(removed.existed);
    assert_eq!(removed.current.map(|name| name.to_string()).as_deref(), Some("second"));
    assert_eq!(removed.still_valid.len(), 2, "{:?}", removed.still_valid);
    assert!(removed.still_valid.iter().any(|what| what.contains("API key")));
    assert_eq!(site.service.ledger().entries().len(), requests);
    assert!(!site.remove(PROFILE).await.existed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_keeps_the_login_its_project_and_its_key() {
    let mut site = ready().await;
    site.project("Second").await.expect("it is there");
    let (before, key) = (site.profile().await, minted(&site).await);
    site.restart().await;
    let after = site.profile().await;
    assert_eq!((&after.project, &after.project_name), (&before.project, &before.project_name));
    assert_eq!((&after.account, &after.secondaries), (&before.account, &before.secondaries));
    assert_eq!((&after.issuer, &after.scope, after.current), (&before.issuer, &before.scope, true));
    assert_eq!(minted(&site).await, key);
    site.refresh().await.expect("the refresh token is there");
    site.logout().await;
    assert!(!site.service.is_live(&key));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_logout_of_a_key_sends_nothing_and_says_that_the_key_lives_on() {
    let site = Site::new(LlamaIndex::default());
    let key = site.service.make_key();
    site.logged_in(site.key_login(&key)).await;
    let requests = site.service.ledger().entries().len();
    let gone = site.logout().await;
    assert_eq!((gone.was_logged_in, gone.revocation), (true, Revocation::Nothing));
    assert_eq!(gone.still_valid, ["the key stays valid at the service"]);
    assert!(!site.profile().await.current);
    assert_eq!(site.service.ledger().entries().len(), requests);
}
