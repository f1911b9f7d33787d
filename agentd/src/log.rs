//! The form of the log: lines for people or JSON objects, each on one line whatever its texts hold. For the journal each begins
//! with its priority, and has no time, which the journal knows (`sd-daemon(3)`).

mod stderr;

use std::fmt::{self, Write as _};

use serde_json::{Map, Value, json};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime as _, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

pub use self::stderr::Stderr;
use crate::config::LogFormat;

/// How lines are written.
#[derive(Debug, Clone, Copy)]
pub struct Lines {
    /// For people or programs.
    pub format: LogFormat,
    /// Whether they go to the journal.
    pub journal: bool,
}

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut time = String::new();
        if !self.journal {
            SystemTime.format_time(&mut Writer::new(&mut time))?;
        }
        let mut fields = Fields::default();
        event.record(&mut fields);
        let (level, target) = (*event.metadata().level(), event.metadata().target());
        let line = match self.format {
            LogFormat::Text => text(&time, level, target, &fields.0),
            LogFormat::Json => document(&time, level, target, fields.0),
        };
        if self.journal {
            write!(writer, "<{}>", priority(level))?;
        }
        writeln!(writer, "{line}")
    }
}

/// The priority of syslog (`syslog(3)`).
fn priority(level: Level) -> u8 {
    match level {
        Level::ERROR => 3,
        Level::WARN => 4,
        Level::INFO => 6,
        _ => 7,
    }
}

fn text(time: &str, level: Level, target: &str, fields: &[(&'static str, Value)]) -> String {
    let mut line = if time.is_empty() { String::new() } else { format!("{time} ") };
    // Writing to a string cannot fail.
    write!(line, "{level:>5} {target}:").ok();
    let message = fields.iter().filter(|(name, _)| *name == "message");
    for (_, value) in message {
        line.push(' ');
        escape(&mut line, value);
    }
    for (name, value) in fields.iter().filter(|(name, _)| *name != "message") {
        write!(line, " {name}=").ok();
        escape(&mut line, value);
    }
    line
}

/// A text without anything that ends a line or steers a terminal.
fn escape(line: &mut String, value: &Value) {
    let Value::String(text) = value else { return line.push_str(&value.to_string()) };
    for c in text.chars() {
        if c.is_control() { line.extend(c.escape_default()) } else { line.push(c) }
    }
}

fn document(time: &str, level: Level, target: &str, fields: Vec<(&'static str, Value)>) -> String {
    let mut document = Map::new();
    if !time.is_empty() {
        document.insert("at".to_owned(), json!(time));
    }
    document.insert("level".to_owned(), json!(level.as_str().to_ascii_lowercase()));
    document.insert("target".to_owned(), json!(target));
    let (message, rest): (Vec<_>, Vec<_>) = fields.into_iter().partition(|(name, _)| *name == "message");
    document.extend(message.into_iter().map(|(name, value)| (name.to_owned(), value)));
    let rest: Map<String, Value> = rest.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    if !rest.is_empty() {
        document.insert("fields".to_owned(), Value::Object(rest));
    }
    Value::Object(document).to_string()
}

#[derive(Default)]
struct Fields(Vec<(&'static str, Value)>);

impl Visit for Fields {
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.push((field.name(), json!(value)));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.push((field.name(), json!(value)));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.push((field.name(), json!(value)));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.push((field.name(), json!(value)));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.push((field.name(), json!(format!("{value:?}"))));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_stays_one_line_and_a_document_one_document() {
        let fields = vec![("message", json!("it\nfails")), ("why", json!("a\u{1b}[m")), ("tries", json!(7))];
        let line = text("", Level::WARN, "agentd", &fields);
        assert_eq!(line, " WARN agentd: it\\nfails why=a\\u{1b}[m tries=7");
        let document: Value = serde_json::from_str(&document("now", Level::WARN, "agentd", fields)).expect("JSON");
        let expected = json!({"at": "now", "level": "warn", "target": "agentd", "message": "it\nfails",
            "fields": {"why": "a\u{1b}[m", "tries": 7}});
        assert_eq!(document, expected);
    }
}
