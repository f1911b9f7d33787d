//! A verb as the command line knows it: its words, what each of its forms does to the world, and examples.
//!
//! The forms are data, so that the help of a verb, `help agents` and the man pages say the same.

use clap::{ArgMatches, Command};

use crate::failure::Failure;
use crate::invocation::Invocation;

/// One verb.
pub(crate) struct Verb {
    /// Its word.
    pub(crate) name: &'static str,
    /// Other words for it.
    pub(crate) aliases: &'static [&'static str],
    /// One line.
    pub(crate) about: &'static str,
    /// What a person should know before they use it; may be empty. Line ends in it mean nothing.
    pub(crate) more: &'static str,
    /// What it does to the world: one form, or one for each action that it has.
    pub(crate) forms: &'static [Form],
    /// Command lines, with remarks behind `#` if need be.
    pub(crate) examples: &'static [&'static str],
    /// Adds its arguments.
    pub(crate) arguments: fn(Command) -> Command,
    /// Does it.
    pub(crate) run: fn(&ArgMatches, &Invocation) -> Result<(), Failure>,
}

/// What a verb, or one action of it, does to the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Form {
    /// The action, such as `list`; empty where the verb has none.
    pub(crate) action: &'static str,
    /// What is different afterwards; `None`: nothing, it only reads.
    pub(crate) changes: Option<&'static str>,
    /// Whether it causes a request to a service.
    pub(crate) network: Network,
    /// What it asks a person on a terminal; `None`: it never asks.
    pub(crate) prompts: Option<&'static str>,
}

/// Whether a verb causes requests to a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Network {
    /// Each time.
    Always,
    /// Never.
    Never,
    /// In the case that is said.
    When(&'static str),
}

impl Form {
    /// A form that changes nothing.
    pub(crate) const fn reads() -> Self {
        Self { action: "", changes: None, network: Network::Never, prompts: None }
    }

    /// A form that changes `what`.
    pub(crate) const fn changes(what: &'static str) -> Self {
        Self { changes: Some(what), ..Self::reads() }
    }

    /// The same for one action of a verb.
    pub(crate) const fn action(self, action: &'static str) -> Self {
        Self { action, ..self }
    }

    /// The same with requests to a service.
    pub(crate) const fn network(self, network: Network) -> Self {
        Self { network, ..self }
    }

    /// The same with a question to the person.
    pub(crate) const fn prompts(self, what: &'static str) -> Self {
        Self { prompts: Some(what), ..self }
    }

    fn tell(&self, text: &mut String, indent: &str) {
        let lines = [
            ("Changes: ", self.changes.unwrap_or("nothing, it only reads")),
            ("Network: ", self.network.words()),
            ("Prompts: ", self.prompts.unwrap_or("never")),
        ];
        for (label, words) in lines {
            text.extend([indent, label, words, "\n"]);
        }
    }
}

/// Adds the examples, if there are any.
fn show<'e>(text: &mut String, examples: impl Iterator<Item = &'e str>) {
    let examples: Vec<&str> = examples.collect();
    match examples.len() {
        0 => return,
        1 => text.push_str("\nExample:"),
        _ => text.push_str("\nExamples:"),
    }
    for example in examples {
        text.extend(["\n  ", example]);
    }
}

impl Network {
    /// In words.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Network::Always => "always",
            Network::Never => "never",
            Network::When(case) => case,
        }
    }
}

impl Verb {
    /// What stands below the options in its help.
    pub(crate) fn after_help(&self) -> String {
        let mut text = String::new();
        if !self.more.is_empty() {
            text.push_str(&self.more.replace('\n', " "));
            text.push_str("\n\n");
        }
        for form in self.forms {
            if !form.action.is_empty() {
                text.extend([form.action, ":\n"]);
            }
            form.tell(&mut text, if form.action.is_empty() { "" } else { "  " });
        }
        show(&mut text, self.examples.iter().copied());
        text
    }

    /// What stands below the options in the help of one action.
    pub(crate) fn after_action(&self, form: &Form) -> String {
        let mut text = String::new();
        form.tell(&mut text, "");
        let typed = format!("agentctl {} {}", self.name, form.action);
        show(&mut text, self.examples.iter().copied().filter(|example| example.starts_with(&typed)));
        text
    }
}
