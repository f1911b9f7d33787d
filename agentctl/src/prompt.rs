//! Asks the person, and reads a secret from standard input. Never from the command line.
//!
//! An answer is one line, read byte by byte, so that what follows on standard input stays there for the next question.

mod pick;

use std::io::{ErrorKind, IsTerminal, Read, Write};

use proto::secret::Secret;
use rustix::process::{Signal, getpid, kill_process};
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::invocation::Invocation;
pub(crate) use pick::{Choice, pick};

/// The longest secret, in bytes. Keys are far shorter; signed tokens of some services reach a few thousand.
const SECRET_LIMIT: usize = 16 * 1024;
/// The longest answer to another question, in bytes.
const ANSWER_LIMIT: usize = 4 * 1024;

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
    let stdin = std::io::stdin();
    invocation.output.instruct(&format!("Enter the {what}; it is not shown"));
    if stdin.is_terminal() { line(Hidden::on(&stdin), what) } else { line(Bytewise, what) }
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
    let text = &buffer[..length];
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

/// Standard input while the terminal does not show what is typed. The terminal is as it was when this is dropped, and when
/// the person interrupts the program: that character only ends the line here, and the signal is sent by hand.
struct Hidden {
    before: Option<Termios>,
    interrupt: Option<u8>,
}

impl Hidden {
    fn on(stdin: &std::io::Stdin) -> Self {
        let before = tcgetattr(stdin).ok();
        let mut interrupt = None;
        if let Some(mut silent) = before.clone() {
            let code = silent.special_codes[SpecialCodeIndex::VINTR];
            // Zero means that there is no such character (POSIX, "Special Characters").
            interrupt = (silent.local_modes.contains(LocalModes::ISIG) && code != 0).then_some(code);
            silent.local_modes.remove(LocalModes::ECHO | LocalModes::ISIG);
            silent.special_codes[SpecialCodeIndex::VEOL] = code;
            // A terminal that cannot be silenced shows it; the person sees that and can stop.
            tcsetattr(stdin, OptionalActions::Flush, &silent).ok();
        }
        Self { before, interrupt }
    }

    fn show(&mut self) {
        if let Some(before) = self.before.take() {
            tcsetattr(std::io::stdin(), OptionalActions::Now, &before).ok();
            // The line end that was typed was not shown either.
            std::io::stderr().write_all(b"\n").ok();
        }
    }
}

impl Read for Hidden {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = Bytewise.read(buffer)?;
        if count == 1 && self.interrupt == Some(buffer[0]) {
            self.show();
            kill_process(getpid(), Signal::INT)?;
            // Whoever started the program may have it ignore the signal.
            return Err(std::io::Error::other("interrupted"));
        }
        Ok(count)
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        self.show();
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
