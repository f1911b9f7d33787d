//! Starting, following and cancelling logins.

use futures_util::StreamExt as _;
use serde_json::json;

use super::*;
use crate::flow::testing::{Bench, START, Script, granted, within};
use crate::provider::Flow;

async fn pending() -> (Bench, String) {
    let bench = Bench::new(Script::default()).await;
    let id = bench.start(Flow::Device);
    bench.step(&id, 0).await;
    (bench, id)
}

#[tokio::test]
async fn whoever_follows_late_sees_every_step_until_a_minute_after_the_end() {
    let bench = Bench::new(Script { token: [granted(json!({}))].into(), ..Script::default() }).await;
    let id = bench.start(Flow::Device);
    let early = bench.logins.follow(&id).expect("the login is known");
    drop(early);
    bench.pass(5).await;
    bench.end(&id).await;
    assert_eq!(bench.adopted().len(), 1, "adopted although nobody followed");
    bench.clock.advance(KEPT);
    let steps: Vec<Step> = within(bench.logins.follow(&id).expect("still known").collect()).await;
    assert!(matches!(steps[..], [Step::Device { .. }, Step::Done(_)]), "{steps:?}");
    bench.clock.advance(Duration::from_secs(1));
    assert!(bench.logins.follow(&id).is_none());
}

#[tokio::test]
async fn a_cancelled_login_ends_at_once_and_only_once() {
    let (bench, id) = pending().await;
    assert!(!bench.logins.cancel("another"));
    assert!(bench.logins.cancel(&id));
    assert_eq!(bench.failure(&id).await, Failure::Cancelled);
    assert!(!bench.logins.cancel(&id));
    assert_eq!(bench.logins.in_flight(), 0);
}

#[tokio::test]
async fn the_deadline_fails_closed() {
    let bench = Bench::new(Script::default()).await;
    let mut login = bench.login(Flow::AuthorizationCode);
    login.max_wait = Duration::from_secs(90);
    let Started { id, deadline, .. } = bench.logins.start(login).expect("there is room");
    assert_eq!(deadline, START + 90);
    bench.step(&id, 0).await;
    bench.clock.advance(Duration::from_secs(90));
    assert_eq!(bench.failure(&id).await, Failure::TimedOut);
}

