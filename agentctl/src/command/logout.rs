//! `logout`: revokes at the service and drops the grant; the profile's settings stay.

use clap::ArgMatches;
use proto::id::ProfileName;
use proto::problem::Code;
use proto::profile::{LoggedOut, LogoutRequest, Revocation};
use serde_json::json;

use super::augment;
use crate::cli::{self, Verb};
use crate::client::ClientError;
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::output::Output;
use crate::prompt;

pub(super) const VERB: Verb = Verb {
    name: "logout",
    aliases: &[],
    about: "Revoke a login at its service and forget it",
    more: "\
The profile's settings stay, so `agentctl login NAME` needs nothing else. The local copy is destroyed whatever
the service answers. Logging out twice is no error.
Changes the store. Uses the network.

Example:
  agentctl logout work --yes",
    arguments: augment::<Logout>,
    run,
};

#[derive(clap::Args)]
struct Logout {
    /// The profile, as with `--profile`
    #[arg(value_parser = ProfileName::parse)]
    name: Option<ProfileName>,
    /// Do not ask
    #[arg(short, long, visible_alias = "force")]
    yes: bool,
}

fn run(matches: &ArgMatches, invocation: &Invocation) -> Result<(), Failure> {
    let Logout { name, yes } = cli::arguments(matches)?;
    let named = match invocation.profile(name.as_ref())? {
        Some(name) => Some(name),
        None => invocation.connect()?.status()?.current,
    };
    let Some(name) = named else { return nothing(&invocation.output, None) };
    prompt::confirm(invocation, yes, &format!("Log out of {name}?"))?;
    // A new connection: the agent need not have kept the first one while the person thought.
    match invocation.connect()?.logout(&LogoutRequest { profile: Some(name.clone()) }) {
        Ok(answer) => tell(&invocation.output, &answer),
        Err(ClientError::Problem(problem)) if problem.code == Code::NotFound => {
            nothing(&invocation.output, Some(&name))
        }
        Err(error) => Err(error.into()),
    }
}

fn nothing(output: &Output, name: Option<&ProfileName>) -> Result<(), Failure> {
    match name {
        Some(name) => output.warning(&format!("there is no profile {name}: nothing to do")),
        None => output.warning("there is no current profile: nothing to do"),
    }
    if output.is_json() {
        return output.json(&json!({"profile": name, "was_logged_in": false, "revocation": Revocation::Nothing}));
    }
    Ok(())
}

fn tell(output: &Output, answer: &LoggedOut) -> Result<(), Failure> {
    let name = &answer.profile;
    match answer.revocation {
        _ if !answer.was_logged_in => output.warning(&format!("{name} was not logged in: nothing to do")),
        Revocation::Failed => {
            let why = answer.problem.as_ref().map_or_else(String::new, |problem| format!(": {}", problem.detail));
            output.warning(&format!("the service did not revoke the login, which may stay valid there{why}"));
        }
        Revocation::Unsupported => {
            output.warning("the service offers no revocation: the tokens stay valid there until they lapse");
        }
        _ => {}
    }
    if output.is_json() {
        return output.json(answer);
    }
    match (answer.was_logged_in, answer.revocation) {
        (false, _) => Ok(()),
        (true, Revocation::Accepted) => {
            output.text(&format!("Logged out of {name}; the service has revoked the login"))
        }
        (true, _) => output.text(&format!("Logged out of {name}")),
    }
}
