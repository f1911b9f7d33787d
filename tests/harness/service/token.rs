//! The truth about every token and key: which are live, what supersedes what, and what ends together.

use crate::issuer::Rotation;
use std::collections::HashMap;

/// What a bearer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    /// The token of a login.
    Access,
    /// A key that stands for itself.
    Key,
}

#[derive(Debug)]
struct Bearer {
    sort: Sort,
    family: Option<usize>,
    /// Seconds since 1970.
    expires_at: Option<i64>,
    ended: bool,
}

/// What one login made.
#[derive(Debug, Default)]
struct Family {
    newest: Option<String>,
    /// The refresh token before the newest, and when it was superseded.
    previous: Option<(String, i64)>,
    ended: bool,
}

/// What a refresh token that was presented stands for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Presented {
    /// Nothing, or nothing any more.
    Dead,
    /// This family; its refresh token stays.
    Stays(usize),
    /// This family; it needs a successor.
    Superseded(usize),
    /// This family; the answer that named the successor may be repeated.
    Again(usize),
}

/// Everything issued so far.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    bearers: HashMap<String, Bearer>,
    refresh: HashMap<String, usize>,
    families: Vec<Family>,
}

impl Tokens {
    pub(super) fn open(&mut self) -> usize {
        self.families.push(Family::default());
        self.families.len() - 1
    }

    pub(super) fn add_access(&mut self, family: usize, value: &str, expires_at: Option<i64>) {
        let bearer = Bearer { sort: Sort::Access, family: Some(family), expires_at, ended: false };
        self.bearers.insert(value.to_owned(), bearer);
    }

    pub(super) fn add_key(&mut self, value: &str, expires_at: Option<i64>) {
        self.bearers.insert(value.to_owned(), Bearer { sort: Sort::Key, family: None, expires_at, ended: false });
    }

    pub(super) fn add_refresh(&mut self, family: usize, value: &str, now: i64) {
        self.refresh.insert(value.to_owned(), family);
        let before = self.families[family].newest.replace(value.to_owned());
        self.families[family].previous = before.map(|before| (before, now));
    }

    pub(super) fn newest(&self, family: usize) -> Option<String> {
        self.families[family].newest.clone()
    }

    /// What a bearer is, if it is accepted.
    pub(super) fn live(&self, value: &str, now: i64) -> Option<Sort> {
        let bearer = self.bearers.get(value)?;
        let family_ended = bearer.family.is_some_and(|family| self.families[family].ended);
        let dead = bearer.ended || family_ended || bearer.expires_at.is_some_and(|end| now >= end);
        (!dead).then_some(bearer.sort)
    }

    /// A refresh token is presented; reuse of a superseded one ends its family (RFC 9700 §4.14).
    pub(super) fn present(&mut self, value: &str, rotation: Rotation, now: i64) -> Presented {
        let Some(&number) = self.refresh.get(value) else { return Presented::Dead };
        let family = &mut self.families[number];
        if family.ended {
            return Presented::Dead;
        }
        if family.newest.as_deref() == Some(value) {
            return match rotation {
                Rotation::Absent | Rotation::Repeated => Presented::Stays(number),
                Rotation::On | Rotation::Window(_) => Presented::Superseded(number),
            };
        }
        if let (Rotation::Window(window), Some((previous, since))) = (rotation, &family.previous)
            && previous == value
            && now - since <= i64::try_from(window.as_secs()).unwrap_or(i64::MAX)
        {
            return Presented::Again(number);
        }
        family.ended = true;
        Presented::Dead
    }

    /// Ends everything that was made with this token, or the key alone.
    pub(super) fn end(&mut self, value: &str) -> bool {
        let family = self.refresh.get(value).copied().or_else(|| self.bearers.get(value)?.family);
        if let Some(family) = family {
            self.families[family].ended = true;
        }
        let bearer = self.bearers.get_mut(value).map(|bearer| bearer.ended = true);
        family.is_some() || bearer.is_some()
    }

    /// Ends every login; keys stay.
    pub(super) fn end_logins(&mut self) {
        self.families.iter_mut().for_each(|family| family.ended = true);
    }

    /// The refresh tokens that work.
    pub(super) fn live_refresh_tokens(&self) -> Vec<String> {
        self.families.iter().filter(|family| !family.ended).filter_map(|family| family.newest.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn within_the_window_the_previous_token_works_once_more() {
        let mut tokens = Tokens::default();
        let family = tokens.open();
        let window = Rotation::Window(Duration::from_secs(10));
        for (value, now) in [("a", 0), ("b", 1), ("c", 2)] {
            tokens.add_refresh(family, value, now);
        }
        assert_eq!(tokens.present("c", window, 3), Presented::Superseded(family));
        assert_eq!(tokens.present("c", Rotation::Repeated, 3), Presented::Stays(family));
        assert_eq!(tokens.present("b", window, 12), Presented::Again(family));
        assert_eq!(tokens.present("b", window, 13), Presented::Dead);
        assert_eq!(tokens.present("c", window, 13), Presented::Dead);
        assert!(tokens.live_refresh_tokens().is_empty());
    }

    #[test]
    fn a_key_ends_alone() {
        let mut tokens = Tokens::default();
        let family = tokens.open();
        tokens.add_access(family, "access", Some(10));
        tokens.add_key("key", None);
        assert_eq!((tokens.live("access", 9), tokens.live("access", 10)), (Some(Sort::Access), None));
        assert!(tokens.end("key") && !tokens.end("unknown"));
        assert_eq!((tokens.live("key", 0), tokens.live("access", 0)), (None, Some(Sort::Access)));
        tokens.end_logins();
        assert_eq!(tokens.live("access", 0), None);
    }
}
