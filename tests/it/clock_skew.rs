//! The clock of this machine is hours or years off: logins, expiry and refresh do not mind.

use std::time::Duration;

use agentd::clock::Clock;
use harness::browser::Browser;
use harness::daemon::Inside;
use harness::issuer::{Config, Issuer};
use harness::sandbox::Sandbox;
use harness::stage::{PROFILE, Stage, bearer, done};
use proto::login::LoginStep;

const HOUR: i64 = 3600;

/// A daemon whose wall clock is this far from the issuer's, which is right.
fn stage(off: i64) -> Stage {
    let (sandbox, issuer) = (Sandbox::new(), Issuer::launch(Config::default()));
    sandbox.write_config("[store]\nkey = \"file\"\n");
    let inside = Inside::start_at(&sandbox, Clock::manual(jiff::Timestamp::now().as_second() + off));
    let wire = inside.wire();
    Stage { sandbox, issuer, inside, wire }
}

#[tokio::test]
async fn a_login_is_believed_and_its_token_lives_as_long_as_the_service_says() {
    for off in [-10 * HOUR, 10 * HOUR, -20 * 8766 * HOUR, 20 * 8766 * HOUR] {
        let stage = stage(off);
        let started = stage.wire.login(&stage.browser_login()).await.expect("the login starts");
        let person = async |step: &LoginStep| {
            if let LoginStep::Open { url, .. } = step {
                Browser::new().follow(url).await;
            }
        };
        // The ID token is of the issuer's time.
        let (profile, _) = done(stage.wire.follow(started.id.as_str(), person).await);
        assert!(profile.account.is_some(), "{off}: {profile:?}");
        let first = stage.token().await.expect("a token");
        let left = first.expires_at.expect("an end").unix() - stage.inside.clock.wall();
        assert_eq!(left, HOUR, "{off}: counted from when it was asked for, on this machine's own clock");
        stage.pass(Duration::from_mins(59));
        let second = stage.token_for(10 * 60).await.expect("a token with time left");
        assert!(bearer(&second) != bearer(&first) && stage.issuer.is_live(bearer(&second)), "{off}");
        assert_eq!(stage.profile().await.name.as_str(), PROFILE);
    }
}
