//! Which flow is chosen, and with what.

use std::sync::Arc;

use super::*;
use crate::flow::testing::login;
use crate::oauth::Algorithm;
use crate::secret::{ClientKey, ClientSecret, SigningKey};

fn metadata() -> Metadata {
    Metadata {
        authorization_endpoint: Some("https://as.example/authorize".to_owned()),
        device_authorization_endpoint: Some("https://as.example/device".to_owned()),
        token_endpoint: Some("https://as.example/token/".to_owned()),
        ..Metadata::default()
    }
}

fn plan(change: impl FnOnce(&mut AtIssuer, &mut Metadata)) -> Result<Plan, Failure> {
    let (mut login, mut metadata) = (login("https://as.example"), metadata());
    change(&mut login, &mut metadata);
    Plan::new(&login, &StepUp::default(), Ok(metadata))
}

fn good(change: impl FnOnce(&mut AtIssuer, &mut Metadata)) -> Plan {
    plan(change).expect("the plan works")
}

#[test]
fn the_flow_is_the_chosen_one_then_the_last_one_then_what_fits() {
    let flow = |change: fn(&mut AtIssuer, &mut Metadata)| good(change).start.flow();
    assert_eq!(flow(|_, _| {}), Flow::Device);
    assert_eq!(flow(|login, _| login.browser = true), Flow::AuthorizationCode);
    assert_eq!(flow(|_, metadata| metadata.device_authorization_endpoint = None), Flow::AuthorizationCode);
    assert_eq!(flow(|login, _| login.settings.flow = Some(Flow::AuthorizationCode)), Flow::AuthorizationCode);
    assert_eq!(flow(|login, _| login.settings.flow = Some(Flow::Key)), Flow::Device);
    let chosen = |login: &mut AtIssuer, _: &mut Metadata| {
        (login.flow, login.settings.flow, login.browser) = (Some(Flow::Device), Some(Flow::AuthorizationCode), true);
    };
    assert_eq!(good(chosen).start.flow(), Flow::Device);
}

#[test]
fn a_flow_without_its_endpoint_fails_and_says_which() {
    let failure = plan(|login, metadata| {
        (login.flow, metadata.device_authorization_endpoint) = (Some(Flow::Device), None);
    });
    assert_eq!(failure.err(), Some(Failure::NoSuchFlow { flow: Flow::Device }));
    let failure = plan(|_, metadata| {
        (metadata.device_authorization_endpoint, metadata.authorization_endpoint) = (None, None);
    });
    assert_eq!(failure.err(), Some(Failure::NoSuchFlow { flow: Flow::AuthorizationCode }));
}

#[test]
fn endpoints_given_by_hand_win_and_make_discovery_needless() {
    let mut login = login("https://as.example");
    login.settings.endpoints.token = Some("https://hand.example/token".to_owned());
    login.settings.endpoints.device_authorization = Some("https://hand.example/device".to_owned());
    for discovered in
        [Ok(metadata()), Err(DiscoveryError::NotOffered), Err(DiscoveryError::IssuerMismatch { exact: None })]
    {
        let plan = Plan::new(&login, &StepUp::default(), discovered).expect("the plan works");
        assert_eq!(plan.client.token_endpoint, "https://hand.example/token");
        assert_eq!(plan.start, Start::Device("https://hand.example/device".to_owned()));
    }
    login.settings.endpoints.token = None;
    let failure = Plan::new(&login, &StepUp::default(), Err(DiscoveryError::IssuerMismatch { exact: None })).err();
    assert!(matches!(failure, Some(Failure::IssuerMismatch { .. })));
}

#[test]
fn plain_http_to_another_machine_is_refused() {
    let failure = plan(|login, _| login.settings.endpoints.token = Some("http://as.example/token".to_owned()));
    assert!(matches!(failure, Err(Failure::BadSettings { .. })));
}

#[test]
fn a_secret_is_sent_by_basic_unless_only_post_is_listed() {
    let authentication = |secret: bool, listed: &[&str]| {
        let listed: Vec<String> = listed.iter().map(|&name| name.to_owned()).collect();
        let plan = good(|login, metadata| {
            login.settings.client_secret = secret.then(|| Arc::new(ClientSecret::new("s".to_owned())));
            metadata.token_endpoint_auth_methods_supported = (!listed.is_empty()).then_some(listed);
        });
        plan.client.authentication
    };
    assert_eq!(authentication(false, &["client_secret_basic"]), Authentication::None);
    assert_eq!(authentication(true, &[]), Authentication::Basic);
    assert_eq!(authentication(true, &["client_secret_post", "client_secret_basic"]), Authentication::Basic);
    assert_eq!(authentication(true, &["client_secret_post", "private_key_jwt"]), Authentication::Post);
}

