//! `man`: manual pages, made from the help.

use std::path::PathBuf;

use clap::{ArgMatches, Command};
use clap_mangen::Man;

use super::augment;
use crate::cli::{self, Form, Verb};
use crate::failure::Failure;
use crate::invocation::Invocation;

pub(super) const VERB: Verb = Verb {
    name: "man",
    aliases: &[],
    about: "Print a manual page, or write all of them into a directory",
    more: "",
    forms: &[Form::changes("the files of `--dir`; nothing without it")],
    examples: &[
        "agentctl man | man -l -",
        "agentctl man login | man -l -",
        "agentctl man --dir ~/.local/share/man/man1",
    ],
    arguments: augment::<Manual>,
    run,
};

#[derive(clap::Args)]
struct Manual {
    /// The verb, and its action if it has them; without it, the page of the program
    #[arg(conflicts_with = "dir")]
    verb: Vec<String>,
    /// Write every page into this directory, which is made if need be
    #[arg(long, value_name = "DIRECTORY")]
    dir: Option<PathBuf>,
}

fn run(matches: &ArgMatches, invocation: &Invocation) -> Result<(), Failure> {
    let Manual { verb, dir } = cli::arguments(matches)?;
    let mut command = cli::command().disable_help_flag(true);
    command.build();
    let Some(dir) = dir else {
        let wanted = verb.join("-");
        let found = pages(&command).into_iter().find(|(name, _)| *name == wanted).map(|(_, found)| found);
        let found = if wanted.is_empty() { Some(&command) } else { found };
        let unknown = || {
            Failure::usage(format!("there is no page for `{}`", verb.join(" "))).hint("`agentctl help` lists the verbs")
        };
        return invocation.output.bytes(&page(found.ok_or_else(unknown)?)?);
    };
    let wrong =
        |error: std::io::Error| Failure::failed(format!("`{}` cannot be written: {}", dir.display(), error.kind()));
    std::fs::create_dir_all(&dir).map_err(wrong)?;
    std::fs::write(dir.join("agentctl.1"), page(&command)?).map_err(wrong)?;
    for (name, verb) in pages(&command) {
        std::fs::write(dir.join(format!("agentctl-{name}.1")), page(verb)?).map_err(wrong)?;
    }
    Ok(())
}

/// Each verb and each action of one, by the name of its page without the program's.
fn pages(command: &Command) -> Vec<(String, &Command)> {
    let verbs = command.get_subcommands();
    verbs.flat_map(|verb| std::iter::once(verb).chain(verb.get_subcommands()).map(|page| (name(page), page))).collect()
}

fn name(command: &Command) -> String {
    let full = command.get_display_name().unwrap_or(command.get_name());
    full.strip_prefix("agentctl-").unwrap_or(full).to_owned()
}

fn page(command: &Command) -> Result<Vec<u8>, Failure> {
    let mut page = Vec::new();
    let rendered = Man::new(command.clone())
        .manual("agentctl manual")
        .source(concat!("agentctl ", env!("CARGO_PKG_VERSION")))
        .render(&mut page);
    rendered.map_err(|error| Failure::failed(format!("the page cannot be made: {}", error.kind())))?;
    Ok(page)
}
