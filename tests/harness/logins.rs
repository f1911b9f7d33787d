//! Logins at the in-tree issuer, made over the wire.

use proto::login::{Flow, LoginRequest, LoginStep};
use proto::problem::Problem;
use proto::secret::Secret;

use crate::browser::Browser;
use crate::issuer::{Client, Issuer};
use crate::wire::{Wire, name};

/// A login by authorization code of the public client.
pub fn by_code(issuer: &Issuer, profile: &str) -> LoginRequest {
    LoginRequest {
        profile: Some(name(profile)),
        flow: Some(Flow::AuthorizationCode),
        browser: true,
        switch: true,
        issuer: Some(issuer.url().to_owned()),
        client_id: Some(Client::PUBLIC.to_owned()),
        ..LoginRequest::default()
    }
}

/// The same with a device code.
pub fn by_device(issuer: &Issuer, profile: &str) -> LoginRequest {
    LoginRequest { flow: Some(Flow::Device), browser: false, ..by_code(issuer, profile) }
}

/// A login of a client with a secret.
pub fn confidential(issuer: &Issuer, profile: &str, client: &str) -> LoginRequest {
    let client_secret = Some(Secret::new(Client::SECRET.to_owned()));
    LoginRequest { client_id: Some(client.to_owned()), client_secret, ..by_code(issuer, profile) }
}

/// A key.
pub fn by_key(profile: &str, key: &str) -> LoginRequest {
    let key = Some(Secret::new(key.to_owned()));
    LoginRequest { profile: Some(name(profile)), flow: Some(Flow::Key), switch: true, key, ..LoginRequest::default() }
}

/// Runs a login to its end, with a person who approves everything.
///
/// # Errors
/// The problem it ended with.
pub async fn run(wire: &Wire, issuer: &Issuer, request: &LoginRequest) -> Result<(), Problem> {
    let started = wire.login(request).await?;
    let step = wire.follow(started.id.as_str(), async |step| match step {
        LoginStep::Open { url, .. } => drop(Browser::new().follow(url).await),
        LoginStep::Device { user_code, .. } => issuer.approve(user_code),
        _ => {}
    });
    match step.await {
        LoginStep::Failed { problem } => Err(problem),
        _ => Ok(()),
    }
}

/// Runs a login that must succeed.
pub async fn must(wire: &Wire, issuer: &Issuer, request: &LoginRequest) {
    run(wire, issuer, request).await.expect("the login succeeds");
}

/// Runs a browser login with this scope, which must succeed; what is current stays.
pub async fn browse(wire: &Wire, issuer: &Issuer, profile: &str, scope: &str) {
    let scope = Some(scope.to_owned());
    must(wire, issuer, &LoginRequest { scope, switch: false, ..by_code(issuer, profile) }).await;
}

/// Keeps a key.
pub async fn keep(wire: &Wire, profile: &str, key: &str) {
    drop(wire.login(&by_key(profile, key)).await.expect("the key is kept"));
}
