//! `watch`: what happens, line by line, until it is interrupted.

mod notify;

use std::time::Duration;

use clap::ArgMatches;
use clap::builder::PossibleValuesParser;
use proto::event::{Event, EventKind};
use proto::id::ProfileName;
use serde_json::Value;

use self::notify::Notifier;
use super::augment;
use crate::cli::{self, Form, Verb};
use crate::client::{Client, Heard};
use crate::clock;
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::output::event;

pub(super) const VERB: Verb = Verb {
    name: "watch",
    aliases: &[],
    about: "Show what happens: logins, refreshes, failures, and who asks for tokens",
    more: "\
It goes on until it is interrupted, also while the agent is restarted. With `-p`, only what concerns that profile. In JSON
each event is one object on one line; what a newer agent adds is passed on. Who asked for a token is told with `--all`, by
process id and by the name that the program has, which proves nothing.",
    forms: &[Form::reads()],
    examples: &[
        "agentctl watch",
        "agentctl watch --kind login-required --kind lapses-soon -o json",
        "agentctl watch --all -p work    # who asks for tokens of this profile",
        "agentctl watch --notify --quiet > /dev/null    # only notifications on the desktop",
    ],
    arguments: augment::<Watch>,
    run,
};

#[derive(clap::Args)]
struct Watch {
    /// Only events of this kind; may be repeated
    #[arg(short, long, value_name = "KIND", value_parser = PossibleValuesParser::new(EventKind::WORDS))]
    kind: Vec<String>,
    /// Also every token that is handed out, and to whom
    #[arg(short, long)]
    all: bool,
    /// First so many of the latest events; the agent keeps 100
    #[arg(short = 'n', long, value_name = "COUNT", default_value_t = 0)]
    recent: u32,
    /// Also as notifications on the desktop: that a login is needed, or lapses soon (`notify-send`, on macOS `osascript`)
    #[arg(long)]
    notify: bool,
}

/// An agent sends a sign of life every 15 s; one that is silent for so long has gone.
const SILENCE: Duration = Duration::from_mins(1);
/// How often an agent is looked for while there is none.
const LOOK: Duration = Duration::from_millis(250);
/// Of an agent that was started while nobody listened, everything it still knows is of interest.
const ALL_OF_IT: u32 = 100;

fn run(matches: &ArgMatches, invocation: &Invocation) -> Result<(), Failure> {
    let watch: Watch = cli::arguments(matches)?;
    let notifier = watch.notify.then(|| Notifier::find(invocation)).transpose()?;
    let profile = invocation.argument(None)?;
    let mut recent = watch.recent;
    let tokens = watch.all || watch.kind.iter().any(|kind| kind == "token-served");
    let mut listening = Listening { invocation, watch, tokens, profile, notifier };
    let mut client = invocation.connect()?;
    let mut known = match client.status() {
        Ok(agent) => Some((agent.pid, agent.started_at)),
        Err(error) if error.is_gone() => None,
        Err(error) => return Err(error.into()),
    };
    loop {
        listening.listen(&mut client, recent)?;
        invocation.output.note("The agent has gone; waiting for it to come back");
        let agent;
        (client, agent) = listening.come_back();
        invocation.output.note(&format!("The agent is back: process {}", agent.0));
        recent = if known == Some(agent) { 0 } else { ALL_OF_IT };
        known = Some(agent);
    }
}

/// Process and start of an agent, which no other has.
type Agent = (u32, proto::timestamp::Timestamp);

struct Listening<'a> {
    invocation: &'a Invocation,
    watch: Watch,
    tokens: bool,
    profile: Option<ProfileName>,
    notifier: Option<Notifier>,
}

impl Listening<'_> {
    /// Listens until the agent has gone.
    fn listen(&mut self, client: &mut Client, recent: u32) -> Result<(), Failure> {
        let mut events = match client.events(recent, self.tokens) {
            Err(error) if error.is_gone() => return Ok(()),
            events => events?,
        };
        self.invocation.output.detail("listening");
        loop {
            let wait = self.notifier.as_ref().and_then(Notifier::due);
            match events.hear(wait.unwrap_or(SILENCE).min(SILENCE)) {
                Ok(Heard::Event(event)) => self.show(&event)?,
                Ok(Heard::Pulse) => {}
                Ok(Heard::Silence) if wait.is_some() => {}
                Ok(Heard::End | Heard::Silence) => return Ok(()),
                Err(error) if error.is_gone() => return Ok(()),
                Err(error) => return Err(error.into()),
            }
            if let Some(notifier) = &mut self.notifier {
                notifier.show_what_is_due();
            }
        }
    }

    /// Waits for an agent. None is started: who stopped it had a reason.
    fn come_back(&mut self) -> (Client, Agent) {
        loop {
            if let Ok(connected) = self.invocation.door().connect() {
                let mut client = Client::new(connected.stream);
                // One that is about to end may still accept.
                if let Ok(agent) = client.status() {
                    return (client, (agent.pid, agent.started_at));
                }
            }
            if let Some(notifier) = &mut self.notifier {
                notifier.show_what_is_due();
            }
            clock::pause(LOOK);
        }
    }

    fn show(&mut self, value: &Value) -> Result<(), Failure> {
        let word = value.get("kind").and_then(Value::as_str).unwrap_or("unknown");
        let event = serde_json::from_value::<Event>(value.clone()).ok();
        // What concerns all profiles is of interest to each; that something was lost always is.
        let whose = event.as_ref().and_then(|event| event.profile.as_ref());
        if self.profile.is_some() && whose.is_some() && whose != self.profile.as_ref() {
            return Ok(());
        }
        if let (Some(notifier), Some(event)) = (&mut self.notifier, &event) {
            notifier.hear(event);
        }
        let kinds = &self.watch.kind;
        if word != "lost" && !kinds.is_empty() && !kinds.iter().any(|kind| kind == word) {
            return Ok(());
        }
        let output = &self.invocation.output;
        match event {
            _ if output.is_json() => output.json(value),
            Some(event) => output.text(&event::line(&event, word, clock::now(), output.paint())),
            // Of a newer agent, in a form that is not known here.
            None => output.text(&event::unknown(word)),
        }
    }
}
