//! Rotation, reuse, revocation: what the issuer does to refresh tokens.

use super::client::{get, issuer, login, post, refresh, refresh_with};
use crate::issuer::{Client, Config, Endpoint, Narrow, Offline, Refusal, Rotation};
use std::time::Duration;

#[tokio::test]
async fn a_used_refresh_token_is_replaced_and_its_reuse_ends_the_family() {
    let issuer = issuer(|_| {}).await;
    let first = login(&issuer, "openid").await.text("refresh_token");
    let second = refresh(&issuer, &first).await.unwrap();
    assert_ne!(second.text("refresh_token"), first);
    let third = refresh(&issuer, &second.text("refresh_token")).await.unwrap();
    assert!(issuer.is_live(&third.text("access_token")));

    let reused = refresh(&issuer, &first).await.unwrap();
    assert_eq!(reused.error(), (400, "invalid_grant".to_owned()));
    assert_eq!(refresh(&issuer, &third.text("refresh_token")).await.unwrap().status, 400);
    assert!(!issuer.is_live(&third.text("access_token")));
    let tally = issuer.tally();
    assert_eq!((tally.rotations, tally.reuse_detections, tally.families_revoked, tally.lost_answers), (2, 1, 1, 0));
    assert_eq!(issuer.exchanges(), 4);
    assert!(issuer.live_refresh_tokens().is_empty());
}

#[tokio::test]
async fn within_the_window_the_preceding_token_gets_the_same_successor() {
    let issuer = issuer(|config| config.rotation = Rotation::Window(Duration::from_secs(30))).await;
    let first = login(&issuer, "openid").await.text("refresh_token");
    let second = refresh(&issuer, &first).await.unwrap().text("refresh_token");
    assert_eq!(refresh(&issuer, &first).await.unwrap().text("refresh_token"), second);
    assert_eq!((issuer.tally().rotations, issuer.tally().lost_answers), (1, 1));

    issuer.advance(Duration::from_secs(31));
    assert_eq!(refresh(&issuer, &first).await.unwrap().status, 400);
    assert!(issuer.family_of(&second).unwrap().ended);
}

#[tokio::test]
async fn the_window_is_not_for_older_tokens() {
    let issuer = issuer(|config| config.rotation = Rotation::Window(Duration::from_secs(30))).await;
    let first = login(&issuer, "openid").await.text("refresh_token");
    let second = refresh(&issuer, &first).await.unwrap().text("refresh_token");
    refresh(&issuer, &second).await.unwrap();
    assert_eq!(refresh(&issuer, &first).await.unwrap().status, 400);
    assert_eq!(issuer.tally().families_revoked, 1);
}

#[tokio::test]
async fn without_rotation_the_token_is_absent_or_repeated() {
    let issuer = issuer(|config| config.rotation = Rotation::Absent).await;
    let token = login(&issuer, "openid").await.text("refresh_token");
    assert!(refresh(&issuer, &token).await.unwrap().json().get("refresh_token").is_none());
    issuer.reconfigure(|config| config.rotation = Rotation::Repeated);
    assert_eq!(refresh(&issuer, &token).await.unwrap().text("refresh_token"), token);
    assert_eq!(issuer.tally().rotations, 0);
}

#[tokio::test]
async fn the_old_access_token_ends_at_the_refresh_when_so_configured() {
    let issuer = issuer(|config| config.refresh.ends_old_access_token = true).await;
    let tokens = login(&issuer, "openid").await;
    let userinfo = issuer.endpoint(Endpoint::Userinfo);
    assert_eq!(get(&issuer, &userinfo, Some(&tokens.text("access_token"))).await.status, 200);
    let newer = refresh(&issuer, &tokens.text("refresh_token")).await.unwrap();
    assert_eq!(get(&issuer, &userinfo, Some(&tokens.text("access_token"))).await.status, 401);
    assert_eq!(get(&issuer, &userinfo, Some(&newer.text("access_token"))).await.status, 200);
    issuer.advance(Duration::from_hours(1));
    assert_eq!(get(&issuer, &userinfo, Some(&newer.text("access_token"))).await.status, 401);
}

#[tokio::test]
async fn a_smaller_scope_is_honoured_ignored_or_ends_the_login() {
    for (narrow, scope, lives) in
        [(Narrow::Honoured, "a", true), (Narrow::Ignored, "a b", true), (Narrow::EndsLogin, "a", false)]
    {
        let issuer = issuer(|config| config.refresh.narrow = narrow).await;
        let token = login(&issuer, "a b").await.text("refresh_token");
        let answer = refresh_with(&issuer, &token, &[("scope", "a")]).await.unwrap();
        assert_eq!(answer.text("scope"), scope, "{narrow:?}");
        assert_eq!(answer.json().get("refresh_token").is_some(), lives, "{narrow:?}");
        assert_eq!(issuer.live_refresh_tokens().len(), usize::from(lives), "{narrow:?}");
    }
}

#[tokio::test]
async fn a_refused_refresh_is_answered_in_the_configured_way() {
    let answer = async |refusal| {
        let issuer = issuer(|config| config.refresh.refusal = refusal).await;
        refresh(&issuer, "unknown").await.unwrap()
    };
    assert_eq!(answer(Refusal::InvalidGrant).await.error(), (400, "invalid_grant".to_owned()));
    assert_eq!(answer(Refusal::InvalidRequest).await.error(), (400, "invalid_request".to_owned()));
    let empty = answer(Refusal::Empty400).await;
    assert_eq!((empty.status, empty.text.as_str()), (400, ""));
}

#[tokio::test]
async fn another_client_cannot_use_a_refresh_token_and_may_burn_it() {
    let other = |config: &mut Config| {
        config.clients.push(Client::public("other"));
        config.refresh.wrong_client_burns = true;
    };
    let issuer = issuer(other).await;
    let token = login(&issuer, "openid").await.text("refresh_token");
    let form = [("grant_type", "refresh_token"), ("client_id", "other"), ("refresh_token", &token)];
    assert_eq!(post(&issuer, Endpoint::Token, &form).await.unwrap().status, 400);
    assert_eq!(refresh(&issuer, &token).await.unwrap().status, 400);
}

#[tokio::test]
async fn revocation_ends_what_the_rules_say_and_is_counted() {
    let issuer = issuer(|_| {}).await;
    let tokens = login(&issuer, "openid").await;
    let revoke = async |token: &str| {
        let form = [("client_id", Client::PUBLIC), ("token", token)];
        post(&issuer, Endpoint::Revocation, &form).await.unwrap().status
    };
    assert_eq!(revoke("unknown").await, 200);
    assert_eq!(issuer.revocations(), 0);
    assert_eq!(revoke(&tokens.text("refresh_token")).await, 200);
    assert_eq!(issuer.revocations(), 1);
    assert!(!issuer.is_live(&tokens.text("access_token")));

    issuer.reconfigure(|config| config.revocation.ends_access = false);
    let tokens = login(&issuer, "openid").await;
    revoke(&tokens.text("refresh_token")).await;
    assert!(issuer.is_live(&tokens.text("access_token")));
    issuer.reconfigure(|config| config.revocation.refuses_public = true);
    assert_eq!(revoke(&tokens.text("access_token")).await, 401);
}

#[tokio::test]
async fn a_refresh_token_may_need_offline_access() {
    let issuer = issuer(|config| config.offline = Offline::WithScope).await;
    assert!(login(&issuer, "openid").await.json().get("refresh_token").is_none());
    assert!(login(&issuer, "openid offline_access").await.json().get("refresh_token").is_some());
}
