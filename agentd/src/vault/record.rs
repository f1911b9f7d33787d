//! A grant as the store keeps it, and back.

mod beside;
mod registration;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::Why;
use super::grant::{Grant, Renewal};
use super::view::{Credential, Served, Standing};
use crate::clock::{Clock, Moment};
use crate::config::ProfileConfig;
use crate::http::Reach;
use crate::oauth::{Account, Algorithm, Audience, Authentication, Client};
use crate::provider::{Endpoints, Flow, Place, Settings};
use crate::store::record as disk;

/// A token whose issue lies further in the future than this, by the wall clock, cannot be dated: the clock was set
/// back. It counts as lapsed, so that it is renewed rather than trusted.
const CLOCK_TOLERANCE: i64 = 300;

/// Begins the word of a client that authenticates by its key.
const BY_KEY: &str = "private-key-jwt";

/// The record of `grant`, under `sequence`.
pub(super) fn write(grant: &Grant, sequence: u64, clock: &Clock) -> disk::Record {
    disk::Record {
        id: grant.id,
        sequence,
        name: grant.name.to_string(),
        flow: flow_word(grant.flow).to_owned(),
        settings: grant.settings.as_deref().map(write_settings),
        grant: write_grant(grant, clock),
        login_required: match grant.standing {
            Standing::LoginRequired(why) | Standing::Nothing(why) => Some(why.word().to_owned()),
            Standing::Held | Standing::Misconfigured { .. } | Standing::Open => None,
        },
        attempt: grant.attempt.clone(),
        place: grant.place.as_deref().map(beside::write_place),
        usable: grant.usable,
        secondaries: grant.secondaries.iter().map(beside::write_secondary).collect(),
        unrevoked: grant.unrevoked.iter().filter_map(beside::write_ended).collect(),
        undo: grant.undo.as_deref().cloned(),
    }
}

fn write_grant(grant: &Grant, clock: &Clock) -> Option<disk::Grant> {
    let main = grant.main.as_ref()?;
    let logged_in_at = grant.logged_in_at.unwrap_or_default();
    let access_token = match &main.credential {
        Credential::ApiKey(key) => {
            let expires_at = main.expires_at.map(|at| clock.wall_at(at));
            let account = grant.account.as_deref().map(write_account).unwrap_or_default();
            return Some(disk::Grant::Key { key: Arc::clone(key), expires_at, logged_in_at, account });
        }
        Credential::AccessToken(token) => Arc::clone(token),
    };
    let renewal = grant.renewal.as_ref()?;
    Some(disk::Grant::Oauth(Box::new(disk::Oauth {
        // The client's own secret is among the settings.
        refresh_token: renewal.refresh_token.clone().filter(|_| grant.flow != Flow::ClientCredentials),
        access_token,
        token_type: main.token_type.to_string(),
        issued_at: clock.wall_at(main.issued_at),
        life: main.life().map(|life| life.as_secs()),
        scope: grant.granted_scope.as_deref().map(str::to_owned),
        requested_scope: grant.requested_scope.as_deref().map(str::to_owned),
        logged_in_at,
        refreshed_at: grant.refreshed_at,
        generation: grant.generation,
        authentication: authentication_word(renewal.client.authentication),
        token_endpoint: renewal.client.token_endpoint.clone(),
        revocation_endpoint: renewal.client.revocation_endpoint.clone(),
        reach: renewal.client.reach.word().map(str::to_owned),
        userinfo_endpoint: renewal.client.userinfo_endpoint.clone(),
        account: grant.account.as_deref().map(write_account).unwrap_or_default(),
    })))
}

/// The grant of `record` as of now. An exchange that was under way when it was written makes it uncertain.
pub(super) fn read(record: disk::Record, rules: ProfileConfig, clock: &Clock) -> Grant {
    let flow = flow_of(&record.flow);
    let mut grant = Grant::empty(record.id, Arc::from(record.name), flow, rules);
    grant.settings = record.settings.map(|s| Arc::new(read_settings(s, flow)));
    grant.place = record.place.map(|place| Arc::new(beside::read_place(place)));
    grant.usable = record.usable;
    grant.secondaries = Arc::new(record.secondaries.into_iter().map(beside::read_secondary).collect());
    grant.unrevoked = record.unrevoked.into_iter().map(|ended| beside::read_ended(ended, clock)).collect();
    grant.undo = record.undo.map(Arc::new);
    let why = record.login_required.as_deref().map(Why::of_word);
    match record.grant {
        None if flow == Flow::None && why.is_none() => grant.standing = Standing::Open,
        None => grant.standing = Standing::Nothing(why.unwrap_or(Why::NeverLoggedIn)),
        Some(disk::Grant::Key { key, expires_at, logged_in_at, account }) => {
            grant.account = Some(Arc::new(read_account(account))).filter(|a| **a != Account::default());
            grant.standing = Standing::Held;
            grant.logged_in_at = Some(logged_in_at);
            grant.main = Some(grant.key(key, expires_at, clock));
        }
        Some(disk::Grant::Oauth(oauth)) => {
            grant.standing = why.map_or(Standing::Held, Standing::LoginRequired);
            read_oauth(&mut grant, *oauth, clock);
        }
    }
    grant.history.uncertain = record.attempt.is_some();
    grant.attempt = record.attempt;
    grant
}

