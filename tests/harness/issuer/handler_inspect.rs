//! What is asked about tokens that exist: userinfo (OIDC Core §5.3), introspection (RFC 7662), revocation (RFC 7009).

use super::{
    config::ClientAuth,
    issue::SUBJECT,
    request::{Answer, Call},
    rules::Hint,
    state::World,
};
use serde_json::json;

pub(super) fn userinfo(world: &World, call: &Call) -> Answer {
    let refused = |challenge: &str| Answer {
        headers: vec![("www-authenticate", challenge.to_owned())],
        ..Answer::error(401, "invalid_token", None)
    };
    let Some(token) = call.bearer() else { return refused("Bearer") };
    match world.tokens.live(token, world.now()) {
        Some(live) => Answer::json(
            200,
            json!({ "sub": SUBJECT, "name": "Ada Example", "email": "ada@example.test", "scope": live.scope }),
        ),
        None => refused("Bearer error=\"invalid_token\""),
    }
}

/// Answers anybody who asks: it is the test's window, not a service for clients.
pub(super) fn introspection(world: &World, call: &Call) -> Answer {
    let token = call.get("token").unwrap_or_default();
    if let Some(live) = world.tokens.live(token, world.now()) {
        let expires = world.unix_now() + i64::try_from(live.left.as_secs()).unwrap_or(i64::MAX / 2);
        return Answer::json(
            200,
            json!({
                "active": true,
                "token_type": "Bearer",
                "client_id": live.client,
                "scope": live.scope,
                "aud": live.audience,
                "sub": SUBJECT,
                "exp": expires,
            }),
        );
    }
    match world.tokens.live_refresh(token) {
        Some(family) => {
            Answer::json(200, json!({ "active": true, "client_id": world.tokens.of(family).client, "sub": SUBJECT }))
        }
        None => Answer::json(200, json!({ "active": false })),
    }
}

pub(super) fn revocation(world: &mut World, call: &Call) -> Answer {
    let client = match call.client(world) {
        Ok(client) => client,
        Err(refusal) => return refusal,
    };
    let rules = world.config.revocation.clone();
    let public = |id: &str| {
        world.config.clients.iter().any(|client| client.id == id && matches!(client.auth, ClientAuth::Public))
    };
    if rules.refuses_public && public(&client) {
        return Answer::empty(401);
    }
    let token = call.get("token").unwrap_or_default();
    let hinted =
        |kind: &str| rules.trusts_hint == Hint::Ignored || call.get("token_type_hint").is_none_or(|hint| hint == kind);
    if let Some(family) = world.tokens.live_refresh(token).filter(|_| hinted("refresh_token")) {
        world.tokens.end_refresh(family);
        if rules.ends_access {
            world.tokens.end_access(family);
        }
        world.ledger.tally.revocations += 1;
    } else if world.tokens.live(token, world.now()).is_some() && hinted("access_token") {
        let family = world.tokens.end_one_access(token);
        if let Some(family) = family.filter(|_| rules.ends_refresh) {
            world.tokens.end_refresh(family);
        }
        world.ledger.tally.revocations += 1;
    }
    // RFC 7009 §2.2: a token that is not known is answered like one that was revoked.
    Answer::empty(200)
}
