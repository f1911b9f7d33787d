//! What a failed exchange means for the grant. One decision, pure, with the history in view.

use std::time::Duration;

use super::grant::{DOUBTFUL_TRIES, History};
use super::{Trouble, Why};
use crate::oauth::ExchangeError;

/// What to do after a failed exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The grant is of no more use. The refresh token stays where it is: only a new login or a logout drops it.
    GiveUp(Why),
    /// The settings are wrong: nothing is sent again until a person acts.
    Misconfigured(&'static str),
    /// This target cannot be had; the grant is untouched.
    NotThis(Trouble),
    /// Try again later; the service has certainly not used up the refresh token.
    Later(Option<Duration>),
    /// The same refresh token is tried again: the service may have rotated it in an answer nobody saw.
    Uncertain(Again),
}

/// When an uncertain exchange is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Again {
    /// Now, while a reuse window of the issuer may still be open.
    AtOnce,
    /// After the usual wait.
    Backoff,
}

/// Decides. `whole`: the token as granted was asked for, so that doubt speaks against the grant itself.
pub(super) fn judge(error: &ExchangeError, history: &History, whole: bool) -> Verdict {
    let refused = if history.uncertain { Why::RotationUncertain } else { Why::Refused };
    match error {
        // Some services say so of a target they do not grant; if it was meant for the grant, its own refresh will tell.
        ExchangeError::Refused if !whole && !history.uncertain => {
            Verdict::NotThis(Trouble::TargetRefused { code: "invalid_grant" })
        }
        ExchangeError::Refused => Verdict::GiveUp(refused),
        ExchangeError::Misconfigured { code } => Verdict::Misconfigured(code),
        ExchangeError::Settings { why } => Verdict::Misconfigured(why),
        // Of a request that named no scope it says nothing clear, and goes the way of other unclear answers.
        ExchangeError::ScopeRefused { code } if !whole => Verdict::NotThis(Trouble::TargetRefused { code }),
        ExchangeError::Unavailable { retry_after, .. } => Verdict::Later(*retry_after),
        // A word of something on the way, not of the service about the grant: nothing was done, and no number of them ends it.
        ExchangeError::Doubtful { status: 300..=399, code: None } if whole => Verdict::Later(None),
        ExchangeError::NotSent { .. } if !history.uncertain => Verdict::Later(None),
        ExchangeError::Uncertain { .. } if !history.uncertain => Verdict::Uncertain(Again::AtOnce),
        // What an earlier exchange left open, this one has not settled.
        ExchangeError::NotSent { .. } | ExchangeError::Uncertain { .. } => Verdict::Uncertain(Again::Backoff),
        // The words of a device login have no meaning here: the answer is as good as unclear.
        _ if !whole => Verdict::NotThis(Trouble::unreachable(error)),
        _ if history.doubtful + 1 >= DOUBTFUL_TRIES => Verdict::GiveUp(refused),
        _ => Verdict::Later(None),
    }
}

/// What a failed token exchange means (RFC 8693 §2.2.2). It says nothing about the grant: its refresh token was not sent.
pub(super) fn judge_narrowing(error: &ExchangeError) -> Trouble {
    match error {
        ExchangeError::Refused => Trouble::TargetRefused { code: "invalid_grant" },
        ExchangeError::Denied => Trouble::TargetRefused { code: "access_denied" },
        ExchangeError::ScopeRefused { code } | ExchangeError::Doubtful { code: Some(code), .. } => {
            Trouble::TargetRefused { code }
        }
        ExchangeError::Misconfigured { code } | ExchangeError::Settings { why: code } => {
            Trouble::ExchangeRefused { code }
        }
        error => Trouble::unreachable(error),
    }
}

/// Whether an error counts towards [`DOUBTFUL_TRIES`].
pub(super) fn is_doubtful(error: &ExchangeError) -> bool {
    !matches!(error, ExchangeError::Doubtful { status: 300..=399, code: None })
        && matches!(
            error,
            ExchangeError::Doubtful { .. }
                | ExchangeError::AuthorizationPending
                | ExchangeError::Denied
                | ExchangeError::Expired
                | ExchangeError::ScopeRefused { .. }
                | ExchangeError::SlowDown
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(uncertain: bool, doubtful: u32) -> History {
        History { doubtful, uncertain, ..History::default() }
    }

    #[test]
    fn only_a_definite_answer_ends_a_grant() {
        let doubtful = ExchangeError::Doubtful { status: 400, code: None };
        let cases = [
            (ExchangeError::Refused, after(false, 0), Verdict::GiveUp(Why::Refused)),
            (ExchangeError::Refused, after(true, 0), Verdict::GiveUp(Why::RotationUncertain)),
            (doubtful.clone(), after(false, 0), Verdict::Later(None)),
            (doubtful.clone(), after(false, 1), Verdict::Later(None)),
            (doubtful, after(false, 2), Verdict::GiveUp(Why::Refused)),
            (ExchangeError::Doubtful { status: 307, code: None }, after(false, 2), Verdict::Later(None)),
            (ExchangeError::NotSent { why: "dns" }, after(false, 9), Verdict::Later(None)),
            (ExchangeError::NotSent { why: "dns" }, after(true, 0), Verdict::Uncertain(Again::Backoff)),
            (ExchangeError::Uncertain { why: "cut" }, after(false, 0), Verdict::Uncertain(Again::AtOnce)),
            (ExchangeError::Uncertain { why: "cut" }, after(true, 0), Verdict::Uncertain(Again::Backoff)),
            (
                ExchangeError::Unavailable { status: 429, retry_after: Some(Duration::from_secs(7)) },
                after(false, 2),
                Verdict::Later(Some(Duration::from_secs(7))),
            ),
            (
                ExchangeError::Misconfigured { code: "invalid_client" },
                after(true, 0),
                Verdict::Misconfigured("invalid_client"),
            ),
        ];
        for (error, history, verdict) in cases {
            assert_eq!(judge(&error, &history, true), verdict, "{error:?} {history:?}");
        }
    }

    #[test]
    fn a_refused_exchange_is_told_by_what_to_change() {
        for (error, trouble) in [
            (ExchangeError::Refused, Trouble::TargetRefused { code: "invalid_grant" }),
            (
                ExchangeError::Doubtful { status: 400, code: Some("invalid_request") },
                Trouble::TargetRefused { code: "invalid_request" },
            ),
            (
                ExchangeError::Misconfigured { code: "unsupported_grant_type" },
                Trouble::ExchangeRefused { code: "unsupported_grant_type" },
            ),
            (ExchangeError::Settings { why: "x" }, Trouble::ExchangeRefused { code: "x" }),
        ] {
            assert_eq!(judge_narrowing(&error), trouble);
        }
        for error in [
            ExchangeError::Doubtful { status: 400, code: None },
            ExchangeError::Uncertain { why: "cut" },
            ExchangeError::NotSent { why: "dns" },
        ] {
            assert!(matches!(judge_narrowing(&error), Trouble::Unreachable { .. }), "{error:?}");
        }
    }

    #[test]
    fn a_narrower_target_that_is_refused_says_nothing_about_the_grant() {
        let refused = ExchangeError::ScopeRefused { code: "invalid_target" };
        let not_this = Verdict::NotThis(Trouble::TargetRefused { code: "invalid_target" });
        assert_eq!(judge(&refused, &after(false, 5), false), not_this);
        let doubtful = ExchangeError::Doubtful { status: 400, code: None };
        assert!(matches!(judge(&doubtful, &after(false, 2), false), Verdict::NotThis(_)));
    }
}
