//! `Debug` of everything public that bears a secret shows none of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use agentd::config::Config;
use agentd::oauth::{Authentication, Client, Presented, Tokens};
use agentd::secret::{
    AccessToken, ApiKey, AuthorizationCode, ClientKey, ClientSecret, DeviceCode, IdToken, Nonce, PkceVerifier,
    RefreshToken, RegistrationToken, SealingKey, SigningKey, State,
};
use agentd::store::record::{Grant, Record, RecordId};
use agentd::vault::{Credential, NewKey};
use harness::canary::Canaries;
use proto::id::LeaseId;
use proto::login::LoginRequest;
use proto::secret::Secret;
use proto::token::{RejectOutcome, Rejected, Token};

const SECRET: &str = "canary-in-debug-4711";

fn text() -> String {
    SECRET.to_owned()
}

#[test]
fn secrets_of_every_kind_are_redacted() {
    let shown = format!(
        "{:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:#?}",
        AccessToken::new(text()),
        ApiKey::new(text()),
        AuthorizationCode::new(text()),
        ClientKey::new(text()),
        ClientSecret::new(text()),
        DeviceCode::new(text()),
        IdToken::new(text()),
        Nonce::new(text()),
        PkceVerifier::new(text()),
        RefreshToken::new(text()),
        RegistrationToken::new(text()),
        State::new(text()),
        Secret::new(text()),
    );
    assert_eq!(shown.matches("(hidden)").count(), 13, "{shown}");
    Canaries::new([SECRET]).assert_absent("the secret types", shown);
    let key = agentd::secret::random::<32>();
    let bytes: Vec<String> = key.iter().map(ToString::to_string).collect();
    assert!(!format!("{:?}", SealingKey::new(key)).contains(&bytes.join(", ")));
}

#[test]
fn what_bears_secrets_shows_none_of_them() {
    let canaries = Canaries::new([SECRET]);
    let secret = || Some(Arc::new(ClientSecret::new(text())));
    let request = LoginRequest {
        client_secret: Some(Secret::new(text())),
        client_key: Some(Secret::new(text())),
        registration_token: Some(Secret::new(text())),
        key: Some(Secret::new(text())),
        ..LoginRequest::default()
    };
    let token = || Token {
        lease: LeaseId::parse("l").expect("a good id"),
        profile: harness::wire::name("p"),
        access_token: Secret::new(text()),
        token_type: "Bearer".to_owned(),
        expires_at: None,
        expires_in: None,
        scope: None,
        min_ttl_met: true,
    };
    let rejected = Rejected { outcome: RejectOutcome::Newer, token: token(), retry_after: None };
    let client = Client {
        issuer: "https://issuer.example".to_owned(),
        client_id: "c".to_owned(),
        client_secret: secret(),
        client_key: Some(SigningKey { key: Arc::new(ClientKey::new(text())), id: None }),
        authentication: Authentication::Basic,
        token_endpoint: "https://issuer.example/token".to_owned(),
        revocation_endpoint: None,
        userinfo_endpoint: None,
        ca_file: None,
        reach: agentd::http::Reach::Anywhere,
    };
    let clock = agentd::clock::Clock::manual(0);
    let tokens = Tokens {
        access_token: AccessToken::new(text()),
        token_type: "Bearer".to_owned(),
        unsupported_type: None,
        expires_in: None,
        refresh_token: Some(RefreshToken::new(text())),
        scope: None,
        id_token: Some(IdToken::new(text())),
        sent_at: clock.now(),
        server_time: None,
    };
    let record = Record {
        grant: Some(Grant::Key {
            key: Arc::new(ApiKey::new(text())),
            expires_at: None,
            logged_in_at: 0,
            account: BTreeMap::new(),
        }),
        ..Record::bare(RecordId(1), 1, "p", "key")
    };
    let refresh_token = RefreshToken::new(text());
    let presented = Presented::RefreshToken { token: &refresh_token, scope: None, audience: None, resource: None };
    let config = Config { proxy: Some(format!("http://user:{SECRET}@proxy.example")), ..Config::default() };
    let all = [
        format!("{request:#?}"),
        format!("{:?} {rejected:?}", token()),
        format!("{client:#?} {tokens:#?}"),
        format!("{record:#?}"),
        format!("{presented:?}"),
        format!("{config:?}"),
        format!("{:?}", NewKey::bare(ApiKey::new(text()), None)),
        format!("{:?}", Credential::AccessToken(Arc::new(AccessToken::new(text())))),
    ];
    for shown in &all {
        canaries.assert_absent("a debug form", shown);
        assert!(shown.contains("hidden"), "it says that something is there: {shown}");
    }
    assert!(canaries.find(refresh_token.expose().as_bytes()).is_some(), "the search would have found it");
}
