//! `help agents`: the page for scripts and coding agents, made from the same table as the verbs' own help.

use std::fmt::Write as _;

use clap::Command;
use serde_json::{Value, json};

use crate::cli::{Form, Network};
use crate::command::VERBS;
use crate::exit::Status;

const RULES: &str = "\
agentctl for scripts and coding agents

Rules
  Run a tool with `agentctl exec -- CMD`: it gets the credential, and nobody sees it. Use `agentctl token` only where
  a tool cannot be started that way, and never let it reach a log, a file or a conversation.
  Add `-o json`: one document on one line on standard output, problems as JSON on standard error, shapes in docs/json.md.
  Add `--non-interactive`: nothing is asked. Without a terminal that is so anyway; what destroys then needs `--yes`.
  Act on the exit code, not on the text. Data is on standard output, everything else on standard error.
  A login is for a person: on exit code 3, show them the command in the hint, and go on when they are done.
  `agentctl why` says which profile is used. Name one with `-p NAME` rather than changing the current one.
";

/// One thing that can be typed.
pub(super) struct Typed {
    words: String,
    about: String,
    form: &'static Form,
}

/// Everything that can be typed, in the order of the help.
pub(super) fn forms(command: &Command) -> Vec<Typed> {
    let typed = |name: &str, form: &'static Form| {
        let verb = command.find_subcommand(name);
        let action = verb.and_then(|verb| verb.find_subcommand(form.action)).or(verb);
        let option = |verb: &Command| {
            let named = |long: &str| form.action.strip_prefix("--") == Some(long);
            let option = verb.get_arguments().find(|argument| argument.get_long().is_some_and(named))?;
            option.get_help().map(ToString::to_string)
        };
        let about = verb.and_then(option).or_else(|| action.and_then(Command::get_about).map(ToString::to_string));
        let about = about.unwrap_or_default();
        Typed { words: format!("{name} {}", form.action).trim_end().to_owned(), about, form }
    };
    VERBS.iter().flat_map(|verb| verb.forms.iter().map(move |form| typed(verb.name, form))).collect()
}

/// The page for people, and for those who read like them.
pub(super) fn page(forms: &[Typed]) -> String {
    let (mut reads, mut changes) = (String::new(), String::new());
    for Typed { words, about, form } in forms {
        let network = match form.network {
            Network::Never => String::new(),
            network => format!(" (network: {})", network.words()),
        };
        let (section, what) = match form.changes {
            None => (&mut reads, about.as_str()),
            Some(what) => (&mut changes, what),
        };
        let _infallible = writeln!(section, "  {words:<17}  {what}{network}");
    }
    let mut codes = String::new();
    for (status, meaning) in Status::TABLE {
        let _infallible = writeln!(codes, "  {:>3}  {meaning}", status.number());
    }
    format!("{RULES}\nOnly read; may be run at any time\n{reads}\nChange something\n{changes}\nExit codes\n{codes}")
}

/// The page for programs.
pub(super) fn document(forms: &[Typed]) -> Value {
    let verb = |Typed { words, about, form }: &Typed| {
        json!({"command": words, "about": about, "reads_only": form.changes.is_none(), "changes": form.changes.unwrap_or("nothing"),
            "network": form.network.words(), "prompts": form.prompts.unwrap_or("never")})
    };
    let code = |(status, meaning): &(Status, &str)| json!({"status": status.number(), "meaning": meaning});
    json!({"commands": forms.iter().map(verb).collect::<Vec<_>>(),
        "exit_codes": Status::TABLE.iter().map(code).collect::<Vec<_>>()})
}
