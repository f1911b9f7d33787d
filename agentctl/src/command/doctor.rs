//! `doctor`: credentials that lie badly.

use clap::ArgMatches;
use proto::link::DoctorRequest;

use super::{fallback, file};
use crate::cli::{self, Form, Verb};
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::output::link;

pub(super) const VERB: Verb = Verb {
    name: "doctor",
    aliases: &[],
    about: "Look for credentials that lie badly",
    more: "\
Looks where the known tools keep theirs: `plaintext`, `exposed` (others can read it), `legacy` (a form that its tool
no longer writes), `versioned` (below a directory under version control). Exits with 0 whatever it finds.",
    forms: &[Form::reads()],
    examples: &["agentctl doctor"],
    arguments: cli::none,
    run,
};

fn run(_: &ArgMatches, invocation: &Invocation) -> Result<(), Failure> {
    let output = &invocation.output;
    let request = DoctorRequest { variables: file::variables(fallback::variable) };
    let answer = invocation.connect()?.doctor(&request)?;
    if output.is_json() {
        return output.json(&answer);
    }
    for unseen in &answer.notes {
        output.warning(unseen);
    }
    if answer.findings.is_empty() {
        return output.text("Nothing is wrong with what is known");
    }
    output.text(&answer.findings.iter().map(|one| link::finding(one, output.paint())).collect::<String>())
}
