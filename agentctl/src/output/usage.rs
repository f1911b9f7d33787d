//! What the command-line parser says of a mistake, in the form of all other errors: `error: …`, then `hint: …`.

use super::paint::{Colour, Paint};

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    word: Option<(&'static str, Colour)>,
    text: String,
}

impl Line {
    fn new(word: &'static str, colour: Colour, text: &str) -> Self {
        Self { word: Some((word, colour)), text: text.to_owned() }
    }

    /// As a terminal shows it.
    pub(super) fn painted(&self, paint: Paint) -> String {
        match self.word {
            Some((word, colour)) => format!("{} {}", paint.paint(colour, word), self.text),
            None => self.text.clone(),
        }
    }
}

/// The parser's text, line by line. Its tips are hints; its pointer to the help is one where there is no better.
pub(super) fn lines(text: &str) -> Vec<Line> {
    let mut lines = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let line =
            line.replace("unrecognized subcommand", "there is no verb").replace("similar subcommand", "similar verb");
        if let Some(said) = line.strip_prefix("error: ") {
            lines.push(Line::new("error:", Colour::Red, said));
        } else if let Some(tip) = line.trim_start().strip_prefix("tip: ") {
            lines.push(Line::new("hint:", Colour::Bold, tip));
        } else if let Some(form) = line.strip_prefix("Usage: ") {
            lines.push(Line::new("usage:", Colour::Bold, form));
        } else if !line.starts_with("For more information") {
            lines.push(Line { word: None, text: line });
        }
    }
    if !lines.iter().any(|line| line.word.is_some_and(|(word, _)| word == "hint:")) {
        lines.push(Line::new("hint:", Colour::Bold, "`--help` shows what there is"));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> String {
        lines(text).iter().map(|line| line.painted(Paint::new(false))).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_mistake_has_the_form_of_every_other_error() {
        let text = "error: unrecognized subcommand 'tokn'\n\n  tip: a similar subcommand exists: 'token'\n\nUsage: agentctl \
                    <VERB>\n\nFor more information, try '--help'.\n";
        let expected = "error: there is no verb 'tokn'\nhint: a similar verb exists: 'token'\nusage: agentctl <VERB>";
        assert_eq!(told(text), expected);
    }

    #[test]
    fn where_the_parser_has_no_tip_the_help_is_one() {
        let text = "error: the following required arguments were not provided:\n  <CMD>...\n\nUsage: agentctl exec -- \
                    <CMD>...\n\nFor more information, try '--help'.\n";
        let expected = "error: the following required arguments were not provided:\n  <CMD>...\nusage: agentctl exec -- \
                        <CMD>...\nhint: `--help` shows what there is";
        assert_eq!(told(text), expected);
    }
}
