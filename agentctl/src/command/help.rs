//! `help`: the help of a verb, and pages that belong to none.

mod agents;

use clap::ArgMatches;

use super::{augment, choose};
use crate::cli::{self, Form, Verb};
use crate::failure::Failure;
use crate::invocation::Invocation;

pub(super) const VERB: Verb = Verb {
    name: "help",
    aliases: &[],
    about: "Show help for a verb, or the page `agents` for scripts and coding agents",
    more: "\
`agentctl help agents` lists what only reads, what changes something, and the exit codes; with `-o json` for programs.",
    forms: &[Form::reads()],
    examples: &["agentctl help login", "agentctl help env add", "agentctl help agents"],
    arguments: augment::<Help>,
    run,
};

#[derive(clap::Args)]
struct Help {
    /// A verb, or `agents`
    #[arg(value_name = "VERB")]
    words: Vec<String>,
}

fn run(matches: &ArgMatches, invocation: &Invocation) -> Result<(), Failure> {
    let Help { words } = cli::arguments(matches)?;
    let output = &invocation.output;
    let mut command = cli::command();
    command.build();
    if words == ["agents"] {
        let forms = agents::forms(&command);
        return if output.is_json() {
            output.json(&agents::document(&forms))
        } else {
            output.text(&agents::page(&forms))
        };
    }
    let mut found = &mut command;
    for word in &words {
        let known: Vec<String> = found.get_subcommands().map(|verb| verb.get_name().to_owned()).collect();
        found = match found.find_subcommand_mut(word) {
            Some(below) => below,
            None => return Err(unknown(word, &known)),
        };
    }
    output.help(&found.render_help())
}

fn unknown(word: &str, known: &[String]) -> Failure {
    let failure = Failure::usage(format!("there is no help for `{word}`"));
    match choose::nearest(word, known.iter().map(String::as_str).chain(["agents"])) {
        Some(meant) => failure.hint(format!("did you mean `agentctl help {meant}`?")),
        None => failure.hint("`agentctl help` lists the verbs"),
    }
}
