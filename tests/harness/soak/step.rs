//! The steps of a rotation, and when in each of them the daemon is killed.

use std::time::Duration;

/// Where in a rotation the daemon is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Nothing is under way.
    Quiet,
    /// At some moment between the caller's question and its answer, from round to round a different one.
    Anywhere,
    /// The request lies at the issuer, which has done nothing with it yet.
    Held,
    /// The issuer has rotated and keeps the answer back.
    Processed,
    /// At some moment after the issuer rotated: the answer travels, is stored, is published.
    Answer,
    /// The caller has its answer.
    Served,
}

/// The order of the rounds; steps that cover a stretch of time come more often.
const ORDER: [Step; 10] = [
    Step::Anywhere,
    Step::Held,
    Step::Answer,
    Step::Processed,
    Step::Anywhere,
    Step::Served,
    Step::Answer,
    Step::Quiet,
    Step::Anywhere,
    Step::Answer,
];

impl Step {
    /// The step of the given turn.
    pub(super) fn of(turn: u64) -> Self {
        ORDER[usize::try_from(turn % ORDER.len() as u64).expect("a small number")]
    }

    /// What happens in it.
    pub fn says(self) -> &'static str {
        match self {
            Step::Quiet => "nothing is under way",
            Step::Anywhere => "anywhere from question to answer",
            Step::Held => "the request waits at the issuer",
            Step::Processed => "the issuer keeps the answer back",
            Step::Answer => "the answer travels or is stored",
            Step::Served => "the caller has the answer",
        }
    }
}

/// A part of `whole` that differs from turn to turn and covers it evenly: multiples of the golden ratio, without their
/// whole part.
pub(super) fn part(whole: Duration, turn: u64) -> Duration {
    const GOLDEN: f64 = 0.618_033_988_749_895;
    let turn = u32::try_from(turn % 10_000).expect("a small number");
    whole.mul_f64((f64::from(turn) * GOLDEN).fract())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_stretch_leave_no_large_gap() {
        let whole = Duration::from_millis(100);
        let mut parts: Vec<_> = (0..50).map(|turn| part(whole, turn)).collect();
        parts.push(whole);
        parts.sort();
        let widest = parts.windows(2).map(|two| two[1].abs_diff(two[0])).max();
        assert!(widest.is_some_and(|gap| gap < Duration::from_millis(5)), "{widest:?}");
    }
}
