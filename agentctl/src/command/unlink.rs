//! `unlink`: takes out again what the agent wrote for another tool.

use clap::ArgMatches;
use proto::id::{LinkId, ProfileName};
use proto::link::UnlinkRequest;

use super::augment;
use crate::cli::{self, Form, Verb};
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::output::link;

pub(super) const VERB: Verb = Verb {
    name: "unlink",
    aliases: &[],
    about: "Take a login out of another tool's files again",
    more: "Ends the links of a profile, of a format, one by its id, or all of them. What the agent did not write stays.",
    forms: &[Form::changes("files or keyring items of the other tool")],
    examples: &["agentctl unlink work"],
    arguments: augment::<End>,
    run,
};

#[derive(clap::Args)]
struct End {
    /// All links that follow this profile, as with `--profile`
    #[arg(value_parser = ProfileName::parse)]
    name: Option<ProfileName>,
    /// All links of this format
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
    /// One link, by its id in `agentctl links`
    #[arg(long, value_name = "ID", value_parser = LinkId::parse, conflicts_with_all = ["name", "format", "all"])]
    id: Option<LinkId>,
    /// Every link
    #[arg(long, conflicts_with_all = ["name", "format"])]
    all: bool,
}

fn run(matches: &ArgMatches, invocation: &Invocation) -> Result<(), Failure> {
    let End { name, format, id, all } = cli::arguments(matches)?;
    // What is taken away is named by hand.
    let profile = invocation.argument(name.as_ref())?.filter(|_| !all && id.is_none());
    if profile.is_none() && format.is_none() && id.is_none() && !all {
        return Err(Failure::usage("nothing says which links to end")
            .hint("`agentctl unlink NAME`, `--format FORMAT`, `--id ID` or `--all`"));
    }
    let ended = invocation.connect()?.unlink(&UnlinkRequest { id, profile, format, all })?;
    let output = &invocation.output;
    if output.is_json() {
        return output.json(&ended);
    }
    if ended.links.is_empty() {
        output.warning("there is no such link: nothing to do");
    }
    for link in &ended.links {
        output.text(&link::ended(link))?;
    }
    Ok(())
}
