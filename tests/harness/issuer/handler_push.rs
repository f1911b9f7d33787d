//! The endpoint for pushed authorization requests (RFC 9126 §2), and what a reference to one stands for (§4).

use super::{
    config::Pushed,
    request::{Answer, Call},
    state::World,
};
use serde_json::json;

/// Life of a reference, in seconds. It is told; it is used once.
const LIFE: u64 = 60;

/// A request that was pushed.
#[derive(Debug, Clone)]
pub(super) struct PushedRequest {
    client: String,
    parameters: Vec<(String, String)>,
}

pub(super) fn push(world: &mut World, call: &Call) -> Answer {
    if world.config.pushed == Pushed::Absent {
        return Answer::empty(404);
    }
    let client = match call.client(world) {
        Ok(client) => client,
        Err(refusal) => return refusal,
    };
    if call.get("request_uri").is_some() || call.get("client_id") != Some(&client) {
        return Answer::error(400, "invalid_request", Some("the request is not one to be pushed"));
    }
    let proof = ["client_secret", "client_assertion", "client_assertion_type"];
    let parameters = call.parameters.iter().filter(|(name, _)| !proof.contains(&name.as_str())).cloned().collect();
    let reference = format!("urn:ietf:params:oauth:request_uri:{}", world.mint.secret("par", 0));
    world.pushed.insert(reference.clone(), PushedRequest { client, parameters });
    Answer::json(201, json!({ "request_uri": reference, "expires_in": LIFE }))
}

/// The authorization request that a browser brought, with what its reference stands for; `None` when it may not come so.
pub(super) fn resolve(world: &mut World, call: &Call) -> Option<Call> {
    let Some(reference) = call.get("request_uri") else {
        return (world.config.pushed != Pushed::Required).then(|| call.clone());
    };
    let pushed = world.pushed.remove(reference)?;
    // What the browser carries besides is looked at by nobody, so a client that sends more has misunderstood.
    let only = call.parameters.iter().all(|(name, _)| name == "client_id" || name == "request_uri");
    let ours = call.get("client_id") == Some(&pushed.client);
    (only && ours).then(|| Call { parameters: pushed.parameters, ..call.clone() })
}
