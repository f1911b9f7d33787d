//! Version 1 of the disk form: JSON, then spaces up to a multiple of 256 bytes, so that a sealed record's length says
//! little about the secrets in it. Unknown members are passed over.
//!
//! Secrets are base64url text (RFC 4648 §5, unpadded): a JSON string with escapes would pass through a buffer of the
//! parser that is not wiped. For the same reason no enum here is internally tagged or untagged.

mod beside;
mod hidden;
mod registration;

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use self::beside::{Ended, Place, Secondary, Undo};
use self::hidden::Hidden;
use self::registration::Registration;
use super::{DecodeError, Record, RecordId};
use crate::secret::{AccessToken, ApiKey, ClientKey, ClientSecret, Fingerprint, RefreshToken, SigningKey};

const BLOCK: usize = 256;

#[derive(Serialize, Deserialize)]
struct Profile {
    id: u64,
    sequence: u64,
    name: String,
    flow: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    settings: Option<Settings>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    grant: Option<Grant>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    login_required: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    attempt: Option<Attempt>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    place: Option<Place>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    usable: Option<bool>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    secondaries: Vec<Secondary>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    unrevoked: Vec<Ended>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    undo: Option<Undo>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Settings {
    issuer: String,
    client_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client_secret: Option<Hidden>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client_key: Option<Hidden>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client_key_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    registration: Option<Registration>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    resources: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ca_file: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    redirect_port: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    redirect_uri: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    endpoints: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    auth_params: BTreeMap<String, String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Grant {
    Key(Key),
    Oauth(Box<Oauth>),
}

#[derive(Serialize, Deserialize)]
pub(super) struct Key {
    #[serde(rename = "key")]
    secret: Hidden,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<i64>,
    logged_in_at: i64,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    account: BTreeMap<String, String>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Oauth {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refresh_token: Option<Hidden>,
    access_token: Hidden,
    token_type: String,
    issued_at: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    life: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    requested_scope: Option<String>,
    logged_in_at: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refreshed_at: Option<i64>,
    generation: u64,
    authentication: String,
    token_endpoint: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    revocation_endpoint: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reach: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    userinfo_endpoint: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    account: BTreeMap<String, String>,
}

#[derive(Serialize, Deserialize)]
struct Attempt {
    presented: [u8; 16],
    first_at: i64,
    tries: u32,
}

/// The padded JSON of `record`.
pub(super) fn encode(record: &Record) -> Zeroizing<Vec<u8>> {
    const ALWAYS: &str = "strings, numbers and maps with string keys always become JSON";
    let profile = Profile::from(record);
    // Counted first and then written into its full size: growing would leave copies of the secrets behind.
    let mut count = Count(0);
    serde_json::to_writer(&mut count, &profile).expect(ALWAYS);
    let padded = count.0.next_multiple_of(BLOCK);
    let mut plain = Zeroizing::new(Vec::with_capacity(padded));
    serde_json::to_writer(&mut *plain, &profile).expect(ALWAYS);
    plain.resize(padded, b' ');
    plain
}

/// Reads what [`encode`] wrote. The parser's own message may quote the input, so it is dropped.
pub(super) fn decode(plain: &[u8]) -> Result<Record, DecodeError> {
    serde_json::from_slice::<Profile>(plain).map(Record::from).map_err(|_| DecodeError::Malformed)
}

struct Count(usize);

impl io::Write for Count {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl From<&Record> for Profile {
    fn from(record: &Record) -> Self {
        Self {
            id: record.id.0,
            sequence: record.sequence,
            name: record.name.clone(),
            flow: record.flow.clone(),
            settings: record.settings.as_ref().map(Settings::from),
            grant: record.grant.as_ref().map(Grant::from),
            login_required: record.login_required.clone(),
            attempt: record.attempt.as_ref().map(|attempt| Attempt {
                presented: attempt.presented.0,
                first_at: attempt.first_at,
                tries: attempt.tries,
            }),
            place: record.place.as_ref().map(Place::from),
            usable: record.usable,
            secondaries: record.secondaries.iter().map(Secondary::from).collect(),
            unrevoked: record.unrevoked.iter().map(Ended::from).collect(),
            undo: record.undo.as_ref().map(Undo::from),
        }
    }
}

impl From<Profile> for Record {
    fn from(profile: Profile) -> Self {
        Self {
            id: RecordId(profile.id),
            sequence: profile.sequence,
            name: profile.name,
            flow: profile.flow,
            settings: profile.settings.map(Into::into),
            grant: profile.grant.map(Into::into),
            login_required: profile.login_required,
            attempt: profile.attempt.map(|attempt| super::Attempt {
                presented: Fingerprint(attempt.presented),
                first_at: attempt.first_at,
                tries: attempt.tries,
            }),
            place: profile.place.map(Into::into),
            usable: profile.usable,
            secondaries: profile.secondaries.into_iter().map(Into::into).collect(),
            unrevoked: profile.unrevoked.into_iter().map(Into::into).collect(),
            undo: profile.undo.map(Into::into),
        }
    }
}

impl From<&super::Settings> for Settings {
    fn from(settings: &super::Settings) -> Self {
        Self {
            issuer: settings.issuer.clone(),
            client_id: settings.client_id.clone(),
            // EXPOSE: it is written into the buffer that is sealed.
            client_secret: settings.client_secret.as_ref().map(|secret| Hidden::new(secret.expose())),
            // EXPOSE: as above.
            client_key: settings.client_key.as_ref().map(|signing| Hidden::new(signing.key.expose())),
            client_key_id: settings.client_key.as_ref().and_then(|signing| signing.id.clone()),
            registration: settings.registration.as_ref().map(Registration::from),
            scope: settings.scope.clone(),
            resources: settings.resources.clone(),
            ca_file: settings.ca_file.clone(),
            redirect_port: settings.redirect_port,
            redirect_uri: settings.redirect_uri.clone(),
            endpoints: settings.endpoints.clone(),
            auth_params: settings.auth_params.clone(),
        }
    }
}

impl From<Settings> for super::Settings {
    fn from(settings: Settings) -> Self {
        Self {
            issuer: settings.issuer,
            client_id: settings.client_id,
            client_secret: settings.client_secret.map(|secret| Arc::new(ClientSecret::new(secret.into_text()))),
            client_key: settings
                .client_key
                .map(|key| SigningKey { key: Arc::new(ClientKey::new(key.into_text())), id: settings.client_key_id }),
            registration: settings.registration.map(Into::into),
            scope: settings.scope,
            resources: settings.resources,
            ca_file: settings.ca_file,
            redirect_port: settings.redirect_port,
            redirect_uri: settings.redirect_uri,
            endpoints: settings.endpoints,
            auth_params: settings.auth_params,
        }
    }
}

impl From<&super::Grant> for Grant {
    fn from(grant: &super::Grant) -> Self {
        match grant {
            super::Grant::Key { key, expires_at, logged_in_at, account } => Self::Key(Key {
                // EXPOSE: it is written into the buffer that is sealed.
                secret: Hidden::new(key.expose()),
                expires_at: *expires_at,
                logged_in_at: *logged_in_at,
                account: account.clone(),
            }),
            super::Grant::Oauth(oauth) => Self::Oauth(Box::new(Oauth::from(&**oauth))),
        }
    }
}

impl From<Grant> for super::Grant {
    fn from(grant: Grant) -> Self {
        match grant {
            Grant::Key(Key { secret, expires_at, logged_in_at, account }) => {
                Self::Key { key: Arc::new(ApiKey::new(secret.into_text())), expires_at, logged_in_at, account }
            }
            Grant::Oauth(oauth) => Self::Oauth(Box::new((*oauth).into())),
        }
    }
}

impl From<&super::Oauth> for Oauth {
    fn from(oauth: &super::Oauth) -> Self {
        Self {
            // EXPOSE: it is written into the buffer that is sealed.
            refresh_token: oauth.refresh_token.as_ref().map(|token| Hidden::new(token.expose())),
            // EXPOSE: as above.
            access_token: Hidden::new(oauth.access_token.expose()),
            token_type: oauth.token_type.clone(),
            issued_at: oauth.issued_at,
            life: oauth.life,
            scope: oauth.scope.clone(),
            requested_scope: oauth.requested_scope.clone(),
            logged_in_at: oauth.logged_in_at,
            refreshed_at: oauth.refreshed_at,
            generation: oauth.generation,
            authentication: oauth.authentication.clone(),
            token_endpoint: oauth.token_endpoint.clone(),
            revocation_endpoint: oauth.revocation_endpoint.clone(),
            reach: oauth.reach.clone(),
            userinfo_endpoint: oauth.userinfo_endpoint.clone(),
            account: oauth.account.clone(),
        }
    }
}

impl From<Oauth> for super::Oauth {
    fn from(oauth: Oauth) -> Self {
        Self {
            refresh_token: oauth.refresh_token.map(|token| Arc::new(RefreshToken::new(token.into_text()))),
            access_token: Arc::new(AccessToken::new(oauth.access_token.into_text())),
            token_type: oauth.token_type,
            issued_at: oauth.issued_at,
            life: oauth.life,
            scope: oauth.scope,
            requested_scope: oauth.requested_scope,
            logged_in_at: oauth.logged_in_at,
            refreshed_at: oauth.refreshed_at,
            generation: oauth.generation,
            authentication: oauth.authentication,
            token_endpoint: oauth.token_endpoint,
            revocation_endpoint: oauth.revocation_endpoint,
            reach: oauth.reach,
            userinfo_endpoint: oauth.userinfo_endpoint,
            account: oauth.account,
        }
    }
}
