//! `daemon`: the agent's own life.

mod logs;
mod metrics;
mod stop;

use std::os::unix::process::CommandExt;
use std::process::Command;

use clap::{ArgMatches, Subcommand};

use super::augment;
use crate::cli::{self, Form, Verb};
use crate::client::Client;
use crate::clock;
use crate::connect::{self, ConnectError};
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::output::{clean, profile};

pub(super) const VERB: Verb = Verb {
    name: "daemon",
    aliases: &[],
    about: "Start, stop or look at the agent",
    more: "Other verbs start the agent by themselves when none answers.",
    forms: &[
        Form::changes("an agent runs in the foreground, in place of this process").action("run"),
        Form::changes("an agent runs in the background").action("start"),
        Form::changes("the agent ends; logins that are only in memory end with it").action("stop"),
        Form::reads().action("status"),
        Form::reads().action("logs"),
        Form::reads().action("metrics"),
        Form::changes("settings that can change while the agent runs").action("reload"),
    ],
    examples: &["agentctl daemon stop && agentctl daemon start"],
    arguments: augment::<Daemon>,
    run,
};

#[derive(clap::Args)]
struct Daemon {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Run the agent in the foreground; it takes the place of this process
    Run,
    /// Start the agent in the background unless one is running
    Start,
    /// Stop the agent and wait until it is gone; no error when none is running
    Stop,
    /// Show the agent without starting one; exits with 6 when none is running
    Status,
    /// Print the log of an agent that was started in the background
    Logs {
        /// How many lines from the end
        #[arg(short = 'n', long, value_name = "LINES", default_value_t = 100)]
        lines: usize,
        /// Go on with what is written from now on, by this agent and the next ones
        #[arg(short, long)]
        follow: bool,
    },
    /// Print numbers about the agent in the format of Prometheus
    Metrics,
    /// Make the agent read its configuration again
    Reload,
}

fn run(matches: &ArgMatches, invocation: &Invocation) -> Result<(), Failure> {
    let Daemon { action } = cli::arguments(matches)?;
    match action {
        Action::Run => Err(foreground(invocation)),
        Action::Start => start(invocation),
        Action::Stop => stop::stop(invocation),
        Action::Status => status(invocation),
        Action::Logs { lines, follow } => logs::print(invocation, lines, follow),
        Action::Metrics => metrics::print(invocation),
        Action::Reload => reload(invocation),
    }
}

fn foreground(invocation: &Invocation) -> Failure {
    let mut command = Command::new(connect::program());
    command.arg("run");
    command.envs(invocation.door().variables());
    let error = command.exec();
    Failure::unreachable(format!("`agentd` cannot be run: {}", error.kind())).hint("install `agentd` beside `agentctl`")
}

fn start(invocation: &Invocation) -> Result<(), Failure> {
    let (connected, word) = match invocation.door().connect() {
        Ok(connected) => (connected, "is already running"),
        Err(ConnectError::NotRunning(_)) => (invocation.door().start()?, "is running"),
        Err(error) => return Err(error.into()),
    };
    let socket = connected.socket;
    let agent = Client::new(connected.stream).status()?;
    if invocation.output.is_json() {
        return invocation.output.json(&agent);
    }
    let socket = socket.to_string_lossy();
    invocation.output.text(&format!("The agent {word}: process {}, at {}", agent.pid, clean(&socket)))
}

fn status(invocation: &Invocation) -> Result<(), Failure> {
    let output = &invocation.output;
    let agent = Client::new(invocation.door().connect()?.stream).status()?;
    if output.is_json() {
        output.json(&agent)?;
    } else {
        output.text(&profile::agent(&agent, clock::now(), output.paint()))?;
    }
    for warning in &agent.warnings {
        output.warning(warning);
    }
    Ok(())
}

fn reload(invocation: &Invocation) -> Result<(), Failure> {
    let output = &invocation.output;
    let answer = Client::new(invocation.door().connect()?.stream).reload()?;
    for warning in &answer.warnings {
        output.warning(warning);
    }
    if output.is_json() {
        return output.json(&answer);
    }
    let words = |words: &[String]| words.iter().map(|word| clean(word)).collect::<Vec<_>>().join(", ");
    let applied = if answer.applied.is_empty() { "nothing changed".into() } else { words(&answer.applied) };
    output.text(&format!("Configuration read: {applied}"))?;
    if !answer.restart_needed.is_empty() {
        output.warning(&format!("a restart is needed for {}", words(&answer.restart_needed)));
    }
    Ok(())
}
