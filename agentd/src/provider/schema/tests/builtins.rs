//! The providers that are compiled in say what is known of their services.

use std::time::Duration;

use super::super::super::{
    Absent, Body, Expiry, FlowSpec, KeySpec, Method, MethodName, OauthSpec, Pointer, PollExchange, Request,
    RequestMethod,
};
use super::*;
use crate::provider::template::{Escape, Values};

fn built_in(name: &str) -> Provider {
    let (_, text) = builtin::ALL.iter().find(|(known, _)| *known == name).expect("it is built in");
    let provider = read(text, Path::new(name), Origin::BuiltIn).unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(provider.name, name);
    provider
}

fn method(provider: &Provider, name: MethodName) -> &Method {
    provider.method(name).expect("it has this method")
}

fn poll(method: &Method) -> &PollExchange {
    if let FlowSpec::PollExchange(flow) = &method.flow { flow } else { panic!("{:?}", method.flow) }
}

fn key(provider: &Provider) -> &KeySpec {
    if let FlowSpec::Key(key) = &method(provider, MethodName::ApiKey).flow { key } else { panic!("no key") }
}

fn device(provider: &Provider) -> &OauthSpec {
    if let FlowSpec::Device(spec) = &method(provider, MethodName::Device).flow { spec } else { panic!("no device") }
}

fn url(request: &Request, provider: &Provider) -> String {
    let environment = &provider.environments[0];
    let mut values = Values::new().with(Name::Base, &environment.url);
    environment.urls.iter().for_each(|(name, url)| values.set(Name::Url(name.clone()), url));
    for word in ["user_id", "key_id", "group"] {
        values.set(Name::Taken(word.to_owned()), "7/8");
    }
    request.url.fill(&values, Escape::Url).expect("all is known").to_string()
}

fn json(request: &Request) -> Vec<(&str, Option<String>)> {
    let Body::Json(members) = &request.body else { panic!("{:?}", request.body) };
    let names = [Name::State, Name::Code, Name::RefreshToken, Name::Profile, Name::Host];
    let values = names.into_iter().fold(Values::new(), |values, name| values.with(name.clone(), name.word()));
    let filled = |template: &Template| template.fill(&values, Escape::None).expect("all is known").to_string();
    members.iter().map(|(name, template)| (name.as_str(), template.as_ref().map(filled))).collect()
}

fn days(days: u64) -> Duration {
    Duration::from_secs(days * 86_400)
}

#[test]
fn tensormesh() {
    let provider = built_in("tensormesh");
    let method = method(&provider, MethodName::Browser);
    let flow = poll(method);
    assert_eq!(url(&flow.start, &provider), "https://api.tensormesh.ai/auth/cli/start");
    assert_eq!((flow.start.method, &flow.start.body), (RequestMethod::Post, &Body::None));
    assert_eq!(json(&flow.exchange), [("cli_code", Some("code".to_owned()))]);
    assert_eq!((flow.pending.as_slice(), flow.every), (&[202][..], Duration::from_secs(2)));
    assert_eq!(flow.interval, Some(Pointer::new("interval")));
    assert_eq!(method.max_wait, Duration::from_mins(5));
    let refresh = provider.refresh.as_ref().expect("it has a refresh of its own");
    assert_eq!(json(refresh), [("refresh_token", Some("refresh_token".to_owned()))]);
    let [inference] = provider.secondaries.as_slice() else { panic!("one secondary") };
    assert!(inference.required && !inference.once && inference.comes_with("browser"));
    let [_, model, key] = inference.steps.as_slice() else { panic!("three steps") };
    assert_eq!(url(&model.request, &provider), "https://api.tensormesh.ai/v1/models");
    let pick = model.pick.as_ref().expect("one is picked");
    assert_eq!(pick.only, [(Pointer::new("status"), "MODEL_STATUS_UP".to_owned())]);
    assert_eq!(url(&key.request, &provider), "https://api.tensormesh.ai/v1/users/api-keys?userId=7%2F8");
    assert_eq!(key.unless.as_deref(), Some("key"), "the model's own key goes first");
    assert_eq!(key.pick.as_ref().and_then(|pick| pick.newest.clone()), Some(Pointer::new("createdAt")));
    assert_eq!(provider.whoami.and_then(|whoami| whoami.account.email), Some(Pointer::new("user.userEmail")));
}

