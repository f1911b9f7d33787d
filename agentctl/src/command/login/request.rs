//! The parts of a login request that take more than copying.

use std::collections::BTreeMap;

use proto::timestamp::Timestamp;

use crate::failure::Failure;
use crate::{clock, duration};

/// A point in time: RFC 3339, or a duration from now.
pub(super) fn point(text: &str) -> Result<Timestamp, &'static str> {
    let from_now = |wait| {
        let wait = i64::try_from(duration::seconds(wait)).unwrap_or(i64::MAX);
        Timestamp::from_unix(clock::now().unix().saturating_add(wait))
    };
    duration::parse(text)
        .map(from_now)
        .or_else(|_| Timestamp::parse(text))
        .map_err(|_| "is neither a date and time such as 2026-11-22T08:30:00Z nor a duration such as `90d`")
}

/// `KEY=VALUE`.
pub(super) fn pair(text: &str) -> Result<(String, String), &'static str> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("is not `KEY=VALUE`"),
    }
}

/// Each key once: which of two values an issuer would take is anybody's guess.
pub(super) fn unique(pairs: Vec<(String, String)>) -> Result<BTreeMap<String, String>, Failure> {
    let count = pairs.len();
    let map: BTreeMap<String, String> = pairs.into_iter().collect();
    if map.len() == count { Ok(map) } else { Err(Failure::usage("`--auth-param` names one key twice")) }
}

/// Milliseconds, for the wire.
pub(super) fn milliseconds(text: &str) -> Result<u64, duration::DurationError> {
    duration::parse(text).map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_lapses_at_a_point_or_after_a_while() {
        assert_eq!(point("2026-09-21T14:13:20Z"), Ok(Timestamp::from_unix(1_790_000_000)));
        let before = clock::now().unix();
        let lapses = point("90d").expect("it is a duration").unix();
        assert!((before + 90 * 86400..=clock::now().unix() + 90 * 86400).contains(&lapses));
        assert!(point("tomorrow").is_err() && point("").is_err());
    }

    #[test]
    fn parameters_are_pairs_and_each_key_stands_once() {
        assert_eq!(pair("a=b=c"), Ok(("a".to_owned(), "b=c".to_owned())));
        assert_eq!(pair("a="), Ok(("a".to_owned(), String::new())));
        assert!(pair("a").is_err() && pair("=b").is_err());
        let pairs = |keys: &[&str]| keys.iter().map(|key| ((*key).to_owned(), String::new())).collect();
        assert!(unique(pairs(&["a", "b"])).is_ok());
        assert!(unique(pairs(&["a", "a"])).is_err());
    }

    #[test]
    fn a_pause_between_polls_takes_units_and_counts_seconds_without_one() {
        for (text, expected) in [("2000ms", 2000), ("2s", 2000), ("2", 2000), ("1m", 60_000)] {
            assert_eq!(milliseconds(text), Ok(expected), "{text}");
        }
        assert!(milliseconds("soon").is_err());
    }
}
