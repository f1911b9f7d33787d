//! The client of a login that names none: registered at the service (RFC 7591), and kept for the next login there.
//!
//! A registered client serves until its secret has expired, the service does not know it any more, or a login asks for a
//! scope or comes back to a redirect that it is not registered for; then a new one is registered. One whose login has not
//! succeeded is kept in memory, so that another try registers nothing.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::flow::plan::default_scope;
use crate::flow::table::Ground;
use crate::flow::{AtIssuer, Failure};
use crate::http::Reach;
use crate::oauth::registration::{ClientMetadata, Registered, RegistrationError, Registry};
use crate::oauth::{DiscoveryError, Metadata};
use crate::platform;
use crate::provider::{Registration, Settings};

/// How long a service may take to hear that a client is not needed any more.
const ENDING: Duration = Duration::from_secs(10);

/// So many clients are kept at most that have no login.
const MOST_WAITING: usize = 64;

/// Registered clients without a login, by issuer.
#[derive(Debug, Default)]
pub(super) struct Waiting(Mutex<BTreeMap<String, Settings>>);

impl Waiting {
    /// The client of `settings` has a login: it is kept with that.
    pub(super) fn has_login(&self, settings: &Settings) {
        let mut waiting = self.all();
        if waiting.get(&settings.issuer).is_some_and(|known| known.client_id == settings.client_id) {
            waiting.remove(&settings.issuer);
        }
    }

