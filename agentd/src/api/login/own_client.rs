//! The client (RFC 6749 §2) of a login at a service: given, kept from an earlier login there, or named by the provider.
//!
//! A kept client is that of a profile of the same provider at the same URL. It is sealed with the profile, serves the next
//! login there also under another name, and is gone with the last profile that has it.

use std::sync::Arc;

use proto::login::LoginRequest;
use proto::problem::{Code, Missing, Problem};

use super::super::Api;
use super::super::problem::Failure;
use crate::provider::template::{Escape, Name, Values};
use crate::provider::{Environment, Flow, Method, OauthSpec, OwnClient, Provider, Registration, Settings};
use crate::secret::ClientSecret;
use crate::vault::Snapshot;

/// Client id and secret.
type Client = (String, Option<Arc<ClientSecret>>);

/// A client that a profile keeps.
pub(in crate::api) struct Kept {
    /// The profile.
    pub(in crate::api) snapshot: Arc<Snapshot>,
    settings: Arc<Settings>,
}

impl Kept {
    /// Whether it is for the deployment at this base URL.
    pub(in crate::api) fn is_at(&self, base: &str) -> bool {
        self.snapshot.place.as_deref().is_some_and(|place| place.base == base)
    }

    /// RFC 6749 §2.2.
    pub(in crate::api) fn client_id(&self) -> &str {
        &self.settings.client_id
    }

    /// Of a client that was registered by this program.
    pub(super) fn registration(&self) -> Option<Registration> {
        self.settings.registration.clone()
    }

    /// Whether its secret is kept as well.
    pub(in crate::api) fn has_secret(&self) -> bool {
        self.settings.client_secret.is_some()
    }
}

impl Api {
    /// The clients of the person's own that are kept for a provider, the latest first. Those that its file names, or that the
    /// service tells, are not the person's.
    pub(in crate::api) fn kept_clients(&self, provider: &Provider) -> Vec<Kept> {
        let mut kept: Vec<Kept> =
            self.vault.list().into_iter().filter_map(|snapshot| kept(provider, snapshot)).collect();
        kept.sort_by_key(|one| std::cmp::Reverse(one.snapshot.logged_in_at));
        kept
    }

    /// The client to log in as. What the request gives goes first, then what the profile that is renewed has, `known`, then
    /// what another one there has; the method's own before that of another. `None`: the provider's description tells, or
    /// the service registers one.
    ///
    /// # Errors
    /// A problem that says where to get a client, and what to type then, where the person has to bring one.
    pub(super) fn client_for(
        &self,
        provider: &Provider,
        environment: &Environment,
        method: &Method,
        request: &LoginRequest,
        known: Option<&Snapshot>,
    ) -> Result<Option<Client>, Failure> {
        let Some(spec) = method.flow.oauth() else { return Ok(None) };
        let mut candidates: Vec<Arc<Settings>> = known.and_then(|known| known.settings.clone()).into_iter().collect();
        if spec.wants_client() {
            let here = |one: &Kept| one.is_at(&environment.url);
            let mut kept: Vec<Kept> = self.kept_clients(provider).into_iter().filter(here).collect();
            let other = |one: &Kept| one.snapshot.place.as_deref().is_none_or(|p| p.method != method.name.word());
            kept.sort_by_key(other);
            candidates.extend(kept.into_iter().map(|one| one.settings));
        }
        let id = request.client_id.clone().or_else(|| candidates.first().map(|settings| settings.client_id.clone()));
        let Some(id) = id else {
            let registers = provider.client.as_ref().is_some_and(|client| client.register);
            return if spec.wants_client() && !registers {
                Err(no_client(provider, environment, spec, request))
            } else {
                Ok(None)
            };
        };
        // EXPOSE: it changes from the wire's type to the domain's.
        let given =
            request.client_secret.as_ref().map(|secret| Arc::new(ClientSecret::new(secret.expose().to_owned())));
        let same = |settings: &Arc<Settings>| settings.client_id == id;
        let mut ours = candidates.into_iter().filter(same);
        let has_key = request.client_key.is_some() || ours.clone().any(|one| one.client_key.is_some());
        let secret = given.or_else(|| ours.find_map(|one| one.client_secret.clone()));
        if secret.is_none() && !has_key && needs_secret(method, spec) {
            return Err(no_secret(provider, &id, request, method));
        }
        Ok(Some((id, secret)))
    }
}

