//! Lets the person choose from a list: with arrow keys where there is a terminal for it, else by a number. The list goes to
//! standard error, cleaned, since its words may come from a service.

use super::picker;
use crate::failure::Failure;
use crate::invocation::Invocation;

/// How often a wrong answer is asked again.
const TRIES: usize = 3;

/// One line of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Choice {
    /// Words that name it, besides its number.
    pub(super) words: Vec<String>,
    /// What is said about it.
    pub(super) note: String,
    /// Whether it is what is used now.
    pub(super) in_use: bool,
}

impl Choice {
    /// A line that is named by `word`.
    pub(crate) fn new(word: impl Into<String>, note: impl Into<String>) -> Self {
        Self { words: vec![word.into()], note: note.into(), in_use: false }
    }

    /// Another word for it.
    #[must_use]
    pub(crate) fn or(mut self, word: Option<&str>) -> Self {
        self.words.extend(word.map(str::to_owned));
        self
    }

    /// Whether it is what is used now.
    #[must_use]
    pub(crate) fn in_use(self, in_use: bool) -> Self {
        Self { in_use, ..self }
    }
}

/// Asks for one of `choices`, `what` they are called; the position of the chosen one.
pub(crate) fn pick(invocation: &Invocation, what: &str, choices: &[Choice]) -> Result<usize, Failure> {
    let output = &invocation.output;
    let none = || Failure::failed(format!("no {what} was chosen; nothing was done"));
    if picker::possible() {
        return picker::pick(output, what, choices)?.ok_or_else(none);
    }
    output.instruct(&format!("Choose {}:", super::one(what)));
    for line in lines(choices) {
        output.instruct(&line);
    }
    for _ in 0..TRIES {
        output.instruct(&format!("Number or name of the {what}:"));
        let Some(answer) = super::answer()? else { break };
        match chosen(choices, &answer) {
            Some(at) => return Ok(at),
            None => output.instruct("That is none of them"),
        }
    }
    Err(none())
}

fn lines(choices: &[Choice]) -> impl Iterator<Item = String> {
    let digits = choices.len().to_string().len();
    choices.iter().enumerate().map(move |(at, choice)| {
        let notes = [choice.note.as_str(), if choice.in_use { "current" } else { "" }];
        let notes: Vec<&str> = notes.into_iter().filter(|note| !note.is_empty()).collect();
        let note = if notes.is_empty() { String::new() } else { format!("  {}", notes.join(", ")) };
        format!("  {:>digits$}) {}{note}", at + 1, choice.words[0])
    })
}

/// A number is a place in the list, since that is what the person sees; anything else is a word.
fn chosen(choices: &[Choice], answer: &str) -> Option<usize> {
    let number = answer.strip_suffix(')').unwrap_or(answer).parse::<usize>().ok();
    if let Some(at) = number.and_then(|number| number.checked_sub(1)).filter(|at| *at < choices.len()) {
        return Some(at);
    }
    let mut named = choices.iter().enumerate().filter(|(_, choice)| choice.words.iter().any(|word| word == answer));
    match (named.next(), named.next()) {
        (Some((at, _)), None) => Some(at),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choices() -> Vec<Choice> {
        vec![
            Choice::new("p-1", "me").or(Some("Alpha")),
            Choice::new("p-2", "").or(Some("Twin")).in_use(true),
            Choice::new("77", "").or(Some("Twin")),
        ]
    }

    #[test]
    fn a_number_or_a_word_chooses_and_nothing_else() {
        let choices = choices();
        for (answer, expected) in
            [("1", Some(0)), ("2)", Some(1)), ("p-2", Some(1)), ("Alpha", Some(0)), ("77", Some(2))]
        {
            assert_eq!(chosen(&choices, answer), expected, "{answer}");
        }
        for answer in ["", "0", "4", "-1", "alpha", "Twin", "p"] {
            assert_eq!(chosen(&choices, answer), None, "{answer}");
        }
    }

    #[test]
    fn the_list_is_numbered() {
        let lines: Vec<String> = lines(&choices()).collect();
        assert_eq!(lines, ["  1) p-1  me", "  2) p-2  current", "  3) 77"]);
    }
}
