//! A login at a service that a provider describes: by the flow of its method, then completed with who has logged in, the
//! project, and what comes with the login.
//!
//! Until the credential is there everything may fail; from then on nothing does, because what the service has granted
//! must not get lost: what cannot be asked then becomes a warning.

use std::path::Path;
use std::time::Duration;

use url::Url;

use crate::flow::at_issuer::{self, Obtained};
use crate::flow::loopback::Browser;
use crate::flow::plan::Plan;
use crate::flow::table::{Ground, Row};
use crate::flow::{
    AtIssuer, AtService, Brought, BroughtTokens, Failure, Outcome, StepUp, key, poll_exchange, warning, who,
};
use crate::http::Reach;
use crate::oauth::{Account, Client, DiscoveryError, Metadata};
use crate::provider::{Endpoints, Expiry, Flow, FlowSpec, Method, MethodName, OauthSpec, Place, Settings, Template};
use crate::secret::ApiKey;
use crate::service::{CallError, Granted, Identity, Presented, Project, jwt_expiry, settle};

/// How long a credential that has come, and is kept nowhere yet, may wait for each of the things that are asked about it.
const ASKING: Duration = Duration::from_secs(15);

/// A credential as it came, before it is completed.
pub(super) enum Raw {
    /// The environment needs no login.
    Nothing,
    /// A key that the service has accepted.
    Key(ApiKey, Identity),
    /// Of the provider's own form.
    Granted(Box<Granted>),
    /// Of an authorization server.
    Obtained(Box<Obtained>),
}

/// Runs the flow of the method until the credential comes.
pub(super) async fn obtain(
    ground: &Ground,
    row: &Row,
    at: &AtService,
    browser: &mut Option<Browser>,
    (step_up, least_interval): (&StepUp, Duration),
) -> Result<Raw, Failure> {
    let site = &at.site;
    if !site.place.needs_login {
        return Ok(Raw::Nothing);
    }
    let method = method(at)?;
    match &method.flow {
        FlowSpec::Key(spec) => {
            let (key, identity) = key::verified(ground, at, spec).await?;
            Ok(Raw::Key(key, identity))
        }
        FlowSpec::PollExchange(flow) => {
            let granted = poll_exchange::obtain(ground, row, site, method, flow, least_interval).await?;
            Ok(Raw::Granted(Box::new(granted)))
        }
        FlowSpec::AuthorizationCode(spec) | FlowSpec::ClientCredentials(spec) | FlowSpec::Device(spec) => {
            let (issuer, discovered) = authorization_server(ground, at, spec, method.flow.flow()).await?;
            let obtained =
                at_issuer::obtain(ground, row, &issuer, step_up, discovered, browser, least_interval).await?;
            Ok(Raw::Obtained(Box::new(obtained)))
        }
    }
}

fn method(at: &AtService) -> Result<&Method, Failure> {
    let known = MethodName::of_word(&at.site.place.method).and_then(|name| at.site.provider.method(name));
    known.ok_or_else(|| Failure::BadSettings { why: format!("{} has no such way to log in", at.site.provider.title) })
}

