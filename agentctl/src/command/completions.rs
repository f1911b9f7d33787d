//! `completions`: a script for the shell.

use clap::ArgMatches;
use clap_complete::Shell;

use super::augment;
use crate::cli::{self, Form, Verb};
use crate::failure::Failure;
use crate::invocation::Invocation;

pub(super) const VERB: Verb = Verb {
    name: "completions",
    aliases: &[],
    about: "Print a completion script for a shell",
    more: "Nothing but the profiles' names is asked of the agent, and only when the script completes one.",
    forms: &[Form::reads()],
    examples: &["agentctl completions bash > ~/.local/share/bash-completion/completions/agentctl"],
    arguments: augment::<Completions>,
    run,
};

#[derive(clap::Args)]
struct Completions {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

fn run(matches: &ArgMatches, invocation: &Invocation) -> Result<(), Failure> {
    let Completions { shell } = cli::arguments(matches)?;
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut cli::command(), "agentctl", &mut script);
    invocation.output.bytes(&script)
}
