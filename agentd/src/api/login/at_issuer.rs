//! A login by issuer and client id: what the request leaves out is taken from the profile, if it exists.

use std::path::PathBuf;
use std::sync::Arc;

use proto::id::ProfileName;
use proto::login::{Flow as FlowWord, LoginRequest};
use proto::problem::{Code, Problem};

use super::super::Api;
use super::super::problem::{Failure, invalid};
use super::client_key::signing_key;
use crate::flow::{AtIssuer, Target};
use crate::http;
use crate::provider::{Endpoints, Flow, Settings};
use crate::secret::{ClientSecret, RegistrationToken};

impl Api {
    /// The profile's name and what to do.
    pub(super) fn login_at_issuer(&self, request: LoginRequest) -> Result<(String, Target), Failure> {
        let flow = match request.flow {
            None => None,
            Some(FlowWord::AuthorizationCode) => Some(Flow::AuthorizationCode),
            Some(FlowWord::ClientCredentials) => Some(Flow::ClientCredentials),
            Some(FlowWord::Device) => Some(Flow::Device),
            Some(_) => {
                return Err(Failure(Problem::new(Code::Unsupported, "this agent does not know that way to log in")));
            }
        };
        let browser = request.browser;
        let (profile, known) = self.named(&request)?;
        let token = request.registration_token.as_ref();
        // EXPOSE: it changes from the wire's type to the domain's.
        let registration_token = token.map(|token| Arc::new(RegistrationToken::new(token.expose().to_owned())));
        let mut settings = merge(request, known.as_deref())?;
        if settings.client_id.is_empty() {
            if flow == Some(Flow::ClientCredentials) || settings.is_confidential() {
                return Err(missing("a client id"));
            }
            self.registered_at(&mut settings);
        }
        Ok((profile, Target::Issuer(Box::new(AtIssuer { settings, flow, browser, registration_token }))))
    }
}

impl Api {
    /// Takes the client that was registered at the issuer for another profile, the latest one; else it is left to the login
    /// to register one.
    fn registered_at(&self, settings: &mut Settings) {
        let mut snapshots = self.vault.list();
        snapshots.sort_by_key(|snapshot| std::cmp::Reverse(snapshot.logged_in_at));
        let here = |known: &&Settings| known.registration.is_some() && known.is_at_the_same_place(settings);
        let known = snapshots.iter().filter_map(|snapshot| snapshot.settings.as_deref()).find(here);
        if let Some(known) = known {
            settings.client_id.clone_from(&known.client_id);
            settings.client_secret.clone_from(&known.client_secret);
            settings.registration.clone_from(&known.registration);
        }
    }

    /// The profile a login is for, and its settings if it exists.
    fn named(&self, request: &LoginRequest) -> Result<(String, Option<Arc<Settings>>), Failure> {
        let settings = |name: &str| self.vault.inspect(Some(name)).ok().and_then(|snapshot| snapshot.settings.clone());
        if let Some(name) = &request.profile {
            return Ok((name.to_string(), settings(name.as_str())));
        }
        let Some(issuer) = &request.issuer else {
            // `login` alone repeats the login of the current profile.
            return match self.vault.inspect(None) {
                Ok(snapshot) => Ok((snapshot.name.to_string(), snapshot.settings.clone())),
                Err(_) => Err(Failure(
                    Problem::new(Code::InvalidRequest, "the login names no profile and no issuer")
                        .hint("give `--issuer URL --client-id ID`"),
                )),
            };
        };
        let base = name_of(issuer)?;
        let numbered = (2..).map(|n| format!("{base}-{n}"));
        let client = |known: &Settings| match &request.client_id {
            Some(id) => *id == known.client_id,
            None => known.registration.is_some(),
        };
        let same = |known: &Settings| known.issuer == *issuer && client(known);
        for name in std::iter::once(base.clone()).chain(numbered) {
            match self.vault.inspect(Some(&name)) {
                Err(_) => return Ok((name, None)),
                Ok(snapshot) if snapshot.settings.as_deref().is_some_and(same) => {
                    return Ok((name, snapshot.settings.clone()));
                }
                Ok(_) => {}
            }
        }
        Err(invalid("no free name is left for this issuer"))
    }
}

