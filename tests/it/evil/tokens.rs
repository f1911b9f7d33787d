//! Answers of the token endpoint that are not what they seem.

use harness::evil::Attack;
use proto::problem::Code;

use super::{does_nothing, fails};

/// Ten years, and a day for their leap days.
const LONGEST: i64 = 3651 * 24 * 3600;

#[tokio::test]
async fn a_token_bound_to_a_key_is_not_served_as_a_bearer_token() {
    fails(Attack::DpopToken, Code::LoginFailed, "`DPoP`, not `Bearer`").await;
}

#[tokio::test]
async fn a_mac_token_is_not_served_as_a_bearer_token() {
    fails(Attack::MacToken, Code::LoginFailed, "`MAC`, not `Bearer`").await;
}

#[tokio::test]
async fn what_is_no_access_token_is_not_served() {
    fails(Attack::NoToken, Code::LoginFailed, "`N_A`, not `Bearer`").await;
}

#[tokio::test]
async fn a_token_that_could_end_a_header_is_none() {
    fails(Attack::LineBreakToken, Code::LoginFailed, "the access token is no token").await;
}

#[tokio::test]
async fn an_answer_that_says_a_thing_twice_is_not_believed() {
    fails(Attack::DuplicateMembers, Code::LoginFailed, "not the JSON of a token answer").await;
}

#[tokio::test]
async fn a_web_page_is_no_answer() {
    fails(Attack::HtmlAnswer, Code::LoginFailed, "not the JSON of a token answer").await;
}

#[tokio::test]
async fn an_error_outweighs_the_tokens_beside_it() {
    fails(Attack::ErrorWithTokens, Code::LoginFailed, "without a clear reason").await;
}

#[tokio::test]
async fn userinfo_of_somebody_else_names_nobody() {
    does_nothing(Attack::UserinfoOfAnother, |_, profile, warnings| {
        assert!(warnings.iter().any(|warning| warning.contains("about somebody else")), "{warnings:?}");
        assert!(profile.account.as_ref().is_some_and(|account| account.name.is_none()), "{profile:?}");
    })
    .await;
}

#[tokio::test]
async fn more_scope_than_was_asked_for_is_a_warning_in_our_words() {
    does_nothing(Attack::WidenedScope, |_, _, warnings| {
        assert!(warnings.iter().any(|warning| warning.contains("other scopes than were asked for")), "{warnings:?}");
    })
    .await;
}

#[tokio::test]
async fn no_scope_is_told_as_less_than_was_asked_for() {
    does_nothing(Attack::EmptyScope, |_, _, warnings| {
        assert!(warnings.iter().any(|warning| warning.contains("less than was asked for")), "{warnings:?}");
    })
    .await;
}

#[tokio::test]
async fn a_scope_that_is_not_fit_to_be_shown_counts_as_not_said() {
    does_nothing(Attack::ScopeWithEscapes, |_, profile, _| {
        assert_eq!(profile.scope.as_deref(), Some("openid profile"), "what was asked for");
    })
    .await;
}

#[tokio::test]
async fn a_life_without_end_is_believed_for_ten_years() {
    let evil = does_nothing(Attack::EndlessLife, |_, _, _| {}).await;
    let expires = evil.stage.token().await.expect("a token").expires_at.expect("an end").unix();
    assert!(expires - harness::daemon::START <= LONGEST, "{expires}");
}

#[tokio::test]
async fn a_life_that_cannot_be_is_unknown() {
    let evil = does_nothing(Attack::NegativeLife, |_, _, _| {}).await;
    assert_eq!(evil.stage.token().await.expect("a token").expires_at, None);
}
