//! Asks the person, and reads a secret from standard input. Never from the command line.
//!
//! An answer is one line, read byte by byte, so that what follows on standard input stays there for the next question.

mod menu;
mod pick;
mod picker;
mod typed;

use std::io::{ErrorKind, IsTerminal, Read, Write};
use std::os::fd::AsFd as _;
use std::time::Duration;

use proto::secret::Secret;
use zeroize::Zeroizing;

use crate::exit::Status;
use crate::failure::Failure;
use crate::interrupt::Hold;
use crate::invocation::Invocation;
use crate::wait;
pub(crate) use pick::{Choice, pick};
pub(crate) use typed::{Key, Typed};

/// The longest secret, in bytes. Keys are far shorter; signed tokens of some services reach a few thousand.
const SECRET_LIMIT: usize = 16 * 1024;
/// How long is waited for a key before it is waited for again.
const AN_HOUR: Duration = Duration::from_hours(1);
/// The longest answer to another question, in bytes.
const ANSWER_LIMIT: usize = 4 * 1024;

/// `what` with its article.
fn one(what: &str) -> String {
    let article = if what.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {what}")
}

/// Makes sure that the person wants it: `yes` from the command line, or an answer on the terminal.
pub(crate) fn confirm(invocation: &Invocation, yes: bool, question: &str) -> Result<(), Failure> {
    confirmable(invocation, yes)?;
    if yes {
        return Ok(());
    }
    invocation.output.instruct(&format!("{question} [y/N]"));
    match answer()?.as_deref().map(str::to_ascii_lowercase).as_deref() {
        Some("y" | "yes") => Ok(()),
        _ => Err(Failure::failed("nothing was done")),
    }
}

/// Refuses what needs a confirmation that nobody can give.
pub(crate) fn confirmable(invocation: &Invocation, yes: bool) -> Result<(), Failure> {
    if yes || invocation.can_ask() {
        return Ok(());
    }
    Err(Failure::usage("this needs a confirmation, and nobody can be asked").hint("add `--yes`"))
}

/// Asks for `what`: one line of text.
pub(crate) fn text(invocation: &Invocation, what: &str) -> Result<String, Failure> {
    invocation.output.instruct(&format!("Enter the {what}"));
    match answer()? {
        Some(text) if !text.is_empty() => Ok(text),
        _ => Err(Failure::failed(format!("no {what} was entered; nothing was done"))),
    }
}

/// Asks for a secret, `what` it is called, and does not show it.
pub(crate) fn hidden(invocation: &Invocation, what: &str) -> Result<Secret, Failure> {
    let question = format!("Enter the {what}; it is not shown");
    invocation.output.instruct(&question);
    if !std::io::stdin().is_terminal() {
        return line(Bytewise, what);
    }
    let hold = Hold::new();
    let mut typed = Typed::begin(SECRET_LIMIT + 3);
    loop {
        let [signal, key] = wait::ready([hold.source(), Some(typed.source().as_fd())], AN_HOUR);
        if signal && let Some(held) = hold.take() {
            typed.show();
            new_line();
            held.obey();
            if !held.stops() {
                return Err(Failure::Quiet(Status::Failed));
            }
            typed.hide();
            invocation.output.instruct(&question);
        } else if key {
            match typed.read() {
                Ok(Key::More) => {}
                Ok(Key::Line | Key::End) => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(Failure::failed(format!("the {what} cannot be read: {}", error.kind()))),
            }
        }
    }
    typed.show();
    new_line();
    checked(typed.text(), what)
}

/// The line end that was typed was not shown either.
fn new_line() {
    std::io::stderr().write_all(b"\n").ok();
}

/// Reads one line from standard input: `what` it is called. On a terminal it is asked for and not shown.
pub(crate) fn secret(invocation: &Invocation, what: &str) -> Result<Secret, Failure> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return line(stdin.lock(), what);
    }
    if !invocation.may_ask() {
        return Err(Failure::usage(format!("the {what} is read from standard input, which is a terminal"))
            .hint("feed it with a pipe or a file"));
    }
    hidden(invocation, what)
}

