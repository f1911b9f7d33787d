//! `env`: deployments of a service.

use std::path::PathBuf;

use clap::{ArgMatches, Subcommand};
use proto::id::ProviderName;
use proto::provider::{Environment, EnvironmentRequest, Forgotten, Provider};
use serde_json::{Value, json};

use super::{augment, file, provider};
use crate::cli::{self, Form, Network, Verb};
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::output::{Cell, clean, table};
use crate::prompt::{self, Choice};

pub(super) const VERB: Verb = Verb {
    name: "env",
    aliases: &[],
    about: "List, add, choose or remove deployments of a service",
    more: "",
    forms: &[
        Form::reads().action("list"),
        Form::changes("the deployments that the agent knows")
            .network(Network::When("to ask whether it needs a login, unless `--no-login`"))
            .action("add"),
        Form::changes("the deployment in use, and the current profile: the one last used there")
            .prompts("for the deployment, if none is named")
            .action("switch"),
        Form::changes("the deployments that the agent knows").action("remove"),
    ],
    examples: &[
        "agentctl env add staging https://staging.example.org --provider llamaindex",
        "agentctl env switch staging --provider llamaindex",
    ],
    arguments: augment::<Env>,
    run,
};

#[derive(clap::Args)]
struct Env {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Show the deployments; a `*` marks those in use
    #[command(visible_alias = "ls")]
    List {
        /// Only of this provider
        #[arg(value_parser = ProviderName::parse)]
        provider: Option<ProviderName>,
    },
    /// Add a deployment
    Add {
        /// Its name
        name: String,
        /// Its base URL
        url: String,
        /// Whose; by default the provider of the current profile
        #[arg(long, value_name = "PROVIDER", value_parser = ProviderName::parse)]
        provider: Option<ProviderName>,
        /// Trust the certificates in this PEM file as well
        #[arg(long, value_name = "FILE")]
        ca_file: Option<PathBuf>,
        /// A further host that its credential is good for: `HOST` or `HOST:PORT`; may be repeated
        #[arg(long = "host", value_name = "HOST")]
        hosts: Vec<String>,
        /// It needs no login
        #[arg(long)]
        no_login: bool,
    },
    /// Use another deployment, and the profile that was last used there
    Switch {
        /// Its name or URL; without it, you are asked
        name: Option<String>,
        /// Whose; by default the provider of the current profile
        #[arg(long, value_name = "PROVIDER", value_parser = ProviderName::parse)]
        provider: Option<ProviderName>,
    },
    /// Forget a deployment that was added
    #[command(visible_alias = "rm")]
    Remove {
        /// Its name
        name: String,
        /// Whose; by default the provider of the current profile
        #[arg(long, value_name = "PROVIDER", value_parser = ProviderName::parse)]
        provider: Option<ProviderName>,
    },
}

fn run(matches: &ArgMatches, invocation: &Invocation) -> Result<(), Failure> {
    let Env { action } = cli::arguments(matches)?;
    match action {
        Action::List { provider } => list(invocation, provider.as_ref()),
        Action::Add { name, url, provider, ca_file, hosts, no_login } => {
            let ca_file = ca_file.map(|path| file::absolute(path, "--ca-file")).transpose()?;
            let needs_login = no_login.then_some(false);
            add(invocation, &EnvironmentRequest { provider, name, url: Some(url), ca_file, hosts, needs_login })
        }
        Action::Switch { name: Some(name), provider } => switch(invocation, &request(name, provider)),
        Action::Switch { name: None, provider } => {
            let (name, provider) = pick(invocation, provider)?;
            switch(invocation, &request(name, Some(provider)))
        }
        Action::Remove { name, provider } => remove(invocation, &request(name, provider)),
    }
}

fn request(name: String, provider: Option<ProviderName>) -> EnvironmentRequest {
    EnvironmentRequest { provider, name, ..EnvironmentRequest::default() }
}

