//! `agentctl`, the thin client of `agentd`.
//!
//! It parses a command line, makes one blocking exchange over a local socket and prints the answer. It has no async
//! runtime, no TLS and no OAuth: what it knows of the agent is the `proto` crate. `cli` is the way in, `command` has
//! one file per verb, `connect` finds or starts the agent, `client` speaks to it, `output` alone prints and `exit`
//! alone decides the process status.
#![forbid(unsafe_code)]

mod browser;
mod cli;
mod client;
mod clipboard;
mod clock;
mod command;
mod connect;
mod duration;
mod exit;
mod failure;
mod interrupt;
mod invocation;
mod output;
mod program;
mod prompt;
mod wait;
mod wiped;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run(std::env::args_os()).into()
}
