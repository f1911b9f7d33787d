//! What a login at a service needs from the person: key, URL and project. Each comes from the command line, else from
//! the provider's variables in order, else from the profile that is renewed or the provider, else it is asked for;
//! where nobody can be asked, all that is missing is named at once.

use proto::profile::Profile;
use proto::provider::{Method, MethodOffer, Need, Provider, Variant};
use proto::secret::Secret;

use crate::command::fallback::Variable;
use crate::failure::Failure;

/// What the command line gives.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Given<'g> {
    /// `--environment`.
    pub(super) environment: Option<&'g str>,
    /// `--project`.
    pub(super) project: Option<&'g str>,
    /// The secret is on standard input.
    pub(super) on_stdin: bool,
    /// The client proves itself with a key.
    pub(super) client_key: bool,
}

/// Where a value comes from.
#[derive(Debug)]
pub(super) enum Origin<T> {
    /// It is left out.
    Absent,
    /// The person is asked.
    Ask,
    /// It is on standard input.
    Stdin,
    /// Here it is, and the variable that held it.
    Value(T, Option<String>),
}

/// Where everything comes from.
#[derive(Debug)]
pub(super) struct Inputs {
    /// The key, or the client secret.
    pub(super) secret: Origin<Secret>,
    /// The deployment.
    pub(super) environment: Origin<String>,
    /// The project.
    pub(super) project: Origin<String>,
}

/// One login that is looked at.
#[derive(Clone, Copy)]
pub(super) struct Case<'c> {
    /// Where.
    pub(super) provider: &'c Provider,
    /// How.
    pub(super) offer: &'c MethodOffer,
    /// With which kind of key.
    pub(super) variant: Option<&'c Variant>,
    /// The profile that is renewed.
    pub(super) renewed: Option<&'c Profile>,
    /// The environment of this program.
    pub(super) variable: Variable<'c>,
    /// Whether somebody can be asked.
    pub(super) can_ask: bool,
}

/// Finds out where each value comes from.
pub(super) fn find(case: Case<'_>, given: Given<'_>) -> Result<Inputs, Failure> {
    let (offer, renewed) = (case.offer, case.renewed);
    let need = |of: fn(&Variant) -> Need| case.variant.map_or(Need::Optional, of);
    let mut missing = Vec::new();

    let secret = match offer.method {
        _ if given.on_stdin => Origin::Stdin,
        Method::ApiKey | Method::ClientCredentials => {
            let kept = offer.method == Method::ClientCredentials && (renewed.is_some() || given.client_key);
            let need = if kept { Need::Optional } else { Need::Required };
            let (what, option) = secret_words(offer.method);
            let secret = case.from(None, &offer.key_variables, need, &mut missing, (what, option));
            match secret {
                Origin::Value(text, variable) => Origin::Value(Secret::new(text), variable),
                Origin::Ask => Origin::Ask,
                Origin::Stdin | Origin::Absent => Origin::Absent,
            }
        }
        _ => Origin::Absent,
    };

    // A profile that is renewed has its deployment and project; variables meant for new ones do not move it.
    let url_variables = if renewed.is_some() { &[][..] } else { &offer.url_variables };
    let url_need = if renewed.is_some() { Need::Optional } else { need(|variant| variant.url) };
    let environment =
        case.from(given.environment, url_variables, url_need, &mut missing, ("base URL", "--environment URL"));

    let project_need = need(|variant| variant.project);
    if project_need == Need::None && given.project.is_some() {
        return Err(Failure::usage("this kind of key has no project").hint("leave `--project` out"));
    }
    let known = renewed.is_some_and(|profile| profile.project.is_some());
    // Where the service lists projects, the person chooses after the login.
    let later = case.can_ask && case.provider.projects;
    let project_need = if project_need == Need::Required && (known || later) { Need::Optional } else { project_need };
    let project_variables = if known { &[][..] } else { &offer.project_variables };
    let project = case.from(given.project, project_variables, project_need, &mut missing, ("project", "--project ID"));

    if missing.is_empty() { Ok(Inputs { secret, environment, project }) } else { Err(named(case, &missing)) }
}

impl Case<'_> {
    /// One value; `words` are its name and its option.
    fn from(
        self,
        given: Option<&str>,
        variables: &[String],
        need: Need,
        missing: &mut Vec<String>,
        words: (&str, &str),
    ) -> Origin<String> {
        if let Some(given) = given {
            return Origin::Value(given.to_owned(), None);
        }
        let set = |name: &String| Some((name.clone(), (self.variable)(name)?));
        match (variables.iter().find_map(set), need) {
            (_, Need::None) => Origin::Absent,
            (Some((name, value)), _) => Origin::Value(value, Some(name)),
            (None, Need::Required) if self.can_ask => Origin::Ask,
            (None, Need::Required) => {
                let ways = variables.iter().fold(format!("`{}`", words.1), |ways, name| format!("{ways} or {name}"));
                missing.push(format!("the {} ({ways})", words.0));
                Origin::Absent
            }
            (None, _) => Origin::Absent,
        }
    }
}

/// What the secret of a method is called, and the option for it.
pub(super) fn secret_words(method: Method) -> (&'static str, &'static str) {
    match method {
        Method::ClientCredentials => ("client secret", "--client-secret-stdin"),
        _ => ("key", "--api-key-stdin"),
    }
}

fn named(case: Case<'_>, missing: &[String]) -> Failure {
    let title = &case.provider.title;
    Failure::usage(format!("{title} needs what nobody can be asked for: {}", missing.join(", ")))
        .hint("give them on the command line or in the variables, or log in on a terminal")
}

/// Whether the key looks like one of the service. It is not repeated.
pub(super) fn check(title: &str, prefix: &str, key: &Secret) -> Result<(), Failure> {
    // EXPOSE: only its beginning is looked at.
    if key.expose().starts_with(prefix) {
        return Ok(());
    }
    Err(Failure::usage(format!("a key of {title} begins with `{prefix}`")))
}

#[cfg(test)]
mod tests;