    /// Keeps a client for the next try. Whoever starts logins at ever more issuers pushes the others out.
    fn keep(&self, settings: &Settings) {
        let mut waiting = self.all();
        while waiting.len() >= MOST_WAITING {
            waiting.pop_first();
        }
        waiting.insert(settings.issuer.clone(), settings.clone());
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<String, Settings>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sees to it that the login has a client. Returns whether it was registered just now.
pub(super) async fn ensure(
    ground: &Ground,
    at: &mut AtIssuer,
    discovered: &Result<Metadata, DiscoveryError>,
) -> Result<bool, Failure> {
    let wall = ground.clock.wall();
    let wanted = Wanted::of(&at.settings, discovered);
    if serves(&at.settings, &wanted, wall) {
        return Ok(false);
    }
    let waiting = ground.registered.all().get(&at.settings.issuer).cloned();
    let fits = |known: &Settings| {
        known.client_id != at.settings.client_id
            && known.is_at_the_same_place(&at.settings)
            && serves(known, &wanted, wall)
    };
    if let Some(known) = waiting.filter(fits) {
        take(&mut at.settings, known);
        return Ok(false);
    }
    renew(ground, at, discovered).await.map(|()| true)
}

/// Registers a client in place of the one that the login has, if it has one.
pub(super) async fn renew(
    ground: &Ground,
    at: &mut AtIssuer,
    discovered: &Result<Metadata, DiscoveryError>,
) -> Result<(), Failure> {
    let metadata = discovered.as_ref().map_err(Failure::of_discovery)?;
    let endpoint = metadata.registration_endpoint.as_deref().ok_or(Failure::NoRegistration)?;
    let settings = &mut at.settings;
    let reach = metadata.reach.towards(endpoint, &settings.issuer);
    let registry = Registry { url: endpoint, reach, ca_file: settings.ca_file.as_deref() };
    let name = format!("agentctl on {}", platform::host_name());
    let wanted = Wanted::of(settings, discovered);
    let asked = ClientMetadata {
        name: &name,
        redirect_uri: &wanted.redirect_uri,
        device: metadata.device_authorization_endpoint.is_some(),
        scope: Some(&wanted.scope).filter(|scope| !scope.is_empty()).map(String::as_str),
    };
    let initial = at.registration_token.as_deref();
    let registered = match ground.oauth.register(registry, initial, asked).await {
        // Some services know only scopes of their own here, and none of the APIs behind them.
        Err(RegistrationError::Refused { code: Some("invalid_client_metadata"), .. }) if asked.scope.is_some() => {
            ground.oauth.register(registry, initial, ClientMetadata { scope: None, ..asked }).await
        }
        told => told,
    };
    let registered = registered.map_err(|error| Failure::of_registration(&error))?;
    tracing::info!(issuer = settings.issuer, "a client was registered");
    let Registered { client_id, client_secret, secret_expires_at, authentication, management, scope } = registered;
    // What the service left out when it was asked for it, it would leave out again.
    let scope = scope.map(|told| format!("{told} {}", wanted.scope));
    let redirect_uri = wanted.redirect_uri;
    let registration = Registration { redirect_uri, scope, authentication, secret_expires_at, management };
    *settings = Settings {
        client_id,
        client_secret,
        client_key: None,
        registration: Some(registration),
        ..std::mem::take(settings)
    };
    ground.registered.keep(settings);
    Ok(())
}

/// Ends the registration of a client that no profile has any more. `false`: it is still registered there.
pub(super) async fn end(ground: &Ground, settings: &Settings) -> bool {
    let Some((uri, token)) = settings.registration.as_ref().and_then(|known| known.management.as_ref()) else {
        return false;
    };
    // The address is the service's own word, so it leads no further than to the service or into the internet.
    let reach = Reach::Public.towards(uri, &settings.issuer);
    let registry = Registry { url: uri, reach, ca_file: settings.ca_file.as_deref() };
    let told = tokio::time::timeout(ENDING, ground.oauth.unregister(registry, token)).await;
    tracing::info!(issuer = settings.issuer, ?told, "the service was told that a client is not needed any more");
    matches!(told, Ok(Ok(())))
}

/// What a login wants of its client.
struct Wanted {
    redirect_uri: String,
    /// Scopes separated by spaces; may be empty.
    scope: String,
}

impl Wanted {
    fn of(settings: &Settings, discovered: &Result<Metadata, DiscoveryError>) -> Self {
        let supported = discovered.as_ref().map_or(&[][..], |metadata| &metadata.scopes_supported);
        let redirect_uri = settings.redirect_uri.clone().unwrap_or_else(|| match settings.redirect_port {
            Some(port) => format!("http://127.0.0.1:{port}/callback"),
            None => "http://127.0.0.1/callback".to_owned(),
        });
        Self { redirect_uri, scope: default_scope(settings.scope.as_deref(), supported) }
    }
}

/// Whether a login can be made as the client of `settings`. One that was not registered by this program is the person's
/// affair.
fn serves(settings: &Settings, wanted: &Wanted, wall: i64) -> bool {
    let Some(registration) = &settings.registration else { return !settings.client_id.is_empty() };
    let lapsed = settings.client_secret.is_some() && registration.secret_expires_at.is_some_and(|at| at <= wall);
    let covers = |known: &String| {
        let known: Vec<&str> = known.split(' ').collect();
        wanted.scope.split_ascii_whitespace().all(|word| known.contains(&word))
    };
    let covered = registration.scope.as_ref().is_none_or(covers);
    !lapsed && covered && registration.redirect_uri == wanted.redirect_uri
}

/// Puts the client of `known` into `settings`.
fn take(settings: &mut Settings, known: Settings) {
    settings.client_id = known.client_id;
    settings.client_secret = known.client_secret;
    settings.client_key = None;
    settings.registration = known.registration;
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::secret::ClientSecret;

    fn settings(change: impl FnOnce(&mut Registration)) -> Settings {
        let mut registration =
            Registration { redirect_uri: "http://127.0.0.1/callback".to_owned(), ..Registration::default() };
        change(&mut registration);
        Settings {
            client_id: "c".to_owned(),
            client_secret: Some(Arc::new(ClientSecret::new("s".to_owned()))),
            registration: Some(registration),
            ..Settings::default()
        }
    }

    #[test]
    fn a_registered_client_serves_what_it_is_registered_for_until_its_secret_expires() {
        let serves = |settings: Settings, wall| {
            serves(&settings, &Wanted::of(&settings, &Err(DiscoveryError::NotOffered)), wall)
        };
        assert!(serves(settings(|_| {}), 100));
        assert!(serves(settings(|known| known.secret_expires_at = Some(101)), 100));
        assert!(!serves(settings(|known| known.secret_expires_at = Some(100)), 100));
        assert!(serves(settings(|known| known.scope = Some("profile openid".to_owned())), 100));
        assert!(!serves(settings(|known| known.scope = Some("profile".to_owned())), 100));
        assert!(!serves(settings(|known| known.redirect_uri.push('x')), 100));
        assert!(!serves(Settings { redirect_port: Some(80), ..settings(|_| {}) }, 100));
        let public = Settings { client_secret: None, ..settings(|known| known.secret_expires_at = Some(1)) };
        assert!(serves(public, 100), "there is no secret that could have expired");
        assert!(serves(Settings { client_id: "own".to_owned(), ..Settings::default() }, 100));
        assert!(!serves(Settings::default(), 100));
    }
}
