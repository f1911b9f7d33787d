//! `logout`: revokes at the service and drops the grant; the profile's settings stay.

use clap::ArgMatches;
use proto::id::ProfileName;
use proto::profile::{LoggedOut, LogoutRequest, Profile, ProfileState, Revocation};
use serde_json::json;

use super::{augment, choose};
use crate::cli::{self, Form, Network, Verb};
use crate::client::Client;
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::output::{Output, profile};
use crate::prompt;

pub(super) const VERB: Verb = Verb {
    name: "logout",
    aliases: &[],
    about: "Revoke a login at its service and forget it",
    more: "\
The profile's settings stay, so `agentctl login NAME` needs nothing else. The local copy is destroyed whatever
the service answers; what could not be revoked is said and tried again. Logging out twice is no error. Without a
name: the only login, else asks which.",
    forms: &[Form::changes("the login is revoked and forgotten, and taken out of linked files")
        .network(Network::Always)
        .prompts("before it does anything; without a terminal it needs `--yes`")],
    examples: &["agentctl logout work --yes"],
    arguments: augment::<Logout>,
    run,
};

#[derive(clap::Args)]
struct Logout {
    /// The profile, as with `--profile`
    #[arg(value_parser = ProfileName::parse)]
    name: Option<ProfileName>,
    /// Log out of every profile
    #[arg(long, conflicts_with = "name")]
    all: bool,
    /// Do not ask
    #[arg(short, long, visible_alias = "force")]
    yes: bool,
}

fn run(matches: &ArgMatches, invocation: &Invocation) -> Result<(), Failure> {
    let Logout { name, all, yes } = cli::arguments(matches)?;
    let mut client = invocation.connect()?;
    if all {
        return every(invocation, client, yes);
    }
    let profile = if let Some(name) = invocation.named(name.as_ref())? {
        let Some(profile) = choose::inspect(&mut client, &name)? else {
            return Err(choose::unknown(&mut client, &name));
        };
        profile
    } else {
        match logged_in(&mut client)?.as_slice() {
            [] => return nothing(&invocation.output),
            [only] => only.clone(),
            several => choose::pick(invocation, "logout", several)?.clone(),
        }
    };
    if profile.state == ProfileState::LoggedOut {
        let who = profile::line(&profile);
        return tell(&invocation.output, &not_logged_in(profile.name), &who);
    }
    drop(client);
    prompt::confirm(invocation, yes, &format!("Log out of {}?", profile::line(&profile)))?;
    // A new connection: the agent need not have kept the first one while the person thought.
    let who = profile::line(&profile);
    let answer = invocation.connect()?.logout(&LogoutRequest { profile: Some(profile.name) })?;
    tell(&invocation.output, &answer, &who)
}

/// Profiles with something to log out of.
fn logged_in(client: &mut Client) -> Result<Vec<Profile>, Failure> {
    let profiles = client.list()?.profiles;
    Ok(profiles.into_iter().filter(|profile| profile.state != ProfileState::LoggedOut).collect())
}

fn every(invocation: &Invocation, mut client: Client, yes: bool) -> Result<(), Failure> {
    let output = &invocation.output;
    let profiles = logged_in(&mut client)?;
    if profiles.is_empty() {
        output.warning(choose::NOT_LOGGED_IN);
        return if output.is_json() { output.json(&json!([])) } else { Ok(()) };
    }
    drop(client);
    prompt::confirm(invocation, yes, &format!("Log out of {}?", choose::names(&profiles)))?;
    let mut client = invocation.connect()?;
    let (mut answers, mut failed) = (Vec::new(), None);
    for profile in profiles {
        let who = profile::line(&profile);
        match client.logout(&LogoutRequest { profile: Some(profile.name.clone()) }) {
            Ok(answer) => {
                warn(output, &answer);
                if !output.is_json() {
                    output.text(&text(&answer, &who))?;
                }
                answers.push(answer);
            }
            Err(error) => {
                output.warning(&format!("{} is still logged in: {error}", profile.name));
                failed = Some(Failure::from(error));
            }
        }
    }
    if output.is_json() {
        output.json(&answers)?;
    }
    failed.map_or(Ok(()), Err)
}

fn nothing(output: &Output) -> Result<(), Failure> {
    output.warning(choose::NOT_LOGGED_IN);
    if output.is_json() {
        return output.json(&json!({"profile": null, "was_logged_in": false, "revocation": Revocation::Nothing}));
    }
    Ok(())
}

fn not_logged_in(profile: ProfileName) -> LoggedOut {
    let revocation = Revocation::Nothing;
    LoggedOut { profile, was_logged_in: false, revocation, problem: None, still_valid: Vec::new(), retried: false }
}

fn tell(output: &Output, answer: &LoggedOut, who: &str) -> Result<(), Failure> {
    warn(output, answer);
    if output.is_json() {
        return output.json(answer);
    }
    if answer.was_logged_in { output.text(&text(answer, who)) } else { Ok(()) }
}

fn warn(output: &Output, answer: &LoggedOut) {
    for warning in warnings(answer) {
        output.warning(&warning);
    }
}

/// What the person should know about what is left at the service.
fn warnings(answer: &LoggedOut) -> Vec<String> {
    let mut told = Vec::new();
    if !answer.was_logged_in {
        told.push(format!("{} was not logged in: nothing to do", answer.profile));
    }
    let again = if answer.retried { "; it is tried again" } else { "" };
    match answer.revocation {
        Revocation::Failed => {
            let why = answer.problem.as_ref().map_or_else(String::new, |problem| format!(": {}", problem.detail));
            told.push(format!("the service did not revoke the login, which may stay valid there{again}{why}"));
        }
        Revocation::Unsupported if answer.still_valid.is_empty() => {
            told.push("the service offers no revocation: the tokens stay valid there until they lapse".to_owned());
        }
        _ if answer.retried => {
            told.push("something is still to be revoked at the service; it is tried again".to_owned());
        }
        _ => {}
    }
    told.extend(answer.still_valid.iter().cloned());
    told
}

fn text(answer: &LoggedOut, who: &str) -> String {
    match answer.revocation {
        Revocation::Accepted => format!("Logged out of {who}; the service has revoked the login"),
        _ => format!("Logged out of {who}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stays_at_the_service_is_said() {
        let answer = |json: serde_json::Value| -> LoggedOut { serde_json::from_value(json).expect("an answer") };
        let failed = json!({"profile": "a", "was_logged_in": true, "revocation": "failed", "retried": true});
        assert_eq!(
            warnings(&answer(failed)),
            ["the service did not revoke the login, which may stay valid there; it is tried again"]
        );
        let tank = json!({"profile": "a", "was_logged_in": true, "revocation": "unsupported",
            "still_valid": ["the key stays valid at Tank until 2027-02-20"]});
        assert_eq!(warnings(&answer(tank)), ["the key stays valid at Tank until 2027-02-20"]);
        let fine = json!({"profile": "a", "was_logged_in": true, "revocation": "accepted"});
        assert!(warnings(&answer(fine)).is_empty());
        let name = ProfileName::parse("a").expect("a valid name");
        assert_eq!(warnings(&not_logged_in(name)), ["a was not logged in: nothing to do"]);
    }
}