fn read_oauth(grant: &mut Grant, oauth: disk::Oauth, clock: &Clock) {
    let client = client(grant.settings.as_deref(), grant.place.as_deref(), &oauth);
    let (issued_at, expires_at) = dated(oauth.issued_at, oauth.life, clock);
    grant.main = Some(Served {
        credential: Credential::AccessToken(oauth.access_token),
        token_type: Arc::from(oauth.token_type),
        issued_at,
        expires_at,
        scope: oauth.scope.as_deref().map(Arc::from),
        generation: oauth.generation,
    });
    let refresh_token = oauth.refresh_token.or_else(|| grant.client_itself().map(Arc::new));
    grant.renewal = Some(Renewal { client: Arc::new(client), refresh_token });
    grant.account = Some(Arc::new(read_account(oauth.account))).filter(|a| **a != Account::default());
    grant.granted_scope = oauth.scope.map(Arc::from);
    grant.requested_scope = oauth.requested_scope.map(Arc::from);
    grant.logged_in_at = Some(oauth.logged_in_at);
    grant.refreshed_at = oauth.refreshed_at;
    grant.generation = oauth.generation;
}

/// What a request for these tokens needs. A login that is not at an authorization server is known by its place.
fn client(settings: Option<&Settings>, place: Option<&Place>, oauth: &disk::Oauth) -> Client {
    let issuer = settings.map(|s| s.issuer.clone()).or_else(|| place.map(|place| place.base.clone()));
    let ca_file = settings.and_then(|s| s.ca_file.clone()).or_else(|| place.and_then(|place| place.ca_file.clone()));
    Client {
        issuer: issuer.unwrap_or_default(),
        client_id: settings.map(|s| s.client_id.clone()).unwrap_or_default(),
        client_secret: settings.and_then(|s| s.client_secret.clone()),
        client_key: settings.and_then(|s| s.client_key.clone()),
        authentication: authentication_of(&oauth.authentication),
        token_endpoint: oauth.token_endpoint.clone(),
        revocation_endpoint: oauth.revocation_endpoint.clone(),
        userinfo_endpoint: oauth.userinfo_endpoint.clone(),
        ca_file,
        reach: Reach::of_word(oauth.reach.as_deref()),
    }
}

/// Issue and expiry on the clock that does not jump, from wall time and life.
fn dated(issued_at: i64, life: Option<u64>, clock: &Clock) -> (Moment, Option<Moment>) {
    let (now, wall) = (clock.now(), clock.wall());
    let age = Duration::from_secs(u64::try_from(wall.saturating_sub(issued_at)).unwrap_or(0));
    let Some(life) = life.map(Duration::from_secs) else { return (now - age, None) };
    let age = if issued_at > wall.saturating_add(CLOCK_TOLERANCE) { life } else { age.min(life) };
    (now - age, Some(now + life.saturating_sub(age)))
}

fn write_settings(s: &Settings) -> disk::Settings {
    let endpoints = [
        ("authorization", &s.endpoints.authorization),
        ("device_authorization", &s.endpoints.device_authorization),
        ("revocation", &s.endpoints.revocation),
        ("token", &s.endpoints.token),
    ];
    disk::Settings {
        issuer: s.issuer.clone(),
        client_id: s.client_id.clone(),
        client_secret: s.client_secret.clone(),
        client_key: s.client_key.clone(),
        registration: s.registration.as_ref().map(registration::write),
        scope: s.scope.clone(),
        resources: s.resources.clone(),
        ca_file: s.ca_file.as_ref().map(|p| p.to_string_lossy().into_owned()),
        redirect_port: s.redirect_port,
        redirect_uri: s.redirect_uri.clone(),
        endpoints: endpoints.into_iter().filter_map(|(k, v)| Some((k.to_owned(), v.clone()?))).collect(),
        auth_params: s.auth_params.clone(),
    }
}

