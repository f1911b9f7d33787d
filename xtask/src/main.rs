//! `cargo xtask`: every chore of this repository as one command that a person can run.
//!
//! Standard library only, so it builds in a second and works before anything else does. It knows how the workspace is
//! built, tested and shown; it knows nothing of OAuth.

mod command;
mod demo;
mod failure;
mod forward;
mod report;
mod test;
mod workspace;

use std::process::ExitCode;

use crate::failure::Failure;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  demo                    log in, fetch, refresh and share a token in a private sandbox; needs cargo only
  test                    everything: format, lints, docs, licences, all tests; installs what the tests need
  advisories              compare the dependencies with the RustSec database (needs its git host)
  bench [ARGS]            the numbers of docs/performance.md, built in release mode
  soak [kill|…] [ARGS]    long runs that kill and starve the daemon, built in release mode
  openapi                 write docs/openapi.json from the code";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match run(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            report::failure(&failure);
            ExitCode::FAILURE
        }
    }
}

fn run(words: &[String]) -> Result<(), Failure> {
    let (command, rest) = words.split_first().map_or(("", [].as_slice()), |(first, rest)| (first.as_str(), rest));
    match (command, rest) {
        ("demo", []) => demo::run(),
        ("test", []) => test::run(),
        ("advisories", []) => test::advisories(),
        ("openapi", []) => forward::openapi(),
        ("bench", _) => forward::bench(rest),
        ("soak", _) => forward::soak(rest),
        ("help" | "-h" | "--help", _) => {
            report::line(USAGE);
            Ok(())
        }
        ("", _) => Err(Failure::new("no command given").hint(USAGE)),
        _ => Err(Failure::new(format!("`{}` is no command of xtask", words.join(" "))).hint(USAGE)),
    }
}
