//! One row of the table: what was measured, its bar, and whether it was met.

use std::fmt::Write as _;

/// See the module's documentation.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    what: String,
    bar: String,
    measured: String,
    met: bool,
}

impl Row {
    /// A row.
    pub(crate) fn new(what: impl Into<String>, bar: impl Into<String>, measured: impl Into<String>, met: bool) -> Self {
        Self { what: what.into(), bar: bar.into(), measured: measured.into(), met }
    }
}

/// The rows as a table, and how many bars were met.
pub(crate) fn table(rows: &[Row]) -> String {
    let width = |cell: fn(&Row) -> &str| rows.iter().map(|row| cell(row).chars().count()).max().unwrap_or(0);
    let (what, bar) = (width(|row| &row.what), width(|row| &row.bar));
    let mut text = format!("\n{:<what$}  {:<bar$}  met   measured\n", "measurement", "bar");
    for row in rows {
        let met = if row.met { "yes" } else { "NO" };
        writeln!(text, "{:<what$}  {:<bar$}  {met:<4}  {}", row.what, row.bar, row.measured)
            .expect("writing to a string cannot fail");
    }
    let met = rows.iter().filter(|row| row.met).count();
    write!(text, "\n{met} of {} bars met", rows.len()).expect("writing to a string cannot fail");
    text
}

/// The middle value.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().expect("something was measured")
}

/// The value that 99 of 100 do not exceed.
pub(crate) fn percentile_99(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() * 99 / 100).copied().expect("something was measured")
}