fn read_settings(mut s: disk::Settings, flow: Flow) -> Settings {
    let endpoints = Endpoints {
        authorization: s.endpoints.remove("authorization"),
        device_authorization: s.endpoints.remove("device_authorization"),
        revocation: s.endpoints.remove("revocation"),
        token: s.endpoints.remove("token"),
    };
    Settings {
        issuer: s.issuer,
        client_id: s.client_id,
        client_secret: s.client_secret,
        client_key: s.client_key,
        registration: s.registration.map(registration::read),
        flow: Some(flow),
        scope: s.scope,
        resources: s.resources,
        ca_file: s.ca_file.map(PathBuf::from),
        redirect_port: s.redirect_port,
        redirect_uri: s.redirect_uri,
        endpoints,
        auth_params: s.auth_params,
    }
}

fn write_account(account: &Account) -> BTreeMap<String, String> {
    let members = [
        ("sub", &account.subject),
        ("name", &account.name),
        ("email", &account.email),
        ("organization", &account.organization),
    ];
    members.into_iter().filter_map(|(k, v)| Some((k.to_owned(), v.clone()?))).collect()
}

fn read_account(mut members: BTreeMap<String, String>) -> Account {
    Account {
        subject: members.remove("sub"),
        name: members.remove("name"),
        email: members.remove("email"),
        organization: members.remove("organization"),
    }
}

fn flow_word(flow: Flow) -> &'static str {
    match flow {
        Flow::AuthorizationCode => "authorization-code",
        Flow::ClientCredentials => "client-credentials",
        Flow::Device => "device",
        Flow::Key => "key",
        Flow::None => "none",
        Flow::PollExchange => "poll-exchange",
    }
}

fn flow_of(word: &str) -> Flow {
    match word {
        "client-credentials" => Flow::ClientCredentials,
        "device" => Flow::Device,
        "key" => Flow::Key,
        "none" => Flow::None,
        "poll-exchange" => Flow::PollExchange,
        _ => Flow::AuthorizationCode,
    }
}

fn authentication_word(authentication: Authentication) -> String {
    match authentication {
        Authentication::Basic => "basic".to_owned(),
        Authentication::None => "none".to_owned(),
        Authentication::Post => "post".to_owned(),
        Authentication::PrivateKeyJwt(algorithm, audience) => {
            let audience = if audience == Audience::Issuer { "issuer" } else { "endpoint" };
            format!("{BY_KEY} {} {audience}", algorithm.word())
        }
    }
}

fn authentication_of(word: &str) -> Authentication {
    match word {
        "basic" => Authentication::Basic,
        "post" => Authentication::Post,
        _ => by_key(word).unwrap_or_default(),
    }
}

fn by_key(word: &str) -> Option<Authentication> {
    let (algorithm, audience) = word.strip_prefix(BY_KEY)?.trim_start().split_once(' ')?;
    let audience = if audience == "endpoint" { Audience::Endpoint } else { Audience::Issuer };
    Some(Authentication::PrivateKeyJwt(Algorithm::of_word(algorithm)?, audience))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_authenticate_comes_back() {
        let by_key = |audience| Authentication::PrivateKeyJwt(Algorithm::Es256, audience);
        for way in [
            Authentication::Basic,
            Authentication::None,
            Authentication::Post,
            by_key(Audience::Endpoint),
            by_key(Audience::Issuer),
        ] {
            assert_eq!(authentication_of(&authentication_word(way)), way);
        }
        assert_eq!(authentication_word(by_key(Audience::Issuer)), "private-key-jwt ES256 issuer");
        assert_eq!(authentication_of("private-key-jwt XX256 issuer"), Authentication::None);
    }

    #[test]
    fn a_stored_token_is_dated_by_its_age_and_never_outlives_its_life() {
        let clock = Clock::manual(1_790_000_000);
        let now = clock.now();
        let left = |issued_at| dated(issued_at, Some(3600), &clock).1.expect("a life was given").since(now).as_secs();
        assert_eq!(left(1_790_000_000 - 600), 3000);
        assert_eq!(left(1_790_000_000 - 7200), 0, "lapsed while the daemon was away");
        assert_eq!(left(1_790_000_100), 3600, "a small step back of the clock");
        assert_eq!(left(1_790_010_000), 0, "a large one: it cannot be dated");
        assert_eq!(dated(0, None, &clock).1, None);
    }
}
