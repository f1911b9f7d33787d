//! `trace`: another verb, and with it what the agent and a service say to each other.
//!
//! A second connection listens from before the verb begins. Once it has ended, the agent is asked which item was its last, so
//! that none is missed and nothing is waited for longer than that.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use clap::{ArgMatches, Command};
use proto::id::ProfileName;
use proto::trace::{TraceKind, Traced};
use serde_json::Value;

use super::{VERBS, list, login, logout, project, refresh, reject, sync, token, whoami};
use crate::cli::{Form, Verb};
use crate::client::{Client, ClientError, Follow, Heard};
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::output::{Output, trace};

pub(super) const VERB: Verb = Verb {
    name: "trace",
    aliases: &[],
    about: "Run another verb and show what is said to the service, without its secrets",
    more: "\
Each request is a line on standard error: method and address without the values of its query, status, registered error code,
duration, kind and size of the answer; then what the agent makes of it. With `-o json` each is one object on standard error,
and the answer of the verb is on standard output as always. What the agent does for other profiles in the meantime is shown
too, unless the profile is named. Tokens, codes, keys and secrets are never shown, nor is any text of its answers.",
    forms: &[
        traced(&login::VERB),
        traced(&logout::VERB),
        traced(&whoami::VERB),
        traced(&list::VERB),
        traced(&project::VERB),
        traced(&token::VERB),
        traced(&refresh::VERB),
        traced(&sync::VERB),
        traced(&reject::VERB),
    ],
    examples: &["agentctl trace refresh work", "agentctl trace login github"],
    arguments,
    run,
};

/// A verb does to the world what it does without being looked at.
const fn traced(verb: &Verb) -> Form {
    verb.forms[0].action(verb.name)
}

/// How often it is looked whether the verb has ended.
const LOOK: Duration = Duration::from_millis(50);
/// How long the last items may take; an agent that has gone sends none.
const LAST: Duration = Duration::from_secs(5);
/// The verb has not ended.
const UNKNOWN: u64 = u64::MAX;

fn arguments(command: Command) -> Command {
    let traced = VERB.forms.iter().filter_map(|form| VERBS.iter().find(|verb| verb.name == form.action));
    let verbs = traced
        .map(|verb| Command::new(verb.name).about(verb.about).after_help(verb.after_help()).defer(verb.arguments));
    command.subcommand_required(true).subcommand_value_name("VERB").disable_help_subcommand(true).subcommands(verbs)
}

fn run(matches: &ArgMatches, invocation: &Invocation) -> Result<(), Failure> {
    let (name, arguments) = matches.subcommand().expect("clap refuses a command line without a verb");
    let verb = VERBS.iter().find(|verb| verb.name == name).expect("clap only accepts the verbs of the table");
    let named = arguments.try_get_one::<ProfileName>("name").ok().flatten();
    let profile = invocation.argument(named)?.map(|name| name.to_string());
    let mut listener = invocation.connect()?;
    let mut items = listener.trace()?;
    let until = AtomicU64::new(UNKNOWN);
    let shown = Shown { output: &invocation.output, profile, last: None, repeated: 0 };
    std::thread::scope(|scope| {
        scope.spawn(|| shown.all(&mut items, &until));
        let result = (verb.run)(arguments, invocation);
        let last = invocation.connect().map_err(drop).and_then(|mut client| last_number(&mut client).map_err(drop));
        // Without an agent, nothing more will come.
        until.store(last.unwrap_or(0), Ordering::Release);
        result
    })
}

/// The number of the last item so far: a new stream begins with it.
fn last_number(client: &mut Client) -> Result<u64, ClientError> {
    let mut items = client.trace()?;
    let first = items.hear(LAST)?;
    let Heard::Event(first) = first else { return Ok(0) };
    Ok(first.get("number").and_then(Value::as_u64).unwrap_or(0))
}

struct Shown<'a> {
    output: &'a Output,
    profile: Option<String>,
    last: Option<Traced>,
    repeated: u64,
}

impl Shown<'_> {
    /// Shows items until the verb has ended and the last one has come.
    fn all(mut self, items: &mut Follow<'_, Value>, until: &AtomicU64) {
        let mut seen = 0;
        let mut silent = Duration::ZERO;
        loop {
            let last = until.load(Ordering::Acquire);
            if last != UNKNOWN && (seen >= last || silent >= LAST) {
                break;
            }
            match items.hear(LOOK) {
                Ok(Heard::Event(value)) => {
                    silent = Duration::ZERO;
                    seen = value.get("number").and_then(Value::as_u64).unwrap_or(seen).max(seen);
                    self.one(&value);
                }
                Ok(Heard::Silence) if last != UNKNOWN => silent += LOOK,
                Ok(Heard::Silence | Heard::Pulse) => {}
                Ok(Heard::End) | Err(_) => break,
            }
        }
        self.settle();
    }

    fn one(&mut self, value: &Value) {
        let Ok(item) = serde_json::from_value::<Traced>(value.clone()) else { return };
        let of_another = self.profile.is_some() && item.whose.is_some() && item.whose != self.profile;
        if of_another || item.kind == TraceKind::Listening {
            return;
        }
        // A device login asks the same again and again.
        if !self.output.is_json() && self.last.as_ref().is_some_and(|last| trace::is_repeated(last, &item)) {
            self.repeated += 1;
            return;
        }
        self.settle();
        self.output.trace(&trace::line(&item), value);
        self.last = Some(item);
    }

    fn settle(&mut self) {
        match self.repeated {
            0 => {}
            1 => self.output.trace("the same once more", &Value::Null),
            times => self.output.trace(&format!("the same {times} times more"), &Value::Null),
        }
        self.repeated = 0;
    }
}
