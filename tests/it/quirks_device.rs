//! What real services do in the device flow (RFC 8628) and with the tokens of a login.

use std::time::Duration;

use harness::issuer::{Behaviour, Config, DeviceRules, Discovery, Endpoint, ErrorBody, IdToken, Offline, Published};
use harness::stage::{Stage, bearer, done, failed};
use proto::login::{Flow, LoginRequest, LoginStep};
use proto::problem::{Code, Reason};
use proto::profile::ProfileState;

fn rules(device: DeviceRules) -> Stage {
    Stage::new(Config { device, ..Config::default() })
}

/// The waits between the polls at the issuer, in whole seconds.
fn waits(stage: &Stage) -> Vec<u64> {
    let ledger = stage.issuer.ledger();
    let at: Vec<Duration> = ledger.at(Endpoint::Token).map(|entry| entry.at).collect();
    at.windows(2).map(|pair| pair[1].saturating_sub(pair[0]).as_secs()).collect()
}

#[tokio::test]
async fn without_an_interval_polls_are_five_seconds_apart() {
    let stage = rules(DeviceRules { interval: None, slow_down: true, ..DeviceRules::default() });
    done(stage.with_device(stage.device_login(), Some(3)).await);
    assert_eq!(stage.issuer.tally().early_polls, 0);
    assert!(waits(&stage).iter().all(|wait| *wait >= 5), "{:?}", waits(&stage));
}

#[tokio::test]
async fn slow_down_at_the_first_poll_makes_all_later_ones_five_seconds_slower() {
    let stage = rules(DeviceRules { interval: Some(2), ..DeviceRules::default() });
    stage.issuer.next(Endpoint::Token, Behaviour::oauth_error("slow_down"));
    done(stage.with_device(stage.device_login(), Some(3)).await);
    assert!(waits(&stage).iter().all(|wait| *wait >= 7), "{:?}", waits(&stage));
}

#[tokio::test]
async fn user_codes_and_complete_addresses_are_shown_as_they_come() {
    for (dash, complete) in [(true, Some("user_code")), (false, Some("code")), (false, None)] {
        let complete_parameter = complete.unwrap_or_default();
        let rules_now =
            DeviceRules { dash, complete_uri: complete.is_some(), complete_parameter, ..Default::default() };
        let stage = rules(rules_now);
        let (shown, last) = stage.see_device(stage.device_login(), Some(0)).await;
        done(last);
        let Some(LoginStep::Device { user_code, verification_uri, verification_uri_complete, .. }) = shown else {
            panic!("no code was shown")
        };
        assert_eq!(user_code.len(), if dash { 9 } else { 8 }, "{user_code}");
        assert_eq!(verification_uri, stage.issuer.endpoint(Endpoint::Verification));
        let expected = complete.map(|name| format!("{verification_uri}?{name}={user_code}"));
        assert_eq!(verification_uri_complete, expected);
    }
}

#[tokio::test]
async fn an_unknown_device_code_ends_the_polling_in_each_of_its_three_forms() {
    let not_found = Behaviour::Status { status: 404, body: ErrorBody::Error("device_not_found"), retry_after: None };
    for (answer, code) in [
        (Behaviour::oauth_error("invalid_grant"), Code::LoginFailed),
        (Behaviour::oauth_error("access_denied"), Code::Denied),
        (not_found, Code::LoginFailed),
    ] {
        let stage = rules(DeviceRules::default());
        stage.issuer.next(Endpoint::Token, answer.clone());
        let problem = failed(stage.with_device(stage.device_login(), None).await);
        assert_eq!((problem.code, stage.issuer.count(Endpoint::Token)), (code, 1), "{answer:?}");
    }
}