fn kept(provider: &Provider, snapshot: Arc<Snapshot>) -> Option<Kept> {
    let place = snapshot.place.as_deref().filter(|place| place.provider == provider.name)?;
    let method = crate::provider::MethodName::of_word(&place.method).and_then(|name| provider.method(name))?;
    let settings = snapshot.settings.clone().filter(|_| method.flow.oauth().is_some_and(OauthSpec::wants_client))?;
    Some(Kept { snapshot, settings })
}

fn needs_secret(method: &Method, spec: &OauthSpec) -> bool {
    spec.needs_secret || method.flow.flow() == Flow::ClientCredentials
}

fn no_client(provider: &Provider, environment: &Environment, spec: &OauthSpec, request: &LoginRequest) -> Failure {
    let detail = format!("{} wants a client of your own, and none is kept for {}", provider.title, environment.url);
    let told = provider.client.as_ref().map(|client| register(client, environment));
    let secret = if spec.needs_secret { " --client-secret-stdin < FILE" } else { "" };
    let command = format!("`{} --client-id ID{secret}`", again(provider, request));
    let hint = told.map_or_else(|| command.clone(), |told| format!("{told}; then {command}"));
    Failure(Problem::new(Code::InvalidRequest, detail).hint(hint).missing(Missing::ClientId))
}

fn no_secret(provider: &Provider, id: &str, request: &LoginRequest, method: &Method) -> Failure {
    let detail = format!("{} wants the secret of the client `{id}` with `--{}`", provider.title, method.name.word());
    let free = provider
        .methods
        .iter()
        .find(|other| other.flow.oauth().is_some_and(|spec| spec.wants_client() && !needs_secret(other, spec)));
    let free =
        free.map_or_else(String::new, |free| format!(", or log in with `--{}`, which needs none", free.name.word()));
    let command = format!("`{} --client-id {id} --client-secret-stdin < FILE`{free}", again(provider, request));
    Failure(Problem::new(Code::InvalidRequest, detail).hint(command).missing(Missing::ClientSecret))
}

/// Where and how a client is registered, as a sentence.
fn register(client: &OwnClient, environment: &Environment) -> String {
    let at = page(client, &environment.url).map_or_else(String::new, |page| format!(" at {page}"));
    let redirect =
        client.redirect.as_ref().map_or_else(String::new, |redirect| format!(", with the redirect `{redirect}`"));
    format!("register one{at}: {}{redirect}", client.kind)
}

/// The page where a client is registered.
pub(in crate::api) fn page(client: &OwnClient, base: &str) -> Option<String> {
    let values = Values::new().with(Name::Base, base);
    client.obtain.as_ref().and_then(|page| page.fill(&values, Escape::Url).ok()).map(|page| page.to_string())
}

/// The command line of the request, as far as it has to be typed again.
fn again(provider: &Provider, request: &LoginRequest) -> String {
    let mut line = format!("agentctl login {}", provider.name);
    if let Some(environment) = &request.environment {
        line = format!("{line} --environment {environment}");
    }
    let word = request.method.and_then(|wanted| {
        provider.methods.iter().find(|offered| super::super::describe::method(offered.name) == wanted)
    });
    if let Some(method) = word.filter(|_| provider.methods.len() > 1) {
        line = format!("{line} --{}", method.name.word());
    }
    match &request.profile {
        Some(profile) => format!("{line} --profile {profile}"),
        None => line,
    }
}