#[test]
fn llamaindex() {
    let provider = built_in("llamaindex");
    assert_eq!(provider.methods[0].name, MethodName::Device, "the preferred one");
    let spec = device(&provider);
    let discovery = spec.discovery.as_ref().expect("discovery in two steps");
    assert_eq!(discovery.client_id, Some(Pointer::new("client_ids.cli")));
    assert_eq!(discovery.absent, [400, 404, 501]);
    assert_eq!(spec.scope.as_deref(), Some("email offline_access openid profile"));
    assert_eq!(provider.probe.as_ref().map(|probe| &probe.needs_login), Some(&Pointer::new("requires_auth")));
    let projects = provider.projects.as_ref().expect("it has projects");
    let each = &projects.groups.as_ref().expect("in organizations").each;
    assert!(url(each, &provider).ends_with("/api/v1beta1/deployments/list-projects?org_id=7%2F8"));
    let [minted] = provider.secondaries.as_slice() else { panic!("one secondary") };
    assert!(minted.once && minted.comes_with("device") && !minted.comes_with("api-key"));
    let name = Some("profile agentctl on host".to_owned());
    assert_eq!(json(&minted.steps[0].request), [("name", name), ("project_id", None)]);
    let delete = minted.delete.as_ref().expect("it is deleted at logout");
    assert_eq!(delete.method, RequestMethod::Delete);
    assert!(url(delete, &provider).ends_with("/api/v1/api-keys/7%2F8"));
    assert_eq!(key(&provider).key.variables, ["LLAMA_CLOUD_API_KEY"]);
    let exec: Vec<&str> = provider.exec.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(exec, ["LLAMA_CLOUD_API_KEY", "LLAMA_AGENTS_PROJECT_ID", "LLAMA_CLOUD_BASE_URL"]);
}

#[test]
fn tank() {
    let provider = built_in("tank");
    let method = method(&provider, MethodName::Browser);
    let flow = poll(method);
    assert_eq!(json(&flow.start), [("state", Some("state".to_owned()))]);
    let exchanged = [("sessionCode", Some("code".to_owned())), ("state", Some("state".to_owned()))];
    assert_eq!(json(&flow.exchange), exchanged);
    assert_eq!(flow.pending, [400]);
    assert!(flow.token.is_key);
    assert_eq!(method.expiry.last(), Some(&Expiry::Assume(days(90))));
    assert_eq!(key(&provider).prefix.as_deref(), Some("tank_"));
    assert!(provider.exec.is_empty() && provider.refresh.is_none() && provider.revoke.is_none());
}

#[test]
fn baseten() {
    let provider = built_in("baseten");
    let spec = device(&provider);
    assert_eq!((spec.client_id.as_deref(), spec.scope.as_deref()), (Some("baseten-cli"), Some("")));
    assert!(spec.token_endpoint.is_some() && spec.device_authorization_endpoint.is_some());
    assert_eq!(method(&provider, MethodName::ApiKey).scheme, "Api-Key");
    assert_eq!(
        (provider.fallback.as_slice(), &*provider.fallback_scheme),
        (&["BASETEN_API_KEY".to_owned()][..], "Api-Key")
    );
    let revoke = provider.revoke.as_ref().expect("it can be revoked");
    assert_eq!(url(revoke, &provider), "https://api.baseten.co/v1/users/auth/logout");
    let whoami = &provider.whoami.as_ref().expect("it can be asked").request;
    assert_eq!(url(whoami, &provider), "https://app.baseten.co/graphql/");
    let query = "query { organization { workspace_name } user { email } }";
    assert_eq!(json(whoami), [("query", Some(query.to_owned()))]);
}

#[test]
fn contree() {
    let provider = built_in("contree");
    let spec = key(&provider);
    let variants: Vec<_> = spec.variants.iter().map(|v| (v.name.as_deref(), v.needs_url, v.project)).collect();
    assert_eq!(variants, [(Some("iam"), false, Absent::Mistake), (Some("jwt"), true, Absent::Wanted)]);
    assert_eq!(spec.key.variables, ["CONTREE_TOKEN", "NEBIUS_API_KEY"]);
    assert_eq!(spec.project.variables, ["CONTREE_PROJECT", "NEBIUS_AI_PROJECT"]);
    let whoami = provider.whoami.as_ref().expect("it can be asked");
    assert_eq!(whoami.required.len(), 4);
    assert_eq!(whoami.usable, Some(Pointer::new("permissions.list")));
    assert_eq!(whoami.request.headers[0].0, "Project");
    assert_eq!(method(&provider, MethodName::ApiKey).expiry, [Expiry::Whoami, Expiry::Jwt]);
}
