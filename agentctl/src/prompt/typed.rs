//! A line that is typed or pasted and not shown.
//!
//! The terminal does not collect the line for us: it would cut one of more than 4,095 bytes (termios(3), canonical mode),
//! and signed tokens and authorization codes are longer. It is as it was when this is dropped.

use std::io::Stdin;

use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

/// See the module's documentation.
pub(crate) struct Typed {
    stdin: Stdin,
    before: Option<Termios>,
    text: Zeroizing<Vec<u8>>,
    length: usize,
}

/// What a byte of input did.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Key {
    /// The input has ended.
    End,
    /// The line is complete.
    Line,
    /// The line goes on.
    More,
}

impl Typed {
    /// From now on what is typed is not shown. A line is at most `limit` bytes.
    pub(crate) fn begin(limit: usize) -> Self {
        let text = Zeroizing::new(vec![0; limit]);
        let mut typed = Self { stdin: std::io::stdin(), before: None, text, length: 0 };
        typed.silence(OptionalActions::Flush);
        typed
    }

    /// Where the bytes come from.
    pub(crate) fn source(&self) -> &Stdin {
        &self.stdin
    }

    /// Takes in one byte. Waits for it.
    pub(crate) fn read(&mut self) -> std::io::Result<Key> {
        let mut byte = [0];
        if rustix::io::read(&self.stdin, &mut byte)? == 0 {
            return Ok(if self.length == 0 { Key::End } else { Key::Line });
        }
        let code = |index| self.before.as_ref().map(|before| before.special_codes[index]);
        match byte[0] {
            b'\n' => Ok(Key::Line),
            byte if Some(byte) == code(SpecialCodeIndex::VEOF) => {
                Ok(if self.length == 0 { Key::End } else { Key::Line })
            }
            byte if Some(byte) == code(SpecialCodeIndex::VERASE) => {
                // A character may be several bytes (RFC 3629 §3).
                while self.length > 0 {
                    self.length -= 1;
                    if self.text[self.length] & 0b1100_0000 != 0b1000_0000 {
                        break;
                    }
                }
                Ok(Key::More)
            }
            byte if Some(byte) == code(SpecialCodeIndex::VKILL) => {
                self.length = 0;
                Ok(Key::More)
            }
            byte => {
                self.text[self.length] = byte;
                self.length += 1;
                Ok(if self.length == self.text.len() { Key::Line } else { Key::More })
            }
        }
    }

    /// The line.
    pub(crate) fn text(&self) -> &[u8] {
        &self.text[..self.length]
    }

    /// Begins another line.
    pub(crate) fn clear(&mut self) {
        self.length = 0;
    }

    /// The terminal is as it was, for a while.
    pub(crate) fn show(&mut self) {
        if let Some(before) = self.before.take() {
            tcsetattr(&self.stdin, OptionalActions::Now, &before).ok();
        }
    }

    /// The terminal shows nothing again.
    pub(crate) fn hide(&mut self) {
        self.silence(OptionalActions::Now);
    }

    fn silence(&mut self, when: OptionalActions) {
        let Ok(before) = tcgetattr(&self.stdin) else { return };
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON);
        silent.special_codes[SpecialCodeIndex::VMIN] = 1;
        silent.special_codes[SpecialCodeIndex::VTIME] = 0;
        // A terminal that cannot be silenced shows it; the person sees that and can stop.
        tcsetattr(&self.stdin, when, &silent).ok();
        self.before = Some(before);
    }
}

impl Drop for Typed {
    fn drop(&mut self) {
        self.show();
    }
}
