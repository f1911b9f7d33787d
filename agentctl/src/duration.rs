//! Durations as people type them: `60s`, `2000ms`, `5m`, `2h`, `90d`; a bare number counts seconds.

use std::time::Duration;

/// The text is no duration. It is not repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not a duration such as `60s`, `2000ms`, `5m`, `2h` or `90d`")]
pub(crate) struct DurationError;

/// Reads a duration: digits, then at most one unit.
pub(crate) fn parse(text: &str) -> Result<Duration, DurationError> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| DurationError)?;
    let seconds = match unit {
        "ms" => return Ok(Duration::from_millis(number)),
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86400,
        _ => return Err(DurationError),
    };
    number.checked_mul(seconds).map(Duration::from_secs).ok_or(DurationError)
}

/// Whole seconds for the wire, rounded up: a wish for 1500 ms is not met by one second.
pub(crate) fn seconds(duration: Duration) -> u64 {
    duration.as_secs().saturating_add(u64::from(duration.subsec_nanos() > 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_understood_and_a_bare_number_counts_seconds() {
        let table = [("60s", 60), ("2000ms", 2), ("5m", 300), ("2h", 7200), ("90d", 7_776_000), ("45", 45), ("0", 0)];
        for (text, expected) in table {
            assert_eq!(parse(text), Ok(Duration::from_secs(expected)), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "s", "-5s", "+5", "5 s", "5S", "1h30m", "1.5h", "99999999999999999999", "300000000000000000d"]
        {
            assert_eq!(parse(text), Err(DurationError), "{text}");
        }
    }

    #[test]
    fn parts_of_a_second_are_rounded_up() {
        assert_eq!(seconds(Duration::from_millis(1500)), 2);
        assert_eq!(seconds(Duration::from_millis(2001)), 3);
        assert_eq!(seconds(Duration::ZERO), 0);
    }
}
