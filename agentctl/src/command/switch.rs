//! `switch`: another profile becomes current.

use clap::ArgMatches;
use proto::id::ProfileName;
use proto::problem::Code;
use proto::profile::{Profile, SwitchRequest};

use super::{augment, choose};
use crate::cli::{self, Form, Verb};
use crate::client::{Client, ClientError};
use crate::failure::Failure;
use crate::invocation::{Chosen, Invocation, Why};
use crate::output::profile;

pub(super) const VERB: Verb = Verb {
    name: "switch",
    aliases: &[],
    about: "Make a profile the current one",
    more: "The current profile is used when nothing else decides; `agentctl why` shows what does.",
    forms: &[Form::changes("which profile is current, for every program of this user")
        .prompts("for the profile, if none is named")],
    examples: &["agentctl switch work"],
    arguments: augment::<Switch>,
    run,
};

#[derive(clap::Args)]
struct Switch {
    /// The profile
    #[arg(value_parser = ProfileName::parse)]
    name: Option<ProfileName>,
}

fn run(matches: &ArgMatches, invocation: &Invocation) -> Result<(), Failure> {
    let Switch { name } = cli::arguments(matches)?;
    // What the environment names is used anyhow: it cannot be what to switch to.
    let named = invocation.argument(name.as_ref())?;
    let mut client = invocation.connect()?;
    let name = match named {
        Some(name) => name,
        None => picked(invocation, &mut client)?,
    };
    let chosen = switch(&mut client, name)?;
    if invocation.output.is_json() {
        return invocation.output.json(&chosen);
    }
    invocation.output.text(&format!("Switched to {}", profile::line(&chosen)))?;
    // A project's file that cannot be read is told where it is used.
    if let Ok(Some(Chosen { name, why })) = invocation.chosen(None)
        && why != Why::Argument
        && name != chosen.name
    {
        invocation.output.warning(&format!("here {name} is used all the same: {} names it", why.told()));
    }
    Ok(())
}

fn picked(invocation: &Invocation, client: &mut Client) -> Result<ProfileName, Failure> {
    let profiles = client.list()?.profiles;
    if profiles.is_empty() {
        return Err(Failure::usage("there are no profiles").hint("make one with `agentctl login`"));
    }
    choose::pick(invocation, "switch", &profiles).map(|profile| profile.name.clone())
}

fn switch(client: &mut Client, name: ProfileName) -> Result<Profile, Failure> {
    let request = SwitchRequest { profile: name };
    match client.switch(&request) {
        Err(ClientError::Problem(problem)) if problem.code == Code::NotFound => {
            Err(choose::unknown(client, &request.profile))
        }
        answer => Ok(answer?),
    }
}
