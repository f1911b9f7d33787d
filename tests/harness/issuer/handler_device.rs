//! The device grant (RFC 8628): codes, the page's decision, polling.

use super::{
    Behaviour, Endpoint,
    handler_token::{first_refresh, has},
    issue::{Issue, respond},
    page,
    request::{Answer, Call},
    rules::UnknownCode,
    state::World,
};
use serde_json::json;
use std::time::Duration;

/// A login that waits for a person.
#[derive(Debug, Clone)]
pub(super) struct DeviceLogin {
    client: String,
    scope: String,
    audience: Vec<String>,
    user_code: String,
    created: Duration,
    expires: Duration,
    interval: Duration,
    polled: Option<Duration>,
    pub(super) decision: Decision,
}

/// What the person said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    Pending,
    Approved,
    Denied,
}

pub(super) fn device_authorization(world: &mut World, call: &Call) -> Answer {
    let client = match call.client(world) {
        Ok(client) => client,
        Err(refusal) => return refusal,
    };
    if world.config.looks.client_in_form && call.get("client_id").is_none() {
        return Answer::error(400, "invalid_request", Some("Missing required parameter: client_id"));
    }
    let rules = world.config.device.clone();
    let device_code = world.mint.secret("dc", 0);
    let mut user_code = world.mint.user_code();
    if !rules.dash {
        user_code.retain(|letter| letter != '-');
    }
    let now = world.now();
    let login = DeviceLogin {
        client,
        scope: call.get("scope").unwrap_or_default().to_owned(),
        audience: call.all("resource"),
        user_code: user_code.clone(),
        created: now,
        expires: now + rules.code_lifetime,
        interval: Duration::from_secs(rules.interval.unwrap_or(5)),
        polled: None,
        decision: Decision::Pending,
    };
    let page = world.url(Endpoint::Verification);
    let mut members = json!({
        "device_code": device_code,
        "user_code": user_code,
        "verification_uri": page,
        "expires_in": rules.code_lifetime.as_secs(),
    });
    if rules.complete_uri {
        members["verification_uri_complete"] = format!("{page}?{}={user_code}", rules.complete_parameter).into();
    }
    if let Some(interval) = rules.interval {
        members["interval"] = interval.into();
    }
    world.devices.insert(device_code, login);
    Answer::json(200, members)
}

/// One poll at the token endpoint (RFC 8628 §3.4 and §3.5).
pub(super) fn poll(world: &mut World, call: &Call, client: &str, plan: &[Behaviour]) -> Answer {
    let now = world.now();
    let rules = world.config.device.clone();
    let code = call.get("device_code").unwrap_or_default().to_owned();
    let Some(login) = world.devices.get_mut(&code).filter(|login| login.client == client) else {
        return match rules.unknown_code {
            UnknownCode::InvalidGrant => Answer::error(400, "invalid_grant", None),
            UnknownCode::AccessDenied => Answer::error(400, "access_denied", None),
            UnknownCode::NotFound => Answer::error(404, "device_not_found", None),
        };
    };
    if login.expires <= now {
        return Answer::error(400, "expired_token", None);
    }
    let early = login.polled.replace(now).is_some_and(|last| now < last + login.interval);
    if early {
        world.ledger.tally.early_polls += 1;
        if rules.slow_down {
            // RFC 8628 §3.5: five seconds more for this and all later polls.
            login.interval += Duration::from_secs(5);
            return Answer::error(400, "slow_down", None);
        }
    }
    let by_itself = rules.auto_approve.is_some_and(|after| now >= login.created + after);
    match login.decision {
        Decision::Denied => return Answer::error(400, "access_denied", Some("the person refused")),
        Decision::Pending if !by_itself => return Answer::error(400, "authorization_pending", None),
        Decision::Pending | Decision::Approved => {}
    }
    let login = login.clone();
    if !rules.redeemable_again {
        world.devices.remove(&code);
    }
    let family = world.tokens.family(login.client, login.scope.clone(), None);
    let refresh = first_refresh(world, &login.scope, true);
    let id_token = world.config.id_token.device && has(&login.scope, "openid");
    respond(world, Issue { family, scope: login.scope, audience: login.audience, refresh, id_token }, plan)
}

/// Decides about the login with this user code, written in any case and with or without the dash; false when none waits.
pub(super) fn decide(world: &mut World, user_code: &str, decision: Decision) -> bool {
    let plain = |code: &str| -> String {
        code.chars().filter(char::is_ascii_alphabetic).map(|letter| letter.to_ascii_uppercase()).collect()
    };
    let now = world.now();
    let wanted = plain(user_code);
    let waiting = world
        .devices
        .values_mut()
        .find(|login| plain(&login.user_code) == wanted && login.expires > now && login.decision == Decision::Pending);
    waiting.map(|login| login.decision = decision).is_some()
}

/// The page for people: a code to confirm, an Approve and a Deny button.
pub(super) fn verification(world: &mut World, call: &Call) -> Answer {
    let code = call.get("user_code").unwrap_or_default();
    let decision = match (call.method.as_str(), call.get("action")) {
        ("POST", Some("approve")) => Decision::Approved,
        ("POST", Some("deny")) => Decision::Denied,
        _ => return Answer::raw(200, page::HTML, page::ask(code)),
    };
    if decide(world, code, decision) {
        Answer::raw(200, page::HTML, page::decided(decision == Decision::Approved))
    } else {
        Answer::raw(404, page::HTML, page::unknown())
    }
}
