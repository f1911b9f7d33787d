//! `refresh`: a new token now.

use clap::ArgMatches;
use proto::id::ProfileName;
use proto::token::RefreshRequest;

use super::augment;
use crate::cli::{self, Form, Network, Verb};
use crate::clock;
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::output::profile;

pub(super) const VERB: Verb = Verb {
    name: "refresh",
    aliases: &[],
    about: "Refresh the token now",
    more: "A refresh that is under way already counts. The agent refreshes by itself; this is for trying it out.",
    forms: &[Form::changes("the token of the profile").network(Network::Always)],
    examples: &["agentctl refresh work"],
    arguments: augment::<Refresh>,
    run,
};

#[derive(clap::Args)]
struct Refresh {
    /// The profile, as with `--profile`
    #[arg(value_parser = ProfileName::parse)]
    name: Option<ProfileName>,
}

fn run(matches: &ArgMatches, invocation: &Invocation) -> Result<(), Failure> {
    let Refresh { name } = cli::arguments(matches)?;
    let request = RefreshRequest { profile: invocation.profile(name.as_ref())? };
    let refreshed = invocation.connect()?.refresh(&request)?;
    if invocation.output.is_json() {
        return invocation.output.json(&refreshed);
    }
    let expiry =
        profile::expiry(&refreshed, clock::now()).map_or_else(String::new, |text| format!("; the token {text}"));
    invocation.output.text(&format!("Refreshed {}{expiry}", profile::line(&refreshed)))
}
