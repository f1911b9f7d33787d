//! Lets the person choose from a list. The list goes to standard error, cleaned, since its words may come from a
//! service.

use crate::failure::Failure;
use crate::invocation::Invocation;

/// How often a wrong answer is asked again.
const TRIES: usize = 3;

/// One line of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Choice {
    /// Words that name it, besides its number.
    words: Vec<String>,
    /// What is said about it.
    note: String,
}

impl Choice {
    /// A line that is named by `word`.
    pub(crate) fn new(word: impl Into<String>, note: impl Into<String>) -> Self {
        Self { words: vec![word.into()], note: note.into() }
    }

    /// Another word for it.
    #[must_use]
    pub(crate) fn or(mut self, word: Option<&str>) -> Self {
        self.words.extend(word.map(str::to_owned));
        self
    }
}

/// Asks for one of `choices`, `what` they are called; the position of the chosen one.
pub(crate) fn pick(invocation: &Invocation, what: &str, choices: &[Choice]) -> Result<usize, Failure> {
    let output = &invocation.output;
    output.instruct(&format!("Choose a {what}:"));
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
    Err(Failure::failed(format!("no {what} was chosen; nothing was done")))
}

fn lines(choices: &[Choice]) -> impl Iterator<Item = String> {
    let digits = choices.len().to_string().len();
    choices.iter().enumerate().map(move |(at, choice)| {
        let note = if choice.note.is_empty() { String::new() } else { format!("  {}", choice.note) };
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
            Choice::new("p-2", "").or(Some("Twin")),
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
        assert_eq!(lines, ["  1) p-1  me", "  2) p-2", "  3) 77"]);
    }
}
