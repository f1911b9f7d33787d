//! `rename`: another name for a profile.

use clap::ArgMatches;
use proto::id::ProfileName;
use proto::problem::Code;
use proto::profile::{RenameRequest, Renamed};

use super::{augment, choose};
use crate::cli::{self, Form, Verb};
use crate::client::{Client, ClientError};
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::output::profile;

pub(super) const VERB: Verb = Verb {
    name: "rename",
    aliases: &["mv"],
    about: "Give a profile another name",
    more: "\
Its login, its links and what is current stay. What names it elsewhere, such as AGENTCTL_PROFILE, does not change; a
project's file that names it here is told.",
    forms: &[Form::changes("the name of the profile, and that in its links")],
    examples: &["agentctl rename work acme"],
    arguments: augment::<Rename>,
    run,
};

#[derive(clap::Args)]
struct Rename {
    /// The name that it has
    #[arg(value_name = "OLD", value_parser = ProfileName::parse)]
    name: ProfileName,
    /// The name that it gets
    #[arg(value_name = "NEW", value_parser = ProfileName::parse)]
    to: ProfileName,
}

fn run(matches: &ArgMatches, invocation: &Invocation) -> Result<(), Failure> {
    let Rename { name: old, to } = cli::arguments(matches)?;
    invocation.argument(Some(&old))?;
    let mut client = invocation.connect()?;
    let request = RenameRequest { profile: old.clone(), to };
    let renamed = rename(&mut client, &request)?;
    let output = &invocation.output;
    if output.is_json() {
        output.json(&renamed)?;
    } else if old == request.to {
        output.text(&format!("{old} has this name already"))?;
    } else {
        output.text(&format!("Renamed {old} to {}", profile::line(&renamed.profile)))?;
    }
    if old != request.to {
        tell_others(invocation, &old);
    }
    Ok(())
}

fn rename(client: &mut Client, request: &RenameRequest) -> Result<Renamed, Failure> {
    match client.rename(request) {
        Err(ClientError::Problem(problem)) if problem.code == Code::NotFound => {
            let failure = choose::unknown(client, &request.profile);
            // Whoever asks a second time, because the first answer was lost, is told that it was done.
            let done = choose::inspect(client, &request.to)?.is_some();
            Err(if done {
                failure.hint(format!("{} is there: it may have this name already", request.to))
            } else {
                failure
            })
        }
        answer => Ok(answer?),
    }
}

/// Who still names the profile as it was called.
fn tell_others(invocation: &Invocation, old: &ProfileName) {
    if invocation.environment() == Some(old) {
        invocation.output.hint(&format!("AGENTCTL_PROFILE still names {old}"));
    }
    // A project's file that cannot be read is told where it is used.
    if let Ok(Some(file)) = invocation.project_file()
        && let Some(line) = file.line_of(old.as_str())
    {
        invocation.output.hint(&format!("`{}`, line {line}, still names {old}", file.path.display()));
    }
}
