//! `list`: every profile.

use clap::{ArgMatches, Command};

use crate::cli::Verb;
use crate::clock;
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::output::profile;

pub(super) const VERB: Verb = Verb {
    name: "list",
    aliases: &["ls", "profiles"],
    about: "List all profiles",
    more: "\
A `*` marks the current profile.
Reads only. Does not use the network.

Example:
  agentctl list -o json | jq -r '.profiles[].name'",
    arguments: none,
    run,
};

fn none(command: Command) -> Command {
    command
}

fn run(_: &ArgMatches, invocation: &Invocation) -> Result<(), Failure> {
    let output = &invocation.output;
    let answer = invocation.connect()?.list()?;
    if output.is_json() {
        return output.json(&answer);
    }
    if answer.profiles.is_empty() {
        output.note("There are no profiles");
        output.hint("make one with `agentctl login --issuer URL --client-id ID`");
        return Ok(());
    }
    output.text(&profile::list(&answer.profiles, clock::now(), output.paint()))
}
