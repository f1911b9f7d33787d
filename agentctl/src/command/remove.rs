//! `remove`: forgets a profile without telling its service.

use clap::ArgMatches;
use proto::id::ProfileName;

use super::augment;
use crate::cli::{self, Verb};
use crate::failure::Failure;
use crate::invocation::{Invocation, Why};
use crate::prompt;

pub(super) const VERB: Verb = Verb {
    name: "remove",
    aliases: &["rm", "del"],
    about: "Forget a profile without telling its service",
    more: "\
Its tokens stay valid at the service until they lapse; `agentctl logout` revokes them.
Removing what is not there is no error.
Changes the store: settings and grant are gone. Does not use the network.

Example:
  agentctl remove work --yes",
    arguments: augment::<Remove>,
    run,
};

#[derive(clap::Args)]
struct Remove {
    /// The profile
    #[arg(value_parser = ProfileName::parse)]
    name: Option<ProfileName>,
    /// Do not ask
    #[arg(short, long, visible_alias = "force")]
    yes: bool,
}

fn run(matches: &ArgMatches, invocation: &Invocation) -> Result<(), Failure> {
    let Remove { name, yes } = cli::arguments(matches)?;
    // What is destroyed is named by hand: neither the environment nor the current profile decides.
    let Some((name, Why::Argument)) = invocation.chosen(name.as_ref())? else {
        return Err(Failure::usage("no profile is named").hint("`agentctl remove NAME`"));
    };
    prompt::confirm(invocation, yes, &format!("Forget the profile {name}, with its settings and its login?"))?;
    let removed = invocation.connect()?.remove(&name)?;
    let output = &invocation.output;
    if !removed.existed {
        output.warning(&format!("there is no profile {name}"));
    }
    if output.is_json() {
        return output.json(&removed);
    }
    if removed.existed {
        output.text(&format!("Removed {name}"))?;
    }
    if let Some(current) = removed.current.filter(|_| removed.existed) {
        output.note(&format!("The current profile is {current}"));
    }
    Ok(())
}
