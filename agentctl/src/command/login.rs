//! `login`: asks the agent for a login and shows the person its steps.

mod follow;
mod request;

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::ArgMatches;
use proto::id::ProfileName;
use proto::login::LoginRequest;
use proto::timestamp::Timestamp;

use super::{augment, seconds};
use crate::cli::{self, Verb};
use crate::failure::Failure;
use crate::invocation::Invocation;

pub(super) const VERB: Verb = Verb {
    name: "login",
    aliases: &[],
    about: "Log in to a service, or keep a key",
    more: "\
Without `--browser` or `--device` the agent chooses: the browser where one can be opened here, else the device flow.
`login NAME` again uses the settings of that profile. Secrets are only ever read from standard input.
Changes the store: a profile is made or renewed, and becomes the current one. Uses the network, except for keys.

Examples:
  agentctl login --issuer https://login.example.org --client-id my-tool
  agentctl login --issuer https://login.example.org --client-id my-tool --device --profile work
  agentctl login work
  agentctl login --api-key-stdin --profile ci --expires-at 90d < key.txt",
    arguments: augment::<Login>,
    run,
};

#[derive(clap::Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[command(group(clap::ArgGroup::new("method").args(["browser", "device", "api_key_stdin"])))]
struct Login {
    /// The profile to make or renew, as with `--profile`; by default named after the issuer's host
    #[arg(value_parser = ProfileName::parse)]
    name: Option<ProfileName>,
    /// The issuer, exactly as it names itself
    #[arg(long, value_name = "URL", conflicts_with = "api_key_stdin")]
    issuer: Option<String>,
    /// The client id that the service gave to this tool
    #[arg(long, value_name = "ID", conflicts_with = "api_key_stdin")]
    client_id: Option<String>,
    /// Log in with the browser on this machine
    #[arg(long)]
    browser: bool,
    /// Log in with a code that is typed into any browser
    #[arg(long)]
    device: bool,
    /// Keep the key that is on standard input, one line; needs a profile
    #[arg(long)]
    api_key_stdin: bool,
    /// When the key lapses: a date and time such as 2026-11-22T08:30:00Z, or a duration from now such as `90d`
    #[arg(long, value_name = "TIME", value_parser = request::point)]
    expires_at: Option<Timestamp>,
    /// Read the client secret from standard input, one line
    #[arg(long, conflicts_with = "api_key_stdin")]
    client_secret_stdin: bool,
    /// Ask for this scope; may be repeated
    #[arg(long, value_name = "SCOPE", conflicts_with = "api_key_stdin")]
    scope: Vec<String>,
    /// Ask for a login that covers this service (RFC 8707); may be repeated
    #[arg(long, value_name = "URI", conflicts_with = "api_key_stdin")]
    resource: Vec<String>,
    /// Trust the certificates in this PEM file as well, for this issuer
    #[arg(long, value_name = "FILE", conflicts_with = "api_key_stdin")]
    ca_file: Option<PathBuf>,
    /// Port of the redirect address on this machine; by default any
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..), conflicts_with = "api_key_stdin")]
    redirect_port: Option<u16>,
    /// The redirect address on this machine as registered; by default `http://127.0.0.1:PORT/callback`
    #[arg(long, value_name = "URI", conflicts_with = "api_key_stdin")]
    redirect_uri: Option<String>,
    /// Device authorization endpoint, if the issuer does not tell
    #[arg(long, value_name = "URL", conflicts_with = "api_key_stdin")]
    device_endpoint: Option<String>,
    /// Token endpoint, if the issuer does not tell
    #[arg(long, value_name = "URL", conflicts_with = "api_key_stdin")]
    token_endpoint: Option<String>,
    /// Authorization endpoint, if the issuer does not tell
    #[arg(long, value_name = "URL", conflicts_with = "api_key_stdin")]
    authorization_endpoint: Option<String>,
    /// Revocation endpoint, if the issuer does not tell
    #[arg(long, value_name = "URL", conflicts_with = "api_key_stdin")]
    revocation_endpoint: Option<String>,
    /// A further parameter of the authorization or device request; may be repeated
    #[arg(long, value_name = "KEY=VALUE", value_parser = request::pair, conflicts_with = "api_key_stdin")]
    auth_param: Vec<(String, String)>,
    /// Print the address and open nothing
    #[arg(long)]
    no_open_browser: bool,
    /// Give up after this time; by default `5m`
    #[arg(long, value_name = "DURATION", value_parser = seconds)]
    max_wait: Option<u64>,
    /// Leave the current profile as it is
    #[arg(long)]
    no_switch: bool,
}

fn run(matches: &ArgMatches, invocation: &Invocation) -> Result<(), Failure> {
    let login: Login = cli::arguments(matches)?;
    let open = !login.no_open_browser;
    let request = login.request(invocation)?;
    let mut client = invocation.connect()?;
    let request = settle(request, || Ok(client.status()?.current))?;
    let started = client.login(&request)?;
    drop(request);
    follow::follow(invocation, &mut client, &started, open)
}

/// A login that says neither what for nor whose renews the current profile.
fn settle(
    request: LoginRequest,
    current: impl FnOnce() -> Result<Option<ProfileName>, Failure>,
) -> Result<LoginRequest, Failure> {
    if request.profile.is_some() || request.issuer.is_some() {
        return Ok(request);
    }
    match current()? {
        Some(name) => Ok(LoginRequest { profile: Some(name), ..request }),
        None => {
            Err(Failure::usage("nothing says where to log in").hint("`agentctl login --issuer URL --client-id ID`"))
        }
    }
}

impl Login {
    fn request(self, invocation: &Invocation) -> Result<LoginRequest, Failure> {
        let profile = invocation.profile(self.name.as_ref())?;
        if self.api_key_stdin && profile.is_none() {
            return Err(Failure::usage("a key needs a profile to be kept in").hint("add `--profile NAME`"));
        }
        // The parser drops a `requires` on an option that another one excludes.
        if self.expires_at.is_some() && !self.api_key_stdin {
            return Err(Failure::usage("`--expires-at` is for keys: it needs `--api-key-stdin`"));
        }
        let auth_params: BTreeMap<String, String> = request::unique(self.auth_param)?;
        let (key, client_secret) = request::secrets(invocation, self.api_key_stdin, self.client_secret_stdin)?;
        Ok(LoginRequest {
            profile,
            flow: request::flow(self.browser, self.device, self.api_key_stdin),
            browser: crate::browser::available(|name| std::env::var_os(name)),
            switch: !self.no_switch,
            max_wait: self.max_wait,
            issuer: self.issuer,
            client_id: self.client_id,
            client_secret,
            scope: super::scopes(&self.scope),
            resource: self.resource,
            ca_file: self.ca_file.map(request::absolute).transpose()?,
            redirect_port: self.redirect_port,
            redirect_uri: self.redirect_uri,
            authorization_endpoint: self.authorization_endpoint,
            device_authorization_endpoint: self.device_endpoint,
            token_endpoint: self.token_endpoint,
            revocation_endpoint: self.revocation_endpoint,
            auth_params,
            key,
            expires_at: self.expires_at,
            ..LoginRequest::default()
        })
    }
}
