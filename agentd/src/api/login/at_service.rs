//! A login at a service that a provider describes: which deployment, which method, and whether all is there that it needs.

use std::sync::Arc;

use proto::login::LoginRequest;
use proto::problem::{Code, Problem};
use proto::provider::Method as MethodWord;

use super::super::problem::{Failure, invalid};
use super::super::{Api, project};
use super::client_key::signing_key;
use super::own_client::Kept;
use super::{checked_expiry, checked_key};
use crate::flow::{AtService, Target};
use crate::inquiry;
use crate::provider::{Absent, FlowSpec, KeySpec, Method, MethodName, Place, Provider, Settings, Variant};
use crate::secret::SigningKey;
use crate::service::Site;
use crate::vault::Snapshot;

impl Api {
    /// The provider that a login is at, if it is at one: the named one, else the profile's.
    pub(super) fn provider_of_login(&self, request: &LoginRequest) -> Result<Option<Arc<Provider>>, Failure> {
        if let Some(name) = &request.provider {
            return Ok(Some(self.inquiries.provider(name.as_str())?));
        }
        if request.issuer.is_some() || (request.profile.is_some() && request.key.is_some() && request.method.is_none())
        {
            return Ok(None);
        }
        let profile = request.profile.as_ref().map(proto::id::ProfileName::as_str);
        match self.vault.inspect(profile).ok().and_then(|snapshot| snapshot.place.clone()) {
            Some(place) => Ok(Some(self.inquiries.provider(&place.provider)?)),
            None => Ok(None),
        }
    }

    /// The profile's name, if it has one already, and what to do.
    pub(super) async fn login_at_service(
        &self,
        provider: Arc<Provider>,
        request: LoginRequest,
    ) -> Result<(Option<String>, Target), Failure> {
        let named = request.profile.as_ref().map(ToString::to_string);
        // `login` alone repeats the login of the current profile.
        let profile = match (&named, &request.provider) {
            (None, None) => self.vault.inspect(None).ok().map(|snapshot| snapshot.name.to_string()),
            _ => named,
        };
        let known = profile.as_deref().and_then(|name| self.vault.inspect(Some(name)).ok());
        let known_place = known.as_deref().and_then(|known| known.place.as_deref());
        let known_place = known_place.filter(|place| place.provider == provider.name);
        let (environment, same) = match (&request.environment, known_place) {
            (None, Some(place)) => (environment_of(&provider, place), true),
            (wanted, _) => {
                let environment = self.inquiries.environment(&provider, wanted.as_deref()).await?;
                let same = known_place.is_some_and(|place| place.base == environment.url);
                (environment, same)
            }
        };
        let known_place = known_place.filter(|_| same);
        let needs_login = environment.needs_login || request.method.is_some() || request.key.is_some();
        if let Some(wanted) = &request.project {
            project::checked(wanted)?;
        }
        let wanted_project = request.project.clone().or_else(|| known_place.and_then(|place| place.project.clone()));
        let mut place = inquiry::place(&provider, &environment, "", "Bearer");
        place.needs_login = needs_login;
        // Requests that check the credential may be about the project already.
        place.project.clone_from(&wanted_project);
        let mut at = AtService {
            site: Site { provider: Arc::clone(&provider), place },
            scope: request.scope.clone(),
            client: None,
            client_key: client_key(&request, known.as_deref().filter(|_| same))?,
            registration: None,
            registration_token: None,
            redirect_uri: request.redirect_uri.clone(),
            redirect_port: request.redirect_port,
            resources: request.resource.clone(),
            auth_params: request.auth_params.clone(),
            key: checked_key(request.key.as_ref())?.map(Arc::new),
            expires_at: checked_expiry(self, request.expires_at)?,
            project: wanted_project,
        };
        if needs_login {
            let method = method(&provider, &request, known_place)?;
            method.name.word().clone_into(&mut at.site.place.method);
            at.site.place.scheme.clone_from(&method.scheme);
            at.client =
                self.client_for(&provider, &environment, method, &request, known.as_deref().filter(|_| same))?;
            let id = at.client.as_ref().map(|(id, _)| id.as_str());
            let is_it = |kept: &Kept| Some(kept.client_id()) == id && kept.is_at(&environment.url);
            let kept = self.kept_clients(&provider).into_iter().find(is_it);
            at.registration = kept.and_then(|kept| kept.registration());
            if let FlowSpec::Key(spec) = &method.flow {
                let variant = variant(spec, &request, known_place)?;
                complete(&at, spec, variant, &request, known_place)?;
                at.site.place.variant.clone_from(&variant.name);
            } else if request.variant.is_some() {
                return Err(invalid("kinds of key belong to a login with a key"));
            }
        }
        Ok((profile, Target::Service(Box::new(at))))
    }
}

