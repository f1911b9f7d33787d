//! `import`: takes logins over from other tools.

use clap::ArgMatches;
use proto::id::ProfileName;
use proto::link::{Found, ImportRequest, Imported};

use super::{augment, fallback, file};
use crate::cli::{self, Form, Network, Verb};
use crate::clock;
use crate::exit::Status;
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::output::link;

pub(super) const VERB: Verb = Verb {
    name: "import",
    aliases: &[],
    about: "Take logins over from other tools",
    more: "\
Without a name and without `--all`, only shows what there is: never a credential, only its fingerprint. What is taken
is moved: the refresh token is taken out of the tool's file, so that only one program refreshes it, and a file that
others can read is closed to them. `--undo` gives it back.",
    forms: &[Form::changes("the store and the tool's files; nothing without a name, or with `--dry-run`")
        .network(Network::When("where a service has to say whose login it is"))],
    examples: &["agentctl import --dry-run", "agentctl import tensormesh --as tm"],
    arguments: augment::<Take>,
    run,
};

#[derive(clap::Args)]
struct Take {
    /// A tool's format, or the name of a login there
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// Take all that are found
    #[arg(long, conflicts_with = "name")]
    all: bool,
    /// Only show what would be taken
    #[arg(long, conflicts_with = "undo")]
    dry_run: bool,
    /// Give back what was taken
    #[arg(long)]
    undo: bool,
    /// The profile to make; by default named after the login
    #[arg(long = "as", value_name = "PROFILE", value_parser = ProfileName::parse, conflicts_with_all = ["all", "undo"])]
    make: Option<ProfileName>,
}

fn run(matches: &ArgMatches, invocation: &Invocation) -> Result<(), Failure> {
    let Take { name, all, dry_run, undo, make: profile } = cli::arguments(matches)?;
    if undo && name.is_none() && !all {
        return Err(Failure::usage("nothing says what to give back").hint("name it, or `--all`"));
    }
    if profile.is_some() && name.is_none() {
        return Err(Failure::usage("`--as` names the profile of one login").hint("name the login as well"));
    }
    let wanted = (name.is_some() || all) && !dry_run;
    let variables = file::variables(fallback::variable);
    let request = ImportRequest { name: name.clone(), all, dry_run: !wanted, profile, undo, variables };
    let answer = invocation.connect()?.import(&request)?;
    let output = &invocation.output;
    if output.is_json() {
        output.json(&answer)?;
    } else if !answer.found.is_empty() {
        let (now, paint) = (clock::now(), output.paint());
        let text: Vec<String> = answer.found.iter().map(|found| link::found(found, now, paint)).collect();
        output.text(&text.join("\n"))?;
    }
    for unseen in &answer.notes {
        output.warning(unseen);
    }
    if answer.found.is_empty() && name.is_none() {
        output.note(if undo {
            "Nothing was taken: nothing to give back"
        } else {
            "No logins of other tools were found"
        });
    } else if !wanted {
        output.hint("`agentctl import NAME` or `--all` takes them");
    }
    judged(&answer, name.as_deref(), wanted, undo)
}

/// Whoever asked for something hears by the exit status whether it was done.
fn judged(answer: &Imported, name: Option<&str>, wanted: bool, undo: bool) -> Result<(), Failure> {
    // A login that a profile holds, and that the tool cannot refresh, was taken earlier: there is nothing left to do.
    let held = |found: &Found| !undo && found.profile.is_some() && !found.refreshable;
    match name {
        Some(name) if answer.found.is_empty() => {
            Err(Failure::own("not-found", Status::Failed, format!("there is no login named {name}"))
                .hint("`agentctl import` shows what there is"))
        }
        _ if wanted && answer.found.iter().any(|found| !found.taken && !held(found)) => {
            Err(Failure::failed("not everything was done; the notes say why"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_was_asked_for_and_not_done_is_a_failure() {
        let found = |taken: bool| -> Imported {
            serde_json::from_value(json!({"found": [{"format": "tank", "name": "x", "place": "/x", "kind": "api-key",
                "fingerprint": "00", "taken": taken}]}))
            .expect("an answer")
        };
        assert!(judged(&Imported::default(), None, true, false).is_ok());
        assert!(judged(&Imported::default(), Some("x"), true, false).is_err());
        assert!(judged(&found(false), Some("x"), true, false).is_err());
        assert!(judged(&found(false), Some("x"), false, false).is_ok());
        assert!(judged(&found(true), None, true, false).is_ok());
    }

    #[test]
    fn what_was_taken_earlier_is_no_failure_unless_it_is_to_be_given_back() {
        let held = |refreshable: bool| -> Imported {
            serde_json::from_value(json!({"found": [{"format": "tank", "name": "x", "place": "/x", "kind": "oauth",
                "fingerprint": "00", "profile": "mine", "refreshable": refreshable}]}))
            .expect("an answer")
        };
        assert!(judged(&held(false), Some("x"), true, false).is_ok());
        assert!(judged(&held(true), Some("x"), true, false).is_err());
        assert!(judged(&held(false), Some("x"), true, true).is_err());
    }
}
