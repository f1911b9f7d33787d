//! The two discovery documents (OIDC Discovery §3, RFC 8414 §2).

use super::{
    Endpoint,
    config::{ClientAuth, Iss, Offline, Published, Pushed},
    request::Answer,
    state::World,
};
use serde_json::{Value, json};

const NAMED: [(Endpoint, &str); 7] = [
    (Endpoint::Authorization, "authorization_endpoint"),
    (Endpoint::DeviceAuthorization, "device_authorization_endpoint"),
    (Endpoint::Token, "token_endpoint"),
    (Endpoint::Userinfo, "userinfo_endpoint"),
    (Endpoint::Introspection, "introspection_endpoint"),
    (Endpoint::Revocation, "revocation_endpoint"),
    (Endpoint::Jwks, "jwks_uri"),
];

/// The document of this endpoint, or 404 when it is turned off.
pub(super) fn metadata(world: &World, document: Endpoint) -> Answer {
    let discovery = &world.config.discovery;
    let openid = document == Endpoint::OpenidConfiguration;
    if !(if openid { discovery.openid_configuration } else { discovery.oauth_metadata }) {
        return Answer::empty(404);
    }
    let mut scopes = vec!["openid", "profile", "email"];
    if matches!(world.config.offline, Offline::WithScope | Offline::WithScopeAndConsent) {
        scopes.push("offline_access");
    }
    let mut members = json!({
        "issuer": world.issuer,
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": scopes,
        "grant_types_supported":
            ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"],
        // Real servers list `plain` too, and first.
        "code_challenge_methods_supported": ["plain", "S256"],
        "token_endpoint_auth_methods_supported": auth_methods(world),
    });
    if world.config.iss_parameter == Iss::Correct {
        members["authorization_response_iss_parameter_supported"] = true.into();
    }
    if world.config.pushed != Pushed::Absent {
        members["pushed_authorization_request_endpoint"] = world.url(Endpoint::PushedAuthorization).into();
        members["require_pushed_authorization_requests"] = (world.config.pushed == Pushed::Required).into();
    }
    if world.config.registration.offered {
        members["registration_endpoint"] = world.url(Endpoint::Registration).into();
    }
    for (endpoint, name) in NAMED {
        let published = discovery.published.get(&endpoint).copied().unwrap_or(Published::Both);
        let here = match published {
            Published::Both => true,
            Published::OpenidOnly => openid,
            Published::OauthOnly => !openid,
            Published::Nowhere => false,
        };
        if here {
            members[name] = world.url(endpoint).into();
        }
    }
    for (name, value) in &discovery.overrides {
        match value {
            Value::Null => drop(members.as_object_mut().and_then(|members| members.remove(name))),
            value => members[name] = value.clone(),
        }
    }
    Answer::json(200, members)
}

fn auth_methods(world: &World) -> Vec<&'static str> {
    let mut methods: Vec<_> = world
        .config
        .clients
        .iter()
        .map(|client| match client.auth {
            ClientAuth::Public => "none",
            ClientAuth::Basic(_) => "client_secret_basic",
            ClientAuth::Post(_) => "client_secret_post",
            ClientAuth::PrivateKeyJwt { .. } => "private_key_jwt",
        })
        .collect();
    methods.sort_unstable();
    methods.dedup();
    methods
}
