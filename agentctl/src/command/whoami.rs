//! `whoami`: who is logged in, as the service says now.

use clap::ArgMatches;
use proto::id::{ProfileName, ProviderName};
use proto::whoami::{Whoami, WhoamiRequest};

use super::{augment, fallback};
use crate::cli::{self, Form, Network, Verb};
use crate::client::ClientError;
use crate::exit::Status;
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::output::{Output, clean, profile};

pub(super) const VERB: Verb = Verb {
    name: "whoami",
    aliases: &[],
    about: "Ask the service who is logged in",
    more: "\
A refused token is refreshed once. Exits with 3 if the service still refuses it, with 4 if it may not ask, and with
7 if the service cannot be reached: then what is known from the last time is shown, marked as offline.",
    forms: &[Form::reads().network(Network::Always)],
    examples: &["agentctl whoami > /dev/null && make publish"],
    arguments: augment::<Who>,
    run,
};

#[derive(clap::Args)]
struct Who {
    /// The profile, as with `--profile`
    #[arg(value_parser = ProfileName::parse)]
    name: Option<ProfileName>,
}

fn run(matches: &ArgMatches, invocation: &Invocation) -> Result<(), Failure> {
    let Who { name } = cli::arguments(matches)?;
    let profile = invocation.profile(name.as_ref())?;
    let mut client = invocation.connect()?;
    let request = WhoamiRequest { profile: profile.clone(), fallback: None };
    let answer = match client.whoami(&request) {
        Err(error @ ClientError::Problem(_)) => {
            let found = fallback::after(&mut client, profile.as_ref(), error)?;
            invocation.output.detail(&format!("using the key in {}", found.variable));
            client.whoami(&WhoamiRequest { profile: None, fallback: Some(found.for_call()) })?
        }
        answer => answer?,
    };
    tell(&invocation.output, &answer)
}

fn tell(output: &Output, answer: &Whoami) -> Result<(), Failure> {
    if output.is_json() {
        output.json(answer)?;
    } else {
        output.text(&text(answer))?;
    }
    if answer.usable == Some(false) {
        output.warning("the service says that this credential is good for nothing");
    }
    if answer.offline {
        let why = answer.problem.as_ref().map_or_else(String::new, |problem| format!(": {}", problem.detail));
        output.warning(&format!("the service could not be asked; this is what is known from the last time{why}"));
        return Err(Failure::Quiet(Status::IssuerUnreachable));
    }
    Ok(())
}

/// `Logged in as NAME`, and what else is known.
fn text(answer: &Whoami) -> String {
    let account = answer.account.as_ref();
    let name = account.and_then(|account| account.name.as_deref()).map(|name| clean(name).into_owned());
    let who = name.clone().or_else(|| profile::account(account));
    let offline = if answer.offline { " (offline)" } else { "" };
    let mut text = match &who {
        Some(who) => format!("Logged in as {who}{offline}\n"),
        None if answer.offline => "Logged in (offline)\n".to_owned(),
        None => "Logged in; the service does not say as whom\n".to_owned(),
    };
    let email = account.and_then(|account| account.email.as_deref()).filter(|_| name.is_some());
    let organization = account.and_then(|account| account.organization.as_deref());
    let lines = [
        ("profile", answer.profile.as_ref().map(ProfileName::as_str)),
        ("service", answer.provider.as_ref().map(ProviderName::as_str)),
        ("e-mail", email),
        ("organization", organization),
        ("project", answer.project.as_deref()),
        ("at", answer.url.as_deref()),
    ];
    for (label, value) in lines {
        text.extend(value.map(|value| format!("{label}: {}\n", clean(value))));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn answer(json: serde_json::Value) -> Whoami {
        serde_json::from_value(json).expect("it is an answer")
    }

    #[test]
    fn who_it_is_stands_in_the_first_line() {
        let full = json!({"profile": "tank", "account": {"name": "Ada", "email": "ada@example.org",
            "organization": "Acme"}, "url": "https://x"});
        let expected = "Logged in as Ada\nprofile: tank\ne-mail: ada@example.org\norganization: Acme\nat: https://x\n";
        assert_eq!(text(&answer(full)), expected);
        let cached = json!({"offline": true, "account": {"email": "ada@example.org"}});
        assert_eq!(text(&answer(cached)), "Logged in as ada@example.org (offline)\n");
        assert_eq!(text(&answer(json!({}))), "Logged in; the service does not say as whom\n");
        assert_eq!(text(&answer(json!({"offline": true}))), "Logged in (offline)\n");
    }

    #[test]
    fn what_a_service_says_cannot_steer_the_terminal() {
        let nasty = text(&answer(json!({"account": {"name": "a\u{1b}[2J\n", "organization": "\u{202e}"}})));
        assert!(nasty.lines().all(|line| clean(line) == line), "{nasty:?}");
    }
}
