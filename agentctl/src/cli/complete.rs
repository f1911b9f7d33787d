//! Completion while a command line is typed: the shell's script asks this program, which knows the options and asks a
//! running agent for names. An agent is never started for it, and what fails completes to nothing.

use std::any::TypeId;
use std::ffi::{OsStr, OsString};

use clap::Command;
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};
use clap_complete::env::{EnvCompleter, Shells};
use proto::id::{ProfileName, ProviderName};

use crate::client::Client;
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::output::{Format, Output, Voice, clean, profile};

/// Set by the shell's script to the shell's name.
const VARIABLE: &str = "AGENTCTL_COMPLETE";
/// The shells there are scripts for.
const SHELLS: Shells<'static> = Shells::builtins();

/// The names of the shells.
pub(crate) fn shells() -> impl Iterator<Item = &'static str> {
    SHELLS.names()
}

/// The script that makes `shell` ask this program.
pub(crate) fn script(shell: &str) -> Option<Vec<u8>> {
    let mut script = Vec::new();
    SHELLS.completer(shell)?.write_registration(VARIABLE, "agentctl", "agentctl", "agentctl", &mut script).ok()?;
    Some(script)
}

/// What completes `arguments`, if it is a shell that asks.
pub(super) fn answer(command: impl FnOnce() -> Command, arguments: &[OsString]) -> Option<Vec<u8>> {
    let shell = std::env::var_os(VARIABLE)?;
    let shell: &dyn EnvCompleter = SHELLS.completer(shell.to_str()?)?;
    let typed = arguments.iter().position(|argument| argument == "--").map(|at| arguments[at + 1..].to_vec())?;
    // A verb's arguments are there only once it is built.
    let mut command = command();
    command.build();
    let mut command = with_names(command);
    let mut text = Vec::new();
    let here = std::env::current_dir().ok();
    shell.write_complete(&mut command, typed, here.as_deref(), &mut text).ok()?;
    Some(text)
}

/// The command line with names from the agent wherever one is wanted.
fn with_names(command: Command) -> Command {
    let command = command.mut_args(|argument| {
        let kind = argument.get_value_parser().type_id();
        if kind == TypeId::of::<ProfileName>() {
            argument.add(ArgValueCompleter::new(|typed: &OsStr| of(typed, profiles)))
        } else if kind == TypeId::of::<ProviderName>() {
            argument.add(ArgValueCompleter::new(|typed: &OsStr| of(typed, providers)))
        } else if argument.get_id() == "target" {
            argument.add(ArgValueCompleter::new(|typed: &OsStr| of(typed, profiles_and_providers)))
        } else {
            argument
        }
    });
    let verbs: Vec<String> = command.get_subcommands().map(|verb| verb.get_name().to_owned()).collect();
    verbs.into_iter().fold(command, |command, verb| command.mut_subcommand(verb, with_names))
}

/// A name, and what is said of it.
type Named = (String, Option<String>);

/// The names that begin with what was typed.
fn of(typed: &OsStr, names: fn(&mut Client) -> Result<Vec<Named>, Failure>) -> Vec<CompletionCandidate> {
    let (Some(typed), Some(mut agent)) = (typed.to_str(), running()) else { return Vec::new() };
    let names = names(&mut agent).unwrap_or_default();
    let fitting = names.into_iter().filter(|(name, _)| name.starts_with(typed));
    fitting
        .map(|(name, said)| CompletionCandidate::new(name).help(said.map(|said| clean(&said).into_owned().into())))
        .collect()
}

/// The agent that is running, if one is.
fn running() -> Option<Client> {
    let output = Output::new(Format::Text, Voice::Quiet, false);
    let invocation = Invocation::new(output, |name| std::env::var_os(name), None, None).ok()?;
    invocation.autostart(false).connect().ok()
}

fn profiles(agent: &mut Client) -> Result<Vec<Named>, Failure> {
    let known = agent.list()?.profiles.into_iter();
    Ok(known.map(|known| (known.name.to_string(), profile::account(known.account.as_ref()))).collect())
}

fn providers(agent: &mut Client) -> Result<Vec<Named>, Failure> {
    Ok(agent.providers()?.providers.into_iter().map(|known| (known.name.to_string(), Some(known.title))).collect())
}

fn profiles_and_providers(agent: &mut Client) -> Result<Vec<Named>, Failure> {
    let mut all = profiles(agent)?;
    all.extend(providers(agent)?);
    Ok(all)
}
