//! The providers of the standard logins that are compiled in say what is known of their services.

use super::super::super::{FlowSpec, MethodName, OauthSpec};
use super::*;
use crate::provider::template::{Escape, Values};

fn built_in(name: &str) -> Provider {
    let (_, text) = builtin::ALL.iter().find(|(known, _)| *known == name).expect("it is built in");
    read(text, Path::new(name), Origin::BuiltIn).unwrap_or_else(|problems| panic!("{problems}"))
}

fn oauth(provider: &Provider, name: MethodName) -> &OauthSpec {
    provider.method(name).and_then(|method| method.flow.oauth()).expect("it has this OAuth method")
}

/// The URL at an environment of this base.
fn at(template: Option<&Template>, base: &str) -> String {
    let values = Values::new().with(Name::Base, base).with(Name::Url("api".to_owned()), "https://api.github.com");
    template.expect("it is there").fill(&values, Escape::Url).expect("all is known").to_string()
}

fn scopes(spec: &OauthSpec) -> Vec<&str> {
    spec.scope.as_deref().unwrap_or_default().split(' ').collect()
}

#[test]
fn every_standard_login_wants_a_client_and_says_which() {
    for name in ["auth0", "entra", "github", "gitlab", "google", "keycloak", "oidc", "okta"] {
        let provider = built_in(name);
        let client = provider.client.as_ref().expect("it says which client");
        assert!(!client.kind.is_empty(), "{name}");
        assert_eq!(provider.methods[0].name, MethodName::Browser, "{name}: a code that is typed is never the default");
        assert!(matches!(provider.methods[0].flow, FlowSpec::AuthorizationCode(_)), "{name}");
        for method in &provider.methods {
            assert!(method.flow.oauth().is_none_or(OauthSpec::wants_client), "{name}: nobody else's client is used");
        }
        assert!(provider.method(MethodName::Device).is_some(), "{name}");
        assert_eq!(provider.environments.is_empty(), provider.address.is_some(), "{name}");
        assert!(provider.hosts.len() + provider.environments.len() > 0 || provider.address.is_some(), "{name}");
    }
}

#[test]
fn github_has_fixed_endpoints_and_an_api_elsewhere() {
    let github = built_in("github");
    let browser = oauth(&github, MethodName::Browser);
    assert!(browser.needs_secret && browser.issuer.is_none() && browser.document.is_none());
    let token = "https://github.com/login/oauth/access_token";
    assert_eq!(at(browser.token_endpoint.as_ref(), "https://github.com"), token);
    assert_eq!(
        at(browser.authorization_endpoint.as_ref(), "https://github.com"),
        "https://github.com/login/oauth/authorize"
    );
    let device = oauth(&github, MethodName::Device);
    assert!(!device.needs_secret, "a code that is typed needs none");
    assert_eq!(
        at(device.device_authorization_endpoint.as_ref(), "https://ghe.example"),
        "https://ghe.example/login/device/code"
    );
    assert_eq!(device.scope, browser.scope);
    let whoami = github.whoami.as_ref().expect("it can be asked");
    assert_eq!(at(Some(&whoami.request.url), "https://github.com"), "https://api.github.com/user");
    assert_eq!(at(github.urls.get("api"), "https://ghe.example"), "https://ghe.example/api/v3");
    let production = &github.environments[0];
    assert_eq!(production.urls.get("api").map(String::as_str), Some("https://api.github.com"));
    assert!(github.hosts.is_empty(), "an Enterprise Server's token is not for github.com");
    let hosts = github.hosts_of(production);
    for host in ["github.com", "api.github.com", "gist.github.com", "uploads.github.com", "ghcr.io"] {
        assert!(hosts.iter().any(|known| known == host), "{host}");
    }
}

#[test]
fn gitlab_is_found_by_its_issuer_and_has_a_registry() {
    let gitlab = built_in("gitlab");
    let device = oauth(&gitlab, MethodName::Device);
    assert_eq!(at(device.issuer.as_ref(), "https://gitlab.example"), "https://gitlab.example");
    let endpoint = at(device.device_authorization_endpoint.as_ref(), "https://gitlab.example");
    assert_eq!(endpoint, "https://gitlab.example/oauth/authorize_device");
    let kind = &gitlab.client.as_ref().expect("it says which").kind;
    for scope in scopes(oauth(&gitlab, MethodName::Browser)) {
        assert!(kind.contains(scope), "{scope} has to be among those that the application is registered with");
    }
    assert_eq!(gitlab.hosts_of(&gitlab.environments[0]), ["gitlab.com", "registry.gitlab.com"]);
}

#[test]
fn google_asks_for_a_refresh_token_with_every_login() {
    let google = built_in("google");
    let browser = oauth(&google, MethodName::Browser);
    assert!(browser.needs_secret && oauth(&google, MethodName::Device).needs_secret);
    let params: Vec<_> = browser.auth_params.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(params, [("access_type", "offline"), ("prompt", "consent")]);
    assert!(!scopes(browser).contains(&"offline_access"), "Google refuses it");
}

#[test]
fn entra_takes_its_issuer_from_its_own_document() {
    let entra = built_in("entra");
    let tenant = "https://login.microsoftonline.com/acme.example";
    for name in [MethodName::Browser, MethodName::Device, MethodName::ClientCredentials] {
        let spec = oauth(&entra, name);
        let document = at(spec.document.as_ref(), tenant);
        assert_eq!(document, format!("{tenant}/v2.0/.well-known/openid-configuration"));
        assert!(spec.issuer.is_none());
    }
    assert!(scopes(oauth(&entra, MethodName::Device)).contains(&"offline_access"));
    let names: Vec<&str> = entra.environments.iter().map(|environment| environment.name.as_str()).collect();
    assert_eq!(names, ["organizations", "common", "consumers"]);
}

#[test]
fn services_of_ones_own_address_are_found_by_it() {
    for (name, base, issuer) in [
        ("okta", "https://acme.okta.com/oauth2/default", "https://acme.okta.com/oauth2/default"),
        ("auth0", "https://acme.eu.auth0.com", "https://acme.eu.auth0.com/"),
        ("keycloak", "https://sso.example/realms/acme", "https://sso.example/realms/acme"),
        ("oidc", "https://login.example", "https://login.example"),
    ] {
        let provider = built_in(name);
        for method in &provider.methods {
            let spec = method.flow.oauth().expect("all of them are OAuth");
            assert_eq!(at(spec.issuer.as_ref(), base), issuer, "{name}");
            let asks = method.name == MethodName::ClientCredentials || scopes(spec).contains(&"offline_access");
            assert!(asks, "{name}: a refresh token is asked for");
        }
        let registers = provider.client.as_ref().is_some_and(|client| client.register);
        assert_eq!(registers, ["keycloak", "oidc"].contains(&name), "{name}");
    }
}
