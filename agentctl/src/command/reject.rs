//! `reject`: "the service refused this one".

use std::io::IsTerminal as _;

use clap::ArgMatches;
use proto::id::{LeaseId, ProfileName};
use proto::token::{RejectOutcome, RejectRequest};

use super::{augment, token};
use crate::cli::{self, Form, Network, Verb};
use crate::failure::Failure;
use crate::invocation::Invocation;

pub(super) const VERB: Verb = Verb {
    name: "reject",
    aliases: &[],
    about: "Report a refused token and print another",
    more: "\
For programs that got 401 from a service. Nothing is thrown away: the agent answers with a newer token if it
has one, else it refreshes, at most once in 30 s. Prints the token to use now.",
    forms: &[
        Form::changes("the token of the profile, when it is refreshed").network(Network::When("when it is refreshed"))
    ],
    examples: &["agentctl reject --lease \"$LEASE\"    # the `lease` of `agentctl token -o json`"],
    arguments: augment::<Reject>,
    run,
};

#[derive(clap::Args)]
struct Reject {
    /// The profile, as with `--profile`; whatever it serves now is meant
    #[arg(value_parser = ProfileName::parse, conflicts_with = "lease")]
    name: Option<ProfileName>,
    /// The lease that was refused
    #[arg(long, value_name = "ID", value_parser = LeaseId::parse)]
    lease: Option<LeaseId>,
}

fn run(matches: &ArgMatches, invocation: &Invocation) -> Result<(), Failure> {
    let Reject { name, lease } = cli::arguments(matches)?;
    let profile = if lease.is_some() { None } else { invocation.profile(name.as_ref())? };
    let purpose = token::purpose(std::io::stdout().is_terminal(), false);
    let rejected = invocation.connect()?.reject(&RejectRequest { lease, profile, purpose })?;
    let output = &invocation.output;
    if output.is_json() {
        return output.json(&rejected);
    }
    token::print(output, &rejected.token.access_token)?;
    match (rejected.outcome, rejected.retry_after) {
        (RejectOutcome::Newer, _) => output.note("The agent already had a newer token"),
        (RejectOutcome::Refreshed, _) => output.note("Refreshed"),
        (RejectOutcome::Unchanged, Some(wait)) => {
            output.warning(&format!("it was refreshed a moment ago; this is the same token (try again in {wait} s)"));
        }
        (RejectOutcome::Unchanged, None) => output.warning("it was refreshed a moment ago; this is the same token"),
        _ => {}
    }
    Ok(())
}
