//! Mistakes in the configuration, all of them at once, with their places.
//!
//! Text of the file is repeated only where it is a short plain word, as a misspelt setting is: anything else may be a
//! password in the wrong line.

use std::fmt;
use std::path::{Path, PathBuf};

/// Where a mistake is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// In the file as a whole.
    File,
    /// In its text; both count from 1, the column in characters.
    Text {
        /// The line.
        line: usize,
        /// The column.
        column: usize,
    },
    /// In an environment variable.
    Variable(&'static str),
}

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where it is.
    pub place: Place,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub hint: Option<String>,
}

/// Every mistake that was found: those of the file in its order, then those of the environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems {
    path: PathBuf,
    list: Vec<Problem>,
}

impl Problems {
    /// The mistakes.
    pub fn list(&self) -> &[Problem] {
        &self.list
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, Problem { place, what, hint }) in self.list.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            match place {
                Place::File => write!(f, "{}: {what}", self.path.display())?,
                Place::Text { line, column } => write!(f, "{}:{line}:{column}: {what}", self.path.display())?,
                Place::Variable(name) => write!(f, "{name}: {what}")?,
            }
            if let Some(hint) = hint {
                write!(f, "\nhint: {hint}")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// Where a value was written.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Origin {
    File,
    /// Byte offset in the text.
    Text(usize),
    Variable(&'static str),
}

/// Gathers mistakes while the text is read and checked.
#[derive(Debug, Default)]
pub(crate) struct Findings(Vec<(Origin, String, Option<String>)>);

impl Findings {
    pub(crate) fn add(&mut self, origin: Origin, what: impl Into<String>, hint: Option<String>) {
        self.0.push((origin, what.into(), hint));
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// `word` is not among `allowed`; `what` is the sentence about it.
    pub(crate) fn unknown(&mut self, origin: Origin, what: String, word: &str, allowed: &[&str]) {
        let hint = match nearest(word, allowed) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("use {}", alternatives(allowed)),
        };
        self.add(origin, what, Some(hint));
    }

    /// `value`, unless there was a mistake.
    pub(crate) fn none_or<T>(self, path: &Path, text: &str, value: T) -> Result<T, Problems> {
        if self.0.is_empty() {
            return Ok(value);
        }
        let problem = |(origin, what, hint)| Problem { place: place(origin, text), what, hint };
        let mut list: Vec<Problem> = self.0.into_iter().map(problem).collect();
        list.sort_by_key(|problem| problem.place);
        Err(Problems { path: path.to_owned(), list })
    }
}

/// The word in backticks, if it is short and plain enough to be a misspelt setting; else `instead`.
pub(crate) fn quoted(word: &str, instead: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_' || byte == b'-';
    if !word.is_empty() && word.len() <= 16 && word.bytes().all(plain) {
        format!("`{word}`")
    } else {
        instead.to_owned()
    }
}

fn place(origin: Origin, text: &str) -> Place {
    match origin {
        Origin::File => Place::File,
        Origin::Variable(name) => Place::Variable(name),
        Origin::Text(offset) => {
            let before = text.get(..offset).unwrap_or(text);
            let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
            Place::Text { line: before.matches('\n').count() + 1, column: before[line_start..].chars().count() + 1 }
        }
    }
}

fn alternatives(allowed: &[&str]) -> String {
    let words: Vec<String> = allowed.iter().map(|word| format!("`{word}`")).collect();
    match words.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => words.concat(),
    }
}

/// The allowed word that `word` was meant to be: at most two edits away, and fewer than half of its letters.
fn nearest<'a>(word: &str, allowed: &[&'a str]) -> Option<&'a str> {
    let candidates = allowed.iter().map(|near| (edits(&word.to_lowercase(), near), *near));
    let (distance, near) = candidates.min_by_key(|(distance, _)| *distance)?;
    (distance <= 2 && distance * 2 < near.len()).then_some(near)
}

/// How many letters are changed, added, left out or swapped with the next, over the first 32 bytes.
fn edits(a: &str, b: &str) -> usize {
    let (a, b) = (&a.as_bytes()[..a.len().min(32)], b.as_bytes());
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let change = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = change.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_word_is_recognised_and_another_is_not() {
        let allowed = ["error", "warn", "info", "debug", "trace"];
        for (word, near) in [("debg", Some("debug")), ("INFO", Some("info")), ("warning", None), ("x", None)] {
            assert_eq!(nearest(word, &allowed), near, "{word}");
        }
        assert_eq!(nearest("levle", &["level"]), Some("level"));
        let distances =
            [("", "abc"), ("abc", "abc"), ("kitten", "sitting"), ("fiel", "file")].map(|(a, b)| edits(a, b));
        assert_eq!(distances, [3, 0, 3, 1]);
    }

    #[test]
    fn places_count_lines_and_characters_from_one() {
        let text = "a = 1\nü = \"x\"\r\n";
        for (offset, line, column) in [(0, 1, 1), (4, 1, 5), (6, 2, 1), (9, 2, 3), (999, 3, 1)] {
            assert_eq!(place(Origin::Text(offset), text), Place::Text { line, column }, "{offset}");
        }
    }

    #[test]
    fn only_plain_words_are_repeated() {
        assert_eq!(quoted("prxy", "this"), "`prxy`");
        for hidden in ["", "pass word", "s3cr3t", "http://user:pw@host", &"a".repeat(17), "é"] {
            assert_eq!(quoted(hidden, "this"), "this");
        }
    }
}
