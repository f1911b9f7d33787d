//! Makes the answer of the token endpoint: access token, refresh token where the rules give one, ID token
//! (RFC 6749 §5.1, OIDC Core §2).

use super::{
    Behaviour,
    behaviour::ExpiresIn,
    config::{Iss, Rotation},
    request::Answer,
    state::World,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use std::time::Duration;

/// The account behind every login.
pub(super) const SUBJECT: &str = "user-1";

/// What goes into one token response.
pub(super) struct Issue {
    pub(super) family: usize,
    pub(super) scope: String,
    pub(super) audience: Vec<String>,
    pub(super) refresh: RefreshPart,
    pub(super) id_token: bool,
}

/// What a token response says of the refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RefreshPart {
    /// Nothing.
    Absent,
    /// The first one of the login.
    First,
    /// The newest one, again.
    Newest,
    /// A successor.
    Successor,
}

impl RefreshPart {
    /// What a refresh grant answers under these rules.
    pub(super) fn after_use(rotation: Rotation) -> Self {
        match rotation {
            Rotation::Absent => Self::Absent,
            Rotation::Repeated => Self::Newest,
            Rotation::On | Rotation::Window(_) => Self::Successor,
        }
    }
}

/// Issues the tokens and writes the response.
pub(super) fn respond(world: &mut World, issue: Issue, plan: &[Behaviour]) -> Answer {
    let length = world.config.token_length;
    let access = world.mint.secret("at", length);
    let ttl = world.config.access_token_ttl;
    let now = world.now();
    let mut members = json!({ "access_token": access, "token_type": "Bearer", "scope": issue.scope });
    world.tokens.add_access(issue.family, access, issue.scope, issue.audience, now + ttl);
    let refresh = match issue.refresh {
        RefreshPart::Absent => None,
        RefreshPart::Newest => world.tokens.newest(issue.family),
        RefreshPart::First => {
            let value = world.mint.secret("rt", length);
            world.tokens.first_refresh(issue.family, &value);
            Some(value)
        }
        RefreshPart::Successor => {
            let value = world.mint.secret("rt", length);
            world.tokens.rotate(issue.family, &value, now);
            world.ledger.tally.rotations += 1;
            Some(value)
        }
    };
    if let Some(value) = refresh {
        members["refresh_token"] = value.into();
    }
    if issue.id_token {
        members["id_token"] = id_token(world, issue.family).into();
    }
    members["expires_in"] = ttl.as_secs().into();
    for behaviour in plan {
        distort(&mut members, behaviour, ttl);
    }
    Answer { rotated: issue.refresh == RefreshPart::Successor, ..Answer::json(200, members) }
}

/// A token that looks like a JWT. Nobody can check its signature, which is a canary.
fn id_token(world: &mut World, family: usize) -> String {
    let now = world.unix_now();
    let family = world.tokens.of(family);
    let mut claims = json!({
        "iss": world.issuer,
        "aud": family.client,
        "sub": SUBJECT,
        "iat": now,
        "exp": now + 3600,
        "name": "Ada Example",
        "email": "ada@example.test",
    });
    if let Some(nonce) = &family.nonce {
        claims["nonce"] = nonce.clone().into();
    }
    for (name, value) in &world.config.id_token.claims {
        match value {
            Value::Null => drop(claims.as_object_mut().and_then(|members| members.remove(name))),
            value => claims[name] = value.clone(),
        }
    }
    let mut header = json!({ "alg": "RS256", "typ": "JWT", "kid": "none" });
    for (name, value) in &world.config.id_token.header {
        header[name] = value.clone();
    }
    let header = URL_SAFE_NO_PAD.encode(header.to_string());
    let token = format!("{header}.{}.{}", URL_SAFE_NO_PAD.encode(claims.to_string()), world.mint.secret("id", 0));
    world.mint.remember(&token);
    token
}

/// Changes what the response claims, not what is true.
fn distort(members: &mut Value, behaviour: &Behaviour, ttl: Duration) {
    let seconds = ttl.as_secs();
    match behaviour {
        Behaviour::ExpiresIn(ExpiresIn::Text) => members["expires_in"] = seconds.to_string().into(),
        Behaviour::ExpiresIn(ExpiresIn::Zero) => members["expires_in"] = 0.into(),
        Behaviour::ExpiresIn(ExpiresIn::Negative) => members["expires_in"] = (-1).into(),
        Behaviour::ExpiresIn(ExpiresIn::Huge) => members["expires_in"] = 1_000_000_000_000_000_000_u64.into(),
        Behaviour::ExpiresIn(ExpiresIn::Absent) => remove(members, "expires_in"),
        Behaviour::ExpiresIn(ExpiresIn::Float) => members["expires_in"] = (ttl.as_secs_f64() + 0.5).into(),
        Behaviour::ExpiresIn(ExpiresIn::Value(other)) => members["expires_in"] = (*other).into(),
        Behaviour::WidenScope => {
            members["scope"] = format!("{} admin", members["scope"].as_str().unwrap_or_default()).into();
        }
        Behaviour::NarrowScope => {
            members["scope"] = members["scope"].as_str().and_then(|all| all.split(' ').next()).into();
        }
        Behaviour::OmitScope => remove(members, "scope"),
        Behaviour::TokenType(other) => members["token_type"] = other.clone().into(),
        Behaviour::ExtraFields => {
            members["ext_expires_in"] = 7200.into();
            members["not_before_policy"] = 0.into();
            members["account"] = json!({ "id": [1, 2, { "deep": null }] });
        }
        _ => {}
    }
}

fn remove(members: &mut Value, name: &str) {
    if let Some(members) = members.as_object_mut() {
        members.remove(name);
    }
}

/// The `iss` parameter of an authorization response.
pub(super) fn iss_parameter(world: &World) -> Option<String> {
    match &world.config.iss_parameter {
        Iss::Absent => None,
        Iss::Correct | Iss::Unannounced => Some(world.issuer.clone()),
        Iss::Other(text) => Some(text.clone()),
    }
}
