//! Kills the daemon at every step of a rotation and looks at what is left.
//!
//! Each round: a refresh is asked for, the daemon is killed with `SIGKILL` at a chosen step, the store it left is read,
//! the daemon is started again and has to serve the login as before. A login may be lost only where the issuer's own
//! ledger proves that it rotated, that the answer died with the daemon, and the issuer has no reuse window; such losses
//! are counted. Every round is made at an issuer without such a window, then at one with it.

mod place;
mod round;
mod step;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::issuer::Rotation;
use place::Place;
pub use step::Step;

/// The issuer's reuse window in the rounds that have one; longer than a round.
const WINDOW: Duration = Duration::from_mins(10);

/// What the rounds of one step came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// Rounds made.
    pub rounds: u64,
    /// Killed before the request reached the issuer.
    pub not_sent: u64,
    /// Killed after it did and before the issuer rotated.
    pub not_rotated: u64,
    /// Killed after the issuer rotated, with the successor not stored.
    pub unseen: u64,
    /// Killed after the successor was stored.
    pub stored: u64,
    /// Logins that had to be made again, each proven by the issuer's ledger.
    pub lost: u64,
}

/// What all rounds came to.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    counts: BTreeMap<(bool, Step), Count>,
    /// What must not happen, one sentence each.
    pub violations: Vec<String>,
}

impl Outcome {
    /// The sum over all steps of the rounds with (`true`) or without a reuse window.
    pub fn sum(&self, window: bool) -> Count {
        let of_kind = self.counts.iter().filter(|((kind, _), _)| *kind == window);
        of_kind.fold(Count::default(), |sum, (_, count)| sum.plus(count))
    }
}

impl Count {
    fn plus(self, other: &Self) -> Self {
        Self {
            rounds: self.rounds + other.rounds,
            not_sent: self.not_sent + other.not_sent,
            not_rotated: self.not_rotated + other.not_rotated,
            unseen: self.unseen + other.unseen,
            stored: self.stored + other.stored,
            lost: self.lost + other.lost,
        }
    }
}

/// Makes `rounds` rounds, alternately at the two issuers, and tells `seen` after each.
///
/// # Panics
/// When the daemon does not start or a login cannot be made: then nothing can be said.
pub async fn kill(rounds: u64, mut seen: impl FnMut(u64, &Outcome)) -> Outcome {
    let mut places = [Place::new(Rotation::On).await, Place::new(Rotation::Window(WINDOW)).await];
    let mut outcome = Outcome::default();
    for number in 0..rounds {
        let window = number % 2 == 1;
        let turn = number / 2;
        let step = Step::of(turn);
        let place = &mut places[usize::from(window)];
        let count = outcome.counts.entry((window, step)).or_default();
        round::round(place, step, turn, count, &mut outcome.violations).await;
        seen(number + 1, &outcome);
    }
    for place in places {
        place.check_presentations(&mut outcome.violations);
    }
    outcome
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = |f: &mut fmt::Formatter<'_>, kind: &str, step: &str, count: &Count| {
            let Count { rounds, not_sent, not_rotated, unseen, stored, lost } = count;
            writeln!(
                f,
                "{kind:<9} {step:<38} {rounds:>6} {not_sent:>9} {not_rotated:>12} {unseen:>7} {stored:>7} {lost:>5}"
            )
        };
        let (window, killed) = ("window", "killed while");
        writeln!(
            f,
            "{window:<9} {killed:<38} {:>6} {:>9} {:>12} {:>7} {:>7} {:>5}",
            "rounds", "not sent", "not rotated", "unseen", "stored", "lost"
        )?;
        for ((window, step), count) in &self.counts {
            line(f, if *window { "10 min" } else { "none" }, step.says(), count)?;
        }
        line(f, "", "all", &self.sum(false).plus(&self.sum(true)))?;
        for violation in &self.violations {
            writeln!(f, "violation: {violation}")?;
        }
        Ok(())
    }
}
