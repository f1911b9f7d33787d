//! Grants without a person: token exchange (RFC 8693 §2) and client credentials (RFC 6749 §4.4).

use super::{
    Behaviour,
    config::ClientAuth,
    handler_token::has,
    issue::{Issue, RefreshPart, respond},
    request::{Answer, Call, Content},
    state::World,
};

/// The token type of an access token (RFC 8693 §3).
pub(super) const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

pub(super) fn exchange(world: &mut World, call: &Call, client: &str, plan: &[Behaviour]) -> Answer {
    let rules = world.config.exchange.clone();
    if !rules.offered {
        return Answer::error(400, "unsupported_grant_type", None);
    }
    let access = |name: &str| call.get(name) == Some(ACCESS_TOKEN);
    if !access("subject_token_type") || !access("requested_token_type") {
        return Answer::error(400, "invalid_request", Some("token types"));
    }
    let subject = call.get("subject_token").unwrap_or_default();
    let Some(live) = world.tokens.live(subject, world.now()) else {
        return Answer::error(400, "invalid_request", Some("subject_token is not valid"));
    };
    if live.client != client {
        return Answer::error(400, "invalid_request", Some("subject_token is another client's"));
    }
    let wanted = call.get("scope").unwrap_or(&live.scope).to_owned();
    if !wanted.split(' ').all(|word| has(&live.scope, word)) {
        return Answer::error(400, "invalid_scope", None);
    }
    let audience: Vec<String> = [call.all("audience"), call.all("resource")].concat();
    if audience.iter().any(|one| rules.refused.contains(one)) {
        return Answer::error(400, "invalid_target", None);
    }
    let family = world.tokens.family_of_access(subject).expect("a live token has a family");
    let issue = Issue { family, scope: wanted, audience, refresh: RefreshPart::Absent, id_token: false };
    let ttl = std::mem::replace(&mut world.config.access_token_ttl, rules.ttl);
    let mut answer = respond(world, issue, plan);
    world.config.access_token_ttl = ttl;
    if let Content::Json(members) = &mut answer.body {
        members.entry("issued_token_type").or_insert_with(|| ACCESS_TOKEN.into());
    }
    answer
}

pub(super) fn client_credentials(world: &mut World, call: &Call, client: &str, plan: &[Behaviour]) -> Answer {
    let public = |one: &super::Client| one.id == client && matches!(one.auth, ClientAuth::Public);
    if world.config.clients.iter().any(public) {
        return Answer::error(400, "unauthorized_client", None);
    }
    let scope = call.get("scope").unwrap_or_default().to_owned();
    let family = world.tokens.family(client.to_owned(), scope.clone(), None);
    let audience = [call.all("audience"), call.all("resource")].concat();
    respond(world, Issue { family, scope, audience, refresh: RefreshPart::Absent, id_token: false }, plan)
}
