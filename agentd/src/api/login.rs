//! `login`: starts a login that the daemon runs.
//!
//! What the request leaves out is taken from the profile, if it exists; so `login NAME` repeats the last login.

mod at_issuer;
mod at_service;
mod client_key;
pub(super) mod own_client;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use proto::id::LoginId;
use proto::login::{Flow as FlowWord, LoginRequest, LoginStarted};
use proto::secret::Secret;
use proto::timestamp::Timestamp;
use sha2::{Digest as _, Sha256};

use super::Api;
use super::json::Json;
use super::problem::{Failure, invalid};
use crate::flow::{Finished, Login, Purpose, Started, Step, StepUp, Target};
use crate::notice::Kind;
use crate::secret::ApiKey;
use crate::vault::NewKey;

/// A login fails closed after this when the request does not say otherwise.
pub(super) const DEFAULT_MAX_WAIT: Duration = Duration::from_mins(5);
/// The longest a login may stay open: an approval that comes later is not the one that was asked for.
const LONGEST_MAX_WAIT: Duration = Duration::from_hours(1);
/// The longest wait between polls.
const LONGEST_POLL_INTERVAL: Duration = Duration::from_mins(1);
/// The longest text about how to authenticate, in bytes.
const LONGEST_TEXT: usize = 1024;
/// The longest key, in bytes.
const LONGEST_KEY: usize = 16 * 1024;

pub(super) async fn login(
    State(api): State<Api>,
    Json(mut request): Json<LoginRequest>,
) -> Result<Json<LoginStarted>, Failure> {
    let asked = digest(&mut request);
    let provider = api.provider_of_login(&request)?;
    if provider.is_none() && (request.flow == Some(FlowWord::Key) || request.key.is_some()) {
        return key(&api, request).await.map(Json);
    }
    let (switch, poll_interval) = (request.switch, request.poll_interval);
    let step_up = step_up(&request)?;
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
    let login = Login { profile, target, max_wait, switch, poll_interval, asked, step_up };
    let begun = api.logins.start(login)?;
    if !begun.joined {
        api.notices.post(Kind::LoginStarted, notice, None);
    }
    Ok(Json(started(&begun)))
}

fn started(begun: &Started) -> LoginStarted {
    LoginStarted { id: id(&begun.id), deadline: Timestamp::from_unix(begun.deadline), joined: begun.joined }
}

/// A login's id as the wire's type.
pub(super) fn id(id: &str) -> LoginId {
    LoginId::parse(id).expect("login ids are base64url and start with a letter")
}

/// What makes two requests the same. From where the person sees the login, and how long it may take, does not.
fn digest(request: &mut LoginRequest) -> [u8; 32] {
    let seat = (request.browser, request.max_wait.take(), request.poll_interval.take());
    request.browser = false;
    let mut digest = Hashed(Sha256::new());
    serde_json::to_writer(&mut digest, request).expect("a request is plain data, and a digest takes all of it");
    (request.browser, request.max_wait, request.poll_interval) = seat;
    digest.0.finalize().into()
}

/// Takes in what is written, which may hold a key, and keeps nothing of it.
struct Hashed(Sha256);

impl std::io::Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A key of a service that nobody describes needs no service: it is kept at once.
async fn key(api: &Api, request: LoginRequest) -> Result<LoginStarted, Failure> {
    let name = request.profile.ok_or_else(|| invalid("a key needs the name of a profile"))?;
    let key = checked_key(request.key.as_ref())?.ok_or_else(|| invalid("there is no key in the request"))?;
    let expires_at = checked_expiry(api, request.expires_at)?;
    api.logins.free(name.as_str())?;
    let snapshot = api.vault.adopt_key(name.as_str(), NewKey::bare(key, expires_at)).await;
    let mut warnings = Vec::new();
    if snapshot.unsaved {
        warnings.push("the key is not saved yet: the store cannot be written".to_owned());
    }
    if request.switch && api.vault.switch(name.as_str()).await.is_err() {
        warnings.push("the choice of the current profile could not be saved".to_owned());
    }
    let done = Step::Done(Finished { profile: name.to_string(), warnings });
    let purpose = Purpose { profile: Some(name.to_string()), service: String::new(), client_id: None, scope: None };
    Ok(started(&api.logins.finished(purpose, done)))
}

/// How the person is to be authenticated. What is asked for here has no second word for it beside.
fn step_up(request: &LoginRequest) -> Result<StepUp, Failure> {
    let LoginRequest { acr_values, login_hint, max_age, prompt, .. } = request;
    let step_up = StepUp {
        acr_values: acr_values.clone(),
        login_hint: login_hint.clone(),
        max_age: *max_age,
        prompt: prompt.clone(),
    };
    let texts = [("acr_values", acr_values), ("login_hint", login_hint), ("prompt", prompt)];
    for (what, text) in texts.into_iter().filter_map(|(what, text)| Some((what, text.as_deref()?))) {
        if text.is_empty() || text.len() > LONGEST_TEXT || text.chars().any(char::is_control) {
            return Err(invalid(format!(
                "`{what}` is empty, longer than {LONGEST_TEXT} bytes, or holds control characters"
            )));
        }
    }
    Ok(step_up)
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
