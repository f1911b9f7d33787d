//! Every behaviour, once, and that a rotation whose answer is lost is counted.

use super::client::{Seen, get, issuer, login, refresh};
use crate::issuer::{Behaviour, Endpoint, ErrorBody, ExpiresIn, Issuer};
use std::time::Duration;
use tokio::{io::AsyncWriteExt as _, net::TcpStream};

/// One refresh of a fresh login under this behaviour.
async fn under(behaviour: Behaviour) -> (Issuer, String, Option<Seen>) {
    let issuer = issuer(|_| {}).await;
    let token = login(&issuer, "openid profile").await.text("refresh_token");
    issuer.next(Endpoint::Token, behaviour);
    let answer = refresh(&issuer, &token).await;
    (issuer, token, answer)
}

#[tokio::test]
async fn a_cut_before_processing_changes_nothing() {
    let (issuer, token, answer) = under(Behaviour::CutBeforeProcessing).await;
    assert!(answer.is_none());
    assert_eq!((issuer.tally().rotations, issuer.rotated_unseen()), (0, 0));
    assert_eq!(refresh(&issuer, &token).await.unwrap().status, 200);
}

#[tokio::test]
async fn an_answer_lost_on_purpose_was_a_real_rotation() {
    for behaviour in [Behaviour::CutAfterProcessing, Behaviour::Truncate, Behaviour::StatusAfterProcessing(502)] {
        let name = format!("{behaviour:?}");
        let (issuer, token, answer) = under(behaviour).await;
        assert!(answer.is_none_or(|answer| answer.status == 502), "{name}");
        issuer.wait_for(|ledger| ledger.tally().rotated_unseen == 1).await;
        assert_eq!(issuer.tally().rotations, 1, "{name}");
        assert_eq!(refresh(&issuer, &token).await.unwrap().status, 400, "{name}");
        assert_eq!(issuer.tally().lost_answers, 1, "{name}");
    }
}

/// A client that sends a refresh and then goes away when told to.
async fn bare_refresh(issuer: &Issuer, token: &str) -> TcpStream {
    let host = issuer.url().strip_prefix("http://").unwrap();
    let body = format!("grant_type=refresh_token&client_id=agentd-test&refresh_token={token}");
    let mut stream = TcpStream::connect(host).await.unwrap();
    let head = format!("POST /token HTTP/1.1\r\nHost: {host}\r\nContent-Length: {}\r\n\r\n", body.len());
    stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
    stream
}

#[tokio::test]
async fn an_answer_that_the_client_did_not_wait_for_is_unseen() {
    let issuer = issuer(|_| {}).await;
    let token = login(&issuer, "openid").await.text("refresh_token");
    issuer.next(Endpoint::Token, Behaviour::HoldAnswer);
    let stream = bare_refresh(&issuer, &token).await;
    issuer.wait_for(|ledger| ledger.held(Endpoint::Token) == 1).await;
    assert_eq!((issuer.tally().rotations, issuer.rotated_unseen()), (1, 0));
    drop(stream);
    issuer.wait_for(|ledger| ledger.tally().rotated_unseen == 1).await;
}

#[tokio::test]
async fn an_answer_that_the_client_never_read_is_unseen() {
    let issuer = issuer(|_| {}).await;
    let token = login(&issuer, "openid").await.text("refresh_token");
    let stream = bare_refresh(&issuer, &token).await;
    stream.readable().await.unwrap();
    issuer.wait_for(|ledger| ledger.running(Endpoint::Token) == 0).await;
    assert_eq!(issuer.rotated_unseen(), 0);
    drop(stream);
    issuer.wait_for(|ledger| ledger.tally().rotated_unseen == 1).await;
}

#[tokio::test]
async fn an_answer_that_was_read_is_not_unseen() {
    let (issuer, _, answer) = under(Behaviour::Normal).await;
    let next = answer.unwrap().text("refresh_token");
    assert_eq!(refresh(&issuer, &next).await.unwrap().status, 200);
    issuer.wait_for(|ledger| ledger.running(Endpoint::Token) == 0).await;
    assert_eq!((issuer.tally().rotations, issuer.rotated_unseen()), (2, 0));
}