#[tokio::test]
async fn a_service_that_hangs_does_not_outlast_the_deadline() {
    let (bench, id) = pending().await;
    bench.pass(5).await;
    within(async {
        while bench.asked_at().is_empty() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    bench.clock.advance(Duration::from_mins(30));
    assert_eq!(bench.failure(&id).await, Failure::TimedOut);
}

#[tokio::test]
async fn the_stop_of_the_daemon_cancels_logins() {
    let (bench, id) = pending().await;
    assert!(bench.tasks.stop(Duration::from_secs(10)).await);
    assert_eq!(bench.failure(&id).await, Failure::Cancelled);
}

#[tokio::test]
async fn tokens_that_have_come_are_kept_whatever_happens() {
    let bench = Bench::with(Script { token: [granted(json!({}))].into(), ..Script::default() }, false, false).await;
    let id = bench.start(Flow::Device);
    bench.pass(5).await;
    // Adoption is the one state in which the login does not wait on the clock.
    within(async {
        while bench.clock.sleepers() > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    bench.logins.cancel(&id);
    bench.clock.advance(Duration::from_hours(1));
    bench.sink.gate.add_permits(1);
    assert!(matches!(bench.end(&id).await, Step::Done(_)));
    assert_eq!(bench.adopted().len(), 1);
}

#[tokio::test]
async fn a_grant_that_cannot_be_stored_fails_the_login() {
    let bench = Bench::with(Script { token: [granted(json!({}))].into(), ..Script::default() }, true, true).await;
    let id = bench.start(Flow::Device);
    bench.pass(5).await;
    assert_eq!(bench.failure(&id).await, Failure::NotStored);
}

#[tokio::test]
async fn only_so_many_logins_run_at_once() {
    let bench = Bench::new(Script::default()).await;
    let start = |n: usize| bench.logins.start(named(&bench, &format!("work-{n}")));
    let ids: Vec<String> = (0..MAX_IN_FLIGHT).map(|n| start(n).expect("there is room").id).collect();
    assert_eq!(start(MAX_IN_FLIGHT).err(), Some(StartError::TooMany));
    assert!(bench.logins.cancel(&ids[0]));
    bench.end(&ids[0]).await;
    assert!(start(MAX_IN_FLIGHT).is_ok());
    assert_eq!(bench.logins.in_flight(), MAX_IN_FLIGHT);
    assert!(ids[0].len() >= 22 && ids[0] != ids[1]);
}

fn named(bench: &Bench, profile: &str) -> Login {
    Login { profile: Some(profile.to_owned()), ..bench.login(Flow::Device) }
}

#[tokio::test]
async fn the_same_request_joins_what_is_pending_and_another_one_is_told_of_it() {
    let (bench, id) = pending().await;
    bench.clock.advance(Duration::from_secs(7));
    let again = bench.logins.start(bench.login(Flow::Device)).expect("it joins");
    assert_eq!(again, Started { id: id.clone(), deadline: START + 30 * 60, joined: true });
    let other = Login { asked: [2; 32], ..bench.login(Flow::AuthorizationCode) };
    let told = bench.logins.start(other.clone()).expect_err("one is pending");
    assert_eq!(told, StartError::Pending { profile: "work".to_owned() });
    assert_eq!(bench.logins.free("work"), Err(told));
    assert!(bench.logins.free("another").is_ok());
    let elsewhere = bench.logins.start(named(&bench, "another")).expect("it is of another profile");
    assert!(!elsewhere.joined && elsewhere.id != id);
    assert!(bench.logins.cancel(&id));
    bench.end(&id).await;
    assert!(!bench.logins.start(other).expect("the first one is over").joined);
}

#[tokio::test]
async fn what_is_pending_is_listed_with_what_it_asks_for_and_waits_for() {
    let (bench, id) = pending().await;
    let at = |step: &Option<Step>| matches!(step, Some(Step::Device { .. }));
    let listed = bench.logins.pending();
    let [one] = &listed[..] else { unreachable!("{listed:?}") };
    assert_eq!((&one.id, one.flow, one.started_at), (&id, Some(Flow::Device), START));
    assert_eq!(one.deadline, START + 30 * 60);
    assert!(at(&one.step), "{one:?}");
    let host = bench.service.url.strip_prefix("http://").expect("it is on loopback").to_owned();
    let purpose = Purpose {
        profile: Some("work".to_owned()),
        service: host,
        client_id: Some("client".to_owned()),
        scope: Some("openid offline_access".to_owned()),
    };
    assert_eq!((&one.purpose, bench.logins.purpose(&id)), (&purpose, Some(purpose.clone())));
    assert_eq!(bench.logins.answer(&id, "code=x&state=y"), Err(AnswerError::NotAwaited), "no browser comes back");
    assert_eq!(bench.logins.answer("another", "code=x&state=y"), Err(AnswerError::Unknown));
    assert!(bench.logins.cancel(&id));
    bench.end(&id).await;
    assert_eq!(bench.logins.pending(), []);
}

#[tokio::test]
async fn a_service_without_metadata_is_told_from_one_that_is_away() {
    let bench = Bench::new(Script::default()).await;
    let login = bench.login_with(Flow::Device, |settings| settings.issuer.push_str("/elsewhere"));
    let id = bench.logins.start(login).expect("there is room").id;
    assert!(matches!(bench.failure(&id).await, Failure::BadMetadata(_)));
}

#[tokio::test]
async fn further_parameters_cannot_replace_those_of_the_protocol() {
    for (flow, name) in [(Flow::AuthorizationCode, "state"), (Flow::Device, "scope")] {
        let bench = Bench::new(Script::default()).await;
        let login = bench.login_with(flow, |settings| {
            settings.auth_params.insert(name.to_owned(), "x".to_owned());
        });
        let id = bench.logins.start(login).expect("there is room").id;
        let failure = bench.failure(&id).await;
        assert!(matches!(failure, Failure::BadSettings { .. }), "{name}: {failure:?}");
    }
}

#[tokio::test]
async fn a_panic_ends_the_login_for_its_followers() {
    let bench = Bench::new(Script { token: [granted(json!({}))].into(), ..Script::default() }).await;
    bench.sink.gate.close();
    let id = bench.start(Flow::Device);
    bench.pass(5).await;
    assert_eq!(bench.failure(&id).await, Failure::Internal);
    assert_eq!(bench.logins.in_flight(), 0);
}
