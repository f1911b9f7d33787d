//! The device flow's patience, on a manual clock.

#![allow(clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::*;
use crate::flow::testing::{Bench, START, Script, brought, error, granted, lost};
use crate::http::stub::Reply;
use crate::provider::Flow;

fn script<const N: usize>(token: [Reply; N], device: &[(&'static str, Value)]) -> Script {
    Script { token: token.into(), device: device.iter().cloned().collect::<BTreeMap<_, _>>(), ..Script::default() }
}

async fn run<const N: usize>(token: [Reply; N], device: &[(&'static str, Value)], seconds: u64) -> (Bench, Step) {
    let bench = Bench::new(script(token, device)).await;
    let id = bench.start(Flow::Device);
    bench.pass(seconds).await;
    let end = bench.end(&id).await;
    (bench, end)
}

#[tokio::test]
async fn polling_starts_after_the_interval_and_slow_down_is_for_good() {
    let answers =
        [error("authorization_pending"), error("slow_down"), error("authorization_pending"), granted(json!({}))];
    let (bench, end) = run(answers, &[], 30).await;
    assert_eq!(bench.asked_at(), [5, 10, 20, 30]);
    assert!(matches!(end, Step::Done(_)), "{end:?}");
    let adopted = bench.adopted();
    let (settings, tokens, _) = brought(&adopted[0]);
    assert_eq!(settings.flow, Some(Flow::Device));
    assert!(tokens.refresh_token.as_ref().is_some_and(|token| token.matches("rt")));
}

#[tokio::test]
async fn an_absent_interval_is_five_seconds() {
    let (bench, _) = run([error("authorization_pending"), granted(json!({}))], &[("interval", Value::Null)], 10).await;
    assert_eq!(bench.asked_at(), [5, 10]);
}

#[tokio::test]
async fn lost_answers_are_polled_through_ever_slower() {
    let answers = [lost(), lost(), error("authorization_pending"), granted(json!({}))];
    let (bench, end) = run(answers, &[], 40).await;
    assert_eq!(bench.asked_at(), [5, 15, 35, 40]);
    assert!(matches!(end, Step::Done(_)), "{end:?}");
}

#[tokio::test]
async fn an_overloaded_service_is_given_the_time_it_asks_for() {
    let (bench, _) = run([Reply::with(503, "retry-after: 42\r\n", ""), granted(json!({}))], &[], 47).await;
    assert_eq!(bench.asked_at(), [5, 47]);
}

#[tokio::test]
async fn the_code_expires_on_our_clock_without_another_poll() {
    let (bench, end) = run([error("authorization_pending")], &[("expires_in", json!(8))], 8).await;
    assert_eq!((bench.asked_at(), end), (vec![5], Step::Failed(Failure::Expired)));
}

#[tokio::test]
async fn refusals_and_unknown_answers_end_the_polling() {
    for (answer, failure) in [
        (error("access_denied"), Failure::Denied),
        (error("expired_token"), Failure::Expired),
        (error("invalid_grant"), Failure::Refused),
        (error("invalid_client"), Failure::Misconfigured { code: "invalid_client" }),
        (Reply::json(404, "{}"), Failure::Unclear { status: 404 }),
        (error("a_word_of_its_own"), Failure::Unclear { status: 400 }),
    ] {
        let (bench, end) = run([answer], &[], 5).await;
        assert_eq!((bench.asked_at(), end), (vec![5], Step::Failed(failure)));
        assert!(bench.adopted().is_empty());
    }
}

#[tokio::test]
async fn a_code_that_is_used_up_after_a_lost_answer_is_told_as_lost() {
    let (_, end) = run([lost(), error("invalid_grant")], &[], 15).await;
    assert!(matches!(end, Step::Failed(Failure::Lost { .. })), "{end:?}");
}

#[tokio::test]
async fn the_person_is_shown_the_code_and_when_it_lapses() {
    let bench = Bench::new(script([], &[])).await;
    let id = bench.start(Flow::Device);
    let shown = Step::Device {
        user_code: "ABCD-EFGH".to_owned(),
        verification_uri: "https://as.example/device".to_owned(),
        verification_uri_complete: Some("https://as.example/device?code=ABCD-EFGH".to_owned()),
        expires_at: START + 600,
    };
    assert_eq!(bench.step(&id, 0).await, shown);
}

#[tokio::test]
async fn a_complete_uri_on_another_host_is_not_shown() {
    let bench = Bench::new(script([], &[("verification_uri_complete", json!("https://evil.example/device"))])).await;
    let id = bench.start(Flow::Device);
    let step = bench.step(&id, 0).await;
    assert!(matches!(step, Step::Device { verification_uri_complete: None, .. }), "{step:?}");
}

#[tokio::test]
async fn codes_and_addresses_that_could_deceive_are_refused() {
    for (name, value) in [
        ("user_code", "AB\u{1b}[2J"),
        ("verification_uri", "javascript:alert(1)"),
        ("verification_uri", "http://as.example/device"),
        ("verification_uri", "https://as.example@evil.example/"),
    ] {
        let bench = Bench::new(script([], &[(name, json!(value))])).await;
        let failure = bench.failure(&bench.start(Flow::Device)).await;
        assert!(matches!(failure, Failure::BadAnswer { .. }), "{name} {value:?}: {failure:?}");
    }
}

#[tokio::test]
async fn a_login_without_refresh_token_is_kept_and_says_so() {
    let (_, end) = run([granted(json!({"refresh_token": null}))], &[], 5).await;
    let Step::Done(finished) = end else { panic!("{end:?}") };
    assert!(finished.warnings[0].starts_with("this login cannot be refreshed"), "{:?}", finished.warnings);
    assert_eq!(finished.warnings[1], "kept in memory only");
}

#[test]
fn back_off_ends_at_a_minute_or_at_the_interval() {
    let lost = ExchangeError::Uncertain { why: "test" };
    let mut pace = Pace::new(Duration::from_secs(5));
    for expected in [10, 20, 40, 60, 60] {
        assert_eq!(pace.hear(&lost), Heard::PollAgain);
        assert_eq!(pace.pause().as_secs(), expected);
    }
    pace.hear(&ExchangeError::SlowDown);
    assert_eq!(pace.pause().as_secs(), 10);
    let mut slow = Pace::new(Duration::from_secs(90));
    slow.hear(&lost);
    assert_eq!(slow.pause().as_secs(), 90);
}
