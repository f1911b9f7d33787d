//! The only place that prints. Data goes to standard output, everything else to standard error.
//!
//! What comes from the agent may come from a service: every such text passes [`clean()`] (or the JSON writer's own
//! escaping) before a terminal sees it. Colours only on a terminal, and not with `NO_COLOR` or `--no-color`.

mod clean;
pub(crate) mod event;
mod json;
pub(crate) mod link;
pub(crate) mod login;
mod paint;
pub(crate) mod profile;
pub(crate) mod provider;
mod qr;
mod relative;
mod table;
pub(crate) mod trace;
mod usage;

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::error::ErrorKind;
use serde::Serialize;
use serde_json::{Value, json};

pub(crate) use clean::clean;
pub(crate) use paint::{Colour, Paint};
pub(crate) use relative::{span, when};
pub(crate) use table::{Cell, fields, shortened, table};

use crate::browser;
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
    speech_format: Format,
    voice: Voice,
    data: Paint,
    speech: Paint,
}

impl Output {
    /// Streams that use colours when they are terminals and `colour` allows it.
    pub(crate) fn new(format: Format, voice: Voice, colour: bool) -> Self {
        let data = Paint::on(&std::io::stdout(), colour);
        let speech = Paint::on(&std::io::stderr(), colour);
        Self { format, speech_format: Format::Text, voice, data, speech }
    }

    /// The same, with standard error in this form.
    pub(crate) fn speaking(self, speech_format: Format) -> Self {
        // A program that reads lines has no use for decorations inside them.
        let speech = if speech_format == Format::Json { Paint::new(false) } else { self.speech };
        Self { speech_format, speech, ..self }
    }

    /// Whether a program reads the data.
    pub(crate) fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    /// The colours of standard output.
    pub(crate) fn paint(&self) -> Paint {
        self.data
    }

