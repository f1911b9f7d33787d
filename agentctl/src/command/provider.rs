//! `provider`: the services that the agent knows, and descriptions of one's own.

use clap::{ArgMatches, Subcommand};
use proto::id::ProviderName;
use proto::problem::Code;
use proto::provider::{Mistake, Provider, ProviderChecked, ProviderFile};

use super::{augment, choose, env, file};
use crate::cli::{self, Form, Verb};
use crate::client::{Client, ClientError};
use crate::exit::Status;
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::output::{clean, provider};

pub(super) const VERB: Verb = Verb {
    name: "provider",
    aliases: &["providers"],
    about: "List, show, check, add or remove descriptions of services",
    more: "How to write a description: `docs/add-a-provider.md`.",
    forms: &[
        Form::reads().action("list"),
        Form::reads().action("show"),
        Form::reads().action("check"),
        Form::changes("the descriptions of your own").action("add"),
        Form::changes("the descriptions of your own").action("remove"),
    ],
    examples: &["agentctl provider list", "agentctl provider check acme.toml && agentctl provider add acme.toml"],
    arguments: augment::<Services>,
    run,
};

#[derive(clap::Args)]
struct Services {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Show all services
    #[command(visible_alias = "ls")]
    List,
    /// Show one service
    Show {
        /// Its word
        #[arg(value_parser = ProviderName::parse)]
        name: ProviderName,
        /// Print its description (TOML)
        #[arg(long)]
        source: bool,
    },
    /// Tell every mistake in a description
    Check {
        /// The file, or `-` for standard input
        file: String,
    },
    /// Add a description of your own
    Add {
        /// The file, or `-` for standard input
        file: String,
        /// Take the place of the one that has the same name
        #[arg(long)]
        replace: bool,
    },
    /// Forget a description of your own
    #[command(visible_alias = "rm")]
    Remove {
        /// Its word
        #[arg(value_parser = ProviderName::parse)]
        name: ProviderName,
    },
}

fn run(matches: &ArgMatches, invocation: &Invocation) -> Result<(), Failure> {
    let Services { action } = cli::arguments(matches)?;
    let output = &invocation.output;
    match action {
        Action::List => list(invocation),
        Action::Show { name, source } => show(invocation, &name, source),
        Action::Check { file } => {
            let wanted = ProviderFile { text: file::text(&file)?, replace: false };
            let checked = invocation.connect()?.provider_check(&wanted)?;
            judged(invocation, &file, &checked)?;
            if output.is_json() { Ok(()) } else { output.text(&format!("{}: no mistakes", clean(&file))) }
        }
        Action::Add { file, replace } => {
            let wanted = ProviderFile { text: file::text(&file)?, replace };
            let checked = invocation.connect()?.provider_add(&wanted)?;
            judged(invocation, &file, &checked)?;
            let Some(added) = checked.provider.filter(|_| !output.is_json()) else { return Ok(()) };
            output.text(&format!("Added {}: `agentctl login {}`", clean(&added.title), added.name))
        }
        Action::Remove { name } => {
            let answer = invocation.connect()?.provider_remove(&name)?;
            env::forgotten(invocation, &answer, "provider of your own named")
        }
    }
}

fn list(invocation: &Invocation) -> Result<(), Failure> {
    let output = &invocation.output;
    let answer = invocation.connect()?.providers()?;
    if output.is_json() {
        return output.json(&answer);
    }
    output.text(&provider::list(&answer.providers, output.paint()))?;
    for file in &answer.broken {
        output.warning(&format!("`{}` describes no provider", file.path));
        for line in file.mistakes.iter().flat_map(|mistake| lines(&file.path, mistake)) {
            output.note(&format!("  {line}"));
        }
    }
    Ok(())
}

fn show(invocation: &Invocation, name: &ProviderName, source: bool) -> Result<(), Failure> {
    let output = &invocation.output;
    let found = known(&mut invocation.connect()?, name)?;
    if output.is_json() {
        return output.json(&found);
    }
    if !source {
        return output.text(&provider::provider(&found, output.paint()));
    }
    match &found.source {
        Some(toml) => output.text(&toml.replace('\t', "    ").split('\n').map(clean).collect::<Vec<_>>().join("\n")),
        None => Err(Failure::failed("the agent does not tell the description of this service")),
    }
}

/// The provider; if there is none of that name, the others are listed.
pub(super) fn known(client: &mut Client, name: &ProviderName) -> Result<Provider, Failure> {
    match client.provider(name) {
        Err(ClientError::Problem(problem)) if problem.code == Code::NotFound => {
            let all = client.providers()?.providers;
            let names: Vec<&str> = all.iter().map(|provider| provider.name.as_str()).collect();
            let meant = choose::nearest(name.as_str(), names.iter().copied());
            let meant = meant.map_or_else(String::new, |meant| format!("did you mean `{meant}`? "));
            Err(Failure::own("not-found", Status::Failed, format!("there is no provider {name}"))
                .hint(format!("{meant}there are: {}", names.join(", "))))
        }
        answer => Ok(answer?),
    }
}

/// Prints what a check found; a failure if that is anything.
fn judged(invocation: &Invocation, path: &str, checked: &ProviderChecked) -> Result<(), Failure> {
    let output = &invocation.output;
    if output.is_json() {
        output.json(checked)?;
        return if checked.mistakes.is_empty() { Ok(()) } else { Err(Failure::Quiet(Status::Failed)) };
    }
    if checked.mistakes.is_empty() {
        return Ok(());
    }
    let all: Vec<String> = checked.mistakes.iter().flat_map(|mistake| lines(path, mistake)).collect();
    output.text(&all.join("\n"))?;
    let count = checked.mistakes.len();
    let mistakes = if count == 1 { "mistake" } else { "mistakes" };
    Err(Failure::failed(format!("`{path}` has {count} {mistakes}")))
}

/// `FILE:LINE:COL: message`, and what to write instead.
fn lines(path: &str, mistake: &Mistake) -> Vec<String> {
    let mut place = path.to_owned();
    if let Some(line) = mistake.line {
        place = format!("{place}:{line}:{}", mistake.column.unwrap_or(1));
    }
    let mut lines = vec![clean(&format!("{place}: {}", mistake.message)).into_owned()];
    lines.extend(mistake.hint.as_deref().map(|hint| format!("  hint: {}", clean(hint))));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_is_told_as_compilers_tell_theirs() {
        let mut mistake = Mistake {
            line: Some(3),
            column: Some(7),
            message: "unknown flow `devise`".to_owned(),
            hint: Some("`device`".to_owned()),
        };
        assert_eq!(lines("a.toml", &mistake), ["a.toml:3:7: unknown flow `devise`", "  hint: `device`"]);
        mistake = Mistake { message: "x\u{1b}[2J".to_owned(), ..Mistake::default() };
        assert_eq!(lines("-", &mistake), ["-: x\u{fffd}[2J"]);
    }
}