/// One line from the person, trimmed; none at the end of standard input.
fn answer() -> Result<Option<String>, Failure> {
    let mut bytes = Vec::new();
    loop {
        let mut byte = [0];
        match Bytewise.read(&mut byte) {
            Ok(0) if bytes.is_empty() => return Ok(None),
            Ok(0) => break,
            Ok(_) if byte == *b"\n" => break,
            Ok(_) if bytes.len() == ANSWER_LIMIT => return Err(Failure::usage("the answer is too long")),
            Ok(_) => bytes.push(byte[0]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(Failure::failed(format!("no answer can be read: {}", error.kind()))),
        }
    }
    String::from_utf8(bytes).map(|text| Some(text.trim().to_owned())).map_err(|_| Failure::usage("that is not text"))
}

/// Standard input without a buffer of its own, one byte at a time.
struct Bytewise;

impl Read for Bytewise {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let length = buffer.len().min(1);
        Ok(rustix::io::read(std::io::stdin(), &mut buffer[..length])?)
    }
}

/// The only line of `input`, without its end.
fn line(mut input: impl Read, what: &str) -> Result<Secret, Failure> {
    let mut buffer = Zeroizing::new(vec![0; SECRET_LIMIT + 3]);
    let mut length = 0;
    loop {
        match input.read(&mut buffer[length..]) {
            Ok(0) => break,
            Ok(count) => length += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(Failure::failed(format!("the {what} cannot be read: {}", error.kind()))),
        }
        // A terminal has no end of file after a line; a pipe that stays open has none either.
        if length == buffer.len() || buffer[length - 1] == b'\n' {
            break;
        }
    }
    checked(&buffer[..length], what)
}

/// The text of a line without its end, if it can be a secret.
fn checked(text: &[u8], what: &str) -> Result<Secret, Failure> {
    let text = text.strip_suffix(b"\n").map_or(text, |rest| rest.strip_suffix(b"\r").unwrap_or(rest));
    let refuse = |why: &str| Err(Failure::usage(format!("the {what} on standard input {why}")));
    match std::str::from_utf8(text) {
        _ if text.is_empty() => refuse("is empty"),
        _ if text.len() > SECRET_LIMIT => refuse("is too long"),
        Err(_) => refuse("is not text"),
        Ok(text) if text.contains(['\n', '\r']) => refuse("is more than one line"),
        Ok(text) if text.chars().any(char::is_control) => refuse("holds control characters"),
        Ok(text) => Ok(Secret::new(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(input: &[u8]) -> Result<String, String> {
        // EXPOSE: the test looks at what was read.
        line(input, "key")
            .map(|secret| secret.expose().to_owned())
            .map_err(|failure| failure.text().map(|(detail, _, _)| detail.to_owned()).expect("a mistake is told"))
    }

    #[test]
    fn one_line_is_taken_without_its_end() {
        for input in ["s3cret", "s3cret\n", "s3cret\r\n"] {
            assert_eq!(read(input.as_bytes()).as_deref(), Ok("s3cret"));
        }
        assert_eq!(read(b" with spaces \n").as_deref(), Ok(" with spaces "));
        let longest = "x".repeat(SECRET_LIMIT);
        assert_eq!(read(format!("{longest}\n").as_bytes()), Ok(longest));
    }

    #[test]
    fn anything_else_is_refused_and_not_repeated() {
        let long = vec![b'x'; SECRET_LIMIT + 1];
        for input in [&b""[..], b"\n", b"\r\n", b"top\nsecret\n", b"top\nsecret", b"top\x1b[m", b"top\xff", &long] {
            let told = read(input).expect_err("it is refused");
            assert!(!told.contains("top") && !told.contains("xx"), "{told}");
        }
    }
}
