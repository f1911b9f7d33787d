//! Clients of every kind at a real server: by secret either way, by key, with pushed requests, without a person.

use std::time::Duration;

use harness::ctl::Ctl;
use harness::issuer::ClientKey;
use harness::oidc_provider::{OidcProvider, Settings};
use harness::stage::{PROFILE, bearer, done, failed};
use harness::wire;
use proto::login::{Flow, LoginRequest};
use proto::problem::Code;
use proto::secret::Secret;
use proto::token::TokenRequest;

use super::Real;

fn by_key(key: &ClientKey) -> Settings {
    Settings { push_required: true, client_key: Some(key.clone()), ..Settings::default() }
}

#[tokio::test]
async fn a_login_whose_request_has_to_be_pushed_is_pushed_for_every_client() {
    let real = Real::start(&Settings { push_required: true, ..Settings::default() }, "");
    done(real.login(real.request(Flow::AuthorizationCode)).await);
    for client in [OidcProvider::CONFIDENTIAL, OidcProvider::POST] {
        let request = LoginRequest {
            client_id: Some(client.to_owned()),
            client_secret: Some(Secret::new(OidcProvider::SECRET.to_owned())),
            ..real.request(Flow::AuthorizationCode)
        };
        done(real.login(request).await);
        real.refresh().await.expect("a refresh");
    }
    assert_eq!(real.provider.events("pushed_authorization_request.success").await, 3);
    assert_eq!(real.provider.userinfo(&real.access_token().await).await, 200);
}

#[tokio::test]
async fn a_client_with_a_key_logs_in_refreshes_and_revokes() {
    let key = ClientKey::generate();
    let real = Real::start(&by_key(&key), "");
    for flow in [Flow::AuthorizationCode, Flow::Device] {
        let request = LoginRequest {
            client_id: Some(OidcProvider::BY_KEY.to_owned()),
            client_key: Some(Secret::new(key.on_the_wire())),
            ..real.request(flow)
        };
        done(real.login(request).await);
        real.refresh().await.expect("a refresh");
        let token = real.access_token().await;
        assert!(real.provider.introspect(&token).await);
        let _out = Ctl::new(&real.sandbox, &["logout", "--yes"]).run().ok();
        assert!(!real.provider.introspect(&token).await);
    }
    assert_eq!(real.provider.events("grant.revoked").await, 2, "the logouts, and no reuse");
    let stranger = LoginRequest {
        client_id: Some(OidcProvider::BY_KEY.to_owned()),
        client_key: Some(Secret::new(ClientKey::generate().on_the_wire())),
        ..real.request(Flow::AuthorizationCode)
    };
    assert_eq!(failed(real.login(stranger).await).code, Code::Misconfigured);
}

#[tokio::test]
async fn a_job_has_tokens_for_its_resource_without_a_person() {
    let key = ClientKey::generate();
    let real = Real::start(&Settings { access_token_ttl: Duration::from_mins(5), ..by_key(&key) }, "");
    let (files, scope) = OidcProvider::FILES;
    let request = LoginRequest {
        client_id: Some(OidcProvider::JOB.to_owned()),
        client_key: Some(Secret::new(key.on_the_wire())),
        resource: vec![files.to_owned()],
        scope: Some(scope.to_owned()),
        ..real.request(Flow::ClientCredentials)
    };
    done(real.login(request).await);
    let first = real.access_token().await;
    let seen = real.provider.introspection(&first).await;
    assert_eq!((seen["aud"].as_str(), seen["client_id"].as_str()), (Some(files), Some(OidcProvider::JOB)));
    real.refresh().await.expect("another one is asked for");
    assert_ne!(real.access_token().await, first);
    let less = TokenRequest { scope: Some("files:read".to_owned()), ..wire::of(PROFILE) };
    let less = real.wire.token(&less).await.expect("a narrower token");
    assert_eq!(real.provider.introspection(bearer(&less)).await["scope"], "files:read");
    assert_eq!(real.provider.events("client_credentials.saved").await, 3);
}
