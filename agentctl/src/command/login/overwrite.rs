//! Asks before a login takes the place of another one.

use proto::login::{Flow, LoginRequest};
use proto::profile::{AuthType, Profile, ProfileState};
use proto::provider::Method;

use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::prompt;

/// Makes sure that the person wants to lose what the profile holds, if anything is lost.
pub(super) fn confirm(
    invocation: &Invocation,
    yes: bool,
    known: Option<&Profile>,
    request: &LoginRequest,
) -> Result<(), Failure> {
    let Some(known) = known.filter(|known| !yes && replaces(known, request)) else { return Ok(()) };
    let name = &known.name;
    if !invocation.can_ask() {
        return Err(Failure::usage(format!("the profile {name} holds another login, and nobody can be asked"))
            .hint("`--yes` replaces it, `--profile NAME` makes another profile"));
    }
    prompt::confirm(invocation, false, &format!("The profile {name} holds another login. Replace it?"))
}

/// Whether the profile holds something that the login takes the place of, rather than renews.
fn replaces(known: &Profile, request: &LoginRequest) -> bool {
    let holds = !matches!(known.state, ProfileState::LoggedOut | ProfileState::LoginRequired);
    // An environment that needs no login leaves nothing to lose.
    if !holds || known.auth_type == AuthType::None {
        return false;
    }
    let by_key = request.flow == Some(Flow::Key) || request.method == Some(Method::ApiKey);
    let key = by_key && known.auth_type == AuthType::ApiKey;
    let provider = request.provider.is_some() && request.provider != known.provider;
    let plain = request.provider.is_none() && known.provider.is_some();
    let issuer = request.issuer.is_some() && request.issuer != known.issuer;
    let method = match (request.method, known.method) {
        (Some(wanted), Some(last)) => wanted != last,
        _ => by_key != (known.auth_type == AuthType::ApiKey) && (by_key || request.issuer.is_some()),
    };
    let environment = request.environment.as_deref().is_some_and(|wanted| elsewhere(known, wanted));
    key || provider || plain || issuer || method || environment
}

/// Whether `wanted`, a name or a URL, is another deployment than the profile's.
fn elsewhere(known: &Profile, wanted: &str) -> bool {
    let plain = |text: &str| text.trim_end_matches('/').to_owned();
    let is = |place: &Option<String>| place.as_deref().is_some_and(|place| plain(place) == plain(wanted));
    !is(&known.environment) && !is(&known.url)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::id::ProviderName;
    use serde_json::json;

    fn known(auth_type: &str, state: &str, method: Option<&str>) -> Profile {
        let mut json = json!({"name": "w", "current": true, "auth_type": auth_type, "state": state, "flow": "device",
            "source": "file", "refresh": {"possible": true}});
        if let Some(method) = method {
            json["provider"] = json!("baseten");
            json["environment"] = json!("production");
            json["url"] = json!("https://app.baseten.co");
            json["method"] = json!(method);
        } else {
            json["issuer"] = json!("https://issuer");
        }
        serde_json::from_value(json).expect("it is a profile")
    }

    fn at(provider: &str, method: Method, environment: Option<&str>) -> LoginRequest {
        LoginRequest {
            provider: ProviderName::parse(provider).ok(),
            method: Some(method),
            environment: environment.map(str::to_owned),
            ..LoginRequest::default()
        }
    }

    #[test]
    fn the_same_login_again_replaces_nothing() {
        let device = known("oauth", "usable", Some("device"));
        for environment in [None, Some("production"), Some("https://app.baseten.co/")] {
            assert!(!replaces(&device, &at("baseten", Method::Device, environment)), "{environment:?}");
        }
        let issuer = LoginRequest { issuer: Some("https://issuer".to_owned()), ..LoginRequest::default() };
        assert!(!replaces(&known("oauth", "usable", None), &issuer));
        assert!(!replaces(&known("oauth", "usable", None), &LoginRequest::default()));
    }

    #[test]
    fn another_service_deployment_or_method_and_any_key_replaces() {
        let device = known("oauth", "usable", Some("device"));
        assert!(replaces(&device, &at("tank", Method::Device, None)));
        assert!(replaces(&device, &at("baseten", Method::Device, Some("staging"))));
        assert!(replaces(&device, &at("baseten", Method::ApiKey, None)));
        assert!(replaces(&known("api_key", "usable", Some("api-key")), &at("baseten", Method::ApiKey, None)));
        let other = LoginRequest { issuer: Some("https://other".to_owned()), ..LoginRequest::default() };
        assert!(replaces(&known("oauth", "refreshable", None), &other));
        let key = LoginRequest { flow: Some(Flow::Key), ..LoginRequest::default() };
        assert!(replaces(&known("oauth", "usable", None), &key) && replaces(&known("api_key", "usable", None), &key));
    }

    #[test]
    fn what_is_of_no_more_use_is_not_worth_a_question() {
        for state in ["logged-out", "login-required"] {
            assert!(!replaces(&known("oauth", state, Some("device")), &at("tank", Method::ApiKey, None)), "{state}");
        }
    }
}
