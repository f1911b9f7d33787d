//! An address as a QR code (ISO/IEC 18004) made of characters: two modules above each other are one half block.
//!
//! Dark is black and light is white whatever the colours of the terminal are, and a light margin of four modules (§6.3.8)
//! lies around it. Without colours, light is drawn and dark is left out, which is right on a dark terminal.

use qrcode::{Color, EcLevel, QrCode};

/// The quiet zone, in modules.
const MARGIN: usize = 4;
const BLACK_ON_WHITE: &str = "\u{1b}[38;5;16;48;5;231m";
const RESET: &str = "\u{1b}[0m";

/// The modules of a code with its margin, dark or not.
pub(super) struct Code {
    dark: Vec<bool>,
    side: usize,
}

impl Code {
    /// `text` as a code; none when it is too long for one.
    pub(super) fn new(text: &str) -> Option<Self> {
        // A screen is neither dirty nor torn: the lowest level makes the smallest code.
        let code = QrCode::with_error_correction_level(text, EcLevel::L).ok()?;
        let inner = code.width();
        let side = inner + 2 * MARGIN;
        let mut dark = vec![false; side * side];
        for (at, colour) in code.to_colors().into_iter().enumerate() {
            dark[(at / inner + MARGIN) * side + at % inner + MARGIN] = colour == Color::Dark;
        }
        Some(Self { dark, side })
    }

    /// Columns that it takes.
    pub(super) fn columns(&self) -> usize {
        self.side
    }

    /// Lines that it takes.
    pub(super) fn lines(&self) -> usize {
        self.side.div_ceil(2)
    }

    /// The lines, in black and white or without colours.
    pub(super) fn draw(&self, coloured: bool) -> Vec<String> {
        let at = |row: usize, column: usize| row < self.side && self.dark[row * self.side + column];
        let line = |row: usize| -> String {
            let drawn = |column| {
                let (above, below) = (at(row, column), at(row + 1, column));
                // The lower half of the last line is below the margin: it is light.
                if coloured { block(above, below) } else { block(!above, !below) }
            };
            (0..self.side).map(drawn).collect()
        };
        let rows = (0..self.side).step_by(2).map(line);
        rows.map(|line| if coloured { format!("{BLACK_ON_WHITE}{line}{RESET}") } else { line }).collect()
    }
}

fn block(above: bool, below: bool) -> char {
    match (above, below) {
        (true, true) => '█',
        (true, false) => '▀',
        (false, true) => '▄',
        (false, false) => ' ',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_its_margin_and_all_three_finders() {
        let code = Code::new("https://login.example.org/device?user_code=WDJB-MJHT").expect("it is short");
        let side = code.columns();
        assert_eq!((side, code.lines()), (29 + 8, 19), "version 3");
        let at = |row: usize, column: usize| code.dark[row * side + column];
        for edge in 0..side {
            for margin in 0..MARGIN {
                assert!(!at(margin, edge) && !at(edge, margin) && !at(side - 1 - margin, edge));
                assert!(!at(edge, side - 1 - margin));
            }
        }
        let far = side - MARGIN - 7;
        for (row, column) in [(MARGIN, MARGIN), (MARGIN, far), (far, MARGIN)] {
            assert!((0..7).all(|n| at(row, column + n) && at(row + n, column) && at(row + 6, column + n)));
            assert!(at(row + 3, column + 3) && !at(row + 1, column + 1));
        }
    }

    #[test]
    fn with_colours_dark_is_drawn_and_without_them_light_is() {
        let code = Code::new("https://x/").expect("it is short");
        let (coloured, plain) = (code.draw(true), code.draw(false));
        assert_eq!((coloured.len(), plain.len()), (code.lines(), code.lines()));
        assert!(coloured[0].starts_with(BLACK_ON_WHITE) && coloured[0].ends_with(RESET));
        assert_eq!(plain[0], "█".repeat(code.columns()));
        assert!(coloured[0].contains(&" ".repeat(code.columns())));
    }

    #[test]
    fn what_does_not_fit_into_a_code_is_none() {
        assert!(Code::new(&"x".repeat(3000)).is_none());
    }
}
