//! `switch`: another profile becomes current.

use clap::ArgMatches;
use proto::id::ProfileName;
use proto::profile::SwitchRequest;

use super::augment;
use crate::cli::{self, Verb};
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::output::profile;

pub(super) const VERB: Verb = Verb {
    name: "switch",
    aliases: &[],
    about: "Make a profile the current one",
    more: "\
The current profile is used when neither `--profile` nor AGENTCTL_PROFILE names one.
Changes which profile is current, for every program of this user. Does not use the network.

Example:
  agentctl switch work",
    arguments: augment::<Switch>,
    run,
};

#[derive(clap::Args)]
struct Switch {
    /// The profile
    #[arg(value_parser = ProfileName::parse)]
    name: ProfileName,
}

fn run(matches: &ArgMatches, invocation: &Invocation) -> Result<(), Failure> {
    let Switch { name } = cli::arguments(matches)?;
    let chosen = invocation.connect()?.switch(&SwitchRequest { profile: name })?;
    if invocation.output.is_json() {
        return invocation.output.json(&chosen);
    }
    let who = profile::account(chosen.account.as_ref()).map_or_else(String::new, |who| format!(" ({who})"));
    invocation.output.text(&format!("Switched to {}{who}", chosen.name))
}
