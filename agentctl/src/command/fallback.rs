//! A credential from a variable of this program's environment, where none is saved. It is used for one call and never
//! stored.

use proto::id::{ProfileName, ProviderName};
use proto::problem::{Code, Problem, Reason};
use proto::profile::{Profile, ProfileState};
use proto::provider::Provider;
use proto::secret::Secret;
use proto::whoami;
use serde_json::{Value, json};

use super::choose;
use crate::client::{Client, ClientError};
use crate::exit::Status;
use crate::failure::Failure;

/// Reads a variable of the environment.
pub(super) type Variable<'v> = &'v dyn Fn(&str) -> Option<String>;

/// A credential that stands in for a profile.
#[derive(Debug)]
pub(super) struct Standin {
    /// Of which service.
    pub(super) provider: ProviderName,
    /// The service's name for people.
    pub(super) title: String,
    /// The deployment.
    pub(super) environment: Option<String>,
    /// Its base URL.
    pub(super) url: Option<String>,
    /// How it is sent.
    pub(super) scheme: String,
    /// The variable that holds it.
    pub(super) variable: String,
    /// It.
    pub(super) key: Secret,
}

impl Standin {
    /// For a call that carries it.
    pub(super) fn for_call(self) -> whoami::Fallback {
        whoami::Fallback { provider: self.provider, environment: self.environment, key: self.key }
    }

    /// What `status` says of it.
    pub(super) fn json(&self) -> Value {
        let mut value = json!({"auth_type": "api_key", "provider": self.provider, "source": "environment",
            "variable": self.variable});
        for (member, text) in [("environment", &self.environment), ("url", &self.url)] {
            if let Some(text) = text {
                value[member] = json!(text);
            }
        }
        value
    }
}

/// A variable of the environment that is set, not empty, and text.
pub(super) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The credential that stands in for `name`, else for the current profile, else where there is no profile.
pub(super) fn find(client: &mut Client, name: Option<&ProfileName>) -> Result<Option<Standin>, Failure> {
    let name = match name {
        Some(name) => Some(name.clone()),
        None => client.status()?.current,
    };
    let profile = match &name {
        Some(name) => choose::inspect(client, name)?,
        None => None,
    };
    // A name that is unknown is a mistake, not a profile without a credential.
    if profile.is_none() && name.is_some() { Ok(None) } else { stand_in(client, profile.as_ref()) }
}

/// Like [`find`], for a profile that is known already.
pub(super) fn stand_in(client: &mut Client, profile: Option<&Profile>) -> Result<Option<Standin>, Failure> {
    let providers = match profile {
        Some(profile) if profile.state != ProfileState::LoggedOut => return Ok(None),
        Some(Profile { provider: None, .. }) => return Ok(None),
        Some(Profile { provider: Some(provider), .. }) => vec![client.provider(provider)?],
        None => client.providers()?.providers,
    };
    let environment = profile.and_then(|profile| profile.environment.clone());
    chosen(&providers, environment.as_deref(), &variable)
}

/// The one provider whose variable is set.
fn chosen(
    providers: &[Provider],
    environment: Option<&str>,
    variable: Variable<'_>,
) -> Result<Option<Standin>, Failure> {
    let mut found: Vec<Standin> = providers.iter().filter_map(|p| of(p, environment, variable)).collect();
    if found.len() > 1 {
        let names: Vec<String> = found.iter().map(|f| format!("{} ({})", f.variable, f.title)).collect();
        return Err(Failure::usage(format!("several variables could stand in for a login: {}", names.join(", ")))
            .hint("keep one of them, or log in"));
    }
    Ok(found.pop())
}

fn of(provider: &Provider, environment: Option<&str>, variable: Variable<'_>) -> Option<Standin> {
    let (name, key) = provider.fallback_variables.iter().find_map(|name| Some((name, variable(name)?)))?;
    let meant = provider.environments.iter().find(|e| match environment {
        Some(name) => e.name == name,
        None => e.current,
    });
    Some(Standin {
        provider: provider.name.clone(),
        title: provider.title.clone(),
        environment: meant.map(|e| e.name.clone()).or_else(|| environment.map(str::to_owned)),
        url: meant.map(|e| e.url.clone()),
        scheme: provider.fallback_scheme.clone().unwrap_or_else(|| "Bearer".to_owned()),
        variable: name.clone(),
        key: Secret::new(key),
    })
}