fn list(invocation: &Invocation, provider: Option<&ProviderName>) -> Result<(), Failure> {
    let output = &invocation.output;
    let mut client = invocation.connect()?;
    let providers = match provider {
        Some(name) => vec![provider::known(&mut client, name)?],
        None => client.providers()?.providers,
    };
    let all = || providers.iter().flat_map(|p| p.environments.iter().map(move |environment| (p, environment)));
    if output.is_json() {
        return output.json(&all().map(|(p, environment)| document(p, environment)).collect::<Vec<_>>());
    }
    let row = |(p, environment): (&Provider, &Environment)| {
        vec![
            Cell::plain(if environment.current { "*" } else { "" }),
            Cell::plain(p.name.as_str()),
            Cell::plain(clean(&environment.name)),
            Cell::plain(clean(&environment.url)),
            Cell::plain(if environment.needs_login { "yes" } else { "no" }),
            Cell::plain(if environment.added { "yes" } else { "" }),
        ]
    };
    let rows: Vec<Vec<Cell>> = all().map(row).collect();
    output.text(&table(&["", "PROVIDER", "NAME", "URL", "LOGIN", "ADDED"], &rows, output.paint()))
}

/// A deployment, with its provider, for programs.
fn document(provider: &Provider, environment: &Environment) -> Value {
    let mut value = json!(environment);
    value["provider"] = json!(provider.name);
    value
}

fn add(invocation: &Invocation, request: &EnvironmentRequest) -> Result<(), Failure> {
    let output = &invocation.output;
    let added = invocation.connect()?.env_add(request)?;
    if output.is_json() {
        return output.json(&added);
    }
    let login = if added.needs_login { "needs a login" } else { "needs no login" };
    output.text(&format!("Added {}, {}: it {login}", clean(&added.name), clean(&added.url)))
}

/// The deployment that the person picks, of the provider that is named, else of that of the current profile.
fn pick(invocation: &Invocation, provider: Option<ProviderName>) -> Result<(String, ProviderName), Failure> {
    let mut client = invocation.connect()?;
    let provider = match provider {
        Some(provider) => Some(provider),
        None => match client.status()?.current {
            Some(current) => client.inspect(&current)?.provider,
            None => None,
        },
    };
    let provider = provider
        .ok_or_else(|| Failure::usage("nothing says which service is meant").hint("add `--provider PROVIDER`"))?;
    let known = provider::known(&mut client, &provider)?.environments;
    if !invocation.can_ask() {
        let names: Vec<&str> = known.iter().map(|environment| environment.name.as_str()).collect();
        return Err(Failure::usage(format!("no environment is named; there are: {}", names.join(", ")))
            .hint("`agentctl env switch NAME`"));
    }
    let choice = |one: &Environment| Choice::new(one.name.as_str(), one.url.as_str()).in_use(one.current);
    let choices: Vec<Choice> = known.iter().map(choice).collect();
    let at = prompt::pick(invocation, "environment", &choices)?;
    Ok((known[at].name.clone(), provider))
}

fn switch(invocation: &Invocation, request: &EnvironmentRequest) -> Result<(), Failure> {
    let output = &invocation.output;
    let switched = invocation.connect()?.env_switch(request)?;
    if output.is_json() {
        return output.json(&switched);
    }
    let name = clean(&switched.environment.name);
    output.text(&format!("{} uses {name}, {}", switched.provider, clean(&switched.environment.url)))?;
    if let Some(profile) = &switched.profile {
        output.note(&format!("The current profile there is {profile}"));
    } else {
        // There may be some that were never current.
        output.note("No profile is current there");
        output.hint(&format!("`agentctl switch NAME`, or `agentctl login {}`", switched.provider));
    }
    Ok(())
}

fn remove(invocation: &Invocation, request: &EnvironmentRequest) -> Result<(), Failure> {
    let answer = invocation.connect()?.env_remove(request)?;
    forgotten(invocation, &answer, "environment")
}

/// What is said of something that was forgotten.
pub(super) fn forgotten(invocation: &Invocation, answer: &Forgotten, what: &str) -> Result<(), Failure> {
    let output = &invocation.output;
    if !answer.existed {
        output.warning(&format!("there is no {what} {}", answer.name));
    }
    if output.is_json() {
        return output.json(answer);
    }
    if answer.existed { output.text(&format!("Removed {}", clean(&answer.name))) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_json_of_a_deployment_names_its_provider() {
        let provider: Provider = serde_json::from_value(json!({"name": "tank", "title": "Tank", "built_in": true,
            "methods": [], "hosts": [], "whoami": true, "projects": false, "environments": [
                {"name": "production", "url": "https://www.tankpkg.dev", "needs_login": true, "current": true}]}))
        .expect("it is a provider");
        assert_eq!(
            document(&provider, &provider.environments[0]).to_string(),
            r#"{"current":true,"name":"production","needs_login":true,"provider":"tank","url":"https://www.tankpkg.dev"}"#
        );
    }
}
