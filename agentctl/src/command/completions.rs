//! `completions`: a script for the shell.

use clap::ArgMatches;
use clap::builder::PossibleValuesParser;

use super::augment;
use crate::cli::{self, Form, Verb};
use crate::failure::Failure;
use crate::invocation::Invocation;

pub(super) const VERB: Verb = Verb {
    name: "completions",
    aliases: &[],
    about: "Print a completion script for a shell",
    more: "\
The script asks this program for what can follow, names of profiles and services included; an agent is asked for them
only if one is running. Load it at each start of the shell, so that it fits this version.",
    forms: &[Form::reads()],
    examples: &[
        "echo 'source <(agentctl completions bash)' >> ~/.bashrc",
        "echo 'source <(agentctl completions zsh)' >> ~/.zshrc",
        "echo 'agentctl completions fish | source' >> ~/.config/fish/config.fish",
    ],
    arguments: augment::<Completions>,
    run,
};

#[derive(clap::Args)]
struct Completions {
    /// The shell
    #[arg(value_parser = PossibleValuesParser::new(cli::complete::shells()))]
    shell: String,
}

fn run(matches: &ArgMatches, invocation: &Invocation) -> Result<(), Failure> {
    let Completions { shell } = cli::arguments(matches)?;
    let script = cli::complete::script(&shell).ok_or_else(|| Failure::usage("there is no script for that shell"))?;
    invocation.output.bytes(&script)
}
