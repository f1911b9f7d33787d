//! `status`: the local truth about the agent and the chosen profile.

use clap::ArgMatches;
use proto::id::ProfileName;
use proto::profile::{Profile, ProfileState};
use proto::status::Status as Agent;
use serde::Serialize;
use serde_json::Value;

use super::fallback::{self, Standin};
use super::{augment, choose};
use crate::cli::{self, Form, Verb};
use crate::client::Client;
use crate::clock;
use crate::exit::Status;
use crate::failure::Failure;
use crate::invocation::{Chosen, Invocation, Why};
use crate::output::{Cell, Output, clean, fields, profile};

pub(super) const VERB: Verb = Verb {
    name: "status",
    aliases: &[],
    about: "Show the agent and the chosen profile",
    more: "Where nothing is logged in and a variable of the environment stands in, that is shown with source `environment`.",
    forms: &[Form::reads()],
    examples: &["agentctl status --exit-status > /dev/null || agentctl login"],
    arguments: augment::<Show>,
    run,
};

#[derive(clap::Args)]
struct Show {
    /// The profile, as with `--profile`
    #[arg(value_parser = ProfileName::parse)]
    name: Option<ProfileName>,
    /// Exit with 0 only if a token, and all that must come with it, can be had, else with 3 (login required),
    /// 5 (locked) or 6 (no agent)
    #[arg(long)]
    exit_status: bool,
}

/// The JSON form.
#[derive(Serialize)]
struct Report<'a> {
    agent: &'a Agent,
    profile: Option<&'a Profile>,
    why: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    project_file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    credential: Option<Value>,
}

fn run(matches: &ArgMatches, invocation: &Invocation) -> Result<(), Failure> {
    let Show { name, exit_status } = cli::arguments(matches)?;
    let chosen = invocation.chosen(name.as_ref())?;
    let mut client = invocation.connect()?;
    let agent = client.status()?;
    let chosen = chosen.or_else(|| agent.current.clone().map(|name| Chosen { name, why: Why::Current }));
    let found = match &chosen {
        Some(chosen) => choose::inspect(&mut client, &chosen.name)?,
        None => None,
    };
    let output = &invocation.output;
    let standin =
        if found.is_none() && chosen.is_some() { None } else { stand_in(output, &mut client, found.as_ref()) };
    if output.is_json() {
        let credential = standin.as_ref().map(Standin::json);
        let why = chosen.as_ref().map_or("none", |chosen| chosen.why.word());
        let project_file = chosen.as_ref().and_then(|chosen| chosen.why.file()).map(|path| path.display().to_string());
        output.json(&Report { agent: &agent, profile: found.as_ref(), why, project_file, credential })?;
    } else {
        let now = clock::now();
        let mut text = profile::agent(&agent, now, output.paint());
        if let Some(found) = &found {
            text.push('\n');
            let why = chosen.as_ref().map_or_else(String::new, |chosen| chosen.why.told());
            text.push_str(&profile::profile(found, &clean(&why), now, output.paint()));
        }
        if let Some(standin) = &standin {
            text.push('\n');
            text.push_str(&told(standin, output));
        }
        output.text(&text)?;
    }
    for warning in &agent.warnings {
        output.warning(warning);
    }
    let unusable = || if exit_status { Err(Failure::Quiet(Status::LoginRequired)) } else { Ok(()) };
    match (&found, &chosen) {
        _ if standin.is_some() => Ok(()),
        (Some(found), _) if ready(found) => Ok(()),
        (Some(found), _) if usable(found) => {
            output.hint(&format!("`agentctl sync {}` fetches what is missing", found.name));
            unusable()
        }
        (Some(found), _) => {
            output.hint(&format!("`agentctl login {}`", found.name));
            unusable()
        }
        (None, Some(Chosen { name, .. })) => match choose::unknown(&mut client, name) {
            Failure::Own { word, detail, hint, lines, .. } if exit_status => {
                Err(Failure::Own { word, status: Status::LoginRequired, detail, hint, lines })
            }
            failure => Err(failure),
        },
        (None, None) => {
            output.note(choose::NOT_LOGGED_IN);
            output.hint("`agentctl provider list` shows where to");
            unusable()
        }
    }
}

/// What stands in for the profile. That it cannot be told is no reason to say nothing at all.
fn stand_in(output: &Output, client: &mut Client, profile: Option<&Profile>) -> Option<Standin> {
    match fallback::stand_in(client, profile) {
        Ok(found) => found,
        Err(failure) => {
            if let Some((detail, ..)) = failure.text().filter(|_| failure.status() == Status::Usage) {
                output.warning(detail);
            }
            None
        }
    }
}

fn told(standin: &Standin, output: &Output) -> String {
    let text = |text: &str| Cell::plain(clean(text).into_owned());
    let mut rows = vec![("credential", text(&standin.variable)), ("provider", text(standin.provider.as_str()))];
    rows.extend(standin.url.as_deref().map(|url| ("environment", text(url))));
    rows.push(("type", Cell::plain("api_key")));
    rows.push(("source", Cell::plain("environment (from a variable, for one call)")));
    fields(&rows, output.paint())
}

fn usable(profile: &Profile) -> bool {
    matches!(profile.state, ProfileState::Usable | ProfileState::Refreshable)
}

/// Whether a token can be had and all that must come with it is there.
fn ready(profile: &Profile) -> bool {
    usable(profile) && profile.secondaries.iter().all(|one| one.present || !one.required)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn profile(state: &str, required: bool, present: bool) -> Profile {
        let json = json!({"name": "tm", "current": true, "auth_type": "oauth", "state": state, "flow": "device",
            "source": "file", "refresh": {"possible": true}, "secondaries": [
                {"name": "inference", "title": "Inference key", "required": required, "present": present}]});
        serde_json::from_value(json).expect("it is a profile")
    }

    #[test]
    fn ready_means_a_token_and_all_that_is_required() {
        for (state, required, present, expected) in [
            ("usable", true, true, true),
            ("refreshable", false, false, true),
            ("usable", true, false, false),
            ("login-required", true, true, false),
            ("logged-out", false, false, false),
        ] {
            assert_eq!(ready(&profile(state, required, present)), expected, "{state} {required} {present}");
        }
    }

    #[test]
    fn a_credential_of_the_environment_stands_beside_the_profile() {
        let agent: Agent = serde_json::from_value(json!({"agent": {"version": "0.1.0", "protocol": 1}, "pid": 7,
            "started_at": "2026-09-21T14:13:20Z", "socket": "/s", "store": {"source": "memory"}, "profiles": 0,
            "logins": 0, "connections": 1}))
        .expect("it is a status");
        let report = |credential| Report { agent: &agent, profile: None, why: "none", project_file: None, credential };
        let text = |report| serde_json::to_string(&report).expect("it can be written");
        assert!(text(report(None)).ends_with(r#","profile":null,"why":"none"}"#));
        let with = text(report(Some(json!({"source": "environment"}))));
        assert!(with.ends_with(r#","profile":null,"why":"none","credential":{"source":"environment"}}"#), "{with}");
    }
}
