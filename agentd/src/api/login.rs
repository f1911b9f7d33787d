//! `login`: starts a login that the daemon runs.
//!
//! What the request leaves out is taken from the profile, if it exists; so `login NAME` repeats the last login.

mod at_issuer;
mod at_service;
pub(super) mod own_client;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use proto::login::{Flow as FlowWord, LoginRequest, LoginStarted};
use proto::problem::{Code, Problem};
use proto::secret::Secret;
use proto::timestamp::Timestamp;

use super::Api;
use super::json::Json;
use super::problem::{Failure, invalid};
use crate::flow::{Finished, Login, Step, Target};
use crate::notice::Kind;
use crate::secret::ApiKey;
use crate::vault::NewKey;

/// A login fails closed after this when the request does not say otherwise.
pub(super) const DEFAULT_MAX_WAIT: Duration = Duration::from_mins(5);
/// The longest a login may stay open: an approval that comes later is not the one that was asked for.
const LONGEST_MAX_WAIT: Duration = Duration::from_hours(1);
/// The longest wait between polls.
const LONGEST_POLL_INTERVAL: Duration = Duration::from_mins(1);
/// The longest key, in bytes.
const LONGEST_KEY: usize = 16 * 1024;

pub(super) async fn login(
    State(api): State<Api>,
    Json(request): Json<LoginRequest>,
) -> Result<Json<LoginStarted>, Failure> {
    let provider = api.provider_of_login(&request)?;
    if provider.is_none() && (request.flow == Some(FlowWord::Key) || request.key.is_some()) {
        return key(&api, request).await.map(Json);
    }
    let (switch, poll_interval) = (request.switch, request.poll_interval);
    let wish = request.max_wait.map(Duration::from_secs);
    let (profile, target) = if let Some(provider) = provider {
        api.login_at_service(provider, request).await?
    } else {
        let (profile, target) = api.login_at_issuer(request)?;
        (Some(profile), target)
    };
    let usual = if let Target::Service(at) = &target { at.max_wait() } else { None };
    let max_wait = wish.or(usual).unwrap_or(DEFAULT_MAX_WAIT).min(LONGEST_MAX_WAIT);
    let poll_interval = poll_interval.map(|wait| Duration::from_millis(wait).min(LONGEST_POLL_INTERVAL));
    let notice = profile.as_deref().map(Arc::from);
    let login = Login { profile, target, max_wait, switch, poll_interval };
    let (id, deadline) = api
        .logins
        .start(login)
        .map_err(|error| Failure(Problem::new(Code::Busy, error.to_string()).retry_after(10)))?;
    api.notices.post(Kind::LoginStarted, notice, None);
    Ok(Json(started(&id, deadline)))
}

fn started(id: &str, deadline: i64) -> LoginStarted {
    let id = proto::id::LoginId::parse(id).expect("login ids are base64url and start with a letter");
    LoginStarted { id, deadline: Timestamp::from_unix(deadline) }
}

/// A key of a service that nobody describes needs no service: it is kept at once.
async fn key(api: &Api, request: LoginRequest) -> Result<LoginStarted, Failure> {
    let name = request.profile.ok_or_else(|| invalid("a key needs the name of a profile"))?;
    let key = checked_key(request.key.as_ref())?.ok_or_else(|| invalid("there is no key in the request"))?;
    let expires_at = checked_expiry(api, request.expires_at)?;
    let snapshot = api.vault.adopt_key(name.as_str(), NewKey::bare(key, expires_at)).await;
    let mut warnings = Vec::new();
    if snapshot.unsaved {
        warnings.push("the key is not saved yet: the store cannot be written".to_owned());
    }
    if request.switch && api.vault.switch(name.as_str()).await.is_err() {
        warnings.push("the choice of the current profile could not be saved".to_owned());
    }
    let done = Step::Done(Finished { profile: name.to_string(), warnings });
    let (id, deadline) = api.logins.finished(done);
    Ok(started(&id, deadline))
}

/// A key that can be sent in a header.
fn checked_key(key: Option<&Secret>) -> Result<Option<ApiKey>, Failure> {
    // EXPOSE: it changes from the wire's type to the vault's.
    let Some(text) = key.map(Secret::expose) else { return Ok(None) };
    if text.is_empty() || text.len() > LONGEST_KEY {
        return Err(invalid(format!("the key is empty or longer than {LONGEST_KEY} bytes")));
    }
    if !text.bytes().all(|b| b.is_ascii_graphic() || b == b' ') {
        return Err(invalid("the key holds a character that cannot be sent in a header"));
    }
    Ok(Some(ApiKey::new(text.to_owned())))
}

fn checked_expiry(api: &Api, expires_at: Option<Timestamp>) -> Result<Option<i64>, Failure> {
    let expires_at = expires_at.map(Timestamp::unix);
    if expires_at.is_some_and(|at| at <= api.vault.clock().wall()) {
        return Err(invalid("the key's expiry lies in the past"));
    }
    Ok(expires_at)
}
