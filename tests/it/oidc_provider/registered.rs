//! A client that registers itself at a real server (RFC 7591), and ends its registration (RFC 7592).

use harness::ctl::Ctl;
use harness::oidc_provider::Settings;
use harness::stage::{PROFILE, done, failed};
use harness::wire;
use proto::login::{Flow, LoginRequest};
use proto::problem::Code;
use proto::secret::Secret;

use super::Real;

fn nameless(real: &Real, flow: Flow) -> LoginRequest {
    LoginRequest { client_id: None, ..real.request(flow) }
}

#[tokio::test]
async fn a_client_registers_itself_logs_in_by_every_flow_rotates_and_is_gone_with_its_profiles() {
    let real = Real::start(&Settings::default(), "");
    let (profile, warnings) = done(real.login(nameless(&real, Flow::AuthorizationCode)).await);
    assert!(profile.refresh.possible && warnings.is_empty(), "{warnings:?}");
    for _ in 0..3 {
        real.refresh().await.expect("a refresh");
    }
    let other = LoginRequest { profile: Some(wire::name("other")), ..nameless(&real, Flow::Device) };
    done(real.login(other).await);
    assert_eq!(real.provider.userinfo(&real.access_token().await).await, 200);
    let events = async |name| real.provider.events(name).await;
    assert_eq!((events("registration_create.success").await, events("grant.revoked").await), (1, 0));
    let _kept = Ctl::new(&real.sandbox, &["remove", "other", "--yes"]).run().ok();
    assert_eq!(events("registration_delete.success").await, 0, "one profile has it still");
    let _gone = Ctl::new(&real.sandbox, &["remove", PROFILE, "--yes"]).run().ok();
    assert_eq!(events("registration_delete.success").await, 1);
}

#[tokio::test]
async fn a_service_that_registers_for_some_only_wants_their_token() {
    let real = Real::start(&Settings { initial_token: Some("canary-iat-real".to_owned()), ..Settings::default() }, "");
    let refused = failed(real.login(nameless(&real, Flow::AuthorizationCode)).await);
    assert_eq!(refused.code, Code::InvalidRequest);
    let token = Some(Secret::new("canary-iat-real".to_owned()));
    done(real.login(LoginRequest { registration_token: token, ..nameless(&real, Flow::AuthorizationCode) }).await);
    assert_eq!(real.provider.events("registration_create.success").await, 1);
}
