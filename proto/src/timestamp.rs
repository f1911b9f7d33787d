//! Points in time as people and files see them: whole seconds, UTC, RFC 3339 on the wire.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Seconds since 1970-01-01T00:00:00Z; `2026-11-22T08:30:00Z` on the wire.
///
/// Only for display and disk. Inside the daemon, expiry is measured on a clock that never jumps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Timestamp(i64);

/// The text is no RFC 3339 date-time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not a date and time such as 2026-11-22T08:30:00Z")]
pub struct TimestampError;

impl Timestamp {
    /// From seconds since the epoch, held within the years 1 to 9999, which every reader of RFC 3339 can parse.
    pub fn from_unix(seconds: i64) -> Self {
        Self(seconds.clamp(-62_135_596_800, 253_402_207_200))
    }

    /// Seconds since the epoch.
    pub fn unix(self) -> i64 {
        self.0
    }

    /// Reads an RFC 3339 date-time with any offset.
    ///
    /// # Errors
    /// [`TimestampError`] for anything else.
    pub fn parse(text: &str) -> Result<Self, TimestampError> {
        text.parse::<jiff::Timestamp>().map(|t| Self::from_unix(t.as_second())).map_err(|_| TimestampError)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let point = jiff::Timestamp::from_second(self.0).expect("from_unix clamps to the range jiff accepts");
        write!(f, "{point}")
    }
}

impl TryFrom<String> for Timestamp {
    type Error = TimestampError;
    fn try_from(text: String) -> Result<Self, TimestampError> {
        Self::parse(&text)
    }
}

impl From<Timestamp> for String {
    fn from(time: Timestamp) -> Self {
        time.to_string()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for Timestamp {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .format(Some(utoipa::openapi::SchemaFormat::KnownFormat(utoipa::openapi::KnownFormat::DateTime)))
            .into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for Timestamp {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wire_form_is_rfc_3339() {
        assert_eq!(Timestamp::from_unix(1_790_000_000).to_string(), "2026-09-21T14:13:20Z");
        assert_eq!(Timestamp::parse("2026-09-21T16:13:20+02:00"), Ok(Timestamp::from_unix(1_790_000_000)));
        assert_eq!(Timestamp::parse("tomorrow"), Err(TimestampError));
    }

    #[test]
    fn no_number_of_seconds_breaks_the_display() {
        for extreme in [i64::MIN, i64::MAX, 0] {
            let text = Timestamp::from_unix(extreme).to_string();
            assert_eq!(Timestamp::parse(&text), Ok(Timestamp::from_unix(extreme)));
        }
    }
}
