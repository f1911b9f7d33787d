//! When a token is fresh, when it is refreshed, and how long to wait after a failure. Pure rules about time.

use std::time::Duration;

use crate::clock::Moment;
use crate::config::RefreshMode;

/// Callers are promised this much remaining life when they do not ask for another.
pub(super) const DEFAULT_MIN_TTL: Duration = Duration::from_mins(1);
/// A wish for remaining life is cut to this many per cent of the token's life; beyond it every call would refresh.
pub(super) const WISH_CAP_PERCENT: u32 = 90;
/// With [`RefreshMode::Late`], a token is refreshed when no more than this is left: refreshing ends the old token at
/// once, so it is done as late as a caller can still use the answer.
pub(super) const LATE_MARGIN: Duration = Duration::from_secs(10);
/// The wait after the first failure; it doubles with each.
pub(super) const FIRST_BACKOFF: Duration = Duration::from_secs(1);
/// The longest wait between tries, unless the service asks for a longer one.
pub(super) const LONGEST_BACKOFF: Duration = Duration::from_mins(5);
/// The longest wait that a service's `Retry-After` can impose.
pub(super) const LONGEST_RETRY_AFTER: Duration = Duration::from_hours(1);

/// So long before the end of a grant that cannot be refreshed it is told that it lapses.
pub(super) const WARNINGS: [Duration; 4] =
    [Duration::from_hours(7 * 24), Duration::from_hours(24), Duration::from_hours(1), Duration::from_mins(10)];

/// The remaining life promised to a caller who does not ask: 60 s, or half the token's life if that is less. `Late`
/// profiles promise a tenth, at most [`LATE_MARGIN`].
pub(super) fn default_min_ttl(life: Option<Duration>, mode: RefreshMode) -> Duration {
    match (life, mode) {
        (None, _) => Duration::ZERO,
        (Some(life), RefreshMode::Early) => DEFAULT_MIN_TTL.min(life / 2),
        (Some(life), RefreshMode::Late) => LATE_MARGIN.min(life / 10),
    }
}

/// The remaining life that decides whether a token is fresh for a caller with this wish.
pub(super) fn required_ttl(wish: Option<Duration>, life: Option<Duration>, mode: RefreshMode) -> Duration {
    let wish = wish.unwrap_or_else(|| default_min_ttl(life, mode));
    life.map_or(wish, |life| wish.min(life / 100 * WISH_CAP_PERCENT))
}

/// Whether a token that lapses at `expires_at` has at least `required` left. One without a known expiry always has.
pub(super) fn is_fresh(now: Moment, expires_at: Option<Moment>, required: Duration) -> bool {
    expires_at.is_none_or(|at| at > now && at.since(now) >= required)
}

/// When to refresh with nobody asking. `jitter` (0 to 255) spreads the grants of one issuer.
///
/// `Early`: between 75 and 85 % of life, and in any case before the default promise to callers would be broken, so
/// that nobody waits. `Late`: when [`default_min_ttl`] is about to be broken.
pub(super) fn refresh_at(issued_at: Moment, life: Duration, mode: RefreshMode, jitter: u8) -> Moment {
    let promise = default_min_ttl(Some(life), mode);
    match mode {
        RefreshMode::Early => {
            let fraction = life / 100 * 75 + life / 10 * u32::from(jitter) / 255;
            // A fifth of the promise is the time a refresh may take without a caller noticing.
            let before_promise = life.saturating_sub(promise + promise / 5);
            let spread = before_promise / 20 * u32::from(jitter) / 255;
            issued_at + fraction.min(before_promise.saturating_sub(spread))
        }
        RefreshMode::Late => issued_at + life.saturating_sub(promise),
    }
}

/// When it is told that a credential lapses, in order; the last mark is its end. A warning that would come in the first half
/// of its life is left out: who has just logged in knows.
pub(super) fn marks(issued_at: Moment, expires_at: Moment) -> impl Iterator<Item = Moment> {
    let half = expires_at.since(issued_at) / 2;
    let warnings = WARNINGS.into_iter().filter(move |ahead| *ahead <= half);
    warnings.map(move |ahead| expires_at - ahead).chain([expires_at])
}

