//! `exec`: a command with the token in its environment, and nowhere else.
//!
//! The command takes the place of this process, so signals, terminal and exit status are its own. A command that
//! cannot be found ends with 127, one that cannot be run with 126, as with `env` of POSIX.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::os::unix::process::CommandExt;
use std::process::Command;

use clap::ArgMatches;
use proto::token::TokenRequest;

use super::{augment, seconds, token};
use crate::cli::{self, Verb};
use crate::exit::Status;
use crate::failure::Failure;
use crate::invocation::Invocation;

pub(super) const VERB: Verb = Verb {
    name: "exec",
    aliases: &[],
    about: "Run a command with a token in its environment",
    more: "\
The command takes the place of `agentctl`: signals and exit code are its own. A command that is not there
ends with 127, one that cannot be run with 126. The token is not renewed while the command runs.
Reads only. Uses the network only when the token has to be refreshed first.

Example:
  agentctl exec --env GITHUB_TOKEN --min-ttl 30m -- make release",
    arguments: augment::<Exec>,
    run,
};

#[derive(clap::Args)]
struct Exec {
    /// Name of the environment variable
    #[arg(long, value_name = "NAME", default_value = "ACCESS_TOKEN", value_parser = variable)]
    env: String,
    /// Least remaining life of the token, such as `30m`
    #[arg(long, value_name = "DURATION", value_parser = seconds)]
    min_ttl: Option<u64>,
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

fn run(matches: &ArgMatches, invocation: &Invocation) -> Result<(), Failure> {
    let Exec { env, min_ttl, command } = cli::arguments(matches)?;
    let (program, arguments) = command.split_first().expect("clap refuses `exec` without a command");
    let request = TokenRequest { profile: invocation.profile(None)?, min_ttl, ..TokenRequest::default() };
    let lease = invocation.connect_apart()?.token(&request)?;
    if !lease.min_ttl_met {
        invocation.output.warning("the service gives no token with that much life");
    }
    let error = Command::new(program).args(arguments).env(env, token::plain(&lease.access_token)?).exec();
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