/// The authorization server as a login by issuer and client id would have it.
async fn authorization_server(
    ground: &Ground,
    at: &AtService,
    spec: &OauthSpec,
    flow: Flow,
) -> Result<(AtIssuer, Result<Metadata, DiscoveryError>), Failure> {
    let place = &at.site.place;
    let ca_file = place.ca_file.as_deref();
    let mut client_id = at.client.as_ref().map(|(id, _)| id.clone()).or_else(|| spec.client_id.clone());
    let url = |template: &Option<Template>| template.as_ref().map(|template| at.site.url(template)).transpose();
    let bad = |error: crate::service::CallError| Failure::of_call(&error);
    let mut issuer = url(&spec.issuer).map_err(bad)?;
    let document = url(&spec.document).map_err(bad)?;
    let discovered = match (&spec.discovery, &document, &issuer) {
        (Some(discovery), ..) => {
            let found = ground.services.discover(&at.site, discovery).await.map_err(bad)?;
            let found = found.ok_or(Failure::NotHere)?;
            client_id = client_id.or(found.client_id);
            let metadata = ground.oauth.discover_at(&found.document, ca_file, found.reach).await;
            Ok(metadata.map_err(|error| Failure::of_document(&error))?)
        }
        // The person, or the provider's file, has named its host.
        (None, Some(document), _) => ground.oauth.discover_at(document, ca_file, Reach::Anywhere).await,
        (None, None, Some(issuer)) => discover(ground, issuer, ca_file).await,
        // A service without metadata takes the client's secret in the form, as GitHub does.
        (None, None, None) => Ok(Metadata {
            issuer: place.base.clone(),
            token_endpoint_auth_methods_supported: Some(vec!["client_secret_post".to_owned()]),
            ..Metadata::default()
        }),
    };
    if let Ok(metadata) = &discovered {
        issuer = Some(metadata.issuer.clone());
    }
    let endpoints = Endpoints {
        authorization: url(&spec.authorization_endpoint).map_err(bad)?,
        device_authorization: url(&spec.device_authorization_endpoint).map_err(bad)?,
        revocation: url(&spec.revocation_endpoint).map_err(bad)?,
        token: url(&spec.token_endpoint).map_err(bad)?,
    };
    let registers = at.site.provider.client.as_ref().is_some_and(|client| client.register);
    let settings = Settings {
        issuer: issuer.unwrap_or_else(|| place.base.clone()),
        // Without one, one is registered.
        client_id: client_id.or_else(|| registers.then(String::new)).ok_or(Failure::NoClientId)?,
        client_secret: at.client.as_ref().and_then(|(_, secret)| secret.clone()),
        client_key: at.client_key.clone(),
        flow: Some(flow),
        scope: at.scope.clone().or_else(|| spec.scope.clone()),
        resources: at.resources.clone(),
        ca_file: place.ca_file.clone(),
        redirect_port: at.redirect_port,
        redirect_uri: redirect(at),
        endpoints,
        auth_params: spec.auth_params.iter().chain(&at.auth_params).map(|(k, v)| (k.clone(), v.clone())).collect(),
        registration: at.registration.clone(),
    };
    let registration_token = at.registration_token.clone();
    Ok((AtIssuer { settings, flow: Some(flow), browser: true, registration_token }, discovered))
}

/// Discovers. A person's URL of a service says nothing about the slash at the end of its issuer, so the service's own
/// spelling decides about that, and about nothing else.
async fn discover(ground: &Ground, issuer: &str, ca_file: Option<&Path>) -> Result<Metadata, DiscoveryError> {
    match ground.oauth.discover(issuer, ca_file).await {
        Err(DiscoveryError::IssuerMismatch { exact: Some(exact) })
            if exact.trim_end_matches('/') == issuer.trim_end_matches('/') =>
        {
            ground.oauth.discover(&exact, ca_file).await
        }
        told => told,
    }
}

/// The redirect as registered: the person's own, else the provider's, on the port that the person wants.
fn redirect(at: &AtService) -> Option<String> {
    let usual = at.site.provider.client.as_ref().and_then(|client| client.redirect.clone());
    let usual = usual.and_then(|usual| match at.redirect_port {
        Some(_) => Url::parse(&usual).ok().and_then(|mut url| url.set_port(None).ok().map(|()| url.into())),
        None => Some(usual),
    });
    at.redirect_uri.clone().or(usual)
}

/// What later requests of a login need that was made elsewhere, by the method of its place.
pub(super) async fn client_at(
    ground: &Ground,
    at: &AtService,
    document: Option<&str>,
) -> Result<(Option<Settings>, Client), Failure> {
    let method = method(at)?;
    let (FlowSpec::AuthorizationCode(spec) | FlowSpec::ClientCredentials(spec) | FlowSpec::Device(spec)) = &method.flow
    else {
        return Ok((None, own_client(&at.site.place)));
    };
    let (mut issuer, mut discovered) = match document {
        // The login itself says where its authorization server is.
        Some(_) => {
            let known = OauthSpec { discovery: None, issuer: None, document: None, ..spec.clone() };
            authorization_server(ground, at, &known, method.flow.flow()).await?
        }
        None => authorization_server(ground, at, spec, method.flow.flow()).await?,
    };
    if let Some(document) = document {
        let place = &at.site.place;
        let reach = Reach::Private.towards(document, &place.base);
        discovered = ground.oauth.discover_at(document, place.ca_file.as_deref(), reach).await;
        if let Ok(metadata) = &discovered {
            issuer.settings.issuer.clone_from(&metadata.issuer);
        }
    }
    let plan = Plan::new(&issuer, &StepUp::default(), discovered)?;
    Ok((Some(issuer.settings), plan.client))
}