/// The environment as it was when the profile's last login was made, unless the provider still has it by its name.
fn environment_of(provider: &Provider, place: &Place) -> crate::provider::Environment {
    let known = provider.environment(&place.environment).filter(|known| known.url == place.base);
    known.cloned().unwrap_or_else(|| crate::provider::Environment {
        name: place.environment.clone(),
        url: place.base.clone(),
        urls: place.urls.clone(),
        hosts: Vec::new(),
        needs_login: place.needs_login,
        ca_file: place.ca_file.clone(),
    })
}

fn method<'p>(provider: &'p Provider, request: &LoginRequest, known: Option<&Place>) -> Result<&'p Method, Failure> {
    let wanted = match request.method {
        Some(MethodWord::ApiKey) => Some(MethodName::ApiKey),
        Some(MethodWord::Browser) => Some(MethodName::Browser),
        Some(MethodWord::ClientCredentials) => Some(MethodName::ClientCredentials),
        Some(MethodWord::Device) => Some(MethodName::Device),
        Some(_) => return Err(invalid("this agent does not know that way to log in")),
        None if request.key.is_some() => Some(MethodName::ApiKey),
        None => known.and_then(|place| MethodName::of_word(&place.method)),
    };
    let Some(wanted) = wanted else { return Ok(&provider.methods[0]) };
    provider.method(wanted).ok_or_else(|| {
        let offered: Vec<String> =
            provider.methods.iter().map(|method| format!("`--{}`", method.name.word())).collect();
        let detail = format!("{} offers no login by `--{}`", provider.title, wanted.word());
        Failure(Problem::new(Code::InvalidRequest, detail).hint(format!("it offers {}", offered.join(" and "))))
    })
}

fn variant<'s>(spec: &'s KeySpec, request: &LoginRequest, known: Option<&Place>) -> Result<&'s Variant, Failure> {
    let wanted = request.variant.clone().or_else(|| known.and_then(|place| place.variant.clone()));
    let Some(wanted) = wanted else { return Ok(&spec.variants[0]) };
    spec.variants.iter().find(|variant| variant.name.as_deref() == Some(&wanted)).ok_or_else(|| {
        let names: Vec<&str> = spec.variants.iter().filter_map(|variant| variant.name.as_deref()).collect();
        Failure(Problem::new(Code::InvalidRequest, "there is no such kind of key").hint(if names.is_empty() {
            "leave `--type` out".to_owned()
        } else {
            format!("there are: {}", names.join(", "))
        }))
    })
}

/// All that this kind of key needs is there; what is missing is named at once.
fn complete(
    at: &AtService,
    spec: &KeySpec,
    variant: &Variant,
    request: &LoginRequest,
    known: Option<&Place>,
) -> Result<(), Failure> {
    let mut missing = Vec::new();
    if at.key.is_none() {
        missing.push(("the key", "--api-key-stdin", &spec.key.variables));
    }
    if variant.needs_url && request.environment.is_none() && known.is_none() {
        missing.push(("the base URL", "--url", &spec.url.variables));
    }
    match variant.project {
        Absent::Mistake if at.project.is_none() => missing.push(("the project", "--project", &spec.project.variables)),
        Absent::Wanted if request.project.is_some() => {
            return Err(invalid("this kind of key has no project"));
        }
        _ => {}
    }
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = missing.iter().map(|(what, ..)| *what).collect();
    let ways = missing.iter().map(|(_, option, variables)| {
        let variables = variables.iter().map(|name| format!("`{name}`"));
        std::iter::once(format!("`{option}`")).chain(variables).collect::<Vec<_>>().join(" or ")
    });
    let hint = format!("give {}", ways.collect::<Vec<_>>().join(", "));
    Err(Failure(Problem::new(Code::InvalidRequest, format!("missing: {}", names.join(", "))).hint(hint)))
}

/// The client's key that the person gives, or gave at the last login there as the same client.
fn client_key(request: &LoginRequest, known: Option<&Snapshot>) -> Result<Option<SigningKey>, Failure> {
    let settings = known.and_then(|known| known.settings.as_deref());
    let same = |settings: &&Settings| request.client_id.as_ref().is_none_or(|id| *id == settings.client_id);
    let kept = settings.filter(same).and_then(|settings| settings.client_key.clone());
    let (key, secret) = (request.client_key.as_ref(), request.client_secret.as_ref());
    signing_key(key, request.client_key_id.clone(), secret, kept)
}
