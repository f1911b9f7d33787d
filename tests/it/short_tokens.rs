//! Tokens of five seconds for a minute at the real `oidc-provider`: no caller is ever handed one that has lapsed.

use std::time::{Duration, Instant};

use harness::browser::Browser;
use harness::daemon::Process;
use harness::oidc_provider::OidcProvider;
use harness::sandbox::Sandbox;
use harness::stage::{PROFILE, bearer, done};
use harness::wire;
use proto::login::{Flow, LoginRequest, LoginStep};

const TOKEN_LIFE: Duration = Duration::from_secs(5);
const TEST_LIFE: Duration = Duration::from_mins(1);
const CALLERS: usize = 6;

#[tokio::test]
async fn for_a_minute_every_token_handed_out_is_accepted_at_once() {
    let provider = OidcProvider::start(TOKEN_LIFE);
    let sandbox = Sandbox::new();
    let daemon = Process::start(&sandbox);
    let wire = daemon.wire();
    let request = LoginRequest {
        profile: Some(wire::name(PROFILE)),
        switch: true,
        flow: Some(Flow::AuthorizationCode),
        issuer: Some(provider.url.clone()),
        client_id: Some(OidcProvider::PUBLIC.to_owned()),
        ..LoginRequest::default()
    };
    let started = wire.login(&request).await.expect("the login starts");
    let mut browser = Browser::new();
    let person = async |step: &LoginStep| {
        if let LoginStep::Open { url, .. } = step {
            browser.follow(url).await;
        }
    };
    done(wire.follow(started.id.as_str(), person).await);

    let end = Instant::now() + TEST_LIFE;
    let caller = async |number: usize| {
        let (mut asked, mut refused) = (0_u32, 0_u32);
        while Instant::now() < end {
            let token = wire.token(&wire::of(PROFILE)).await.expect("there is a token at any time");
            // Half of the callers ask the one endpoint, half the other.
            let accepted = if number.is_multiple_of(2) {
                provider.introspect(bearer(&token)).await
            } else {
                provider.userinfo(bearer(&token)).await == 200
            };
            asked += 1;
            refused += u32::from(!accepted);
        }
        (asked, refused)
    };
    let seen = futures_util::future::join_all((0..CALLERS).map(caller)).await;
    let (asked, refused) = seen.iter().fold((0, 0), |(asked, refused), (a, r)| (asked + a, refused + r));
    assert_eq!(refused, 0, "of {asked} tokens");
    assert!(seen.iter().all(|(asked, _)| *asked > 20), "every caller came to its turn: {seen:?}");
    let refreshes = provider.events("refresh_token.consumed").await;
    assert!((12..=40).contains(&refreshes), "{refreshes} refreshes in a minute");
    assert_eq!((provider.events("grant.revoked").await, provider.events("grant.error").await), (0, 0));
}
