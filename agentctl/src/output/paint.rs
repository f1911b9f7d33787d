//! What a stream can show: colours, links, and how much on a line. A stream that is no terminal shows none of it.

use std::io::IsTerminal;
use std::os::fd::AsFd;

use rustix::termios::tcgetwinsize;

/// The few colours in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Colour {
    /// Words to find the place by.
    Bold,
    /// What is rarely looked at.
    Dim,
    /// Works.
    Green,
    /// Does not work.
    Red,
    /// Works after something else happened.
    Yellow,
}

/// See the module's documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Paint {
    decorated: bool,
    redraws: bool,
    width: Option<usize>,
    height: Option<usize>,
}

impl Paint {
    /// Colours and links if `decorated`; lines may be as long as they like.
    pub(crate) fn new(decorated: bool) -> Self {
        Self { decorated, redraws: false, width: None, height: None }
    }

    /// What `stream` can show, and decorations only if they are `wanted`.
    pub(crate) fn on(stream: &(impl IsTerminal + AsFd), wanted: bool) -> Self {
        if !stream.is_terminal() {
            return Self::new(false);
        }
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        // Zero is what a terminal says that does not know (ioctl_tty(2), TIOCGWINSZ).
        let size = tcgetwinsize(stream).ok();
        let known = |count: u16| Some(usize::from(count)).filter(|count| *count > 0);
        let width = size.as_ref().and_then(|size| known(size.ws_col));
        let height = size.as_ref().and_then(|size| known(size.ws_row));
        Self { decorated: wanted && !dumb, redraws: !dumb, width, height }
    }

    /// The same with this many columns.
    #[cfg(test)]
    pub(crate) fn wide(self, width: usize) -> Self {
        Self { width: Some(width), ..self }
    }

    /// Columns of a line; `None`: no limit.
    pub(crate) fn width(self) -> Option<usize> {
        self.width
    }

    /// Lines of a screen; `None`: no limit, or not known.
    pub(crate) fn height(self) -> Option<usize> {
        self.height
    }

    /// Whether a line can be written again in its place.
    pub(crate) fn redraws(self) -> bool {
        self.redraws
    }

    /// Whether there are colours and links.
    pub(crate) fn is_decorated(self) -> bool {
        self.decorated
    }

    /// `text` in `colour`.
    pub(crate) fn paint(self, colour: Colour, text: &str) -> String {
        if !self.decorated {
            return text.to_owned();
        }
        let code = match colour {
            Colour::Bold => "1",
            Colour::Dim => "2",
            Colour::Green => "32",
            Colour::Red => "1;31",
            Colour::Yellow => "33",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }

    /// `url`, which leads to itself even where the terminal breaks it into lines (OSC 8). What a terminal could read as the
    /// end of the sequence is shown as it is.
    pub(crate) fn link(self, url: &str) -> String {
        if self.decorated && url.bytes().all(|b| b.is_ascii_graphic()) {
            return format!("\u{1b}]8;;{url}\u{1b}\\{url}\u{1b}]8;;\u{1b}\\");
        }
        url.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_link_only_where_there_are_decorations_and_it_is_plain() {
        let url = "https://x/?a=1";
        assert_eq!(Paint::new(true).link(url), format!("\u{1b}]8;;{url}\u{1b}\\{url}\u{1b}]8;;\u{1b}\\"));
        assert_eq!(Paint::new(false).link(url), url);
        for odd in ["https://x/a b", "https://x/ü", "https://x/\u{7}"] {
            assert_eq!(Paint::new(true).link(odd), odd);
        }
    }

    #[test]
    fn what_is_no_terminal_shows_nothing_of_it() {
        let file = tempfile::tempfile().expect("a file");
        assert_eq!(Paint::on(&file, true), Paint::new(false));
    }
}
