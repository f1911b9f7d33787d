//! What a profile holds beside its grant, as the store keeps it, and back.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::{authentication_word, client, read_settings, write_settings};
use crate::clock::Clock;
use crate::oauth::Client;
use crate::provider::{Flow, Place, Settings};
use crate::service::{Ended, Secondary};
use crate::store::record as disk;

pub(super) fn write_place(place: &Place) -> disk::Place {
    disk::Place {
        provider: place.provider.clone(),
        environment: place.environment.clone(),
        base: place.base.clone(),
        urls: place.urls.clone(),
        ca_file: place.ca_file.as_ref().map(|path| path.to_string_lossy().into_owned()),
        needs_login: place.needs_login,
        method: place.method.clone(),
        variant: place.variant.clone(),
        scheme: place.scheme.clone(),
        project: place.project.clone(),
        project_name: place.project_name.clone(),
    }
}

pub(super) fn read_place(place: disk::Place) -> Place {
    Place {
        provider: place.provider,
        environment: place.environment,
        base: place.base,
        urls: place.urls,
        ca_file: place.ca_file.map(PathBuf::from),
        needs_login: place.needs_login,
        method: place.method,
        variant: place.variant,
        scheme: place.scheme,
        project: place.project,
        project_name: place.project_name,
    }
}

pub(super) fn write_secondary(secondary: &Secondary) -> disk::Secondary {
    disk::Secondary {
        name: secondary.name.clone(),
        title: secondary.title.clone(),
        required: secondary.required,
        secret: secondary.secret.clone(),
        values: secondary.values.clone(),
        fetched_at: secondary.fetched_at,
    }
}

pub(super) fn read_secondary(secondary: disk::Secondary) -> Secondary {
    let disk::Secondary { name, title, required, secret, values, fetched_at } = secondary;
    Secondary { name, title, required, secret, values, fetched_at, trouble: None }
}

/// An ended grant; `None` when there is nothing in it.
pub(super) fn write_ended(ended: &Ended) -> Option<disk::Ended> {
    let grant = match (&ended.access_token, &ended.key, ended.client.as_deref()) {
        (_, Some(key), _) => disk::Grant::Key {
            key: Arc::clone(key),
            expires_at: ended.expires_at,
            logged_in_at: ended.at,
            account: BTreeMap::new(),
        },
        (Some(access_token), None, Some(client)) => disk::Grant::Oauth(Box::new(disk::Oauth {
            refresh_token: ended.refresh_token.clone(),
            access_token: Arc::clone(access_token),
            token_type: String::new(),
            issued_at: ended.at,
            life: ended.expires_at.map(|at| u64::try_from(at - ended.at).unwrap_or(0)),
            scope: None,
            requested_scope: None,
            logged_in_at: ended.at,
            refreshed_at: None,
            generation: 0,
            authentication: authentication_word(client.authentication),
            token_endpoint: client.token_endpoint.clone(),
            revocation_endpoint: client.revocation_endpoint.clone(),
            reach: client.reach.word().map(str::to_owned),
            userinfo_endpoint: None,
            account: BTreeMap::new(),
        })),
        _ => return None,
    };
    Some(disk::Ended {
        place: ended.place.as_deref().map(write_place),
        settings: ended.client.as_deref().map(|client| write_settings(&settings_of(client))),
        grant,
        secondaries: ended.secondaries.iter().map(write_secondary).collect(),
        at: ended.at,
        tries: ended.tries,
    })
}

pub(super) fn read_ended(ended: disk::Ended, _clock: &Clock) -> Ended {
    let place = ended.place.map(|place| Arc::new(read_place(place)));
    let settings = ended.settings.map(|settings| read_settings(settings, Flow::Device));
    let secondaries = Arc::new(ended.secondaries.into_iter().map(read_secondary).collect());
    let (at, tries) = (ended.at, ended.tries);
    let none = Ended {
        place,
        client: None,
        access_token: None,
        key: None,
        refresh_token: None,
        secondaries,
        expires_at: None,
        at,
        tries,
    };
    match ended.grant {
        disk::Grant::Key { key, expires_at, .. } => Ended { key: Some(key), expires_at, ..none },
        disk::Grant::Oauth(oauth) => Ended {
            client: Some(Arc::new(client(settings.as_ref(), none.place.as_deref(), &oauth))),
            expires_at: oauth.life.map(|life| oauth.issued_at.saturating_add_unsigned(life)),
            access_token: Some(oauth.access_token),
            refresh_token: oauth.refresh_token,
            ..none
        },
    }
}

/// As much of a login's settings as telling its end needs.
fn settings_of(client: &Client) -> Settings {
    Settings {
        issuer: client.issuer.clone(),
        client_id: client.client_id.clone(),
        client_secret: client.client_secret.clone(),
        client_key: client.client_key.clone(),
        ca_file: client.ca_file.clone(),
        ..Settings::default()
    }
}
