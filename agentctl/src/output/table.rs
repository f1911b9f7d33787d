//! Aligned columns. Widths count characters; colours are put on afterwards, so they never shift a column.

use super::paint::{Colour, Paint};

/// One piece of a row. The text is clean already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cell {
    text: String,
    colour: Option<Colour>,
}

impl Cell {
    /// Without a colour.
    pub(crate) fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), colour: None }
    }

    /// With a colour.
    pub(crate) fn coloured(text: impl Into<String>, colour: Colour) -> Self {
        Self { text: text.into(), colour: Some(colour) }
    }
}

/// Rows under a row of headings, two spaces apart, nothing at line ends.
pub(crate) fn table(headings: &[&str], rows: &[Vec<Cell>], paint: Paint) -> String {
    let heading = headings.iter().map(|text| Cell::coloured(*text, Colour::Bold)).collect();
    let all: Vec<&Vec<Cell>> = std::iter::once(&heading).chain(rows).collect();
    let width = |column: usize| all.iter().filter_map(|row| row.get(column)).map(length).max().unwrap_or(0);
    let widths: Vec<usize> = (0..headings.len()).map(width).collect();
    let mut text = String::new();
    for row in all {
        let last = row.iter().rposition(|cell| !cell.text.is_empty()).unwrap_or(0);
        for (cell, width) in row.iter().zip(&widths).take(last + 1) {
            text.push_str(&cell.colour.map_or_else(|| cell.text.clone(), |colour| paint.paint(colour, &cell.text)));
            text.push_str(&" ".repeat(width - length(cell) + 2));
        }
        text.truncate(text.trim_end_matches(' ').len());
        text.push('\n');
    }
    text
}

/// `label  value` lines with the values in one column.
pub(crate) fn fields(rows: &[(&str, Cell)], paint: Paint) -> String {
    let width = rows.iter().map(|(label, _)| label.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for (label, cell) in rows {
        text.push_str(&paint.paint(Colour::Bold, label));
        let gap = " ".repeat(width - label.chars().count() + 2);
        let value = cell.colour.map_or_else(|| cell.text.clone(), |colour| paint.paint(colour, &cell.text));
        text.extend([
            gap.as_str(),
            value.as_str(),
            "
",
        ]);
    }
    text
}

fn length(cell: &Cell) -> usize {
    cell.text.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_with_and_without_colours() {
        let rows = vec![
            vec![Cell::plain("*"), Cell::plain("wörk"), Cell::coloured("ok", Colour::Green)],
            vec![Cell::plain(""), Cell::plain("a"), Cell::plain("")],
        ];
        let plain = table(&["", "NAME", "STATE"], &rows, Paint::new(false));
        assert_eq!(plain, "   NAME  STATE\n*  wörk  ok\n   a\n");
        let coloured = table(&["", "NAME", "STATE"], &rows, Paint::new(true));
        assert!(coloured.contains("wörk  \u{1b}[32mok\u{1b}[0m"), "{coloured:?}");
    }

    #[test]
    fn labels_line_up() {
        let rows = [("a", Cell::plain("1")), ("long", Cell::plain("2"))];
        assert_eq!(fields(&rows, Paint::new(false)), "a     1\nlong  2\n");
    }
}
