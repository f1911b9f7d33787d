//! `cargo xtask test`: everything that must hold, in the order of how fast it can fail.
//!
//! One profile and one target directory serve all steps, so nothing is compiled twice for the same purpose. Nothing is
//! skipped in silence: what cannot be installed is an error. The comparison with the RustSec database is a chore of its
//! own (`cargo xtask advisories`), because the database comes by git from a host that is not a package registry.

mod counts;
mod install;

use crate::command;
use crate::demo;
use crate::failure::Failure;
use crate::report;
use crate::workspace::{self, cargo};

use self::counts::Counts;

/// Rounds of the short soak at the end; the long one is `cargo xtask soak kill`.
const SOAK_ROUNDS: &str = "20";

/// All steps. The last line of output is `N passed, N failed` over all test programs.
pub(crate) fn run() -> Result<(), Failure> {
    report::step("components", install::components)?;
    report::step("format", || command::run(cargo().args(["fmt", "--all", "--check"])))?;
    report::step("install the packages of the tests", install::packages)?;
    report::step("install the clients of services", install::clients)?;
    report::step("install the keyring and the browser", install::debian)?;
    report::step("install cargo-deny", install::cargo_deny)?;
    report::step("licences, bans, sources", || {
        command::run(install::deny().args(["check", "licenses", "bans", "sources"]))
    })?;
    report::step("lints", || {
        command::run(cargo().args(["clippy", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"]))
    })?;
    report::step("documentation", || {
        let mut doc = cargo();
        doc.args(["doc", "--locked", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings");
        command::run(&mut doc)
    })?;
    // The tests start `agentd` and `agentctl` as programs, which `cargo test` alone would not build for them.
    report::step("build", || command::run(cargo().args(["build", "--locked", "--workspace"])))?;
    report::step("demo", demo::run)?;
    let mut counts = Counts::default();
    let tests = report::step("tests", || {
        let mut test = cargo();
        test.args(["test", "--locked", "--workspace", "--no-fail-fast"]);
        let status = command::watch(&mut test, |line| counts.see(line))?;
        command::succeeded(&test, status)
    });
    let soak = report::step("short soak", soak);
    for failure in [&tests, &soak].into_iter().filter_map(|result| result.as_ref().err()) {
        report::failure(failure);
    }
    report::line(&counts);
    tests.and(soak).map_err(Failure::told)
}

/// Kills the daemon a few times in the middle of a rotation; the program was built with the tests.
fn soak() -> Result<(), Failure> {
    command::run(std::process::Command::new(workspace::program("soak")).args(["kill", "--rounds", SOAK_ROUNDS]))
}

/// Compares Cargo.lock with the RustSec database.
pub(crate) fn advisories() -> Result<(), Failure> {
    report::step("install cargo-deny", install::cargo_deny)?;
    report::step("advisories", || command::run(install::deny().args(["check", "advisories"]))).map_err(|failure| {
        failure.hint("the database is fetched with git; behind a closed network run this where its host can be reached")
    })
}