/// What belongs to a credential besides, gathered. Nothing in here fails the login.
pub(super) async fn complete(
    ground: &Ground,
    at: AtService,
    raw: Raw,
    profile: Option<String>,
    switch: bool,
) -> Result<Outcome, Failure> {
    let mut warnings = Vec::new();
    let named = method(&at).ok();
    let flow =
        if at.site.place.needs_login { named.map_or(Flow::None, |method| method.flow.flow()) } else { Flow::None };
    let expiry = named.map_or(&[][..], |method| &method.expiry);
    let mut told = None;
    let mut account = None;
    let mut grant = match raw {
        Raw::Nothing => Brought::Nothing,
        Raw::Key(key, identity) => {
            let expires_at = at.expires_at.or_else(|| key_expiry(expiry, &key, &identity, ground.clock.wall()));
            told = Some(identity);
            Brought::Key { key, expires_at }
        }
        Raw::Granted(granted) => {
            account = granted.account;
            let tokens = granted.tokens;
            if granted.is_key {
                let life = tokens.expires_in.and_then(|life| i64::try_from(life.as_secs()).ok());
                let expires_at = life.map(|life| ground.clock.wall().saturating_add(life));
                // EXPOSE: it changes from one secret type to another.
                Brought::Key { key: ApiKey::new(tokens.access_token.expose().to_owned()), expires_at }
            } else {
                warnings = warning::of(&tokens, "", flow);
                let client = own_client(&at.site.place);
                Brought::Tokens(Box::new(BroughtTokens {
                    settings: None,
                    client,
                    tokens,
                    requested_scope: String::new(),
                }))
            }
        }
        Raw::Obtained(obtained) => {
            account = obtained.verified(ground, &mut warnings).await?;
            let Obtained { plan, mut tokens, settings, .. } = *obtained;
            settle(expiry, &mut tokens, ground.clock.wall());
            warnings.extend(warning::of_service(&tokens, &plan.scope, flow));
            tokens.token_type.clone_from(&at.site.place.scheme);
            Brought::Tokens(Box::new(BroughtTokens {
                settings: Some(settings),
                client: plan.client,
                tokens,
                requested_scope: plan.scope,
            }))
        }
    };
    let Some(secret) = secret_of(&grant) else {
        let mut at = at;
        at.site.place.project = at.project.take();
        return Ok(outcome(at, profile, switch, flow, grant, warnings));
    };
    // EXPOSE: presented to the service that it is of.
    let secret = ApiKey::new(secret.to_owned());
    let scheme = at.site.place.scheme.clone();
    // EXPOSE: as above.
    let credential = Presented { scheme: &scheme, secret: secret.expose() };
    let told = match (told, who::teller(Some(&at.site), &grant, account.as_ref())) {
        (Some(identity), _) => identity,
        (None, Some(teller)) => who::asked(ground, &teller, credential, &mut warnings).await,
        (None, None) => Identity::default(),
    };
    if let (Brought::Key { expires_at, .. }, Some(lapses)) = (&mut grant, told.expires_at) {
        expires_at.get_or_insert(lapses);
    }
    if told.usable == Some(false) {
        warnings.push("the service knows this credential, but it is good for nothing there (inactive)".to_owned());
    }
    let account = merged(account, told.account);
    let mut at = at;
    choose_project(ground, &mut at, credential, &mut warnings).await;
    let label = profile.as_deref().unwrap_or(&at.site.place.provider);
    // What is made once is not made again with each login.
    let held = ground.sink.held(profile.as_deref(), account.as_ref(), &at.site.place);
    let asked = in_time(ground, ground.services.secondaries(&at.site, credential, label, &held)).await;
    let secondaries = asked.unwrap_or_else(|_late| {
        warnings.push("what belongs to the login is not known yet; `agentctl sync` asks again".to_owned());
        held.clone()
    });
    for missing in secondaries.iter().filter(|one| one.secret.is_none()) {
        let why = missing.trouble.as_deref().unwrap_or("it is not there");
        warnings.push(format!("the {} is missing: {why}", missing.title));
    }
    let whole = outcome(at, profile, switch, flow, grant, warnings);
    Ok(Outcome { account, usable: told.usable, secondaries, ..whole })
}