#[test]
fn the_default_scope_asks_for_a_refresh_token_where_there_is_a_word_for_it() {
    assert_eq!(good(|_, _| {}).scope, "openid");
    let offline = |login: &mut AtIssuer, metadata: &mut Metadata| {
        login.flow = Some(Flow::AuthorizationCode);
        metadata.scopes_supported = vec!["offline_access".to_owned()];
    };
    let plan = good(offline);
    assert_eq!((plan.scope.as_str(), plan.params["prompt"].as_str()), ("openid offline_access", "consent"));
    let plan = good(|login, metadata| {
        offline(login, metadata);
        login.settings.auth_params.insert("prompt".to_owned(), "login".to_owned());
    });
    assert_eq!(plan.params["prompt"], "login");
    let plan = good(|login, metadata| {
        offline(login, metadata);
        login.flow = Some(Flow::Device);
    });
    assert!(plan.params.is_empty());
    let plan = good(|login, _| login.settings.scope = Some("  read   write ".to_owned()));
    assert_eq!((plan.scope.as_str(), plan.is_openid()), ("read write", false));
}

#[test]
fn requests_are_pushed_where_that_is_offered_and_only_in_the_browser_flow() {
    let offered = |flow, required| {
        plan(move |login, metadata| {
            login.flow = Some(flow);
            metadata.pushed_authorization_request_endpoint = Some("https://as.example/par".to_owned());
            metadata.require_pushed_authorization_requests = required;
        })
        .map(|plan| plan.pushed)
    };
    for required in [false, true] {
        let pushed = Pushed { endpoint: "https://as.example/par".to_owned(), required };
        assert_eq!(offered(Flow::AuthorizationCode, required), Ok(Some(pushed)));
        assert_eq!(offered(Flow::Device, required), Ok(None));
    }
    let nowhere = plan(|login, metadata| {
        (login.flow, metadata.require_pushed_authorization_requests) = (Some(Flow::AuthorizationCode), true);
    });
    assert!(matches!(nowhere, Err(Failure::BadAnswer { .. })));
}

#[test]
fn a_key_signs_by_what_the_service_takes_and_names_the_issuer_first_then_the_endpoint() {
    let key = include_str!("../../oauth/assertion/testdata/rsa.pem");
    let mut plan = good(|login, metadata| {
        let key = Arc::new(ClientKey::new(key.to_owned()));
        login.settings.client_key = Some(SigningKey { key, id: None });
        metadata.token_endpoint_auth_signing_alg_values_supported = Some(vec!["PS256".to_owned()]);
    });
    let by_key = |audience| Authentication::PrivateKeyJwt(Algorithm::Ps256, audience);
    assert_eq!(plan.client.authentication, by_key(Audience::Issuer));
    assert!(!plan.authenticates_otherwise(&ExchangeError::Refused));
    assert!(plan.authenticates_otherwise(&ExchangeError::Misconfigured { code: "invalid_client" }));
    assert_eq!(plan.client.authentication, by_key(Audience::Endpoint));
    assert!(!plan.authenticates_otherwise(&ExchangeError::Misconfigured { code: "invalid_client" }));
    let broken = self::plan(|login, _| {
        login.settings.client_key = Some(SigningKey { key: Arc::new(ClientKey::new("canary".to_owned())), id: None });
    });
    assert!(matches!(broken, Err(Failure::BadSettings { why }) if !why.contains("canary")));
}

#[test]
fn what_is_asked_for_once_outweighs_what_is_asked_for_each_time() {
    let mut login = login("https://as.example");
    login.flow = Some(Flow::AuthorizationCode);
    login.settings.scope = Some("openid offline_access".to_owned());
    login.settings.auth_params =
        [("prompt", "consent"), ("audience", "x")].map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let step_up = StepUp {
        acr_values: Some("phr phrh".to_owned()),
        login_hint: Some("ada".to_owned()),
        max_age: Some(0),
        prompt: Some("login".to_owned()),
    };
    let plan = Plan::new(&login, &step_up, Ok(metadata())).expect("the plan works");
    let params: Vec<(&str, &str)> = plan.params.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(
        params,
        [("acr_values", "phr phrh"), ("audience", "x"), ("login_hint", "ada"), ("max_age", "0"), ("prompt", "login")]
    );
}
