//! Text from elsewhere, made safe for a terminal: no control characters, nothing invisible that changes what is read.

use std::borrow::Cow;

/// Stands for each character that was taken out.
const SUBSTITUTE: char = '\u{fffd}';

/// `text` on one line without control, bidirectional or invisible characters.
pub(crate) fn clean(text: &str) -> Cow<'_, str> {
    if text.chars().any(unsafe_on_a_terminal) {
        Cow::Owned(text.chars().map(|c| if unsafe_on_a_terminal(c) { SUBSTITUTE } else { c }).collect())
    } else {
        Cow::Borrowed(text)
    }
}

/// Whether a character can move the cursor, change colours, reorder its neighbours or hide.
pub(super) fn unsafe_on_a_terminal(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_control();
    }
    matches!(c,
        '\u{80}'..='\u{9f}'         // C1 controls: `CSI` in one character
        | '\u{ad}'                  // soft hyphen
        | '\u{61c}'                 // Arabic letter mark
        | '\u{180e}'                // Mongolian vowel separator
        | '\u{200b}'..='\u{200f}'   // zero width, left-to-right and right-to-left marks
        | '\u{2028}'..='\u{202e}'   // line and paragraph separators, embeddings and overrides
        | '\u{2060}'..='\u{206f}'   // word joiner, isolates, deprecated format characters
        | '\u{feff}'                // byte order mark
        | '\u{fff9}'..='\u{fffb}'   // interlinear annotation
        | '\u{e0000}'..='\u{e007f}' // tags
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_steers_a_terminal_or_the_eye_survives() {
        let nasty = "a\u{1b}[31m\r\n\t\u{7f}\u{9b}2J\u{202e}txt\u{2066}\u{200b}\u{feff}\u{e0041}z\0";
        let cleaned = clean(nasty);
        assert!(!cleaned.chars().any(unsafe_on_a_terminal));
        assert_eq!(cleaned.chars().count(), nasty.chars().count(), "each is replaced by one visible mark");
        assert!(cleaned.starts_with("a\u{fffd}[31m") && cleaned.contains("txt"));
    }

    #[test]
    fn ordinary_text_is_not_touched() {
        for text in ["Zoë Müller <zoe@example.org>", "東京", "WDJB-MJHT", ""] {
            assert!(matches!(clean(text), Cow::Borrowed(same) if same == text));
        }
    }
}