/// The answer to a question about a credential that is here already, unless that takes too long or the daemon stops.
pub(super) async fn in_time<T>(ground: &Ground, question: impl Future<Output = T>) -> Result<T, CallError> {
    tokio::select! {
        answer = tokio::time::timeout(ASKING, question) => {
            answer.map_err(|_| CallError::Lost { why: "the service takes too long" })
        }
        () = ground.tasks.cancelled() => Err(CallError::Lost { why: "the agent stops" }),
    }
}

fn outcome(
    at: AtService,
    profile: Option<String>,
    switch: bool,
    flow: Flow,
    grant: Brought,
    warnings: Vec<String>,
) -> Outcome {
    let place = Some(at.site.place);
    Outcome { profile, flow, grant, account: None, warnings, switch, place, usable: None, secondaries: Vec::new() }
}

/// The project the person wants, checked against the list where there is one; the only one is taken by itself.
async fn choose_project(ground: &Ground, at: &mut AtService, credential: Presented<'_>, warnings: &mut Vec<String>) {
    let wanted = at.project.take();
    let listed =
        in_time(ground, ground.services.projects(&at.site, credential)).await.unwrap_or_else(|late| Some(Err(late)));
    let place = &mut at.site.place;
    place.project = None;
    match (listed, wanted) {
        (None, Some(wanted)) => place.project = Some(wanted),
        (None, None) => {}
        (Some(Err(error)), wanted) => {
            warnings.push(format!("the projects could not be listed: {error}"));
            place.project = wanted;
        }
        (Some(Ok(projects)), Some(wanted)) => {
            if let Some(project) = find_project(&projects, &wanted) {
                take(place, project);
            } else {
                let known: Vec<&str> = projects.iter().map(|project| project.id.as_str()).collect();
                let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                warnings.push(format!("there is no such project; there are: {known}; choose with `agentctl project`"));
            }
        }
        (Some(Ok(projects)), None) => {
            if let [only] = projects.as_slice() {
                take(place, only);
            }
        }
    }
}

/// The project of this identifier, else the only one of this name.
pub fn find_project<'a>(projects: &'a [Project], wanted: &str) -> Option<&'a Project> {
    let named: Vec<&Project> = projects.iter().filter(|project| project.name.as_deref() == Some(wanted)).collect();
    let by_name = if let [only] = named.as_slice() { Some(*only) } else { None };
    projects.iter().find(|project| project.id == wanted).or(by_name)
}

fn take(place: &mut Place, project: &Project) {
    place.project = Some(project.id.clone());
    place.project_name.clone_from(&project.name);
}

/// When a key lapses, from the first source that tells; what the service says of it is believed in any case.
fn key_expiry(sources: &[Expiry], key: &ApiKey, identity: &Identity, wall: i64) -> Option<i64> {
    let told = sources.iter().find_map(|source| match source {
        Expiry::Assume(life) => Some(wall.saturating_add_unsigned(life.as_secs())),
        // EXPOSE: a JWT says itself when it lapses; nothing of it is kept.
        Expiry::Jwt => jwt_expiry(key.expose()),
        Expiry::Whoami => identity.expires_at,
        // There was no answer that could have told.
        Expiry::ExpiresAt | Expiry::ExpiresIn => None,
    });
    told.or(identity.expires_at)
}

/// For grants that no standard renews: known by their place.
fn own_client(place: &Place) -> Client {
    Client {
        issuer: place.base.clone(),
        token_endpoint: place.base.clone(),
        ca_file: place.ca_file.clone(),
        ..Client::default()
    }
}

fn secret_of(grant: &Brought) -> Option<&str> {
    match grant {
        // EXPOSE: presented to the service that it is of.
        Brought::Key { key, .. } => Some(key.expose()),
        // EXPOSE: as above.
        Brought::Tokens(brought) => Some(brought.tokens.access_token.expose()),
        Brought::Nothing => None,
    }
}

/// What the service says now over what its answer said at login.
pub(super) fn merged(first: Option<Account>, later: Option<Account>) -> Option<Account> {
    match (first, later) {
        (Some(first), Some(later)) => Some(first.updated(later)),
        (first, later) => later.or(first),
    }
}
