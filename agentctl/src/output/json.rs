//! JSON that is safe to look at: what a terminal would obey is written as an escape, which any reader undoes.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

use super::clean::unsafe_on_a_terminal;

/// Writes `value` on one line.
pub(super) fn write(to: &mut impl Write, value: &impl Serialize) -> serde_json::Result<()> {
    value.serialize(&mut Serializer::with_formatter(to, Escaping))
}

struct Escaping;

impl Formatter for Escaping {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some((at, found)) = rest.char_indices().find(|(_, c)| unsafe_on_a_terminal(*c)) {
            writer.write_all(&rest.as_bytes()[..at])?;
            // RFC 8259 §7: characters outside the basic plane are two escapes.
            for unit in found.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
            rest = &rest[at + found.len_utf8()..];
        }
        writer.write_all(rest.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_escaped_and_read_back_unchanged() {
        let nasty = "a\u{1b}[2J\u{9b}\u{202e}\u{e0041}\u{7f}é\"\n";
        let mut text = Vec::new();
        write(&mut text, &nasty).expect("a string can be written");
        let text = String::from_utf8(text).expect("it is UTF-8");
        assert!(!text.chars().any(unsafe_on_a_terminal), "{text:?}");
        assert!(text.contains('é'));
        assert_eq!(serde_json::from_str::<String>(&text).expect("it is JSON"), nasty);
    }
}