/// How long to wait after `failures` failures in a row; the service's own wish wins where it is longer.
pub(super) fn backoff(failures: u32, retry_after: Option<Duration>, jitter: u8) -> Duration {
    let doubled = FIRST_BACKOFF.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(LONGEST_BACKOFF);
    let jittered = doubled + doubled / 4 * u32::from(jitter) / 255;
    jittered.max(retry_after.unwrap_or_default().min(LONGEST_RETRY_AFTER))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    fn secs(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn the_default_promise_is_a_minute_or_half_the_life() {
        assert_eq!(default_min_ttl(Some(HOUR), RefreshMode::Early), secs(60));
        assert_eq!(default_min_ttl(Some(secs(5)), RefreshMode::Early), Duration::from_millis(2500));
        assert_eq!(default_min_ttl(None, RefreshMode::Early), Duration::ZERO);
        assert_eq!(default_min_ttl(Some(secs(50)), RefreshMode::Late), secs(5));
    }

    #[test]
    fn a_wish_beyond_the_life_is_cut() {
        assert_eq!(required_ttl(Some(2 * HOUR), Some(HOUR), RefreshMode::Early), secs(3240));
        assert_eq!(required_ttl(Some(secs(600)), Some(HOUR), RefreshMode::Early), secs(600));
        assert_eq!(required_ttl(Some(HOUR), None, RefreshMode::Early), HOUR);
    }

    #[test]
    fn an_unknown_expiry_is_fresh_and_a_passed_one_is_not() {
        let now = Moment::new(secs(100));
        assert!(is_fresh(now, None, HOUR));
        assert!(!is_fresh(now, Some(now), Duration::ZERO));
        assert!(is_fresh(now, Some(now + secs(60)), secs(60)));
        assert!(!is_fresh(now, Some(now + secs(59)), secs(60)));
    }

    #[test]
    fn an_early_refresh_comes_before_any_caller_would_wait() {
        let start = Moment::new(secs(1000));
        for life in [1, 2, 5, 12, 60, 119, 120, 300, 3600, 86_400] {
            for jitter in [0, 1, 127, 254, 255] {
                let life = secs(life);
                let at = refresh_at(start, life, RefreshMode::Early, jitter);
                let promise = default_min_ttl(Some(life), RefreshMode::Early);
                assert!(at >= start && is_fresh(at, Some(start + life), promise), "{life:?} {jitter}");
                assert!(at <= start + life / 100 * 85, "{life:?} {jitter}");
            }
        }
        assert_eq!(refresh_at(start, HOUR, RefreshMode::Early, 0), start + secs(2700));
        assert_eq!(refresh_at(start, HOUR, RefreshMode::Late, 7), start + secs(3590));
    }

    #[test]
    fn warnings_come_in_the_second_half_of_a_life_and_its_end_is_the_last() {
        let start = Moment::new(secs(1_000_000));
        let before = |life: Duration| -> Vec<Duration> {
            let end = start + life;
            marks(start, end).map(|mark| end.since(mark)).collect()
        };
        let day = Duration::from_hours(24);
        assert_eq!(before(30 * day), [7 * day, day, HOUR, secs(600), Duration::ZERO]);
        assert_eq!(before(13 * day), [day, HOUR, secs(600), Duration::ZERO]);
        assert_eq!(before(HOUR), [secs(600), Duration::ZERO]);
        assert_eq!(before(secs(60)), [Duration::ZERO]);
    }

    #[test]
    fn backoff_doubles_is_capped_and_honours_the_service() {
        assert_eq!(backoff(1, None, 0), secs(1));
        assert_eq!(backoff(4, None, 0), secs(8));
        assert_eq!(backoff(60, None, 0), LONGEST_BACKOFF);
        assert_eq!(backoff(1, Some(secs(90)), 0), secs(90));
        assert_eq!(backoff(1, Some(secs(1_000_000)), 0), LONGEST_RETRY_AFTER);
        assert!(backoff(1, None, 255) > backoff(1, None, 0));
    }
}
