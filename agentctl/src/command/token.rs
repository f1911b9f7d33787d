//! `token`: the raw lease.

use clap::ArgMatches;
use proto::secret::Secret;
use proto::token::TokenRequest;

use super::{augment, scopes, seconds};
use crate::cli::{self, Verb};
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::output::Output;
use crate::wiped::Wiped;

pub(super) const VERB: Verb = Verb {
    name: "token",
    aliases: &[],
    about: "Print an access token or key",
    more: "\
Prints the token and a newline, nothing else; with `-o json` also its expiry, scopes and lease id.
Reads only. Uses the network only when the token has to be refreshed first.

Example:
  curl -H \"Authorization: Bearer $(agentctl token --min-ttl 5m)\" https://api.example.org/",
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
}

fn run(matches: &ArgMatches, invocation: &Invocation) -> Result<(), Failure> {
    let Token { min_ttl, scope, audience, resource } = cli::arguments(matches)?;
    let profile = invocation.profile(None)?;
    let request =
        TokenRequest { profile, min_ttl, scope: scopes(&scope), audience, resource, ..TokenRequest::default() };
    let token = invocation.connect()?.token(&request)?;
    if invocation.output.is_json() {
        return invocation.output.json(&token);
    }
    print(&invocation.output, &token.access_token)?;
    if !token.min_ttl_met {
        let left = token.expires_in.map_or_else(String::new, |left| format!(": {left} s are left"));
        invocation.output.warning(&format!("the service gives no token with that much life{left}"));
    }
    Ok(())
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
