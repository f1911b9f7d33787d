//! How far the clocks of services are from this machine's, as their answers told.
//!
//! A service judges an assertion by its own clock, and this machine's may be hours off.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many services are remembered; a program that invents issuers must not grow the daemon.
const MOST: usize = 1024;

/// Less than this, in seconds, is the way of the answer and no difference.
const LEAST: i64 = 5;

/// Seconds by which each issuer is ahead. Clones share what is known.
#[derive(Debug, Clone, Default)]
pub(super) struct Times(Arc<Mutex<HashMap<String, i64>>>);

impl Times {
    /// Takes note of the `date` of an answer that came at `wall`, both in seconds since 1970.
    pub(super) fn learn(&self, issuer: &str, date: Option<i64>, wall: i64) {
        let Some(ahead) = date.map(|date| date.saturating_sub(wall)) else { return };
        let mut known = self.known();
        if ahead.abs() < LEAST {
            known.remove(issuer);
        } else if known.len() < MOST || known.contains_key(issuer) {
            known.insert(issuer.to_owned(), ahead);
        }
    }

    /// The time at `issuer` when it is `wall` here.
    pub(super) fn there(&self, issuer: &str, wall: i64) -> i64 {
        wall.saturating_add(self.known().get(issuer).copied().unwrap_or(0))
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, i64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_answer_told_last_holds_for_its_issuer() {
        let times = Times::default();
        times.learn("a", Some(7300), 100);
        assert_eq!((times.there("a", 200), times.there("b", 200)), (7400, 200));
        times.learn("a", None, 300);
        assert_eq!(times.there("a", 300), 7500);
        times.learn("a", Some(304), 300);
        assert_eq!(times.there("a", 300), 300);
    }

    #[test]
    fn invented_issuers_grow_nothing() {
        let times = Times::default();
        for number in 0..2 * MOST {
            times.learn(&number.to_string(), Some(1000), 0);
        }
        assert_eq!(times.known().len(), MOST);
        times.learn("0", Some(2000), 0);
        assert_eq!((times.there("0", 0), times.there("5000", 0)), (2000, 0));
    }
}
