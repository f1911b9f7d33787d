//! `link`: keeps a credential fresh in another tool's own file or keyring item.

use clap::{ArgMatches, ValueEnum};
use proto::id::ProfileName;
use proto::link::{LinkRequest, LinkTo};

use super::{augment, choose, fallback, file};
use crate::cli::{self, Form, Network, Verb};
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::output::link;

pub(super) const VERB: Verb = Verb {
    name: "link",
    aliases: &[],
    about: "Let another tool use a login, and keep it fresh there",
    more: "\
The access token is written where the service's own tool looks for it, merged with what else is there, and anew at
every refresh; the refresh token never leaves the agent. It is taken out again at logout and by `agentctl unlink`.
A login of the tool's own is never overwritten.",
    forms: &[Form::changes("files or keyring items of the other tool")
        .network(Network::When("only when the token has to be refreshed first"))],
    examples: &["agentctl link work", "agentctl link --current --format truss"],
    arguments: augment::<Make>,
    run,
};

/// `--to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Place {
    /// Where the tool looks by itself
    Home,
    /// In memory; the tool is told by a variable, which is shown
    Tmpfs,
}

#[derive(clap::Args)]
struct Make {
    /// The profile, as with `--profile`
    #[arg(value_parser = ProfileName::parse)]
    name: Option<ProfileName>,
    /// Follow whatever profile of the provider is current
    #[arg(long)]
    current: bool,
    /// The tool's format; by default that of the profile's provider
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
    /// Where the file lies
    #[arg(long, value_name = "PLACE", value_enum)]
    to: Option<Place>,
}

fn run(matches: &ArgMatches, invocation: &Invocation) -> Result<(), Failure> {
    let Make { name, current, format, to } = cli::arguments(matches)?;
    let to = to.map(|place| match place {
        Place::Home => LinkTo::Home,
        Place::Tmpfs => LinkTo::Tmpfs,
    });
    let profile = invocation.profile(name.as_ref())?;
    let request = LinkRequest { profile, current, format, to, variables: file::variables(fallback::variable) };
    let mut client = invocation.connect()?;
    let made = client.link(&request)?;
    let output = &invocation.output;
    if output.is_json() {
        return output.json(&made);
    }
    let followed = match &made.profile {
        Some(name) => choose::inspect(&mut client, name)?,
        None => None,
    };
    output.text(&link::made(&made, followed.as_ref()))?;
    for (name, value) in &made.environment {
        output.instruct(&format!("Set this where the tool runs: {name}={value}"));
    }
    if let Some(detail) = &made.detail {
        output.warning(detail);
    }
    Ok(())
}