#[tokio::test]
async fn failures_are_answered_as_scripted_and_change_nothing() {
    let (issuer, token, answer) = under(Behaviour::retry_after(429, 7)).await;
    let answer = answer.unwrap();
    assert_eq!((answer.status, answer.headers["retry-after"].to_str().unwrap()), (429, "7"));

    let failure = |status, body| Behaviour::Status { status, body, retry_after: None };
    issuer.next(Endpoint::Token, failure(500, ErrorBody::Html));
    issuer.next(Endpoint::Token, failure(500, ErrorBody::Garbage));
    issuer.next(Endpoint::Token, failure(500, ErrorBody::Json));
    issuer.next(Endpoint::Token, Behaviour::Empty400);
    issuer.next(Endpoint::Token, Behaviour::InvalidRequest);
    issuer.next(Endpoint::Token, Behaviour::oauth_error("temporarily_unavailable"));
    issuer.next(Endpoint::Token, Behaviour::Redirect("http://127.0.0.1:1/elsewhere".to_owned()));
    issuer.next(Endpoint::Token, failure(403, ErrorBody::Error("invalid_code")));
    let mut seen = Vec::new();
    for _ in 0..8 {
        seen.push(refresh(&issuer, &token).await.unwrap());
    }
    assert_eq!(seen.iter().map(|answer| answer.status).collect::<Vec<_>>(), [500, 500, 500, 400, 400, 400, 307, 403]);
    assert!(seen[0].text.contains("<html>") && seen[1].text.contains('\u{fffd}') && seen[3].text.is_empty());
    assert_eq!(seen[4].text("error"), "invalid_request");
    assert_eq!(seen[5].text("error"), "temporarily_unavailable");
    assert_eq!(seen[6].headers["location"].to_str().unwrap(), "http://127.0.0.1:1/elsewhere");
    assert_eq!(seen[7].text("error"), "invalid_code");
    assert_eq!(refresh(&issuer, &token).await.unwrap().status, 200);
}

#[tokio::test]
async fn what_stands_is_used_until_cleared_and_after_the_queue() {
    let issuer = issuer(|_| {}).await;
    issuer.always(Endpoint::Jwks, Behaviour::status(503));
    issuer.next(Endpoint::Jwks, Behaviour::Normal);
    let url = issuer.endpoint(Endpoint::Jwks);
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.push(get(&issuer, &url, None).await.status);
    }
    issuer.clear(Endpoint::Jwks);
    seen.push(get(&issuer, &url, None).await.status);
    assert_eq!(seen, [200, 503, 503, 200]);
    assert_eq!(issuer.count(Endpoint::Jwks), 4);
}

#[tokio::test]
async fn held_requests_wait_together_until_released() {
    let issuer = issuer(|_| {}).await;
    let url = issuer.endpoint(Endpoint::Jwks);
    issuer.always(Endpoint::Jwks, Behaviour::Hold);
    let release = async {
        issuer.wait_for(|ledger| ledger.held(Endpoint::Jwks) == 2).await;
        issuer.release();
    };
    let (one, other, ()) = tokio::join!(get(&issuer, &url, None), get(&issuer, &url, None), release);
    assert_eq!((one.status, other.status), (200, 200));
    assert_eq!(issuer.max_concurrent(Endpoint::Jwks), 2);
}

#[tokio::test]
async fn the_life_of_a_token_is_claimed_in_every_wrong_way() {
    for (claim, expected) in [
        (ExpiresIn::Text, "\"3600\""),
        (ExpiresIn::Zero, "0"),
        (ExpiresIn::Negative, "-1"),
        (ExpiresIn::Huge, "1000000000000000000"),
        (ExpiresIn::Absent, "null"),
        (ExpiresIn::Float, "3600.5"),
        (ExpiresIn::Value(9), "9"),
    ] {
        let (issuer, _, answer) = under(Behaviour::ExpiresIn(claim)).await;
        let answer = answer.unwrap();
        assert_eq!(answer.json()["expires_in"].to_string(), expected);
        assert!(issuer.is_live(&answer.text("access_token")));
    }
}

#[tokio::test]
async fn the_answer_is_bent_as_scripted() {
    let bent = async |behaviour| under(behaviour).await.2.unwrap();
    assert_eq!(bent(Behaviour::WidenScope).await.text("scope"), "openid profile admin");
    assert_eq!(bent(Behaviour::NarrowScope).await.text("scope"), "openid");
    assert!(bent(Behaviour::OmitScope).await.json().get("scope").is_none());
    assert_eq!(bent(Behaviour::TokenType("DPoP".to_owned())).await.text("token_type"), "DPoP");
    assert!(bent(Behaviour::ExtraFields).await.json()["account"].is_object());
    assert_eq!(bent(Behaviour::DuplicateKeys).await.text.matches("\"access_token\"").count(), 2);
    assert!(bent(Behaviour::HugeBody(3_000_000)).await.text.len() > 3_000_000);
    let both = Behaviour::All(vec![Behaviour::OmitScope, Behaviour::SlowDrip(Duration::ZERO)]);
    assert!(bent(both).await.json().get("scope").is_none());
    let waits = vec![Behaviour::Delay(Duration::from_millis(1)), Behaviour::DelayAnswer(Duration::from_millis(1))];
    assert_eq!(bent(Behaviour::All(waits)).await.status, 200);
}

#[tokio::test]
async fn an_omitted_refresh_token_was_not_rotated() {
    let (issuer, token, answer) = under(Behaviour::OmitRefreshToken).await;
    assert!(answer.unwrap().json().get("refresh_token").is_none());
    assert_eq!(issuer.live_refresh_tokens(), [token]);
}
