//! `status`: the local truth about the agent and the chosen profile.

use clap::ArgMatches;
use proto::id::ProfileName;
use proto::problem::Code;
use proto::profile::{Profile, ProfileState};
use proto::status::Status as Agent;
use serde::Serialize;

use super::augment;
use crate::cli::{self, Verb};
use crate::client::{Client, ClientError};
use crate::clock;
use crate::exit::Status;
use crate::failure::Failure;
use crate::invocation::{Invocation, Why};
use crate::output::profile;

pub(super) const VERB: Verb = Verb {
    name: "status",
    aliases: &[],
    about: "Show the agent and the chosen profile",
    more: "\
With `-o json`: {\"agent\": ..., \"profile\": ... or null, \"why\": \"--profile\", \"AGENTCTL_PROFILE\", \"current\" or \"none\"}.
Reads only. Does not use the network.

Example:
  agentctl status --exit-status > /dev/null || agentctl login",
    arguments: augment::<Show>,
    run,
};

#[derive(clap::Args)]
struct Show {
    /// The profile, as with `--profile`
    #[arg(value_parser = ProfileName::parse)]
    name: Option<ProfileName>,
    /// Exit with 0 only if a token can be had, else with 3 (login required), 5 (locked) or 6 (no agent)
    #[arg(long)]
    exit_status: bool,
}

/// The JSON form.
#[derive(Serialize)]
struct Report<'a> {
    agent: &'a Agent,
    profile: Option<&'a Profile>,
    why: &'a str,
}

fn run(matches: &ArgMatches, invocation: &Invocation) -> Result<(), Failure> {
    let Show { name, exit_status } = cli::arguments(matches)?;
    let chosen = invocation.chosen(name.as_ref())?;
    let mut client = invocation.connect()?;
    let agent = client.status()?;
    let chosen = chosen.or_else(|| agent.current.clone().map(|name| (name, Why::Current)));
    let why = chosen.as_ref().map_or("none", |(_, why)| why.word());
    let found = match &chosen {
        Some((name, _)) => inspect(&mut client, name)?,
        None => None,
    };
    let output = &invocation.output;
    if output.is_json() {
        output.json(&Report { agent: &agent, profile: found.as_ref(), why })?;
    } else {
        let now = clock::now();
        let mut text = profile::agent(&agent, now, output.paint());
        if let Some(found) = &found {
            text.push('\n');
            text.push_str(&profile::profile(found, why, now, output.paint()));
        }
        output.text(&text)?;
    }
    for warning in &agent.warnings {
        output.warning(warning);
    }
    match (&found, &chosen) {
        (Some(found), _) if usable(found) => Ok(()),
        (Some(found), _) => {
            output.hint(&format!("`agentctl login {}`", found.name));
            if exit_status { Err(Failure::Quiet(Status::LoginRequired)) } else { Ok(()) }
        }
        (None, Some((name, _))) => {
            let status = if exit_status { Status::LoginRequired } else { Status::Failed };
            Err(Failure::own("not-found", status, format!("there is no profile {name}"))
                .hint("`agentctl list` shows all profiles"))
        }
        (None, None) => {
            output.note("There is no profile yet");
            output.hint("make one with `agentctl login --issuer URL --client-id ID`");
            if exit_status { Err(Failure::Quiet(Status::LoginRequired)) } else { Ok(()) }
        }
    }
}

fn inspect(client: &mut Client, name: &ProfileName) -> Result<Option<Profile>, Failure> {
    match client.inspect(name) {
        Ok(profile) => Ok(Some(profile)),
        Err(ClientError::Problem(problem)) if problem.code == Code::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn usable(profile: &Profile) -> bool {
    matches!(profile.state, ProfileState::Usable | ProfileState::Refreshable)
}
