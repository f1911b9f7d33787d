//! Long runs against the daemon as it is shipped: `soak kill [--rounds N]`, 200 rounds when nothing is said.
//!
//! Prints what the rounds came to; ends with 1 when something happened that must not.

use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;

use harness::soak;

const USAGE: &str = "usage: soak kill [--rounds N]";
const ROUNDS: u64 = 200;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let rounds = match words.as_slice() {
        ["kill"] => Some(ROUNDS),
        ["kill", "--rounds", number] => number.parse().ok(),
        _ => None,
    };
    let Some(rounds) = rounds else {
        writeln!(io::stderr(), "error: `soak {}` is not known\nhint: {USAGE}", words.join(" ")).ok();
        return ExitCode::from(2);
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.expect("a runtime can be made");
    let alive = io::stderr().is_terminal();
    let start = std::time::Instant::now();
    let outcome = runtime.block_on(soak::kill(rounds, |done, outcome| {
        if alive {
            let (lost, wrong) = (outcome.sum(false).lost, outcome.violations.len());
            write!(io::stderr(), "\r{done}/{rounds} rounds, {lost} proven losses, {wrong} violations ").ok();
        }
    }));
    if alive {
        writeln!(io::stderr()).ok();
    }
    let kept = outcome.violations.is_empty();
    let verdict = if kept { "every login was kept, or its loss is proven by the issuer" } else { "NOT AS IT MUST BE" };
    writeln!(io::stdout(), "{outcome}{rounds} rounds in {:.1} s: {verdict}", start.elapsed().as_secs_f32()).ok();
    if kept { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
