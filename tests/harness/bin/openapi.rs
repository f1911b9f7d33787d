//! Writes the `OpenAPI` document to the file named as the only argument; `cargo xtask openapi` runs it.

#![expect(clippy::print_stderr, reason = "a program of the test crate, which has no printer of its own")]

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut words = std::env::args_os().skip(1);
    let (Some(file), None) = (words.next(), words.next()) else {
        eprintln!("usage: openapi FILE");
        return ExitCode::from(2);
    };
    match std::fs::write(&file, harness::openapi::text()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: cannot write `{}`: {error}", file.to_string_lossy());
            ExitCode::FAILURE
        }
    }
}
