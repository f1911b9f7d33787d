//! `links`: where credentials are kept fresh.

use clap::ArgMatches;

use crate::cli::{self, Form, Verb};
use crate::clock;
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::output::link;

pub(super) const VERB: Verb = Verb {
    name: "links",
    aliases: &[],
    about: "List where other tools use a login",
    more: "\
`linked`; `waiting` for a login; `suspended`, since the tool has logged out; `foreign`, since it holds a login of its
own; `failed`, tried again.",
    forms: &[Form::reads()],
    examples: &["agentctl links"],
    arguments: cli::none,
    run,
};

fn run(_: &ArgMatches, invocation: &Invocation) -> Result<(), Failure> {
    let output = &invocation.output;
    let answer = invocation.connect()?.links()?;
    if output.is_json() {
        return output.json(&answer);
    }
    if answer.links.is_empty() {
        output.note("There are no links");
        output.hint("make one with `agentctl link NAME`");
        return Ok(());
    }
    output.text(&link::list(&answer.links, clock::now(), output.paint()))
}
