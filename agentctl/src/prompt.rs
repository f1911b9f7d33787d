//! Asks the person, and reads a secret from standard input. Never from the command line.

use std::io::{BufRead, ErrorKind, IsTerminal, Read, Write};

use proto::secret::Secret;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::invocation::Invocation;

/// The longest secret, in bytes. Keys are far shorter; signed tokens of some services reach a few thousand.
const SECRET_LIMIT: usize = 16 * 1024;

/// Makes sure that the person wants it: `yes` from the command line, or an answer on the terminal.
pub(crate) fn confirm(invocation: &Invocation, yes: bool, question: &str) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    let terminal = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    if !terminal || !invocation.may_ask() {
        return Err(Failure::usage("this needs a confirmation, and nobody can be asked").hint("add `--yes`"));
    }
    invocation.output.instruct(&format!("{question} [y/N]"));
    let mut answer = String::new();
    let read = std::io::stdin().lock().take(64).read_line(&mut answer);
    match (read, answer.trim().to_ascii_lowercase().as_str()) {
        (Ok(_), "y" | "yes") => Ok(()),
        _ => Err(Failure::failed("nothing was done")),
    }
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
    invocation.output.instruct(&format!("Enter the {what}; it is not shown"));
    let hidden = Hidden::on(&stdin);
    let secret = line(stdin.lock(), what);
    drop(hidden);
    secret
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

/// Keeps the terminal from showing what is typed, until it is dropped.
struct Hidden(Option<Termios>);

impl Hidden {
    fn on(stdin: &std::io::Stdin) -> Self {
        let before = tcgetattr(stdin).ok();
        if let Some(mut silent) = before.clone() {
            silent.local_modes.remove(LocalModes::ECHO);
            // A terminal that cannot be silenced shows it; the person sees that and can stop.
            tcsetattr(stdin, OptionalActions::Flush, &silent).ok();
        }
        Self(before)
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        if let Some(before) = &self.0 {
            tcsetattr(std::io::stdin(), OptionalActions::Now, before).ok();
            // The line end that was typed was not shown either.
            std::io::stderr().write_all(b"\n").ok();
        }
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