    /// The colours of standard error.
    pub(crate) fn speech(&self) -> Paint {
        self.speech
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
    pub(crate) fn instruct(&self, text: &str) {
        self.speak(None, &clean(text));
    }

    /// An address that the person must open, on a line of its own.
    pub(crate) fn address(&self, url: &str) {
        let url = clean(url);
        match self.speech_format {
            Format::Json => self.speak(None, &url),
            // Nothing is made easy to click on that would not be opened.
            Format::Text if browser::permitted(&url) => say(&format!("  {}", self.speech.link(&url))),
            Format::Text => say(&format!("  {url}")),
        }
    }

    /// An address as a QR code, if the screen is large enough for it and `more` lines; the width alone counts where it is
    /// `wanted`. Whether it was shown.
    pub(crate) fn qr(&self, address: &str, more: usize, wanted: bool) -> bool {
        let (Some(code), true) = (qr::Code::new(address), wide_characters()) else { return false };
        let fits = |room: Option<usize>, taken: usize| room.is_none_or(|room| taken <= room);
        if self.speech_format == Format::Json {
            return false;
        }
        let terminal = self.speech.redraws() || wanted;
        let high = wanted || fits(self.speech.height(), code.lines() + more);
        if !terminal || !high || !fits(self.speech.width(), code.columns()) {
            return false;
        }
        for line in code.draw(self.speech.is_decorated()) {
            say(&line);
        }
        true
    }

    /// What a terminal obeys, and words between that are clean already.
    #[allow(clippy::unused_self, reason = "all printing goes through one object")]
    pub(crate) fn sequence(&self, sequence: &str) {
        std::io::stderr().lock().write_all(sequence.as_bytes()).ok();
    }

    /// Whether people are told on a terminal that can write a line again.
    pub(crate) fn redraws(&self) -> bool {
        self.speech.redraws() && self.voice >= Voice::Normal && self.speech_format == Format::Text
    }

    /// How it goes, in one line that the next one replaces. Only where [`Self::redraws`] says so.
    pub(crate) fn progress(&self, text: &str) {
        let width = self.speech.width().map_or(usize::MAX, |width| width.saturating_sub(1));
        let text: String = clean(text).chars().take(width).collect();
        DRAWN.store(true, Ordering::Relaxed);
        std::io::stderr().lock().write_all(format!("\r{text}{ERASE_REST}").as_bytes()).ok();
    }

    /// The line of the progress is gone.
    #[allow(clippy::unused_self, reason = "all printing goes through one object")]
    pub(crate) fn settle(&self) {
        std::io::stderr().lock().write_all(settled().as_bytes()).ok();
    }

    /// A line about how it goes that was asked for: as a JSON document of its own where a program reads the data.
    pub(crate) fn trace(&self, text: &str, value: &impl Serialize) {
        if !self.is_json() {
            return self.speak(Some(("trace", Colour::Dim)), &clean(text));
        }
        let mut line = Vec::new();
        if json::write(&mut line, value).is_ok() {
            say(&String::from_utf8_lossy(&line));
        }
    }

    /// What was done.
    pub(crate) fn note(&self, text: &str) {
        if self.voice >= Voice::Normal {
            self.speak(None, &clean(text));
        }
    }

    /// What the person should know.
    pub(crate) fn warning(&self, text: &str) {
        if self.voice >= Voice::Normal {
            self.speak(Some(("warning", Colour::Yellow)), &clean(text));
        }
    }

    /// What the person could do next.
    pub(crate) fn hint(&self, text: &str) {
        if self.voice >= Voice::Normal {
            self.speak(Some(("hint", Colour::Bold)), &clean(text));
        }
    }

    /// How it was done, with `-v`.
    pub(crate) fn detail(&self, text: &str) {
        if self.voice < Voice::Verbose {
            return;
        }
        match self.speech_format {
            Format::Json => self.speak(Some(("debug", Colour::Dim)), &clean(text)),
            Format::Text => say(&self.speech.paint(Colour::Dim, &clean(text))),
        }
    }

    /// A line on standard error, with the word that it begins with; without one it simply tells.
    fn speak(&self, word: Option<(&str, Colour)>, text: &str) {
        match (self.speech_format, word) {
            (Format::Json, word) => {
                let level = word.map_or("info", |(word, _)| word);
                say_json(&json!({ "level": level, "message": text.trim_start() }));
            }
            (Format::Text, None) => say(text),
            (Format::Text, Some((word, colour))) => {
                say(&format!("{} {text}", self.speech.paint(colour, &format!("{word}:"))));
            }
        }
    }

    /// Why the command ends: two lines for people, a problem document for programs.
    pub(crate) fn failure(&self, failure: &Failure) {
        if self.is_json() {
            if let Some(value) = failure.json() {
                say_json(&value);
            }
            return;
        }
        let Some((detail, lines, hint)) = failure.text() else { return };
        self.speak(Some(("error", Colour::Red)), &clean(detail));
        for line in lines {
            self.speak(None, &format!("  {}", clean(line)));
        }
        if let Some(hint) = hint {
            self.speak(Some(("hint", Colour::Bold)), &clean(hint));
        }
    }
}

/// Writes a document to standard error.
fn say_json(value: &Value) {
    let mut text = Vec::new();
    if json::write(&mut text, value).is_ok() {
        say(&String::from_utf8_lossy(&text));
    }
}

/// Whether the last line is one of progress, which gives way to whatever comes next.
static DRAWN: AtomicBool = AtomicBool::new(false);
/// Erases to the end of the line (ECMA-48 §8.3.41, EL).
const ERASE_REST: &str = "\u{1b}[K";

/// What makes the line of the progress go away.
fn settled() -> String {
    if DRAWN.swap(false, Ordering::Relaxed) { format!("\r{ERASE_REST}") } else { String::new() }
}

/// Whether characters beyond ASCII can be shown (POSIX, "Environment Variables": the first that is set decides).
pub(crate) fn wide_characters() -> bool {
    let set = |name: &&str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(set).unwrap_or_default().to_ascii_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}

/// Writes a line to standard error. When even that fails there is nobody left to tell.
fn say(line: &str) {
    std::io::stderr().lock().write_all(format!("{}{line}\n", settled()).as_bytes()).ok();
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
    if error.use_stderr() {
        let paint = Paint::on(&std::io::stderr(), colour);
        if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
            say(if paint.is_decorated() { text.ansi().to_string() } else { text.to_string() }.trim_end());
            return Ok(());
        }
        let lines = usage::lines(&text.to_string());
        say(&lines.iter().map(|line| line.painted(paint)).collect::<Vec<_>>().join("\n"));
        return Ok(());
    }
    let output = Output::new(Format::Text, Voice::Normal, colour);
    output.help(&text)
}
