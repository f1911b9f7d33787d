//! Dynamic client registration (RFC 7591 §3) and its management (RFC 7592 §2).

use super::{
    Endpoint,
    config::{Client, ClientAuth, Redirects},
    request::{Answer, Call},
    state::World,
};
use serde_json::json;

pub(super) fn register(world: &mut World, call: &Call) -> Answer {
    let rules = world.config.registration.clone();
    if !rules.offered {
        return Answer::empty(404);
    }
    if rules.initial_token.is_some() && call.bearer() != rules.initial_token.as_deref() {
        return Answer::error(401, "invalid_token", None);
    }
    let has = |name: &str, word: &str| call.get(name).is_some_and(|all| all.split(' ').any(|one| one == word));
    let native =
        call.get("application_type") == Some("native") && call.get("token_endpoint_auth_method") == Some("none");
    if !native || !has("grant_types", "authorization_code") || !has("response_types", "code") {
        return Answer::error(400, "invalid_client_metadata", None);
    }
    if rules.refuses_scope && call.get("scope").is_some() {
        return Answer::error(400, "invalid_client_metadata", Some("scope"));
    }
    let id = format!("registered-{}", world.registered.len() + 1);
    let mut members = json!({ "client_id": id, "client_id_issued_at": world.unix_now() });
    for name in ["redirect_uris", "grant_types", "response_types"] {
        members[name] = call.get(name).unwrap_or_default().split(' ').collect::<Vec<_>>().into();
    }
    for name in ["client_name", "scope", "application_type"] {
        if let Some(text) = call.get(name) {
            members[name] = text.into();
        }
    }
    if let Some(scope) = rules.scope {
        members["scope"] = scope.into();
    }
    let auth = if let Some(expires_at) = rules.secret_expires_at {
        let secret = world.mint.secret("cs", 0);
        members["client_secret"] = secret.as_str().into();
        members["client_secret_expires_at"] = expires_at.into();
        members["token_endpoint_auth_method"] = "client_secret_post".into();
        ClientAuth::Post(secret)
    } else {
        members["token_endpoint_auth_method"] = "none".into();
        ClientAuth::Public
    };
    if rules.managed {
        let token = world.mint.secret("rat", 0);
        members["registration_access_token"] = token.as_str().into();
        let uri = world.url(Endpoint::ClientConfiguration);
        members["registration_client_uri"] = format!("{uri}?client_id={id}").into();
        world.registered.push((id.clone(), Some(token)));
    } else {
        world.registered.push((id.clone(), None));
    }
    world.config.clients.push(Client { id, auth, redirects: Redirects::AnyLoopbackPort });
    Answer::json(201, members)
}

/// Deletes a registration with all that was granted to it (RFC 7592 §2.3).
pub(super) fn configure(world: &mut World, call: &Call) -> Answer {
    let id = call.get("client_id").unwrap_or_default();
    let known = world.registered.iter().find(|(known, _)| known == id).and_then(|(_, token)| token.as_deref());
    if known.is_none() || call.bearer() != known || !world.config.clients.iter().any(|client| client.id == id) {
        return Answer::error(401, "invalid_token", None);
    }
    if call.method != "DELETE" {
        return Answer::empty(405);
    }
    forget(world, id);
    Answer::empty(204)
}

/// Deletes a client, as an administrator would.
pub(super) fn forget(world: &mut World, id: &str) {
    world.config.clients.retain(|client| client.id != id);
    world.tokens.end_client(id);
}
