//! Colours of a terminal, or none.

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

/// Whether colours are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Paint(bool);

impl Paint {
    /// Colours if `wanted`.
    pub(crate) fn new(wanted: bool) -> Self {
        Self(wanted)
    }

    /// `text` in `colour`.
    pub(crate) fn paint(self, colour: Colour, text: &str) -> String {
        if !self.0 {
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
}
