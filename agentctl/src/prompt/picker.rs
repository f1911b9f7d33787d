//! The list on a real terminal: keys come one by one, and each changes what is shown. Nothing of it is left afterwards, and
//! the terminal is as it was, however it ends.

use std::io::{IsTerminal as _, Read as _};
use std::os::fd::AsFd as _;
use std::time::Duration;

use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcgetwinsize, tcsetattr};

use super::menu::{Key, Menu, Room, Step};
use super::{AN_HOUR, Bytewise, Choice};
use crate::failure::Failure;
use crate::interrupt::{Held, Hold};
use crate::output::Output;
use crate::wait;

/// Lines of a page.
const PAGE: isize = 10;
/// How long the rest of an arrow key may take behind its first byte.
const PATIENCE: Duration = Duration::from_millis(100);
/// The room of a terminal that does not know its own.
const USUAL: Room = Room { width: 80, height: 24 };

/// Whether there is a terminal that can show it.
pub(super) fn possible() -> bool {
    let able = |term: std::ffi::OsString| !term.is_empty() && term != "dumb";
    std::env::var_os("TERM").is_some_and(able) && std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Lets the person choose; `None` when they leave without a choice.
pub(super) fn pick(output: &Output, what: &str, choices: &[Choice]) -> Result<Option<usize>, Failure> {
    let mut menu = Menu::new(what, choices);
    let hold = Hold::new();
    loop {
        let mut screen = Screen::take(output)?;
        let step = loop {
            screen.show(&menu.lines(room(), output.speech()));
            match key(&hold) {
                Ok(key) => match menu.press(key) {
                    Step::Again => {}
                    step => break Ok(step),
                },
                Err(signal) => break Err(signal),
            }
        };
        // The terminal is as it was, whatever comes now.
        drop(screen);
        match step {
            Ok(Step::Chosen(at)) => return Ok(Some(at)),
            Ok(Step::Again | Step::Left) => return Ok(None),
            Err(signal) => {
                signal.obey();
                // Stopped and continued: the list is shown again.
                if !signal.stops() {
                    return Ok(None);
                }
            }
        }
    }
}

fn room() -> Room {
    let size = tcgetwinsize(std::io::stderr()).ok().filter(|size| size.ws_col > 0 && size.ws_row > 0);
    size.map_or(USUAL, |size| Room { width: size.ws_col.into(), height: size.ws_row.into() })
}

/// The terminal while the list is on it.
struct Screen<'o> {
    output: &'o Output,
    before: Termios,
    /// Lines that are shown; the cursor is at the end of the last.
    shown: usize,
}

impl<'o> Screen<'o> {
    /// Keys come as they are typed, and are not shown. What was typed ahead stays.
    fn take(output: &'o Output) -> Result<Self, Failure> {
        let failed =
            |error: rustix::io::Errno| Failure::failed(format!("the terminal cannot be used: {}", error.kind()));
        let before = tcgetattr(std::io::stdin()).map_err(failed)?;
        let mut raw = before.clone();
        raw.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO | LocalModes::IEXTEN);
        raw.special_codes[SpecialCodeIndex::VMIN] = 1;
        raw.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(std::io::stdin(), OptionalActions::Now, &raw).map_err(failed)?;
        Ok(Self { output, before, shown: 0 })
    }

    fn show(&mut self, lines: &[String]) {
        let text = format!("{}{}", self.erasing(), lines.join("\n"));
        self.shown = lines.len();
        self.output.sequence(&text);
    }

    /// To where the first line began, and clear all below (ECMA-48 §8.3.22 `CUU`, §8.3.39 `ED`).
    fn erasing(&self) -> String {
        match self.shown {
            0 => String::new(),
            1 => "\r\u{1b}[J".to_owned(),
            lines => format!("\r\u{1b}[{}A\u{1b}[J", lines - 1),
        }
    }
}

impl Drop for Screen<'_> {
    fn drop(&mut self) {
        self.output.sequence(&self.erasing());
        // Fails only when the terminal is gone.
        tcsetattr(std::io::stdin(), OptionalActions::Now, &self.before).ok();
    }
}

/// The next key, or the signal that came instead.
fn key(hold: &Hold) -> Result<Key, Held> {
    let first = loop {
        let [signal, key] = wait::ready([hold.source(), Some(std::io::stdin().as_fd())], AN_HOUR);
        if signal && let Some(held) = hold.take() {
            return Err(held);
        }
        if key {
            break byte();
        }
    };
    Ok(match first {
        // The end of input, and Ctrl-D.
        None | Some(4) => Key::Escape,
        Some(b'\r' | b'\n') => Key::Enter,
        Some(8 | 127) => Key::Erase,
        // Ctrl-N and Ctrl-P, as in editors.
        Some(14) => Key::Up(-1),
        Some(16) => Key::Up(1),
        Some(27) => sequence(),
        Some(first) if first < 32 => Key::Other,
        Some(first) => character(first).map_or(Key::Other, Key::Char),
    })
}

/// What follows an escape: an arrow key, or nothing when it was the key of that name.
fn sequence() -> Key {
    let more = || match wait::ready([Some(std::io::stdin().as_fd())], PATIENCE) {
        [true] => byte(),
        [false] => None,
    };
    match more() {
        None => Key::Escape,
        Some(b'[' | b'O') => control(more),
        Some(_) => Key::Other,
    }
}

/// The rest of a control sequence (ECMA-48 §5.4): parameters, then one final byte.
fn control(mut next: impl FnMut() -> Option<u8>) -> Key {
    let mut parameter = 0;
    loop {
        match next() {
            Some(b'A') => return Key::Up(1),
            Some(b'B') => return Key::Up(-1),
            Some(b'H') => return Key::First,
            Some(b'F') => return Key::Last,
            Some(b'~') => {
                return match parameter {
                    b'1' | b'7' => Key::First,
                    b'4' | b'8' => Key::Last,
                    b'5' => Key::Up(PAGE),
                    b'6' => Key::Up(-PAGE),
                    _ => Key::Other,
                };
            }
            Some(more @ 0x20..=0x3f) => parameter = more,
            _ => return Key::Other,
        }
    }
}

/// The next byte; none at the end of input.
fn byte() -> Option<u8> {
    let mut byte = [0];
    loop {
        match Bytewise.read(&mut byte) {
            Ok(1) => return Some(byte[0]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            _ => return None,
        }
    }
}

/// The character that begins with this byte.
fn character(first: u8) -> Option<char> {
    let length = match first {
        0x00..=0x7f => 1,
        0xc0..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf7 => 4,
        _ => return None,
    };
    let mut bytes = vec![first];
    while bytes.len() < length {
        bytes.push(byte()?);
    }
    std::str::from_utf8(&bytes).ok()?.chars().next().filter(|c| !c.is_control())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_the_usual_terminals_are_known() {
        for (bytes, key) in [
            (&b"A"[..], Key::Up(1)),
            (b"B", Key::Up(-1)),
            (b"1;5B", Key::Up(-1)),
            (b"H", Key::First),
            (b"F", Key::Last),
            (b"1~", Key::First),
            (b"4~", Key::Last),
            (b"5~", Key::Up(PAGE)),
            (b"6~", Key::Up(-PAGE)),
            (b"200~", Key::Other),
            (b"C", Key::Other),
            (b"", Key::Other),
        ] {
            let mut left = bytes.iter().copied();
            assert_eq!(control(|| left.next()), key, "{bytes:?}");
        }
    }
}
