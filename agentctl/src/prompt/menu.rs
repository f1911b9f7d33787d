//! The list that a person picks from, as it is shown and as keys change it. Pure: no terminal.

use std::ops::Range;

use unicode_width::UnicodeWidthStr as _;

use super::Choice;
use crate::output::{Colour, Paint, clean, shortened};

/// No more lines of the list are shown at once.
const MOST_LINES: usize = 12;
/// Lines besides those of the list: the question, how many more there are, and the keys.
const OTHER_LINES: usize = 3;
/// The longest filter, in characters.
const LONGEST_FILTER: usize = 64;
const KEYS: &str = "up/down: move, type: filter, enter: choose, esc: leave";

/// A key, as far as the list knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    /// A character.
    Char(char),
    /// Chooses.
    Enter,
    /// Takes the last character of the filter away.
    Erase,
    /// Leaves without a choice.
    Escape,
    /// Up by so many lines; down where it is negative.
    Up(isize),
    /// To the first line.
    First,
    /// To the last line.
    Last,
    /// Nothing.
    Other,
}

/// What a key led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// The list is to be shown again.
    Again,
    /// This choice, by its place among all.
    Chosen(usize),
    /// None.
    Left,
}

/// What a terminal has room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Room {
    /// Columns.
    pub(super) width: usize,
    /// Lines.
    pub(super) height: usize,
}

/// See the module's documentation.
#[derive(Debug)]
pub(super) struct Menu<'c> {
    what: &'c str,
    choices: &'c [Choice],
    filter: String,
    /// `/` was pressed: every letter belongs to the filter.
    filtering: bool,
    /// Places in `choices` of those that match.
    matching: Vec<usize>,
    /// The place in `matching` that the mark is at.
    at: usize,
}

impl<'c> Menu<'c> {
    /// All of `choices`, with the mark at the one that is in use.
    pub(super) fn new(what: &'c str, choices: &'c [Choice]) -> Self {
        let at = choices.iter().position(|choice| choice.in_use).unwrap_or(0);
        let matching = (0..choices.len()).collect();
        Self { what, choices, filter: String::new(), filtering: false, matching, at }
    }

    /// Does what a key says. The first letter may be `j`, `k` or `q`, which move and leave as in other lists; behind `/`,
    /// or another letter, they are letters.
    pub(super) fn press(&mut self, key: Key) -> Step {
        let plain = self.filter.is_empty() && !self.filtering;
        match key {
            Key::Enter => match self.matching.get(self.at) {
                Some(chosen) => return Step::Chosen(*chosen),
                None => return Step::Again,
            },
            Key::Escape => return Step::Left,
            Key::Char('q') if plain => return Step::Left,
            Key::Char('k') if plain => self.go(-1),
            Key::Char('j') if plain => self.go(1),
            Key::Char('/') if plain => self.filtering = true,
            Key::Char(c) => {
                if self.filter.chars().count() < LONGEST_FILTER {
                    self.filter.push(c);
                    self.narrow();
                }
            }
            Key::Erase => {
                self.filtering &= self.filter.pop().is_some();
                self.narrow();
            }
            Key::Up(lines) => self.go(-lines),
            Key::First => self.at = 0,
            Key::Last => self.at = self.matching.len().saturating_sub(1),
            Key::Other => {}
        }
        Step::Again
    }

    fn go(&mut self, lines: isize) {
        let last = self.matching.len().saturating_sub(1);
        self.at = self.at.saturating_add_signed(lines).min(last);
    }

    /// Keeps the mark where it was, if that still matches.
    fn narrow(&mut self) {
        let marked = self.matching.get(self.at).copied();
        let wanted = self.filter.to_lowercase();
        let holds =
            |choice: &Choice| choice.words.iter().chain([&choice.note]).any(|t| t.to_lowercase().contains(&wanted));
        self.matching = (0..self.choices.len()).filter(|at| holds(&self.choices[*at])).collect();
        self.at = self.matching.iter().position(|at| Some(*at) == marked).unwrap_or(0);
    }

    /// The lines to show, none wider than the room.
    pub(super) fn lines(&self, room: Room, paint: Paint) -> Vec<String> {
        // A line that fills the last column would wrap on some terminals.
        let width = room.width.saturating_sub(1).max(1);
        let shown = self.shown(room.height.saturating_sub(OTHER_LINES).clamp(1, MOST_LINES));
        let typed = if self.filtering && self.filter.is_empty() { "/" } else { &self.filter };
        let mut lines =
            vec![shortened(format!("Choose {}: {}", super::one(self.what), clean(typed)).trim_end(), width)];
        let widest = self.choices.iter().map(|choice| clean(&choice.words[0]).width()).max().unwrap_or(0);
        for at in shown.clone() {
            let choice = &self.choices[self.matching[at]];
            let (mark, used) = (if at == self.at { ">" } else { " " }, if choice.in_use { "*" } else { " " });
            let word = clean(&choice.words[0]);
            let space = " ".repeat(widest.saturating_sub(word.width()));
            let text = format!("{mark}{used} {word}{space}  {}", clean(&choice.note));
            let text = shortened(text.trim_end(), width);
            lines.push(if at == self.at { paint.paint(Colour::Bold, &text) } else { text });
        }
        let hidden = self.matching.len() - shown.len();
        match (self.matching.is_empty(), hidden) {
            (true, _) => lines.push(shortened("  none of them", width)),
            (_, 0) => {}
            (_, more) => lines.push(shortened(&format!("   {more} more"), width)),
        }
        if lines.len() < room.height {
            lines.push(paint.paint(Colour::Dim, &shortened(KEYS, width)));
        }
        lines
    }

