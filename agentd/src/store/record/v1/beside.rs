//! What a profile holds beside its grant, in the disk form: its provider, what came with the login, what is still to be
//! told to the service.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::hidden::Hidden;
use super::{Grant, Settings};
use crate::secret::{ApiKey, Fingerprint};
use crate::store::record;

#[derive(Serialize, Deserialize)]
pub(super) struct Place {
    provider: String,
    environment: String,
    base: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    urls: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ca_file: Option<String>,
    needs_login: bool,
    method: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    variant: Option<String>,
    scheme: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    project: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    project_name: Option<String>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Secondary {
    name: String,
    title: String,
    required: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    secret: Option<Hidden>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    values: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fetched_at: Option<i64>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Ended {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    place: Option<Place>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    settings: Option<Settings>,
    grant: Grant,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    secondaries: Vec<Secondary>,
    at: i64,
    tries: u32,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Undo {
    format: String,
    name: String,
    place: String,
    is_key: bool,
    fingerprint: [u8; 16],
    refreshable: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    content: Option<Hidden>,
    taken_at: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    variables: BTreeMap<String, String>,
}

impl From<&record::Place> for Place {
    fn from(place: &record::Place) -> Self {
        let record::Place {
            provider,
            environment,
            base,
            urls,
            ca_file,
            needs_login,
            method,
            variant,
            scheme,
            project,
            project_name,
        } = place.clone();
        Self { provider, environment, base, urls, ca_file, needs_login, method, variant, scheme, project, project_name }
    }
}

impl From<Place> for record::Place {
    fn from(place: Place) -> Self {
        let Place {
            provider,
            environment,
            base,
            urls,
            ca_file,
            needs_login,
            method,
            variant,
            scheme,
            project,
            project_name,
        } = place;
        Self { provider, environment, base, urls, ca_file, needs_login, method, variant, scheme, project, project_name }
    }
}

impl From<&record::Secondary> for Secondary {
    fn from(secondary: &record::Secondary) -> Self {
        Self {
            name: secondary.name.clone(),
            title: secondary.title.clone(),
            required: secondary.required,
            // EXPOSE: it is written into the buffer that is sealed.
            secret: secondary.secret.as_ref().map(|secret| Hidden::new(secret.expose())),
            values: secondary.values.clone(),
            fetched_at: secondary.fetched_at,
        }
    }
}

impl From<Secondary> for record::Secondary {
    fn from(secondary: Secondary) -> Self {
        let Secondary { name, title, required, secret, values, fetched_at } = secondary;
        let secret = secret.map(|secret| Arc::new(ApiKey::new(secret.into_text())));
        Self { name, title, required, secret, values, fetched_at }
    }
}

impl From<&record::Ended> for Ended {
    fn from(ended: &record::Ended) -> Self {
        Self {
            place: ended.place.as_ref().map(Place::from),
            settings: ended.settings.as_ref().map(Settings::from),
            grant: Grant::from(&ended.grant),
            secondaries: ended.secondaries.iter().map(Secondary::from).collect(),
            at: ended.at,
            tries: ended.tries,
        }
    }
}

impl From<Ended> for record::Ended {
    fn from(ended: Ended) -> Self {
        Self {
            place: ended.place.map(Into::into),
            settings: ended.settings.map(Into::into),
            grant: ended.grant.into(),
            secondaries: ended.secondaries.into_iter().map(Into::into).collect(),
            at: ended.at,
            tries: ended.tries,
        }
    }
}

impl From<&record::Undo> for Undo {
    fn from(undo: &record::Undo) -> Self {
        let record::Undo { format, name, place, is_key, fingerprint, refreshable, content, taken_at, notes, variables } =
            undo.clone();
        // EXPOSE: it is written into the buffer that is sealed.
        let content = content.map(|content| Hidden::new(content.expose()));
        let fingerprint = fingerprint.0;
        Self { format, name, place, is_key, fingerprint, refreshable, content, taken_at, notes, variables }
    }
}

impl From<Undo> for record::Undo {
    fn from(undo: Undo) -> Self {
        let Undo { format, name, place, is_key, fingerprint, refreshable, content, taken_at, notes, variables } = undo;
        let content = content.map(|content| Arc::new(ApiKey::new(content.into_text())));
        let fingerprint = Fingerprint(fingerprint);
        Self { format, name, place, is_key, fingerprint, refreshable, content, taken_at, notes, variables }
    }
}
