//! A service behind a certificate authority that only its own people trust.

use harness::daemon::{Inside, START};
use harness::issuer::Config;
use harness::stage::{PROFILE, Stage, bearer, done, failed};
use harness::wire;
use proto::login::LoginRequest;
use proto::problem::{Code, Problem};
use proto::profile::{Profile, ProfileState};
use proto::route;
use proto::token::RefreshRequest;

fn stage() -> Stage {
    Stage::new(Config { tls: true, ..Config::default() })
}

/// The authority's certificate as a file.
fn ca_file(stage: &Stage) -> String {
    let path = stage.sandbox.path().join("ca.pem");
    std::fs::write(&path, stage.issuer.ca_pem().expect("the issuer speaks TLS")).expect("the sandbox is writable");
    path.into_os_string().into_string().expect("the path is text")
}

#[tokio::test]
async fn without_the_authority_the_login_fails_and_says_why() {
    let stage = stage();
    let problem = failed(stage.with_browser(stage.browser_login()).await);
    assert_eq!(problem.code, Code::IssuerUnreachable);
    assert!(problem.detail.contains("certificate"), "{problem:?}");
    assert!(problem.hint.as_deref().is_some_and(|hint| hint.contains("--ca-file")), "{problem:?}");
    assert!(stage.issuer.ledger().entries().is_empty(), "nothing was sent to a server that is not trusted");
}

#[tokio::test]
async fn with_the_authority_everything_works_also_after_a_restart() {
    let stage = stage();
    let request = LoginRequest { ca_file: Some(ca_file(&stage)), ..stage.browser_login() };
    done(stage.with_browser(request).await);
    assert_eq!(stage.refresh().await.expect("a refresh").state, ProfileState::Usable);
    let Stage { sandbox, issuer, inside, .. } = stage;
    inside.stop().await;

    let inside = Inside::start_at(&sandbox, agentd::clock::Clock::manual(START + 60));
    let request = RefreshRequest { profile: Some(wire::name(PROFILE)) };
    let refreshed: Result<Profile, Problem> = inside.wire().call(&route::REFRESH, "", &request).await.message();
    assert_eq!(refreshed.expect("a refresh after the restart").state, ProfileState::Usable);
    let token = inside.wire().token(&wire::of(PROFILE)).await.expect("a token");
    assert!(issuer.is_live(bearer(&token)));
    assert_eq!(issuer.exchanges(), 2);
}

#[tokio::test]
async fn a_login_again_trusts_the_same_authority() {
    let stage = stage();
    let request = LoginRequest { ca_file: Some(ca_file(&stage)), ..stage.browser_login() };
    done(stage.with_browser(request).await);
    done(stage.with_browser(LoginRequest { profile: Some(wire::name(PROFILE)), ..LoginRequest::default() }).await);
}

#[tokio::test]
async fn a_file_that_is_missing_or_holds_no_certificate_is_named() {
    let stage = stage();
    let empty = stage.sandbox.path().join("empty.pem");
    std::fs::write(&empty, "nothing in here\n").expect("the sandbox is writable");
    for path in [empty, stage.sandbox.path().join("missing.pem")] {
        let ca_file = path.to_str().map(str::to_owned);
        let problem = failed(stage.with_browser(LoginRequest { ca_file, ..stage.browser_login() }).await);
        assert!(problem.detail.contains("CA file"), "{problem:?}");
        assert!(problem.hint.as_deref().is_some_and(|hint| hint.contains("--ca-file")), "{problem:?}");
        assert!(stage.issuer.ledger().entries().is_empty());
    }
}

#[tokio::test]
async fn another_authority_is_not_trusted() {
    let stage = stage();
    let other = Stage::new(Config { tls: true, ..Config::default() });
    let request = LoginRequest { ca_file: Some(ca_file(&other)), ..stage.browser_login() };
    assert_eq!(failed(stage.with_browser(request).await).code, Code::IssuerUnreachable);
}
