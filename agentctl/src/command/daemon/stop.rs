//! `daemon stop`: tells the agent to stop and waits until its process is gone.
//!
//! The process and not the socket is watched: an agent that finishes an exchange serves no more and still holds its
//! store, so the next one could not start; and a socket of a service manager stays, and starts a new agent when it is
//! knocked at.

use std::time::Duration;

use rustix::process::{Pid, test_kill_process};
use serde_json::json;

use crate::client::Client;
use crate::clock::{self, Deadline};
use crate::connect::ConnectError;
use crate::failure::Failure;
use crate::invocation::Invocation;

/// How long an agent may take to stop: it finishes exchanges under way and stores their result first.
const STOP_WAIT: Duration = Duration::from_secs(30);
const STOP_POLL: Duration = Duration::from_millis(10);

pub(super) fn stop(invocation: &Invocation) -> Result<(), Failure> {
    let output = &invocation.output;
    let stopped = match invocation.door().connect() {
        Ok(connected) => {
            let mut client = Client::new(connected.stream);
            // An agent of another protocol cannot tell its process, but it can be stopped.
            let process = client.status().ok().and_then(|agent| Pid::from_raw(i32::try_from(agent.pid).ok()?));
            client.shutdown()?;
            let gone = || process.map_or_else(|| !connected.socket.exists(), ended);
            wait(gone)?;
            true
        }
        Err(ConnectError::NotRunning(_)) => false,
        Err(error) => return Err(error.into()),
    };
    if output.is_json() {
        return output.json(&json!({"stopped": stopped}));
    }
    output.text(if stopped { "The agent has stopped" } else { "No agent is running" })
}

fn wait(gone: impl Fn() -> bool) -> Result<(), Failure> {
    let deadline = Deadline::after(STOP_WAIT);
    while !gone() {
        if deadline.left().is_none() {
            return Err(
                Failure::failed("the agent was told to stop and is still there").hint("look at `agentctl daemon logs`")
            );
        }
        clock::pause(STOP_POLL);
    }
    Ok(())
}

/// Whether a process has ended, even if nobody has asked for its status yet.
fn ended(process: Pid) -> bool {
    let zombie = || {
        // Where there is no such file, a process that ended is collected by the system's first process.
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", process.as_raw_pid())).unwrap_or_default();
        let mut fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace();
        // State and number of threads (`proc_pid_stat(5)`): lock and socket are held until the last thread is gone.
        fields.next() == Some("Z") && fields.nth(16).is_some_and(|threads| matches!(threads, "0" | "1"))
    };
    test_kill_process(process).is_err() || zombie()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    #[test]
    fn a_process_has_ended_before_and_after_it_is_collected() {
        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().expect("`cat` is everywhere");
        let process = Pid::from_child(&child);
        assert!(!ended(process));
        drop(child.stdin.take());
        if std::env::consts::OS == "linux" {
            wait(|| ended(process)).expect("it ends with its input");
        }
        child.wait().expect("it is a child");
        assert!(ended(process));
    }
}