    /// The part of the list around the mark.
    fn shown(&self, most: usize) -> Range<usize> {
        let count = self.matching.len().min(most);
        let first = self.at.saturating_sub(most / 2).min(self.matching.len() - count);
        first..first + count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: Room = Room { width: 80, height: 24 };

    fn choices() -> Vec<Choice> {
        vec![
            Choice::new("alpha", "ada@example.org (GitHub), usable"),
            Choice::new("beta", "bo@example.org (GitLab), login required").in_use(true),
            Choice::new("julia", "ju@example.org (GitHub), usable"),
        ]
    }

    fn typed(menu: &mut Menu<'_>, keys: &str) -> Step {
        keys.chars().map(|c| menu.press(Key::Char(c))).last().expect("something is typed")
    }

    fn shown(menu: &Menu<'_>, room: Room) -> Vec<String> {
        menu.lines(room, Paint::new(false))
    }

    #[test]
    fn the_one_in_use_is_marked_and_taken_by_enter() {
        let choices = choices();
        let mut menu = Menu::new("profile", &choices);
        assert_eq!(
            shown(&menu, ROOM),
            [
                "Choose a profile:",
                "   alpha  ada@example.org (GitHub), usable",
                ">* beta   bo@example.org (GitLab), login required",
                "   julia  ju@example.org (GitHub), usable",
                KEYS
            ]
        );
        assert_eq!(menu.press(Key::Enter), Step::Chosen(1));
    }

    #[test]
    fn arrows_and_j_and_k_move_and_stop_at_the_ends() {
        let choices = choices();
        for (keys, expected) in [
            (&[Key::Up(1)][..], 0),
            (&[Key::Up(1), Key::Up(1), Key::Up(1)], 0),
            (&[Key::Up(-1), Key::Up(-1)], 2),
            (&[Key::Char('j')], 2),
            (&[Key::Char('k'), Key::Char('j')], 1),
            (&[Key::First], 0),
            (&[Key::Last, Key::Other], 2),
            (&[Key::Up(10)], 0),
            (&[Key::Up(-10)], 2),
        ] {
            let mut menu = Menu::new("profile", &choices);
            for key in keys {
                assert_eq!(menu.press(*key), Step::Again);
            }
            assert_eq!(menu.press(Key::Enter), Step::Chosen(expected), "{keys:?}");
        }
    }

    #[test]
    fn letters_narrow_the_list_and_erasing_widens_it() {
        let choices = choices();
        let mut menu = Menu::new("profile", &choices);
        typed(&mut menu, "GITHUB");
        let lines = shown(&menu, ROOM);
        assert_eq!((lines[0].as_str(), lines.len()), ("Choose a profile: GITHUB", 4), "{lines:?}");
        typed(&mut menu, "x");
        assert_eq!(shown(&menu, ROOM)[1], "  none of them");
        assert_eq!(menu.press(Key::Enter), Step::Again, "there is nothing to choose");
        for _ in 0..10 {
            menu.press(Key::Erase);
        }
        assert_eq!(shown(&menu, ROOM).len(), 5);
        typed(&mut menu, "/jul");
        assert_eq!(menu.press(Key::Enter), Step::Chosen(2), "behind a slash `j` is a letter");
        let mut menu = Menu::new("profile", &choices);
        typed(&mut menu, "/q");
        assert_eq!(shown(&menu, ROOM)[0], "Choose a profile: q");
    }

    #[test]
    fn leaving_chooses_nothing() {
        let choices = choices();
        let mut menu = Menu::new("profile", &choices);
        assert_eq!(menu.press(Key::Char('q')), Step::Left);
        typed(&mut menu, "bq");
        assert_eq!(menu.press(Key::Escape), Step::Left);
    }

    #[test]
    fn a_small_terminal_is_never_overfull() {
        let mut choices: Vec<Choice> =
            (0..100).map(|n| Choice::new(format!("profile-{n}"), "東京".repeat(30))).collect();
        choices.push(Choice::new("nasty", "\u{1b}[2J\u{202e}\n"));
        for width in [1, 2, 9, 40, 200] {
            for height in [1, 2, 3, 5, 24, 60] {
                let mut menu = Menu::new("profile", &choices);
                for step in 0..choices.len() {
                    let lines = shown(&menu, Room { width, height });
                    assert!(lines.len() <= height.max(3), "{lines:?}");
                    assert!(
                        lines.iter().all(|line| line.width() < width.max(2) && *clean(line) == **line),
                        "{lines:?}"
                    );
                    assert!(lines.iter().any(|line| line.starts_with('>') || width < 3), "{step}: the mark is shown");
                    menu.press(Key::Up(-1));
                }
            }
        }
        let menu = Menu::new("profile", &choices);
        assert!(shown(&menu, ROOM).iter().any(|line| line == "   89 more"));
    }
}
