//! `sync`: fetches what comes with a login.

use clap::ArgMatches;
use proto::id::ProfileName;
use proto::whoami::SyncRequest;

use super::augment;
use crate::cli::{self, Form, Network, Verb};
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::output::{fields, profile};

pub(super) const VERB: Verb = Verb {
    name: "sync",
    aliases: &[],
    about: "Fetch the keys and settings that come with a login",
    more: "\
Some services give further credentials to who is logged in, such as a key for inference. A login fetches them;
this fetches them anew. `agentctl token --credential WORD` prints one.",
    forms: &[Form::changes("what is kept beside the login").network(Network::Always)],
    examples: &["agentctl sync && agentctl status"],
    arguments: augment::<Sync>,
    run,
};

#[derive(clap::Args)]
struct Sync {
    /// The profile, as with `--profile`
    #[arg(value_parser = ProfileName::parse)]
    name: Option<ProfileName>,
}

fn run(matches: &ArgMatches, invocation: &Invocation) -> Result<(), Failure> {
    let Sync { name } = cli::arguments(matches)?;
    let request = SyncRequest { profile: invocation.profile(name.as_ref())? };
    let synced = invocation.connect()?.sync(&request)?;
    let output = &invocation.output;
    if output.is_json() {
        return output.json(&synced);
    }
    if synced.secondaries.is_empty() {
        return output.text(&format!("Nothing comes with the login of {}", synced.name));
    }
    let rows: Vec<_> = synced.secondaries.iter().map(|one| ("-", profile::secondary(one))).collect();
    output.text(&format!("Fetched for {}:\n{}", synced.name, fields(&rows, output.paint())))
}