/// A profile's name for an issuer: its host, with the port where there is one.
fn name_of(issuer: &str) -> Result<String, Failure> {
    let url = checked(issuer, "issuer")?;
    let host: String = url
        .host_str()
        .unwrap_or("login")
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' })
        .collect();
    let name = url.port().map_or(host.clone(), |port| format!("{host}-{port}"));
    let name = name.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    // Room for a number behind it.
    let short: String = name.chars().take(ProfileName::MAX - 8).collect();
    Ok(if short.is_empty() { "login".to_owned() } else { short })
}

fn missing(what: &str) -> Failure {
    let problem = Problem::new(Code::InvalidRequest, format!("the login needs {what}"));
    Failure(problem.hint("give `--issuer URL --client-id ID`"))
}

fn checked(endpoint: &str, what: &str) -> Result<url::Url, Failure> {
    http::check_endpoint(endpoint).map_err(|error| invalid(format!("`{what}`: {error}")))
}

/// The request over what is known. Another issuer or client starts from nothing, and another endpoint does without the
/// client's secret unless it is given anew: what one service knows must not reach another.
fn merge(request: LoginRequest, known: Option<&Settings>) -> Result<Settings, Failure> {
    let known = known.filter(|k| {
        request.issuer.as_ref().is_none_or(|issuer| *issuer == k.issuer)
            && request.client_id.as_ref().is_none_or(|id| *id == k.client_id)
    });
    let issuer = request.issuer.or_else(|| known.map(|k| k.issuer.clone())).ok_or_else(|| missing("an issuer"))?;
    // Without one, one is registered.
    let client_id = request.client_id.or_else(|| known.map(|k| k.client_id.clone())).unwrap_or_default();
    checked(&issuer, "issuer")?;
    let of = |given: Option<String>, known: Option<&String>, what: &str| -> Result<Option<String>, Failure> {
        if let Some(url) = &given {
            checked(url, what)?;
        }
        Ok(given.or_else(|| known.cloned()))
    };
    let hand = known.map(|k| &k.endpoints);
    let endpoints = Endpoints {
        authorization: of(
            request.authorization_endpoint,
            hand.and_then(|h| h.authorization.as_ref()),
            "authorization_endpoint",
        )?,
        device_authorization: of(
            request.device_authorization_endpoint,
            hand.and_then(|h| h.device_authorization.as_ref()),
            "device_authorization_endpoint",
        )?,
        revocation: of(request.revocation_endpoint, hand.and_then(|h| h.revocation.as_ref()), "revocation_endpoint")?,
        token: of(request.token_endpoint, hand.and_then(|h| h.token.as_ref()), "token_endpoint")?,
    };
    let ca_file = request.ca_file.map(PathBuf::from).or_else(|| known.and_then(|k| k.ca_file.clone()));
    if ca_file.as_ref().is_some_and(|path| !path.is_absolute()) {
        return Err(invalid("`ca_file` is not an absolute path"));
    }
    // The client's own proof goes to no endpoint that it was not given for.
    let kept = known.filter(|k| k.endpoints == endpoints);
    let secret = request.client_secret;
    let kept_key = kept.and_then(|k| k.client_key.clone());
    let client_key = signing_key(request.client_key.as_ref(), request.client_key_id, secret.as_ref(), kept_key)?;
    // EXPOSE: it changes from the wire's type to the domain's.
    let given_secret = secret.map(|secret| Arc::new(ClientSecret::new(secret.expose().to_owned())));
    let inherited = |list: Vec<String>, known: Option<&Vec<String>>| {
        if list.is_empty() { known.cloned().unwrap_or_default() } else { list }
    };
    Ok(Settings {
        issuer,
        client_id,
        client_secret: given_secret.or_else(|| kept.filter(|_| client_key.is_none())?.client_secret.clone()),
        client_key,
        registration: known.and_then(|k| k.registration.clone()),
        flow: known.and_then(|k| k.flow),
        scope: request.scope.or_else(|| known.and_then(|k| k.scope.clone())),
        resources: inherited(request.resource, known.map(|k| &k.resources)),
        ca_file,
        redirect_port: request.redirect_port.or_else(|| known.and_then(|k| k.redirect_port)),
        redirect_uri: request.redirect_uri.or_else(|| known.and_then(|k| k.redirect_uri.clone())),
        endpoints,
        auth_params: if request.auth_params.is_empty() {
            known.map(|k| k.auth_params.clone()).unwrap_or_default()
        } else {
            request.auth_params
        },
    })
}
