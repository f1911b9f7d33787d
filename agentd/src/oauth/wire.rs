//! Members of a service's JSON as they really come: secrets into wiped memory, durations in any spelling.
//!
//! Used by the parsers of this module alone. What cannot be believed is absent; it is never an error here.

use std::time::Duration;

use serde::{Deserialize, Deserializer};
use serde_json::Value;
use zeroize::Zeroizing;

/// A string that is wiped, also when the rest of the document turns out to be unreadable.
#[derive(Default)]
pub(super) struct Wiped(Zeroizing<String>);

impl Wiped {
    /// The string itself; nothing is left behind.
    pub(super) fn take(mut self) -> String {
        std::mem::take(&mut self.0)
    }

    /// How it reads, for checks.
    pub(super) fn text(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Wiped {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Zeroizing::new(text)))
    }
}

/// Seconds as a number, a number with a fraction, or either as text; `None` unless more than zero. At most `cap`.
pub(super) fn seconds(value: Option<&Value>, cap: Duration) -> Option<Duration> {
    let seconds = match value? {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    // `parse` also reads `inf` and `NaN`.
    if !seconds.is_finite() || seconds <= 0.0 {
        return None;
    }
    Some(Duration::try_from_secs_f64(seconds).unwrap_or(cap).min(cap))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn seconds_come_in_many_spellings() {
        let cap = Duration::from_secs(10_000);
        let read = |value: Value| seconds(Some(&value), cap);
        for value in [json!(3600), json!(3600.0), json!("3600"), json!(" 3600 "), json!("3600.0"), json!("3.6e3")] {
            assert_eq!(read(value.clone()), Some(Duration::from_hours(1)), "{value}");
        }
        assert_eq!(read(json!(0.5)), Some(Duration::from_millis(500)));
        for value in [json!(1_000_000_000_000_000_000_u64), json!(u64::MAX), json!(1e300), json!("1e300")] {
            assert_eq!(read(value.clone()), Some(cap), "{value}");
        }
        for value in
            [json!(0), json!(-1), json!("0"), json!("-5"), json!("NaN"), json!("inf"), json!("soon"), json!("")]
        {
            assert_eq!(read(value.clone()), None, "{value}");
        }
        for value in [json!(null), json!(true), json!([3600]), json!({ "s": 1 })] {
            assert_eq!(read(value.clone()), None, "{value}");
        }
        assert_eq!(seconds(None, cap), None);
    }
}
