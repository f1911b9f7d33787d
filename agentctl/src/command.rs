//! The verbs, one file each, in the order in which the help lists them.
//!
//! A verb parses its arguments, makes its requests and hands the answer to `output`. It decides nothing that the agent
//! could decide.

mod choose;
mod completions;
mod daemon;
mod doctor;
mod env;
mod exec;
mod fallback;
mod file;
mod help;
mod import;
mod link;
mod links;
mod list;
mod login;
mod logout;
mod man;
mod meant;
mod project;
mod provider;
mod refresh;
mod reject;
mod remove;
mod rename;
mod status;
mod switch;
mod sync;
mod token;
mod trace;
mod unlink;
mod watch;
mod whoami;
mod why;

use clap::{Args, Command};

use crate::cli::Verb;
use crate::duration;

/// Every verb.
pub(crate) const VERBS: &[Verb] = &[
    login::VERB,
    logout::VERB,
    status::VERB,
    whoami::VERB,
    why::VERB,
    list::VERB,
    switch::VERB,
    project::VERB,
    env::VERB,
    token::VERB,
    refresh::VERB,
    sync::VERB,
    reject::VERB,
    exec::VERB,
    remove::VERB,
    rename::VERB,
    link::VERB,
    links::VERB,
    unlink::VERB,
    import::VERB,
    doctor::VERB,
    provider::VERB,
    watch::VERB,
    trace::VERB,
    daemon::VERB,
    completions::VERB,
    man::VERB,
    help::VERB,
];

/// Adds the arguments that `A` describes.
fn augment<A: Args>(command: Command) -> Command {
    A::augment_args(command)
}

/// A duration argument, in whole seconds.
fn seconds(text: &str) -> Result<u64, duration::DurationError> {
    duration::parse(text).map(duration::seconds)
}

/// Scopes given one by one or in one argument, as the wire wants them (RFC 6749 §3.3); none when none were given.
fn scopes(words: &[String]) -> Option<String> {
    let words: Vec<&str> = words.iter().flat_map(|word| word.split_ascii_whitespace()).collect();
    (!words.is_empty()).then(|| words.join(" "))
}
