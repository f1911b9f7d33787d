//! The sum over cargo's `test result:` lines.

use std::fmt;

/// Tests seen so far, over all test programs.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    passed: u64,
    failed: u64,
}

impl Counts {
    /// Takes one line of cargo's output; only `test result: ok. 3 passed; 0 failed; …` counts.
    pub(super) fn see(&mut self, line: &str) {
        let Some(result) = line.trim_start().strip_prefix("test result:") else { return };
        let mut words = result.split([' ', '.', ';']).filter(|word| !word.is_empty()).peekable();
        while let Some(word) = words.next() {
            let (Ok(number), Some(what)) = (word.parse::<u64>(), words.peek()) else { continue };
            match *what {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                _ => {}
            }
        }
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_of_all_programs_are_added() {
        let mut counts = Counts::default();
        for line in [
            "running 3 tests",
            "test a ... ok",
            "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 2 filtered out; finished in 0.01s",
            "test result: FAILED. 10 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.20s",
            "9 passed; 9 failed",
        ] {
            counts.see(line);
        }
        assert_eq!(counts, Counts { passed: 13, failed: 2 });
        assert_eq!(counts.to_string(), "13 passed, 2 failed");
    }
}
