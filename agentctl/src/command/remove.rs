//! `remove`: forgets a profile without telling its service.

use clap::ArgMatches;
use proto::id::ProfileName;
use serde_json::json;

use super::{augment, choose};
use crate::cli::{self, Form, Network, Verb};
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::output::profile;
use crate::prompt;

pub(super) const VERB: Verb = Verb {
    name: "remove",
    aliases: &["rm", "del"],
    about: "Forget a profile without telling its service",
    more: "\
Its tokens stay valid at the service until they lapse; `agentctl logout` revokes them. Without a name: the only
profile, else asks which.",
    forms: &[Form::changes("settings, login and links of the profile are gone")
        .network(Network::When("only to end a client that the agent has registered for it"))
        .prompts("before it does anything; without a terminal it needs `--yes`")],
    examples: &["agentctl remove work --yes"],
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
    prompt::confirmable(invocation, yes)?;
    // What is destroyed is named by hand: neither the environment nor the current profile decides.
    let named = invocation.argument(name.as_ref())?;
    let output = &invocation.output;
    let mut client = invocation.connect()?;
    let name = match named {
        Some(name) if choose::inspect(&mut client, &name)?.is_none() => {
            return Err(choose::unknown(&mut client, &name));
        }
        Some(name) => name,
        None => match client.list()?.profiles.as_slice() {
            [] => {
                output.warning(choose::NOT_LOGGED_IN);
                let nothing = json!({"profile": null, "existed": false});
                return if output.is_json() { output.json(&nothing) } else { Ok(()) };
            }
            [only] => only.name.clone(),
            several => choose::pick(invocation, "remove", several)?.name.clone(),
        },
    };
    let who = choose::inspect(&mut client, &name)?.map_or_else(|| name.to_string(), |known| profile::line(&known));
    drop(client);
    prompt::confirm(invocation, yes, &format!("Forget the profile {who}, with its settings and its login?"))?;
    let removed = invocation.connect()?.remove(&name)?;
    if !removed.existed {
        output.warning(&format!("there is no profile `{name}` any more"));
    }
    for left in &removed.still_valid {
        output.warning(left);
    }
    if output.is_json() {
        return output.json(&removed);
    }
    if removed.existed {
        output.text(&format!("Removed {who}"))?;
        if let Some(current) = removed.current {
            output.note(&format!("The current profile is {current}"));
        }
    }
    Ok(())
}
