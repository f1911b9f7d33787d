//! `token`: the raw lease.

use std::io::IsTerminal;

use clap::ArgMatches;
use proto::secret::Secret;
use proto::token::{Purpose, TokenRequest};
use serde_json::json;

use super::fallback::{self, Standin};
use super::meant::For;
use super::{augment, scopes, seconds};
use crate::cli::{self, Form, Network, Verb};
use crate::client::ClientError;
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::output::Output;
use crate::wiped::Wiped;

pub(super) const VERB: Verb = Verb {
    name: "token",
    aliases: &[],
    about: "Print an access token or key",
    more: "\
Prints the token and a newline, nothing else; with `-o json` also its expiry, scopes and lease id. Where nothing is
logged in, the key in the provider's variable is printed, if it is set. Keep what is printed out of logs and files.",
    forms: &[Form::reads()
        .network(Network::When("only when the token has to be refreshed first, or a narrower one fetched"))],
    examples: &[
        "curl -H \"Authorization: Bearer $(agentctl token --min-ttl 5m)\" https://api.example.org/",
        "agentctl token --for-host https://github.com/o/r.git",
    ],
    arguments: augment::<Token>,
    run,
};

#[derive(clap::Args)]
struct Token {
    /// Least remaining life, such as `90s` or `5m`; by default 60 s or half the token's life, whichever is less
    #[arg(long, value_name = "DURATION", value_parser = seconds)]
    min_ttl: Option<u64>,
    /// Ask for these scopes only; may be repeated
    #[arg(long, value_name = "SCOPE")]
    scope: Vec<String>,
    /// Whom the token is for, as the issuer names it
    #[arg(long)]
    audience: Option<String>,
    /// Address of the service the token is for (RFC 8707)
    #[arg(long, value_name = "URI")]
    resource: Option<String>,
    /// A credential that came with the login, by its word in `agentctl status`
    #[arg(long, value_name = "WORD", conflicts_with_all = ["scope", "audience", "resource"])]
    credential: Option<String>,
    /// Print it on a terminal although the profile's rule is `reveal = "pipe"`
    #[arg(long)]
    yes_i_know: bool,
    #[command(flatten)]
    wanted: For,
}

fn run(matches: &ArgMatches, invocation: &Invocation) -> Result<(), Failure> {
    let Token { min_ttl, scope, audience, resource, credential, yes_i_know, wanted } = cli::arguments(matches)?;
    let mut client = invocation.connect()?;
    let request = TokenRequest {
        profile: wanted.profile(invocation, &mut client)?,
        min_ttl,
        scope: scopes(&scope),
        audience,
        resource,
        secondary: credential,
        purpose: purpose(std::io::stdout().is_terminal(), yes_i_know),
    };
    let output = &invocation.output;
    let token = match client.token(&request) {
        Err(error @ ClientError::Problem(_)) if plainly(&request) => {
            return stand_in(output, &fallback::after(&mut client, request.profile.as_ref(), error)?);
        }
        answer => answer?,
    };
    if output.is_json() {
        return output.json(&token);
    }
    print(output, &token.access_token)?;
    if !token.min_ttl_met {
        let left = token.expires_in.map_or_else(String::new, |left| format!(": {left} s are left"));
        output.warning(&format!("the service gives no token with that much life{left}"));
    }
    Ok(())
}

/// Where the token goes; a pipe is what the agent takes for granted.
pub(super) fn purpose(terminal: bool, acknowledged: bool) -> Option<Purpose> {
    match (terminal, acknowledged) {
        (false, _) => None,
        (true, false) => Some(Purpose::Terminal),
        (true, true) => Some(Purpose::TerminalAcknowledged),
    }
}

/// Whether a key will do, of which nothing is known.
fn plainly(request: &TokenRequest) -> bool {
    request.scope.is_none() && request.audience.is_none() && request.resource.is_none() && request.secondary.is_none()
}

fn stand_in(output: &Output, found: &Standin) -> Result<(), Failure> {
    output.detail(&format!("using the key in {}", found.variable));
    if output.is_json() {
        // EXPOSE: the person asked for the key itself.
        let key = found.key.expose();
        return output.json(&json!({"access_token": key, "provider": found.provider, "source": "environment",
            "token_type": found.scheme, "variable": found.variable}));
    }
    print(output, &found.key)
}

/// Writes a token and a newline.
pub(super) fn print(output: &Output, token: &Secret) -> Result<(), Failure> {
    let token = plain(token)?;
    let mut line = Wiped::with_capacity(token.len() + 1);
    line.append(token.as_bytes());
    line.append(b"\n");
    output.bytes(line.bytes())
}

/// The token as text that neither a terminal nor a line-based reader can misunderstand.
pub(super) fn plain(token: &Secret) -> Result<&str, Failure> {
    // EXPOSE: the person asked for the token itself.
    let text = token.expose();
    if text.chars().any(char::is_control) {
        return Err(Failure::failed("the token holds control characters").hint("`agentctl token -o json` escapes them"));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_is_named_and_a_pipe_is_not_worth_a_word() {
        assert_eq!((purpose(false, false), purpose(false, true)), (None, None));
        assert_eq!(purpose(true, false), Some(Purpose::Terminal));
        assert_eq!(purpose(true, true), Some(Purpose::TerminalAcknowledged));
    }
}
