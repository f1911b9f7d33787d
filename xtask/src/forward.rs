//! Chores whose work is a program of the `agent-tests` crate: build it, pass the arguments on.

use std::process::Command;

use crate::command;
use crate::failure::Failure;
use crate::workspace;

/// `cargo xtask bench ARGS`.
pub(crate) fn bench(words: &[String]) -> Result<(), Failure> {
    release(&["bench", "nothing"], words)
}

/// `cargo xtask soak ARGS`.
pub(crate) fn soak(words: &[String]) -> Result<(), Failure> {
    release(&["soak"], words)
}

/// `cargo xtask openapi`.
pub(crate) fn openapi() -> Result<(), Failure> {
    command::run(
        workspace::cargo()
            .args(["run", "--quiet", "--package", "agent-tests", "--bin", "openapi", "--"])
            .arg(workspace::root().join("docs").join("openapi.json")),
    )
}

/// Builds daemon and client as they are shipped and `programs` of the test crate, then runs the first of those.
fn release(programs: &[&str], words: &[String]) -> Result<(), Failure> {
    let mut build = workspace::cargo();
    build.args(["build", "--release", "--package", "agentd", "--package", "agentctl", "--package", "agent-tests"]);
    for program in ["agentd", "agentctl"].iter().chain(programs) {
        build.args(["--bin", program]);
    }
    command::run(&mut build)?;
    let [program, ..] = programs else { return Ok(()) };
    command::run(Command::new(workspace::release_program(program)).args(words))
}