#[tokio::test]
async fn a_code_that_nobody_approves_or_refuses_just_lapses() {
    let stage = rules(DeviceRules { code_lifetime: Duration::from_secs(10), ..DeviceRules::default() });
    let problem = failed(stage.with_device(stage.device_login(), None).await);
    assert_eq!(problem.code, Code::LoginTimeout);
    assert!(problem.detail.contains("expired"), "{problem:?}");
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_again_where_a_code_can_be_redeemed_twice() {
    for redeemable_again in [true, false] {
        // Approved before the first poll, so that it is that poll's answer which is lost.
        let auto_approve = Some(Duration::ZERO);
        let stage = rules(DeviceRules { redeemable_again, auto_approve, ..DeviceRules::default() });
        stage.issuer.next(Endpoint::Token, Behaviour::CutAfterProcessing);
        let last = stage.with_device(stage.device_login(), None).await;
        if redeemable_again {
            done(last);
        } else {
            let problem = failed(last);
            assert_eq!(problem.code, Code::LoginFailed);
            assert!(problem.detail.contains("lost"), "{problem:?}");
        }
    }
}

#[tokio::test]
async fn the_spelling_of_bearer_does_not_matter_and_is_kept() {
    let stage = rules(DeviceRules::default());
    stage.issuer.always(Endpoint::Token, Behaviour::TokenType("bearer".to_owned()));
    done(stage.with_browser(stage.browser_login()).await);
    assert_eq!(stage.token().await.expect("a token").token_type, "bearer");
}

#[tokio::test]
async fn tokens_bound_to_a_key_are_refused_by_name() {
    let stage = rules(DeviceRules::default());
    stage.issuer.always(Endpoint::Token, Behaviour::TokenType("DPoP".to_owned()));
    let problem = failed(stage.with_browser(stage.browser_login()).await);
    assert_eq!(problem.code, Code::LoginFailed);
    assert!(problem.detail.contains("`DPoP`"), "{problem:?}");
    assert_eq!(stage.wire.inspect("work").await.expect_err("no profile was made").code, Code::NotFound);
}

#[tokio::test]
async fn long_tokens_are_kept_whole() {
    let stage = Stage::new(Config { token_length: 1066, ..Config::default() });
    stage.logged_in().await;
    stage.refresh().await.expect("a refresh");
    let token = stage.token().await.expect("a token");
    assert_eq!(bearer(&token).len(), 1066);
    assert!(stage.issuer.is_live(bearer(&token)));
}

#[tokio::test]
async fn a_smaller_scope_than_asked_for_is_recorded_and_shown() {
    let stage = rules(DeviceRules::default());
    stage.issuer.next(Endpoint::Token, Behaviour::NarrowScope);
    let (profile, warnings) = done(stage.with_browser(stage.browser_login()).await);
    assert_eq!(profile.scope.as_deref(), Some("openid"));
    assert_eq!(profile.requested_scope.as_deref(), Some("openid profile"));
    assert!(warnings.iter().any(|warning| warning.contains("missing: `profile`")), "{warnings:?}");
    assert_eq!(stage.token().await.expect("a token").scope.as_deref(), Some("openid"));
}

#[tokio::test]
async fn an_id_token_that_comes_only_with_a_refresh_does_no_harm() {
    let id_token = IdToken { device: false, refresh: true, ..IdToken::default() };
    // Nor can anybody else say who has logged in.
    let published = [(Endpoint::Userinfo, Published::Nowhere)].into();
    let discovery = Discovery { published, ..Discovery::default() };
    let stage = Stage::new(Config { id_token, discovery, ..Config::default() });
    let (profile, _) = done(stage.with_device(stage.device_login(), Some(0)).await);
    assert_eq!(profile.account, None);
    assert_eq!(stage.refresh().await.expect("a refresh").state, ProfileState::Usable);
}

#[tokio::test]
async fn offline_access_is_asked_for_with_consent_where_the_service_advertises_it() {
    let stage = Stage::new(Config { offline: Offline::WithScopeAndConsent, ..Config::default() });
    let plain = LoginRequest { flow: Some(Flow::AuthorizationCode), ..stage.plain() };
    let (profile, warnings) = done(stage.with_browser(plain).await);
    assert!(profile.refresh.possible && warnings.is_empty(), "{warnings:?}");
    let ledger = stage.issuer.ledger();
    let asked = ledger.at(Endpoint::Authorization).next().expect("the browser came");
    assert_eq!((asked.field("scope"), asked.field("prompt")), (Some("openid offline_access"), Some("consent")));
}

#[tokio::test]
async fn a_login_without_a_refresh_token_says_that_it_cannot_be_refreshed() {
    let stage = Stage::new(Config { offline: Offline::WithScope, ..Config::default() });
    let (profile, warnings) = done(stage.with_browser(stage.browser_login()).await);
    assert!(!profile.refresh.possible);
    assert!(warnings.iter().any(|warning| warning.contains("cannot be refreshed")), "{warnings:?}");
    let refused = stage.refresh().await.expect_err("there is nothing to refresh with");
    assert_eq!((refused.code, refused.reason), (Code::LoginRequired, Some(Reason::NotRefreshable)));
    stage.pass(Duration::from_hours(2));
    assert_eq!(stage.token().await.expect_err("the token has lapsed").code, Code::LoginRequired);
}

#[tokio::test]
async fn a_refused_code_ends_the_login_whatever_the_refusal_is_called() {
    let refused = |status, error| Behaviour::Status { status, body: ErrorBody::Error(error), retry_after: None };
    for answer in [Behaviour::oauth_error("invalid_grant"), refused(403, "invalid_code"), Behaviour::status(401)] {
        let stage = rules(DeviceRules::default());
        stage.issuer.next(Endpoint::Token, answer.clone());
        let problem = failed(stage.with_browser(stage.browser_login()).await);
        assert_eq!((problem.code, stage.issuer.count(Endpoint::Token)), (Code::LoginFailed, 1), "{answer:?}");
    }
}
