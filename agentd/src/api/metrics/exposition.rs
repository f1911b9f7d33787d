//! The text format itself: `# HELP` and `# TYPE`, then one line for each value. Names and labels are fixed words of the code, so
//! nothing needs escaping. It is too little to be worth a dependency.

use std::fmt::{Display, Write as _};

/// A value and its labels.
type Row<'r, T> = (&'r [(&'r str, &'r str)], T);

/// A page under way.
#[derive(Debug, Default)]
pub(super) struct Page(String);

impl Page {
    /// What can only grow.
    pub(super) fn counter(&mut self, name: &str, help: &str, rows: &[Row<'_, u64>]) {
        self.head(name, help, "counter");
        self.rows(name, rows);
    }

    /// What can go up and down.
    pub(super) fn gauge<T: Display>(&mut self, name: &str, help: &str, rows: &[Row<'_, T>]) {
        self.head(name, help, "gauge");
        self.rows(name, rows);
    }

    /// The two lines above the values of one name.
    pub(super) fn head(&mut self, name: &str, help: &str, kind: &str) {
        self.line(format_args!("# HELP {name} {help}\n# TYPE {name} {kind}"));
    }

    /// One histogram: `bounds` and `sum` in milliseconds, told in seconds; `classes` has one more element than `bounds`.
    pub(super) fn histogram(
        &mut self,
        name: &str,
        (label, value): (&str, &str),
        bounds: &[u64],
        classes: &[u64],
        sum: u64,
    ) {
        let mut total = 0;
        let ends = bounds.iter().map(|bound| seconds(*bound)).chain(["+Inf".to_owned()]);
        for (end, class) in ends.zip(classes) {
            total += class;
            self.line(format_args!("{name}_bucket{{{label}=\"{value}\",le=\"{end}\"}} {total}"));
        }
        self.line(format_args!("{name}_sum{{{label}=\"{value}\"}} {}", seconds(sum)));
        self.line(format_args!("{name}_count{{{label}=\"{value}\"}} {total}"));
    }

    /// The whole page.
    pub(super) fn text(self) -> String {
        self.0
    }

    fn rows<T: Display>(&mut self, name: &str, rows: &[Row<'_, T>]) {
        for (labels, value) in rows {
            let labels: Vec<String> = labels.iter().map(|(name, value)| format!("{name}=\"{value}\"")).collect();
            let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
            self.line(format_args!("{name}{labels} {value}"));
        }
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        writeln!(self.0, "{line}").expect("writing to a string cannot fail");
    }
}

fn seconds(milliseconds: u64) -> String {
    format!("{}.{:03}", milliseconds / 1000, milliseconds % 1000)
}
