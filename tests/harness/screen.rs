//! What a person sees on a terminal: the characters and colours in their places, after everything that was written,
//! erased and written again. And what a telephone sees that looks at it.

use std::num::NonZeroU16;
use std::path::Path;
use std::process::Command;

use vt100::{Cell, Color, Parser};

/// Pixels of a module of a QR code.
const MODULE: usize = 8;

/// See the module's documentation.
pub struct Screen(Parser);

/// The colours of a terminal where a program sets none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    /// Light characters on dark ground.
    Dark,
    /// Dark characters on light ground.
    Light,
}

impl Screen {
    /// A screen of this size after these bytes.
    pub fn after(bytes: &[u8], (columns, rows): (u16, u16)) -> Self {
        let size = |count| NonZeroU16::new(count).expect("a screen has a size");
        let mut parser = Parser::new(size(rows), size(columns), 0);
        parser.process(bytes);
        Self(parser)
    }

    /// The lines as they are, without empty ones at the end.
    pub fn lines(&self) -> Vec<String> {
        let (_, columns) = self.0.screen().size();
        let mut lines: Vec<String> = self.0.screen().rows(0, columns.get()).collect();
        lines.truncate(lines.iter().rposition(|line| !line.is_empty()).map_or(0, |last| last + 1));
        lines
    }

    /// The lines that hold text, without what is drawn with blocks, without empty lines; the time left is `MM:SS`, and a
    /// sign that turns is `*`.
    pub fn text(&self) -> String {
        let drawn = |line: &str| line.chars().any(|c| "█▀▄".contains(c));
        let lines = self.lines().into_iter().map(|line| line.trim_end().to_owned());
        lines.filter(|line| !line.is_empty() && !drawn(line)).map(|line| masked(&line) + "\n").collect()
    }

    /// Whether something is drawn with blocks.
    pub fn draws(&self) -> bool {
        self.0.screen().contents().contains(['█', '▀', '▄'])
    }

    /// What a QR reader (`zbarimg`) finds in a picture of the screen.
    pub fn qr(&self, theme: Theme, folder: &Path) -> Option<String> {
        let path = folder.join("screen.pgm");
        std::fs::write(&path, self.picture(theme)).expect("the sandbox is writable");
        let read = Command::new("zbarimg").args(["--quiet", "--raw"]).arg(&path).output();
        let read = read.expect("`zbarimg` is installed; `cargo xtask test` installs it");
        let text = String::from_utf8(read.stdout).expect("addresses are text");
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines.len() <= 1, "one code at most: {lines:?}");
        lines.first().map(|line| (*line).to_owned())
    }

    /// A grey picture (Netpbm PGM) of the blocks: a cell is one module wide and two high.
    fn picture(&self, theme: Theme) -> Vec<u8> {
        let (rows, columns) = self.0.screen().size();
        let (rows, columns) = (rows.get(), columns.get());
        let (width, height) = (usize::from(columns) * MODULE, usize::from(rows) * 2 * MODULE);
        let mut pixels = vec![0; width * height];
        for row in 0..rows {
            for column in 0..columns {
                let Some(cell) = self.0.screen().cell(row, column) else { continue };
                for (half, grey) in halves(cell, theme).into_iter().enumerate() {
                    let top = (usize::from(row) * 2 + half) * MODULE;
                    for y in top..top + MODULE {
                        let left = y * width + usize::from(column) * MODULE;
                        pixels[left..left + MODULE].fill(grey);
                    }
                }
            }
        }
        let mut picture = format!("P5 {width} {height} 255\n").into_bytes();
        picture.extend(pixels);
        picture
    }
}

/// How bright the upper and the lower half of a cell are.
fn halves(cell: &Cell, theme: Theme) -> [u8; 2] {
    let (ground, ink) = if theme == Theme::Dark { (20, 220) } else { (250, 30) };
    let grey = |colour: Color, otherwise: u8| match colour {
        Color::Idx(16) => 0,
        Color::Idx(231) => 255,
        _ => otherwise,
    };
    let (front, back) = (grey(cell.fgcolor(), ink), grey(cell.bgcolor(), ground));
    match cell.contents() {
        "█" => [front, front],
        "▀" => [front, back],
        "▄" => [back, front],
        _ => [back, back],
    }
}

fn masked(line: &str) -> String {
    let line = line.replace(['⠋', '⠙', '⠸', '⠴'], "*");
    let time = |at: usize| {
        line.as_bytes().get(at..at + 10).is_some_and(|part| {
            let digits = [0, 1, 3, 4].iter().all(|digit| part[*digit].is_ascii_digit());
            digits && part[2] == b':' && &part[5..] == b" left"
        })
    };
    match (0..line.len()).find(|at| time(*at)) {
        Some(at) => format!("{}MM:SS{}", &line[..at], &line[at + 5..]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_erased_is_not_seen_and_what_changes_is_masked() {
        let bytes = "\r⠋ Waiting… 04:59 left\u{1b}[K\r\u{1b}[Kdone\r\n\r⠙ Waiting… 00:09 left\u{1b}[K";
        assert_eq!(Screen::after(bytes.as_bytes(), (40, 5)).text(), "done\n* Waiting… MM:SS left\n");
    }

    #[test]
    fn blocks_are_a_picture_by_the_colours_of_the_terminal() {
        let screen = Screen::after("\u{1b}[38;5;16;48;5;231m▀\u{1b}[0m█".as_bytes(), (2, 1));
        let picture = screen.picture(Theme::Dark);
        let pixels = &picture[picture.len() - 16 * 16..];
        assert_eq!((pixels[0], pixels[15 * 16], pixels[15], pixels[16 * 16 - 1]), (0, 255, 220, 220));
        assert!(screen.draws() && screen.text().is_empty());
    }
}
