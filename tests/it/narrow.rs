//! Narrower tokens: only where the profile allows it, never wider than asked for, never at the cost of the login.

use harness::issuer::{Config, Narrow};
use harness::stage::{Stage, bearer};
use harness::wire::of;
use proto::problem::{Code, Problem, Reason};
use proto::token::{Token, TokenRequest};

const ALLOWED: &str = "[profile.work]\nnarrow = \"refresh\"\n";

async fn stage(narrow: Narrow, lines: &str) -> Stage {
    let mut config = Config::default();
    config.refresh.narrow = narrow;
    let stage = Stage::ready_with(config, lines).await;
    stage.log_in("work", Some("openid mail files")).await;
    stage
}

async fn scoped(stage: &Stage, scope: &str) -> Result<Token, Problem> {
    stage.wire.token(&TokenRequest { scope: Some(scope.to_owned()), ..of("work") }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn without_leave_nothing_is_asked_of_the_issuer() {
    let stage = stage(Narrow::EndsLogin, "").await;
    let problem = scoped(&stage, "mail").await.expect_err("narrowing could end the login");
    assert_eq!(problem.code, Code::Unsupported);
    assert!(problem.hint.expect("it says how").contains("narrow = \"refresh\""));
    assert_eq!(stage.issuer.exchanges(), 0);
    let whole = scoped(&stage, "files mail openid").await.expect("all that was granted is no narrowing");
    assert_eq!(bearer(&whole), bearer(&stage.token().await.expect("a token")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scope_that_was_not_granted_needs_a_login() {
    let stage = stage(Narrow::Honoured, ALLOWED).await;
    let problem = scoped(&stage, "mail admin").await.expect_err("admin was not granted");
    assert_eq!((problem.code, problem.reason), (Code::LoginRequired, Some(Reason::ScopeNotGranted)));
    assert_eq!(stage.issuer.exchanges(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wider_answer_is_not_handed_on_and_the_login_lives() {
    let stage = stage(Narrow::Ignored, ALLOWED).await;
    let problem = scoped(&stage, "mail").await.expect_err("the issuer ignored the wish");
    assert_eq!(problem.code, Code::Denied);
    for scope in ["mail", "files"] {
        assert_eq!(scoped(&stage, scope).await.expect_err("it is known by now").code, Code::Denied);
    }
    assert_eq!(stage.issuer.exchanges(), 1, "a service that ignores the wish is asked once");
    stage.refresh().await.expect("the rotated refresh token was kept all the same");
    assert_eq!(stage.issuer.tally().reuse_detections, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_target_has_its_own_token_and_its_own_expiry() {
    let stage = stage(Narrow::Honoured, ALLOWED).await;
    let mail = scoped(&stage, "mail").await.expect("a token");
    let files = scoped(&stage, "files").await.expect("a token");
    assert_ne!(bearer(&mail), bearer(&files));
    assert_eq!((mail.scope.as_deref(), files.scope.as_deref()), (Some("mail"), Some("files")));
    assert_eq!(stage.issuer.exchanges(), 2);
    stage.log_in("work", Some("openid")).await;
    let problem = scoped(&stage, "mail").await.expect_err("the new login does not cover it");
    assert_eq!(problem.reason, Some(Reason::ScopeNotGranted));
}
