//! `exec`: a command with the token in its environment, and nowhere else.
//!
//! The command takes the place of this process, so signals, terminal and exit status are its own. A command that
//! cannot be found ends with 127, one that cannot be run with 126, as with `env` of POSIX.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::os::unix::process::CommandExt;
use std::process::Command;

use clap::ArgMatches;
use proto::token::{ExecRequest, ExecVariables};

use super::meant::For;
use super::{augment, fallback, seconds, token};
use crate::cli::{self, Form, Network, Verb};
use crate::client::ClientError;
use crate::exit::Status;
use crate::failure::Failure;
use crate::invocation::Invocation;

pub(super) const VERB: Verb = Verb {
    name: "exec",
    aliases: &[],
    about: "Run a command with a token in its environment",
    more: "\
Sets ACCESS_TOKEN, and the variables that the provider's own tools read. The command takes the place of `agentctl`:
signals and exit code are its own. A command that is not there ends with 127, one that cannot be run with 126. The
token is not renewed while the command runs.",
    forms: &[Form::reads().network(Network::When("only when the token has to be refreshed first"))],
    examples: &["agentctl exec --env GITHUB_TOKEN --min-ttl 30m -- make release"],
    arguments: augment::<Exec>,
    run,
};

#[derive(clap::Args)]
struct Exec {
    /// Name of the environment variable for the token
    #[arg(long, value_name = "NAME", default_value = "ACCESS_TOKEN", value_parser = variable)]
    env: String,
    /// Least remaining life of the token, such as `30m`
    #[arg(long, value_name = "DURATION", value_parser = seconds)]
    min_ttl: Option<u64>,
    #[command(flatten)]
    wanted: For,
    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "CMD")]
    command: Vec<OsString>,
}

/// POSIX "Environment Variables": letters, digits and `_`, not a digit first.
fn variable(name: &str) -> Result<String, &'static str> {
    let legal = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let first_is_digit = name.bytes().next().is_none_or(|b| b.is_ascii_digit());
    if first_is_digit || !name.bytes().all(legal) { Err("is no name of a variable") } else { Ok(name.to_owned()) }
}

/// A name from the agent, held to the rule for names from the person.
fn checked(name: &str) -> Result<String, Failure> {
    variable(name).map_err(|_| Failure::failed("the provider names a variable that cannot be set"))
}

fn run(matches: &ArgMatches, invocation: &Invocation) -> Result<(), Failure> {
    let Exec { env, min_ttl, wanted, command } = cli::arguments(matches)?;
    let (program, arguments) = command.split_first().expect("clap refuses `exec` without a command");
    let mut client = invocation.connect_apart()?;
    let request = ExecRequest { profile: wanted.profile(invocation, &mut client)?, min_ttl };
    let mut child = Command::new(program);
    child.args(arguments);
    match client.exec(&request) {
        Ok(ExecVariables { variables, token: lease }) => {
            for (name, value) in &variables {
                child.env(checked(name)?, token::plain(value)?);
            }
            // Where no login is needed there is no token to set.
            if let Some(lease) = lease {
                child.env(env, token::plain(&lease.access_token)?);
                if !lease.min_ttl_met {
                    invocation.output.warning("the service gives no token with that much life");
                }
            }
        }
        Err(error @ ClientError::Problem(_)) => {
            let found = fallback::after(&mut client, request.profile.as_ref(), error)?;
            invocation.output.detail(&format!("using the key in {}", found.variable));
            child.env(env, token::plain(&found.key)?);
        }
        Err(error) => return Err(error.into()),
    }
    drop(client);
    let error = child.exec();
    let name = program.to_string_lossy();
    Err(match error.kind() {
        ErrorKind::NotFound => {
            Failure::own("command-not-found", Status::CommandNotFound, format!("there is no command `{name}`"))
        }
        kind => {
            let detail = format!("the command `{name}` cannot be run: {kind}");
            Failure::own("command-not-executable", Status::CommandNotExecutable, detail)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_every_shell_can_read_are_set() {
        for good in ["ACCESS_TOKEN", "_", "a1"] {
            assert!(variable(good).is_ok(), "{good}");
        }
        for bad in ["", "1A", "A-B", "A=B", "A B", "Ä", "A\0"] {
            assert!(variable(bad).is_err(), "{bad:?}");
        }
    }
}
