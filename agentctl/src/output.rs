//! The only place that prints. Data goes to standard output, everything else to standard error.
//!
//! What comes from the agent may come from a service: every such text passes [`clean()`] (or the JSON writer's own
//! escaping) before a terminal sees it. Colours only on a terminal, and not with `NO_COLOR` or `--no-color`.

mod clean;
mod json;
pub(crate) mod link;
mod paint;
pub(crate) mod profile;
pub(crate) mod provider;
mod relative;
mod table;

use std::io::Write;

use serde::Serialize;

pub(crate) use clean::clean;
pub(crate) use paint::{Colour, Paint};
pub(crate) use relative::{span, when};
pub(crate) use table::{Cell, fields, table};

use crate::exit::Status;
use crate::failure::Failure;
use crate::wiped::Wiped;

/// For whom the data is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// One JSON document per line.
    Json,
    /// Text for people.
    Text,
}

/// How much is said on standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Voice {
    /// Errors, and what a person must do.
    Quiet,
    /// Warnings and results as well.
    Normal,
    /// How it was done as well.
    Verbose,
}

/// The two standard streams.
#[derive(Debug, Clone)]
pub(crate) struct Output {
    format: Format,
    voice: Voice,
    data: Paint,
    speech: Paint,
}

impl Output {
    /// Streams that use colours when they are terminals and `colour` allows it.
    pub(crate) fn new(format: Format, voice: Voice, colour: bool) -> Self {
        let data = Paint::on(&std::io::stdout(), colour);
        let speech = Paint::on(&std::io::stderr(), colour);
        Self { format, voice, data, speech }
    }

    /// Whether a program reads the data.
    pub(crate) fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    /// The colours of standard output.
    pub(crate) fn paint(&self) -> Paint {
        self.data
    }

    /// Writes one JSON document and a newline to standard output.
    pub(crate) fn json(&self, value: &impl Serialize) -> Result<(), Failure> {
        // The document may hold a token.
        let mut text = Wiped::with_capacity(1024);
        json::write(&mut text, value).map_err(|_| Failure::failed("the answer cannot be written as JSON"))?;
        text.append(b"\n");
        self.bytes(text.bytes())
    }

    /// Writes text that holds nothing unclean, and a newline unless it ends with one, to standard output.
    pub(crate) fn text(&self, text: &str) -> Result<(), Failure> {
        let end = if text.ends_with('\n') { "" } else { "\n" };
        self.bytes(format!("{text}{end}").as_bytes())
    }

    /// Writes a help text to standard output.
    pub(crate) fn help(&self, text: &clap::builder::StyledStr) -> Result<(), Failure> {
        let text = if self.data.is_decorated() { text.ansi().to_string() } else { text.to_string() };
        self.text(&text)
    }

    /// Writes bytes as they are to standard output.
    #[allow(clippy::unused_self, reason = "all printing goes through one object")]
    pub(crate) fn bytes(&self, bytes: &[u8]) -> Result<(), Failure> {
        let mut stream = std::io::stdout().lock();
        stream.write_all(bytes).and_then(|()| stream.flush()).map_err(|error| match error.kind() {
            std::io::ErrorKind::BrokenPipe => Failure::BrokenPipe,
            kind => Failure::failed(format!("standard output cannot be written: {kind}")),
        })
    }

    /// What the person must see to go on; not even `-q` hides it.
    #[allow(clippy::unused_self, reason = "all printing goes through one object")]
    pub(crate) fn instruct(&self, text: &str) {
        say(&clean(text));
    }

    /// An address that the person must open, on a line of its own.
    pub(crate) fn address(&self, url: &str) {
        say(&format!("  {}", self.speech.link(&clean(url))));
    }

    /// What was done.
    pub(crate) fn note(&self, text: &str) {
        if self.voice >= Voice::Normal {
            say(&clean(text));
        }
    }

    /// What the person should know.
    pub(crate) fn warning(&self, text: &str) {
        if self.voice >= Voice::Normal {
            say(&format!("{} {}", self.speech.paint(Colour::Yellow, "warning:"), clean(text)));
        }
    }

    /// What the person could do next.
    pub(crate) fn hint(&self, text: &str) {
        if self.voice >= Voice::Normal {
            say(&format!("{} {}", self.speech.paint(Colour::Bold, "hint:"), clean(text)));
        }
    }

    /// How it was done, with `-v`.
    pub(crate) fn detail(&self, text: &str) {
        if self.voice >= Voice::Verbose {
            say(&self.speech.paint(Colour::Dim, &clean(text)));
        }
    }

    /// Why the command ends: two lines for people, a problem document for programs.
    pub(crate) fn failure(&self, failure: &Failure) {
        if self.is_json() {
            let mut text = Vec::new();
            if let Some(value) = failure.json()
                && json::write(&mut text, &value).is_ok()
            {
                say(&String::from_utf8_lossy(&text));
            }
            return;
        }
        let Some((detail, lines, hint)) = failure.text() else { return };
        say(&format!("{} {}", self.speech.paint(Colour::Red, "error:"), clean(detail)));
        for line in lines {
            say(&format!("  {}", clean(line)));
        }
        if let Some(hint) = hint {
            say(&format!("{} {}", self.speech.paint(Colour::Bold, "hint:"), clean(hint)));
        }
    }
}

/// Writes a line to standard error. When even that fails there is nobody left to tell.
fn say(line: &str) {
    std::io::stderr().lock().write_all(format!("{line}\n").as_bytes()).ok();
}

/// Says why a command line is refused, without a word of it.
pub(crate) fn refusal(text: &str, colour: bool) -> Status {
    let paint = Paint::on(&std::io::stderr(), colour);
    say(&format!("{} {text}", paint.paint(Colour::Red, "error:")));
    Status::Usage
}

/// Prints what the command-line parser says: help and versions to standard output, mistakes to standard error.
pub(crate) fn usage(error: &clap::Error, colour: bool) -> Result<(), Failure> {
    let text = error.render();
    let styled = |paint: Paint| if paint.is_decorated() { text.ansi().to_string() } else { text.to_string() };
    if error.use_stderr() {
        say(styled(Paint::on(&std::io::stderr(), colour)).trim_end());
        return Ok(());
    }
    let output = Output::new(Format::Text, Voice::Normal, colour);
    output.bytes(styled(output.data).as_bytes())
}