/// Whether a refusal says that no credential is saved, so that another may stand in.
pub(super) fn may_stand_in(problem: &Problem, named: bool) -> bool {
    match problem.code {
        Code::LoginRequired => {
            matches!(problem.reason, None | Some(Reason::LoggedOut | Reason::NeverLoggedIn))
        }
        Code::NotFound => !named,
        _ => false,
    }
}

/// The credential that stands in after `error`; else the error.
pub(super) fn after(client: &mut Client, name: Option<&ProfileName>, error: ClientError) -> Result<Standin, Failure> {
    match error {
        ClientError::Problem(problem) if may_stand_in(&problem, name.is_some()) => {
            match find(client, name) {
                Ok(Some(found)) => Ok(found),
                Err(failure) if failure.status() == Status::Usage => Err(failure),
                // The first refusal says more than whatever came after it.
                Ok(None) | Err(_) => Err(problem_with_hint(*problem)),
            }
        }
        error => Err(error.into()),
    }
}

fn problem_with_hint(problem: Problem) -> Failure {
    let hinted = problem.hint.is_some();
    let failure = Failure::from(problem);
    if hinted { failure } else { failure.hint("`agentctl login`") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn provider(name: &str, variables: &[&str]) -> Provider {
        let json = json!({"name": name, "title": name, "built_in": true, "methods": [], "hosts": [], "whoami": true,
            "projects": false, "fallback_variables": variables, "fallback_scheme": "Api-Key", "environments": [
                {"name": "staging", "url": "https://s.example.org", "needs_login": true},
                {"name": "production", "url": "https://p.example.org", "needs_login": true, "current": true}]});
        serde_json::from_value(json).expect("it is a provider")
    }

    fn set(name: &str) -> Option<String> {
        ["B_KEY", "C_KEY"].contains(&name).then(|| format!("value-of-{name}"))
    }

    #[test]
    fn the_first_variable_that_is_set_stands_in() {
        let found = chosen(&[provider("a", &["A_KEY"]), provider("b", &["A_KEY", "B_KEY", "C_KEY"])], None, &set);
        let found = found.expect("one provider").expect("one is set");
        assert_eq!(
            (found.provider.as_str(), found.variable.as_str(), found.scheme.as_str()),
            ("b", "B_KEY", "Api-Key")
        );
        assert_eq!(
            found.json().to_string(),
            "{\"auth_type\":\"api_key\",\"environment\":\"production\",\"provider\":\"b\",\"source\":\"environment\",\
             \"url\":\"https://p.example.org\",\"variable\":\"B_KEY\"}"
        );
        assert!(!format!("{found:?}").contains("value-of"));
        let found = chosen(&[provider("b", &["B_KEY"])], Some("staging"), &set).expect("one").expect("it is set");
        assert_eq!(found.url.as_deref(), Some("https://s.example.org"), "the profile's deployment wins");
    }

    #[test]
    fn two_services_are_not_guessed_between_and_no_variable_is_nothing() {
        let two = chosen(&[provider("b", &["B_KEY"]), provider("c", &["C_KEY"])], None, &set).expect_err("two");
        let (detail, ..) = two.text().expect("it is told");
        assert!(detail.contains("B_KEY") && detail.contains("C_KEY") && !detail.contains("value-of"), "{detail}");
        assert!(chosen(&[provider("a", &["A_KEY"])], None, &set).expect("no mistake").is_none());
    }

    #[test]
    fn only_where_no_credential_is_saved() {
        let problem = |code, reason: Option<Reason>| Problem { reason, ..Problem::new(code, "d") };
        assert!(may_stand_in(&problem(Code::LoginRequired, Some(Reason::LoggedOut)), true));
        assert!(may_stand_in(&problem(Code::NotFound, None), false));
        assert!(!may_stand_in(&problem(Code::LoginRequired, Some(Reason::Refused)), true));
        assert!(!may_stand_in(&problem(Code::NotFound, None), true));
        assert!(!may_stand_in(&problem(Code::Locked, None), false));
    }
}
