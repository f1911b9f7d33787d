//! Chores whose work is a program of the `agent-tests` crate: build it, pass the arguments on.

use crate::command;
use crate::failure::Failure;
use crate::workspace;

/// `cargo xtask bench ARGS`.
pub(crate) fn bench(words: &[String]) -> Result<(), Failure> {
    release("bench", words)
}

/// `cargo xtask soak ARGS`.
pub(crate) fn soak(words: &[String]) -> Result<(), Failure> {
    release("soak", words)
}

/// `cargo xtask openapi`.
pub(crate) fn openapi() -> Result<(), Failure> {
    command::run(
        workspace::cargo()
            .args(["run", "--quiet", "--package", "agent-tests", "--bin", "openapi", "--"])
            .arg(workspace::root().join("docs").join("openapi.json")),
    )
}

/// Measurements and long runs drive the daemon and the client as they are shipped, so those are built first.
fn release(program: &str, words: &[String]) -> Result<(), Failure> {
    let packages = ["--package", "agentd", "--package", "agentctl", "--package", "agent-tests"];
    command::run(workspace::cargo().args(["build", "--release", "--bins"]).args(packages))?;
    command::run(
        workspace::cargo().args(["run", "--release", "--package", "agent-tests", "--bin", program, "--"]).args(words),
    )
}
