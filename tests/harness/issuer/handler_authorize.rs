//! The authorization endpoint (RFC 6749 §4.1.1, PKCE by RFC 7636, `iss` by RFC 9207).
//!
//! There is no page to look at: a valid request is approved at once, unless the browser brings the cookie `decision=deny`
//! or the script has a [`Behaviour::OAuthError`].

use super::{
    Behaviour, Endpoint,
    config::Redirects,
    handler_push,
    issue::iss_parameter,
    request::{Answer, Call},
    state::World,
};
use url::{Host, Url};

/// An authorization code that was handed out.
#[derive(Debug, Clone)]
pub(super) struct Code {
    pub(super) client: String,
    pub(super) redirect_uri: String,
    pub(super) challenge: String,
    pub(super) scope: String,
    pub(super) nonce: Option<String>,
    pub(super) audience: Vec<String>,
    /// The request had `prompt=consent`.
    pub(super) consent: bool,
    /// The family it gave.
    pub(super) redeemed: Option<usize>,
}

pub(super) fn authorize(world: &mut World, call: &Call, plan: &[Behaviour]) -> Answer {
    let page = |text: &str| Answer::raw(400, "text/html", format!("<p>{text}</p>"));
    let Some(call) = &handler_push::resolve(world, call) else { return page("the request is not known here") };
    let Some(client) = world.config.clients.iter().find(|client| Some(client.id.as_str()) == call.get("client_id"))
    else {
        return page("unknown client");
    };
    let redirect_uri = match (call.get("redirect_uri"), &client.redirects) {
        (Some(uri), Redirects::Exactly(known)) if known.iter().any(|one| one == uri) => uri,
        (_, Redirects::Exactly(_)) => return Answer::empty(403),
        (Some(uri), Redirects::AnyLoopbackPort) if is_loopback_callback(uri) => uri,
        _ => return page("redirect_uri is not registered"),
    };
    let Ok(mut target) = Url::parse(redirect_uri) else { return page("redirect_uri is no address") };
    let mut parameters = match outcome(call, plan) {
        Ok(challenge) => {
            let code = Code {
                client: client.id.clone(),
                redirect_uri: redirect_uri.to_owned(),
                challenge,
                scope: call.get("scope").unwrap_or_default().to_owned(),
                nonce: call.get("nonce").map(str::to_owned),
                audience: call.all("resource"),
                consent: offline(world, call)
                    && call.get("prompt").is_some_and(|prompt| prompt.split(' ').any(|one| one == "consent")),
                redeemed: None,
            };
            let value = world.mint.secret("code", 0);
            world.codes.insert(value.clone(), code);
            vec![("code".to_owned(), value)]
        }
        Err((error, description)) => {
            let mut parameters = vec![("error".to_owned(), error)];
            parameters.extend(description.map(|text| ("error_description".to_owned(), text)));
            parameters
        }
    };
    parameters.extend(call.get("state").map(|state| ("state".to_owned(), state.to_owned())));
    parameters.extend(iss_parameter(world).map(|issuer| ("iss".to_owned(), issuer)));
    for behaviour in plan {
        if let Behaviour::RedirectParameter { name, value } = behaviour {
            parameters.retain(|(key, _)| key != name);
            parameters.extend(value.clone().map(|value| (name.clone(), value)));
        }
    }
    target.query_pairs_mut().extend_pairs(parameters);
    Answer::redirect(302, target.into())
}

/// The code challenge of a request that is to be approved, else the error and its description.
fn outcome(call: &Call, plan: &[Behaviour]) -> Result<String, (String, Option<String>)> {
    for behaviour in plan {
        if let Behaviour::OAuthError { code, description } = behaviour {
            return Err((code.clone(), description.clone()));
        }
    }
    if call.refused {
        return Err(("access_denied".to_owned(), Some("the person refused".to_owned())));
    }
    if call.get("response_type") != Some("code") {
        return Err(("unsupported_response_type".to_owned(), None));
    }
    match (call.get("code_challenge_method"), call.get("code_challenge")) {
        (Some("S256"), Some(challenge)) => Ok(challenge.to_owned()),
        _ => Err((
            "invalid_request".to_owned(),
            Some(format!("{} needs PKCE with S256", Endpoint::Authorization.name())),
        )),
    }
}

/// Whether the request says that the person will be away, where it has to.
fn offline(world: &World, call: &Call) -> bool {
    !world.config.looks.asks_for_offline || call.get("access_type") == Some("offline")
}

fn is_loopback_callback(uri: &str) -> bool {
    Url::parse(uri).is_ok_and(|url| {
        let loopback = match url.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            Some(Host::Domain(name)) => name == "localhost",
            _ => false,
        };
        loopback && url.scheme() == "http" && url.path() == "/callback" && url.query().is_none()
    })
}
