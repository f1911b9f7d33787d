//! Why there is no token, no profile, or no change: each variant says what to do next.

use std::fmt;
use std::time::Duration;

use strsim::levenshtein;

use crate::oauth::ExchangeError;
use crate::store::WriteError;

/// A name that differs by at most so many letters was probably meant.
const MOST_SLIPS: usize = 2;

/// Why a login is required.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The token or key has lapsed and there is no refresh token.
    Expired,
    /// The person logged out.
    LoggedOut,
    /// No login has been made.
    NeverLoggedIn,
    /// The issuer refused the refresh token.
    Refused,
    /// The issuer refused it after an exchange whose answer was never seen.
    RotationUncertain,
    /// The grant does not cover the scope.
    ScopeNotGranted,
}

impl Why {
    const ALL: [(Why, &'static str); 6] = [
        (Why::Expired, "expired"),
        (Why::LoggedOut, "logged-out"),
        (Why::NeverLoggedIn, "never-logged-in"),
        (Why::Refused, "refused"),
        (Why::RotationUncertain, "rotation-uncertain"),
        (Why::ScopeNotGranted, "scope-not-granted"),
    ];

    pub(super) fn word(self) -> &'static str {
        Self::ALL.iter().find(|(why, _)| *why == self).map_or("refused", |(_, word)| word)
    }

    pub(super) fn of_word(word: &str) -> Self {
        Self::ALL.iter().find(|(_, w)| *w == word).map_or(Why::Refused, |(why, _)| *why)
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Why::Expired => "it has expired and cannot be refreshed",
            Why::LoggedOut => "it is logged out",
            Why::NeverLoggedIn => "nobody has logged in to it yet",
            Why::Refused => "the service no longer accepts the login",
            Why::RotationUncertain => {
                "the service no longer accepts the login, after a refresh whose answer was lost on the way"
            }
            Why::ScopeNotGranted => "the login does not cover this scope",
        })
    }
}

/// Why there is no token. Each variant says what to do next.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Trouble {
    /// Ask again later.
    #[error("too many different tokens are in demand")]
    Busy,
    /// Make narrower tokens in another way, or have the service allow it.
    #[error("the service does not exchange tokens for this client (`{code}`)")]
    ExchangeRefused {
        /// The error code, or what is wrong.
        code: &'static str,
    },
    /// Log in.
    #[error("{0}")]
    LoginRequired(Why),
    /// Correct the client's settings and log in.
    #[error("the service does not accept this client (`{code}`)")]
    Misconfigured {
        /// The error code.
        code: &'static str,
    },
    /// Ask for the token as granted, or allow narrowing for the profile.
    #[error("this profile does not ask its service for narrower tokens")]
    NarrowingUnsupported,
    /// There is no token, and none is needed.
    #[error("its environment needs no login, so there is no token")]
    NoneNeeded,
    /// There is nothing to refresh with: only a new login brings a new credential.
    #[error("this login cannot be refreshed")]
    NoRefreshToken,
    /// The grant was replaced meanwhile: ask again.
    #[error("the login was replaced while waiting")]
    Superseded,
    /// Ask for something else.
    #[error("the service does not grant that (`{code}`)")]
    TargetRefused {
        /// The error code.
        code: &'static str,
    },
    /// Try again later.
    #[error("{why}")]
    Unreachable {
        /// What happened, without any byte of an answer.
        why: String,
        /// Not before this.
        retry_after: Option<Duration>,
    },
    /// The service gave more than was asked for; that is not handed on.
    #[error("the service answered with a wider token than was asked for")]
    Wider,
}

impl Trouble {
    pub(super) fn unreachable(error: &ExchangeError) -> Self {
        let retry_after = if let ExchangeError::Unavailable { retry_after, .. } = error { *retry_after } else { None };
        Trouble::Unreachable { why: error.to_string(), retry_after }
    }
}

/// Why no profile was chosen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SelectError {
    /// Log in to one of them again.
    #[error("nobody is logged in")]
    NobodyLoggedIn,
    /// Name one, or make one current.
    #[error("no profile is current")]
    NoneCurrent,
    /// Log in first.
    #[error("there is no profile yet")]
    NoProfiles,
    /// Correct the name.
    #[error("there is no profile `{name}`")]
    NotFound {
        /// What was asked for.
        name: String,
        /// A profile whose name differs by a slip.
        near: Option<String>,
    },
}

impl SelectError {
    /// There is no profile `name` among those that are known.
    pub(super) fn no_such<'k>(name: &str, known: impl Iterator<Item = &'k str>) -> Self {
        let slips = known.map(|known| (levenshtein(name, known), known)).filter(|(slips, _)| *slips <= MOST_SLIPS);
        let near = slips.filter(|(slips, known)| *slips < known.len()).min().map(|(_, known)| known.to_owned());
        Self::NotFound { name: name.to_owned(), near }
    }
}

/// Why the current profile was not changed.
#[derive(Debug, thiserror::Error)]
pub enum SwitchError {
    /// Correct the name.
    #[error(transparent)]
    NoProfile(SelectError),
    /// The store cannot be written.
    #[error("the choice cannot be saved")]
    NotSaved(#[source] WriteError),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_was_mistyped_comes_with_the_one_that_was_meant() {
        let near = |name: &str| match SelectError::no_such(name, ["work", "ci", "personal"].into_iter()) {
            SelectError::NotFound { near, .. } => near,
            other => unreachable!("{other:?}"),
        };
        for (name, meant) in [("wrok", "work"), ("wor", "work"), ("persnal", "personal"), ("cj", "ci")] {
            assert_eq!(near(name).as_deref(), Some(meant), "{name}");
        }
        for name in ["x", "github", "xy"] {
            assert_eq!(near(name), None, "{name}");
        }
    }
}
