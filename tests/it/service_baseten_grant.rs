//! Baseten after the login: refreshing, restarts, and a logout that the service is told of with a live access token.

use std::time::Duration;

use harness::issuer::Rotation;
use harness::service::{Baseten, Fault, Terms};
use harness::site::{PROFILE, Site};
use harness::stage::bearer;
use harness::wire;
use proto::login::LoginRequest;
use proto::problem::{Code, Reason};
use proto::profile::{ProfileState, Revocation};

const MINUTE: Duration = Duration::from_mins(1);

async fn ready() -> Site<Baseten> {
    ready_with(Terms::default()).await
}

async fn ready_with(terms: Terms) -> Site<Baseten> {
    let site = Site::new(Baseten { terms, ..Baseten::default() });
    site.logged_in(site.login()).await;
    site
}

/// The refresh tokens presented so far.
fn presented(site: &Site<Baseten>) -> Vec<String> {
    site.service.ledger().at(Baseten::TOKEN).filter_map(|entry| entry.field("refresh_token")).collect()
}

/// The access token of the newest logout that the service was told of, and what it answered.
fn told(site: &Site<Baseten>) -> (String, Option<u16>) {
    let ledger = site.service.ledger();
    let entry = ledger.last(Baseten::LOGOUT).expect("a logout");
    let value = entry.header("authorization").expect("a token");
    (value.strip_prefix("Bearer ").expect("a bearer token").to_owned(), entry.status)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_refreshed_once_as_the_standard_says_with_nobody_asking() {
    let site = ready().await;
    let first = site.token().await.expect("a token");
    site.pass(44 * MINUTE);
    site.token().await.expect("a token");
    assert!(presented(&site).is_empty());
    site.pass(9 * MINUTE);
    site.until(|profile| profile.refresh.last_at.is_some()).await;
    let second = site.token().await.expect("a token");
    assert!(bearer(&first) != bearer(&second) && site.service.is_live(bearer(&second)));
    assert_eq!(presented(&site).len(), 1);
    let ledger = site.service.ledger();
    let sent = ledger.last(Baseten::TOKEN).expect("one request");
    assert_eq!(sent.field("grant_type").as_deref(), Some("refresh_token"));
    assert_eq!(sent.field("client_id").as_deref(), Some("baseten-cli"));
    let account = site.profile().await.account.expect("it is kept");
    assert_eq!(account.organization.as_deref(), Some("Example workspace"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_is_kept_when_the_answer_omits_it_and_replaced_when_it_does_not() {
    for (rotation, same) in [(Rotation::Absent, true), (Rotation::Repeated, true), (Rotation::On, false)] {
        let site = ready_with(Terms { rotation, ..Terms::default() }).await;
        for _ in 0..2 {
            site.refresh().await.expect("a refresh");
        }
        let sent = presented(&site);
        assert_eq!(sent[0] == sent[1], same, "{rotation:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ended_at_the_service_needs_a_login_and_a_failing_service_does_not() {
    let site = ready().await;
    for fault in [Fault::status(503), Fault::retry_after(429, 5), Fault::Refuses, Fault::Html(502)] {
        site.service.always(Baseten::TOKEN, fault.clone());
        site.pass(61 * MINUTE);
        let problem = site.token().await.expect_err("it has lapsed");
        assert_eq!(problem.code, Code::IssuerUnreachable, "{fault:?}: {problem:?}");
        site.service.clear(Baseten::TOKEN);
        site.pass(6 * MINUTE);
        site.token().await.unwrap_or_else(|problem| panic!("{fault:?}: {problem:?}"));
    }
    site.service.end_login();
    let problem = site.refresh().await.expect_err("it is over");
    assert_eq!((problem.code, problem.reason), (Code::LoginRequired, Some(Reason::Refused)));
    site.pass(61 * MINUTE);
    assert_eq!(site.profile().await.state, ProfileState::LoginRequired);
    let by_name = LoginRequest { profile: Some(wire::name(PROFILE)), ..LoginRequest::default() };
    site.logged_in(by_name).await;
    site.token().await.expect("a token");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_lost_is_asked_for_once_more() {
    let site = ready_with(Terms { rotation: Rotation::Window(Duration::from_secs(30)), ..Terms::default() }).await;
    site.service.next(Baseten::TOKEN, Fault::StatusAfterProcessing(502));
    site.refresh().await.expect("the second try succeeds");
    let sent = presented(&site);
    assert_eq!((sent.len(), &sent[0]), (2, &sent[1]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_logout_is_told_with_the_access_token_and_clears_what_is_current() {
    let site = ready().await;
    let token = site.token().await.expect("a token");
    let gone = site.logout().await;
    assert_eq!((gone.was_logged_in, gone.revocation, gone.retried), (true, Revocation::Accepted, false));
    assert!(gone.still_valid.is_empty() && gone.problem.is_none(), "{gone:?}");
    assert_eq!(told(&site), (bearer(&token).to_owned(), Some(200)));
    assert!(!site.service.is_live(bearer(&token)) && site.service.live_refresh_tokens().is_empty());
    let profile = site.profile().await;
    assert_eq!((profile.state, profile.current, profile.account), (ProfileState::LoggedOut, false, None));
    let again = site.logout().await;
    assert_eq!((again.was_logged_in, again.revocation), (false, Revocation::Nothing));
    assert_eq!(site.service.count(Baseten::LOGOUT), 1);
    let whoami = site.whoami().await.expect_err("nobody is logged in");
    assert_eq!((whoami.code, whoami.reason), (Code::LoginRequired, Some(Reason::LoggedOut)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lapsed_token_is_renewed_before_the_service_is_told() {
    let site = ready().await;
    let first = site.token().await.expect("a token");
    site.service.always(Baseten::TOKEN, Fault::status(503));
    site.pass(61 * MINUTE);
    site.until(|profile| profile.refresh.failures > 0).await;
    site.service.clear(Baseten::TOKEN);
    let gone = site.logout().await;
    assert_eq!(gone.revocation, Revocation::Accepted, "{gone:?}");
    assert!(told(&site).0 != bearer(&first) && told(&site).1 == Some(200));
    assert!(site.service.live_refresh_tokens().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_down_is_told_when_it_is_back() {
    for minutes in [2, 90] {
        for restarts in [false, true] {
            let mut site = ready().await;
            site.service.always("*", Fault::Refuses);
            let gone = site.logout().await;
            assert_eq!((gone.revocation, gone.retried), (Revocation::Failed, true), "{gone:?}");
            assert_eq!(gone.problem.map(|problem| problem.code), Some(Code::IssuerUnreachable));
            assert_eq!(gone.still_valid, ["the login stays valid at the service"]);
            let profile = site.profile().await;
            assert_eq!((profile.state, profile.unrevoked), (ProfileState::LoggedOut, Some(1)));
            site.token().await.expect_err("it is gone here whatever the service does");
            if restarts {
                site.restart().await;
                assert_eq!(site.profile().await.unrevoked, Some(1));
            }
            site.service.clear("*");
            // After an hour and a half the access token has lapsed.
            site.pass(minutes * MINUTE);
            site.in_time(|profile| profile.unrevoked.is_none()).await;
            assert_eq!(told(&site).1, Some(200), "{minutes} {restarts}");
            assert!(site.service.live_refresh_tokens().is_empty(), "{minutes} {restarts}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lapsed_login_that_cannot_be_renewed_at_its_logout_is_told_later_all_the_same() {
    let site = ready().await;
    site.service.always("*", Fault::status(503));
    site.pass(61 * MINUTE);
    site.until(|profile| profile.refresh.failures > 0).await;
    let gone = site.logout().await;
    assert_eq!((gone.revocation, gone.retried), (Revocation::Failed, true), "{gone:?}");
    let tries = site.service.ledger().entries().len();
    site.pass(MINUTE);
    site.service.wait_for(|ledger| ledger.entries().len() > tries).await;
    site.service.clear("*");
    site.in_time(|profile| profile.unrevoked.is_none()).await;
    assert!(site.service.live_refresh_tokens().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_logout_that_the_service_refuses_says_so_and_is_not_repeated() {
    let site = ready().await;
    site.service.next(Baseten::LOGOUT, Fault::status(403));
    let gone = site.logout().await;
    assert_eq!((gone.revocation, gone.retried), (Revocation::Failed, false), "{gone:?}");
    assert_eq!(gone.problem.map(|problem| problem.code), Some(Code::Denied));
    assert_eq!(gone.still_valid, ["the login stays valid at the service"]);
    assert_eq!(site.profile().await.unrevoked, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_logout_of_a_key_sends_nothing_and_says_that_the_key_lives_on() {
    let site = Site::new(Baseten::default());
    let key = site.service.make_key();
    site.logged_in(site.key_login(&key)).await;
    let gone = site.logout().await;
    assert_eq!((gone.was_logged_in, gone.revocation), (true, Revocation::Nothing));
    assert_eq!(gone.still_valid, ["the key stays valid at the service"]);
    assert!(site.service.is_live(&key) && site.service.count(Baseten::LOGOUT) == 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removal_promotes_the_next_of_the_same_place_and_sends_nothing() {
    let site = ready().await;
    for name in ["second", "third"] {
        let request = LoginRequest { profile: Some(wire::name(name)), switch: false, ..site.login() };
        site.logged_in(request).await;
    }
    let requests = site.service.ledger().entries().len();
    let removed = site.remove(PROFILE).await;
    assert_eq!(removed.current.map(|name| name.to_string()).as_deref(), Some("second"));
    assert_eq!(removed.still_valid, ["the login stays valid at the service"]);
    assert_eq!(site.remove("third").await.current.map(|name| name.to_string()).as_deref(), Some("second"));
    assert_eq!(site.service.ledger().entries().len(), requests);
    assert_eq!(site.service.live_refresh_tokens().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_keeps_the_login_and_all_that_belongs_to_it() {
    let mut site = ready().await;
    let before = site.profile().await;
    site.restart().await;
    let after = site.profile().await;
    assert_eq!((&after.account, &after.fingerprint, &after.url), (&before.account, &before.fingerprint, &before.url));
    assert_eq!((after.method, after.expires_at, after.current), (before.method, before.expires_at, true));
    site.refresh().await.expect("the refresh token is there");
    assert_eq!(site.logout().await.revocation, Revocation::Accepted);
}
