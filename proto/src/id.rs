//! Names and identifiers, parsed once at the edge and never raw afterwards.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Why a name or identifier was not accepted. The text never repeats the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdError {
    /// Nothing was given.
    #[error("is empty")]
    Empty,
    /// More bytes than the limit.
    #[error("is longer than {0} characters")]
    TooLong(usize),
    /// A character outside the allowed set.
    #[error("may hold letters, digits and `.` `_` `-` `@` `+` only, and starts with a letter or digit")]
    Character,
}

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident, $max:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The longest accepted form, in bytes.
            pub const MAX: usize = $max;

            /// Checks `text`.
            ///
            /// # Errors
            /// [`IdError`] says which rule it breaks.
            pub fn parse(text: &str) -> Result<Self, IdError> {
                check(text, Self::MAX).map(|()| Self(text.to_owned()))
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::parse(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                check(&text, Self::MAX).map(|()| Self(text))
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .max_length(Some($max))
                    .pattern(Some("^[A-Za-z0-9][A-Za-z0-9._@+-]*$"))
                    .into()
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::ToSchema for $name {}
    };
}

identifier! {
    /// The user's name for a login. Unique in one agent.
    ProfileName, 64
}
identifier! {
    /// Names what one caller received. It is no secret: knowing it allows only `reject`.
    LeaseId, 96
}
identifier! {
    /// Names a link.
    LinkId, 64
}
identifier! {
    /// Names one run of a flow.
    LoginId, 64
}
identifier! {
    /// The word of a service on the command line.
    ProviderName, 32
}

fn check(text: &str, max: usize) -> Result<(), IdError> {
    let first = text.bytes().next().ok_or(IdError::Empty)?;
    if text.len() > max {
        return Err(IdError::TooLong(max));
    }
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"._-@+".contains(&b);
    if first.is_ascii_alphanumeric() && text.bytes().all(allowed) { Ok(()) } else { Err(IdError::Character) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked() {
        for good in ["a", "work", "me@example.org", "a.b_c-d+e", "9"] {
            assert_eq!(ProfileName::parse(good).map(String::from), Ok(good.to_owned()));
        }
        for bad in ["", "-x", ".x", "a b", "a/b", "a\n", "ä", "a:b", "a\u{202e}b"] {
            assert!(ProfileName::parse(bad).is_err(), "{bad:?}");
        }
        assert_eq!(ProfileName::parse(&"x".repeat(65)), Err(IdError::TooLong(64)));
    }
}
