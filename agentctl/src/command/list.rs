//! `list`: every profile, tried at its service.

use clap::ArgMatches;
use proto::id::ProviderName;
use proto::whoami::{Probe, ProbeRequest};
use serde_json::{Value, json};

use super::augment;
use crate::cli::{self, Form, Network, Verb};
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::output::profile;

pub(super) const VERB: Verb = Verb {
    name: "list",
    aliases: &["ls", "profiles"],
    about: "List profiles and whether they work",
    more: "\
Each service is asked, all at once, and has 2 s. `ok`, `inactive` (known there, good for nothing), `timeout`,
`error`, or `offline` (nobody was asked). A `*` marks the current profile. Exits with 0 whatever they say.",
    forms: &[Form::reads().network(Network::When("always, unless `--offline`"))],
    examples: &["agentctl list", "agentctl list --offline -o json | jq -r '.[].name'"],
    arguments: augment::<List>,
    run,
};

#[derive(clap::Args)]
struct List {
    /// Ask no service
    #[arg(short = 'O', long)]
    offline: bool,
    /// Profiles of every environment, not only of those in use
    #[arg(long)]
    all: bool,
    /// Only profiles of this provider
    #[arg(long, value_name = "PROVIDER", value_parser = ProviderName::parse)]
    provider: Option<ProviderName>,
}

fn run(matches: &ArgMatches, invocation: &Invocation) -> Result<(), Failure> {
    let List { offline, all, provider } = cli::arguments(matches)?;
    let output = &invocation.output;
    let answer = invocation.connect()?.probe(&ProbeRequest { offline, all, provider })?;
    if output.is_json() {
        output.json(&answer.probes.iter().map(document).collect::<Vec<Value>>())?;
    } else if !answer.probes.is_empty() {
        output.text(&profile::list(&answer.probes, output.paint()))?;
    }
    if answer.hidden > 0 {
        output.note(&format!("{} more in other environments: --all", answer.hidden));
    } else if answer.probes.is_empty() {
        output.note("There are no profiles");
        output.hint("make one with `agentctl login`");
    }
    Ok(())
}

/// One profile for programs.
fn document(probe: &Probe) -> Value {
    let profile = &probe.profile;
    let mut value = json!({"name": profile.name, "auth_type": profile.auth_type, "active": profile.current,
        "status": probe.status});
    let known = [
        ("provider", profile.provider.as_ref().map(ProviderName::as_str)),
        ("environment", profile.environment.as_deref()),
        ("url", profile.url.as_deref()),
        ("project", profile.project.as_deref()),
        ("fingerprint", profile.fingerprint.as_deref()),
        ("detail", probe.detail.as_deref()),
    ];
    for (member, text) in known {
        if let Some(text) = text {
            value[member] = json!(text);
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_json_of_a_profile_is_stable() {
        let probe: Probe = serde_json::from_value(json!({"status": "ok", "profile": {"name": "work", "current": true,
            "auth_type": "oauth", "state": "usable", "flow": "device", "source": "file",
            "refresh": {"possible": true}, "provider": "baseten", "environment": "production",
            "url": "https://app.baseten.co", "project": "p-1", "fingerprint": "0123456789abcdef"}}))
        .expect("it is a probe");
        assert_eq!(
            document(&probe).to_string(),
            r#"{"active":true,"auth_type":"oauth","environment":"production","fingerprint":"0123456789abcdef","name":"work","project":"p-1","provider":"baseten","status":"ok","url":"https://app.baseten.co"}"#
        );
        let bare: Probe = serde_json::from_value(json!({"status": "error", "detail": "refused", "profile": {
            "name": "ci", "current": false, "auth_type": "api_key", "state": "usable", "flow": "key",
            "source": "memory", "refresh": {"possible": false}}}))
        .expect("it is a probe");
        assert_eq!(
            document(&bare).to_string(),
            r#"{"active":false,"auth_type":"api_key","detail":"refused","name":"ci","status":"error"}"#
        );
    }
}
