//! The token endpoint: authorization-code, device-code and refresh grants (RFC 6749 §4.1.3 and §6, RFC 8628 §3.4), and to
//! whom the others belong.

use super::{
    Behaviour,
    config::Offline,
    handler_device, handler_exchange,
    issue::{Issue, RefreshPart, respond},
    request::{Answer, Call},
    rules::{Narrow, Refusal},
    state::World,
    token::Worth,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

/// The grant type of RFC 8693.
const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

/// The grant type of RFC 8628.
const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";

pub(super) fn token(world: &mut World, call: &Call, plan: &[Behaviour]) -> Answer {
    let client = match call.client(world) {
        Ok(client) => client,
        Err(refusal) => return refusal,
    };
    match call.get("grant_type") {
        Some("authorization_code") => code_grant(world, call, &client, plan),
        Some("refresh_token") => refresh_grant(world, call, &client, plan),
        Some(DEVICE_CODE) => handler_device::poll(world, call, &client, plan),
        Some(TOKEN_EXCHANGE) => handler_exchange::exchange(world, call, &client, plan),
        Some("client_credentials") => handler_exchange::client_credentials(world, call, &client, plan),
        Some(_) => Answer::error(400, "unsupported_grant_type", None),
        None => Answer::error(400, "invalid_request", Some("grant_type is missing")),
    }
}

fn code_grant(world: &mut World, call: &Call, client: &str, plan: &[Behaviour]) -> Answer {
    let refused = |text| Answer::error(400, "invalid_grant", Some(text));
    let Some(code) = call.get("code").and_then(|code| world.codes.get_mut(code)) else {
        return refused("unknown code");
    };
    if let Some(family) = code.redeemed {
        // A code that comes twice ends what it gave (RFC 6749 §4.1.2).
        world.tokens.end(family);
        return refused("code was used before");
    }
    let challenge =
        call.get("code_verifier").map(|verifier| URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes())));
    if code.client != client || call.get("redirect_uri") != Some(code.redirect_uri.as_str()) {
        return refused("code was issued to another client or address");
    }
    if challenge.as_deref() != Some(code.challenge.as_str()) {
        return refused("code_verifier does not match");
    }
    let code = code.clone();
    let family = world.tokens.family(code.client, code.scope.clone(), code.nonce);
    if let Some(entry) = call.get("code").and_then(|code| world.codes.get_mut(code)) {
        entry.redeemed = Some(family);
    }
    let refresh = first_refresh(world, &code.scope, code.consent);
    let id_token = world.config.id_token.code && has(&code.scope, "openid");
    let audience = if code.audience.is_empty() { call.all("resource") } else { code.audience };
    respond(world, Issue { family, scope: code.scope, audience, refresh, id_token }, plan)
}

/// Whether a login of this scope receives a refresh token; `consent` is what a browser login needs besides.
pub(super) fn first_refresh(world: &World, scope: &str, consent: bool) -> RefreshPart {
    let given = match world.config.offline {
        Offline::Always if world.config.looks.asks_for_offline => consent,
        Offline::Always => true,
        Offline::WithScope => has(scope, "offline_access"),
        Offline::WithScopeAndConsent => has(scope, "offline_access") && consent,
        Offline::Never => false,
    };
    if given { RefreshPart::First } else { RefreshPart::Absent }
}

pub(super) fn has(scope: &str, word: &str) -> bool {
    scope.split(' ').any(|one| one == word)
}

fn refresh_grant(world: &mut World, call: &Call, client: &str, plan: &[Behaviour]) -> Answer {
    let Some(presented) = call.get("refresh_token") else {
        return Answer::error(400, "invalid_request", Some("refresh_token is missing"));
    };
    let now = world.now();
    let worth = world.tokens.present(presented, client, &world.config, now, &mut world.ledger.tally);
    let (family, mut refresh) = match worth {
        Worth::Newest(family) => (family, RefreshPart::after_use(world.config.rotation)),
        Worth::Preceding(family) => (family, RefreshPart::Newest),
        Worth::Refused => return refusal(world.config.refresh.refusal),
    };
    if plan.iter().any(|behaviour| matches!(behaviour, Behaviour::OmitRefreshToken)) {
        refresh = RefreshPart::Absent;
    }
    let granted = world.tokens.of(family).scope.clone();
    let mut scope = granted.clone();
    if let Some(wanted) = call.get("scope") {
        if !wanted.split(' ').all(|word| has(&granted, word)) {
            return Answer::error(400, "invalid_scope", None);
        }
        let narrower = granted.split(' ').any(|word| !has(wanted, word));
        match world.config.refresh.narrow {
            Narrow::Ignored => {}
            Narrow::EndsLogin if narrower => {
                world.tokens.end_refresh(family);
                (scope, refresh) = (wanted.to_owned(), RefreshPart::Absent);
            }
            Narrow::Honoured | Narrow::EndsLogin => wanted.clone_into(&mut scope),
        }
    }
    if world.config.refresh.ends_old_access_token {
        world.tokens.end_access(family);
    }
    let id_token = world.config.id_token.refresh && has(&scope, "openid");
    respond(world, Issue { family, scope, audience: call.all("resource"), refresh, id_token }, plan)
}

fn refusal(kind: Refusal) -> Answer {
    match kind {
        Refusal::InvalidGrant => Answer::error(400, "invalid_grant", Some("refresh token is not valid")),
        Refusal::Empty400 => Answer::empty(400),
        Refusal::InvalidRequest => Answer::error(400, "invalid_request", Some("Refresh token inactive")),
    }
}
