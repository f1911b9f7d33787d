//! Aligned columns, made to fit the terminal. Widths count columns of the terminal (Unicode Annex 11); colours are put on
//! afterwards, so they never shift a column.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::paint::{Colour, Paint};

/// Spaces between columns.
const GAP: usize = 2;
/// No column is made narrower than this.
const LEAST: usize = 10;

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

    fn width(&self) -> usize {
        self.text.width()
    }

    fn painted(&self, width: usize, paint: Paint) -> String {
        let text = shortened(&self.text, width);
        self.colour.map_or_else(|| text.clone(), |colour| paint.paint(colour, &text))
    }
}

/// Rows under a row of headings, two spaces apart, nothing at line ends. Where the terminal is too narrow, the widest
/// columns are cut; where that does not help, each row becomes a block of fields.
pub(crate) fn table(headings: &[&str], rows: &[Vec<Cell>], paint: Paint) -> String {
    let heading: Vec<Cell> = headings.iter().map(|text| Cell::coloured(*text, Colour::Bold)).collect();
    let all: Vec<&Vec<Cell>> = std::iter::once(&heading).chain(rows).collect();
    let natural = |column: usize| all.iter().filter_map(|row| row.get(column)).map(Cell::width).max().unwrap_or(0);
    let natural: Vec<usize> = (0..headings.len()).map(natural).collect();
    let Some(widths) = fitted(natural, paint.width()) else { return blocks(headings, rows, paint) };
    let mut text = String::new();
    for row in all {
        let last = row.iter().rposition(|cell| !cell.text.is_empty()).unwrap_or(0);
        for (cell, width) in row.iter().zip(&widths).take(last + 1) {
            text.push_str(&cell.painted(*width, paint));
            text.push_str(&" ".repeat(width.saturating_sub(cell.width()) + GAP));
        }
        text.truncate(text.trim_end_matches(' ').len());
        text.push('\n');
    }
    text
}

/// Widths that fit into `limit`; none if even the least ones do not.
fn fitted(mut widths: Vec<usize>, limit: Option<usize>) -> Option<Vec<usize>> {
    let Some(limit) = limit else { return Some(widths) };
    let gaps = GAP * widths.len().saturating_sub(1);
    while widths.iter().sum::<usize>() + gaps > limit {
        let widest = widths.iter_mut().max()?;
        if *widest <= LEAST {
            return None;
        }
        *widest -= 1;
    }
    Some(widths)
}

/// `text` in at most `width` columns, with a mark where something is missing.
pub(crate) fn shortened(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut left = width.saturating_sub(1);
    let fits = |c: &char| {
        let needed = c.width().unwrap_or(0);
        let fits = needed <= left;
        left = left.saturating_sub(needed);
        fits
    };
    text.chars().take_while(fits).chain(['…']).collect()
}

/// Each row as fields of its own, without those that are empty.
fn blocks(headings: &[&str], rows: &[Vec<Cell>], paint: Paint) -> String {
    let block = |row: &Vec<Cell>| {
        let named = headings.iter().copied().zip(row.iter().cloned());
        fields(&named.filter(|(_, cell)| !cell.text.is_empty()).collect::<Vec<_>>(), paint)
    };
    rows.iter().map(block).collect::<Vec<_>>().join("\n")
}

/// `label  value` lines with the values in one column.
pub(crate) fn fields(rows: &[(&str, Cell)], paint: Paint) -> String {
    let width = rows.iter().map(|(label, _)| label.width()).max().unwrap_or(0);
    let mut text = String::new();
    for (label, cell) in rows {
        text.push_str(&paint.paint(Colour::Bold, label));
        text.push_str(&" ".repeat(width - label.width() + GAP));
        text.push_str(&cell.painted(usize::MAX, paint));
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<Vec<Cell>> {
        vec![
            vec![Cell::plain("*"), Cell::plain("wörk"), Cell::coloured("ok", Colour::Green)],
            vec![Cell::plain(""), Cell::plain("a"), Cell::plain("")],
        ]
    }

    #[test]
    fn columns_line_up_with_and_without_colours() {
        let plain = table(&["", "NAME", "STATE"], &rows(), Paint::new(false));
        assert_eq!(plain, "   NAME  STATE\n*  wörk  ok\n   a\n");
        let coloured = table(&["", "NAME", "STATE"], &rows(), Paint::new(true));
        assert!(coloured.contains("wörk  \u{1b}[32mok\u{1b}[0m"), "{coloured:?}");
    }

    #[test]
    fn wide_characters_take_two_columns() {
        let rows = [vec![Cell::plain("東京"), Cell::plain("x")], vec![Cell::plain("ab"), Cell::plain("y")]];
        assert_eq!(table(&["A", "B"], &rows, Paint::new(false)), "A     B\n東京  x\nab    y\n");
    }

    #[test]
    fn the_widest_column_is_cut_where_the_terminal_is_narrow() {
        let rows = [vec![Cell::plain("work"), Cell::plain("https://very.long.example.org/path"), Cell::plain("ok")]];
        let text = table(&["NAME", "URL", "STATE"], &rows, Paint::new(false).wide(30));
        assert_eq!(text, "NAME  URL                STATE\nwork  https://very.lon…  ok\n");
        assert!(text.lines().all(|line| line.width() <= 30));
        let east = [vec![Cell::plain("東京東京東京東京東京東京東京"), Cell::plain("ok")]];
        let text = table(&["NAME", "STATE"], &east, Paint::new(false).wide(20));
        assert!(text.lines().all(|line| line.width() <= 20) && text.contains('…'), "{text}");
    }

    #[test]
    fn a_table_that_cannot_be_cut_enough_becomes_blocks() {
        let long = |text: &str| Cell::plain(text.repeat(20));
        let rows = [vec![long("a"), long("b"), Cell::plain("")], vec![Cell::plain("c"), Cell::plain("d"), long("e")]];
        let text = table(&["ONE", "TWO", "THREE"], &rows, Paint::new(false).wide(25));
        assert_eq!(
            text,
            format!(
                "ONE  {}\nTWO  {}\n\nONE    c\nTWO    d\nTHREE  {}\n",
                "a".repeat(20),
                "b".repeat(20),
                "e".repeat(20)
            )
        );
    }

    #[test]
    fn labels_line_up() {
        let rows = [("a", Cell::plain("1")), ("long", Cell::plain("2"))];
        assert_eq!(fields(&rows, Paint::new(false)), "a     1\nlong  2\n");
    }
}
