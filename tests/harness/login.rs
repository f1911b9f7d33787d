//! A login at the in-tree issuer, from the first request to the stored grant.

use proto::login::{Flow, LoginRequest, LoginStep};
use proto::profile::Profile;

use crate::browser::Browser;
use crate::issuer::Client;
use crate::wire::{Wire, name};

/// Logs `profile` in by the authorization-code flow, with a person who approves.
///
/// # Panics
/// When the login fails.
pub async fn by_browser(wire: &Wire, issuer: &str, profile: &str, scope: &str) -> Profile {
    let request = LoginRequest {
        profile: Some(name(profile)),
        flow: Some(Flow::AuthorizationCode),
        browser: true,
        issuer: Some(issuer.to_owned()),
        client_id: Some(Client::PUBLIC.to_owned()),
        scope: Some(scope.to_owned()),
        ..LoginRequest::default()
    };
    let started = wire.login(&request).await.expect("the login starts");
    let last = wire
        .follow(started.id.as_str(), async |step| {
            if let LoginStep::Open { url } = step {
                let page = Browser::new().follow(url).await;
                assert_eq!(page.status, 200, "{}", page.body);
            }
        })
        .await;
    match last {
        LoginStep::Done { profile, .. } => *profile,
        other => panic!("the login of `{profile}` did not succeed: {other:?}"),
    }
}
