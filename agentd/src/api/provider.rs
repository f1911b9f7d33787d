//! `provider`: one service, with its description.

use axum::extract::{Path, State};
use proto::id::ProviderName;
use proto::provider::{Address, Environment, KeptClient, MethodOffer, Mistake, Need, OwnClient, Provider, Variant};

use super::json::Json;
use super::login::own_client;
use super::problem::Failure;
use super::{Api, describe};
use crate::config::{Place, Problems};
use crate::provider::{self, Absent, FlowSpec, OauthSpec, Origin};

pub(super) async fn provider(State(api): State<Api>, Path(name): Path<String>) -> Result<Json<Provider>, Failure> {
    api.catalogue.reload();
    let provider = api.inquiries.provider(&name)?;
    Ok(Json(Provider { source: api.catalogue.source(&name), ..api.described(&provider) }))
}

impl Api {
    /// A provider as a message.
    pub(super) fn described(&self, provider: &provider::Provider) -> Provider {
        let in_use = self.vault.environment(&provider.name);
        let first = provider.environments.first().map(|environment| environment.name.as_str());
        let in_use = in_use.as_deref().or(first).unwrap_or_default();
        Provider {
            name: ProviderName::parse(&provider.name).expect("names of providers are checked"),
            title: provider.title.clone(),
            built_in: provider.origin == Origin::BuiltIn,
            path: if let Origin::File(path) = &provider.origin { Some(path.display().to_string()) } else { None },
            environments: provider
                .environments
                .iter()
                .map(|one| Environment {
                    added: self.catalogue.is_added(&provider.name, &one.name),
                    ..environment(provider, one, one.name == in_use)
                })
                .collect(),
            address: provider
                .address
                .as_ref()
                .map(|address| Address { what: address.what.clone(), example: address.example.clone() }),
            client: provider.client.as_ref().map(|client| self.own_client(provider, client, in_use)),
            methods: provider.methods.iter().map(offer).collect(),
            hosts: provider.hosts.clone(),
            whoami: provider.whoami.is_some(),
            projects: provider.projects.is_some(),
            secondaries: provider.secondaries.iter().map(|secondary| secondary.name.clone()).collect(),
            exec: provider.exec.iter().map(|(name, _)| name.clone()).collect(),
            fallback_variables: provider.fallback.clone(),
            fallback_scheme: (!provider.fallback.is_empty()).then(|| provider.fallback_scheme.clone()),
            format: provider.format.clone(),
            source: None,
        }
    }
}

impl Api {
    /// What client the person has to bring, and which are kept.
    fn own_client(&self, provider: &provider::Provider, client: &provider::OwnClient, in_use: &str) -> OwnClient {
        let example = provider.address.as_ref().map(|address| address.example.as_str());
        let url = provider.environment(in_use).map(|environment| environment.url.as_str());
        // The environment in use may have no name but its URL.
        let url = url.or(Some(in_use).filter(|name| name.contains("://"))).or(example).unwrap_or_default();
        let kept = self.kept_clients(provider).into_iter().map(|kept| KeptClient {
            client_id: kept.client_id().to_owned(),
            url: kept.snapshot.place.as_deref().map(|place| place.base.clone()).unwrap_or_default(),
            has_secret: kept.has_secret(),
            profile: describe::name(&kept.snapshot.name),
        });
        OwnClient {
            obtain: own_client::page(client, url),
            kind: client.kind.clone(),
            redirect: client.redirect.clone(),
            register: client.register,
            kept: kept.collect(),
        }
    }
}

/// An environment as a message.
pub(super) fn environment(
    provider: &provider::Provider,
    environment: &provider::Environment,
    current: bool,
) -> Environment {
    Environment {
        name: environment.name.clone(),
        url: environment.url.clone(),
        needs_login: environment.needs_login,
        hosts: provider.hosts_of(environment),
        added: false,
        current,
        ca_file: environment.ca_file.as_ref().map(|path| path.display().to_string()),
    }
}

fn offer(method: &provider::Method) -> MethodOffer {
    let key = if let FlowSpec::Key(spec) = &method.flow { Some(spec) } else { None };
    let variables = |input: fn(&provider::KeySpec) -> &provider::Input| {
        key.map(|spec| input(spec).variables.clone()).unwrap_or_default()
    };
    MethodOffer {
        method: describe::method(method.name),
        flow: describe::flow(method.flow.flow()),
        max_wait: method.max_wait.as_secs(),
        variants: key.map(|spec| spec.variants.iter().map(variant).collect()).unwrap_or_default(),
        key_variables: variables(|spec| &spec.key),
        url_variables: variables(|spec| &spec.url),
        project_variables: variables(|spec| &spec.project),
        key_prefix: key.and_then(|spec| spec.prefix.clone()),
        own_client: method.flow.oauth().is_some_and(OauthSpec::wants_client),
        needs_secret: method.flow.oauth().is_some_and(|spec| spec.needs_secret && spec.wants_client()),
    }
}

fn variant(variant: &provider::Variant) -> Variant {
    Variant {
        name: variant.name.clone(),
        url: if variant.needs_url { Need::Required } else { Need::Optional },
        project: match variant.project {
            Absent::Fine => Need::Optional,
            Absent::Mistake => Need::Required,
            Absent::Wanted => Need::None,
        },
    }
}

/// What is wrong with a file.
pub(super) fn mistakes(problems: &Problems) -> Vec<Mistake> {
    let mistake = |problem: &crate::config::Problem| {
        let (line, column) = match problem.place {
            Place::Text { line, column } => (Some(line as u64), Some(column as u64)),
            _ => (None, None),
        };
        Mistake { line, column, message: problem.what.clone(), hint: problem.hint.clone() }
    };
    problems.list().iter().map(mistake).collect()
}
