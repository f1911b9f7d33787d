//! The options of `login`, and what can be said about them without asking anybody.

use std::collections::BTreeMap;
use std::path::PathBuf;

use proto::login::LoginRequest;
use proto::provider::Method;
use proto::secret::Secret;
use proto::timestamp::Timestamp;

use super::client_key::ClientKey;
use super::inputs::{Origin, secret_words};
use super::request;
use super::step_up::StepUp;
use crate::command::{file, scopes, seconds};
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::prompt;

#[derive(clap::Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[command(group(clap::ArgGroup::new("method").args(
    ["browser", "device", "api_key", "api_key_stdin", "client_credentials"])))]
#[command(group(clap::ArgGroup::new("secret").args(["api_key", "api_key_stdin"])))]
pub(super) struct Login {
    /// A profile to renew, or a provider to log in to; with `--issuer`, the profile to make
    #[arg(value_name = "PROVIDER-OR-PROFILE")]
    pub(super) target: Option<String>,
    /// Log in with the browser on this machine
    #[arg(long)]
    pub(super) browser: bool,
    /// Log in with a code that is typed into any browser
    #[arg(long)]
    pub(super) device: bool,
    /// Keep a key: it is taken from the provider's variables, else asked for and not shown
    #[arg(long)]
    pub(super) api_key: bool,
    /// Keep the key that is on standard input, one line
    #[arg(long)]
    pub(super) api_key_stdin: bool,
    /// Log in without a person, with a client id and secret
    #[arg(long)]
    pub(super) client_credentials: bool,
    /// The kind of key, where the provider has several
    #[arg(long = "type", value_name = "VARIANT", conflicts_with = "issuer")]
    pub(super) variant: Option<String>,
    /// The deployment: its name, or a base URL
    #[arg(short = 'u', long, visible_alias = "url", value_name = "NAME|URL", conflicts_with = "issuer")]
    pub(super) environment: Option<String>,
    /// The project, by id or name
    #[arg(short = 'P', long, value_name = "ID", conflicts_with = "issuer")]
    pub(super) project: Option<String>,
    /// When the key lapses: a date and time such as 2026-11-22T08:30:00Z, or a duration from now such as `90d`
    #[arg(long, value_name = "TIME", value_parser = request::point)]
    pub(super) expires_at: Option<Timestamp>,
    /// Print the address and open nothing; where the browser is on another machine, the address it ends at is asked for
    #[arg(long)]
    pub(super) no_open_browser: bool,
    /// Show the address as a QR code too, even where the screen is low; by default only that of a device login
    #[arg(long)]
    pub(super) qr: bool,
    /// Show no QR code
    #[arg(long, conflicts_with = "qr")]
    pub(super) no_qr: bool,
    /// Copy the code, or the address where there is none, to the clipboard
    #[arg(long)]
    pub(super) copy: bool,
    /// Go on with a login that waits: that of the named profile, or of this id
    #[arg(long, group = "waiting", conflicts_with_all = ["method", "issuer"])]
    pub(super) resume: bool,
    /// List the logins that wait
    #[arg(long, group = "waiting", conflicts_with_all = ["method", "issuer", "target"])]
    pub(super) list: bool,
    /// Cancel a login that waits: that of the named profile, or of this id
    #[arg(long, group = "waiting", conflicts_with_all = ["method", "issuer"])]
    pub(super) cancel: bool,
    /// Hand the login the address that a browser on another machine ended at: one line on standard input
    #[arg(long, requires = "resume")]
    pub(super) answer_stdin: bool,
    /// Give up after this time; by default what the provider says, else `5m`
    #[arg(long, visible_aliases = ["timeout", "max-wait-seconds"], value_name = "DURATION", value_parser = seconds)]
    pub(super) max_wait: Option<u64>,
    /// Ask the service this often whether the login is approved; never more often than it allows
    #[arg(long, value_name = "DURATION", value_parser = request::milliseconds)]
    pub(super) poll_interval: Option<u64>,
    /// Replace another login of the profile without asking
    #[arg(short, long, visible_alias = "force")]
    pub(super) yes: bool,
    /// Leave the current profile as it is
    #[arg(long)]
    pub(super) no_switch: bool,
    /// Ask for this scope; may be repeated
    #[arg(long, value_name = "SCOPE", conflicts_with = "secret")]
    pub(super) scope: Vec<String>,
    /// The issuer, exactly as it names itself, where no provider describes it
    #[arg(long, value_name = "URL", conflicts_with = "secret")]
    pub(super) issuer: Option<String>,
    /// The client id that the service gave to this tool
    #[arg(long, value_name = "ID", conflicts_with = "secret")]
    pub(super) client_id: Option<String>,
    /// Read the client secret from standard input, one line
    #[arg(long, conflicts_with = "secret")]
    pub(super) client_secret_stdin: bool,
    /// Read from standard input, one line, the token that lets this tool register itself, where the issuer wants one
    #[arg(long, conflicts_with_all = ["secret", "client_id", "client_secret_stdin", "client_key_file", "client_credentials"])]
    pub(super) registration_token_stdin: bool,
    /// Ask for a login that covers this service (RFC 8707); may be repeated
    #[arg(long, value_name = "URI", conflicts_with = "secret")]
    pub(super) resource: Vec<String>,
    /// Trust the certificates in this PEM file as well, for this issuer
    #[arg(long, value_name = "FILE", conflicts_with = "secret")]
    pub(super) ca_file: Option<PathBuf>,
    /// Port of the redirect address on this machine; by default any
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..), conflicts_with = "secret")]
    pub(super) redirect_port: Option<u16>,
    /// The redirect address on this machine as registered; by default `http://127.0.0.1:PORT/callback`
    #[arg(long, value_name = "URI", conflicts_with = "secret")]
    pub(super) redirect_uri: Option<String>,
    /// Device authorization endpoint, if the issuer does not tell
    #[arg(long, value_name = "URL", conflicts_with = "secret")]
    pub(super) device_endpoint: Option<String>,
    /// Token endpoint, if the issuer does not tell
    #[arg(long, value_name = "URL", conflicts_with = "secret")]
    pub(super) token_endpoint: Option<String>,
    /// Authorization endpoint, if the issuer does not tell
    #[arg(long, value_name = "URL", conflicts_with = "secret")]
    pub(super) authorization_endpoint: Option<String>,
    /// Revocation endpoint, if the issuer does not tell
    #[arg(long, value_name = "URL", conflicts_with = "secret")]
    pub(super) revocation_endpoint: Option<String>,
    /// A further parameter of the authorization or device request; may be repeated
    #[arg(long, value_name = "KEY=VALUE", value_parser = request::pair, conflicts_with = "secret")]
    pub(super) auth_param: Vec<(String, String)>,
    #[command(flatten)]
    pub(super) client_key: ClientKey,
    #[command(flatten)]
    pub(super) step_up: StepUp,
}

impl Login {
    /// Mistakes that need no agent to be seen.
    pub(super) fn check(&self, invocation: &Invocation) -> Result<(), Failure> {
        if self.api_key_stdin && self.target.is_none() && invocation.named(None)?.is_none() {
            return Err(Failure::usage("a key needs a provider, or a profile to be kept in")
                .hint("`agentctl login PROVIDER --api-key-stdin`, or add `--profile NAME`"));
        }
        // The parser drops a `requires` on an option that another one excludes.
        let other = self.browser || self.device || self.client_credentials || self.issuer.is_some();
        if self.expires_at.is_some() && other {
            return Err(Failure::usage("`--expires-at` is for keys: it needs `--api-key` or `--api-key-stdin`"));
        }
        Ok(())
    }

    /// Whether a key is to be kept.
    pub(super) fn by_key(&self) -> bool {
        self.api_key || self.api_key_stdin
    }

    /// The method that an option names.
    pub(super) fn method(&self) -> Option<Method> {
        match (self.browser, self.device, self.by_key(), self.client_credentials) {
            (true, ..) => Some(Method::Browser),
            (_, true, ..) => Some(Method::Device),
            (_, _, true, _) => Some(Method::ApiKey),
            (.., true) => Some(Method::ClientCredentials),
            _ => None,
        }
    }

    /// What every kind of login is asked for with.
    pub(super) fn request(self) -> Result<LoginRequest, Failure> {
        let auth_params: BTreeMap<String, String> = request::unique(self.auth_param)?;
        let mut request = LoginRequest {
            browser: crate::browser::here().opens,
            switch: !self.no_switch,
            max_wait: self.max_wait,
            poll_interval: self.poll_interval,
            issuer: self.issuer,
            client_id: self.client_id,
            scope: scopes(&self.scope),
            resource: self.resource,
            ca_file: self.ca_file.map(|path| file::absolute(path, "--ca-file")).transpose()?,
            redirect_port: self.redirect_port,
            redirect_uri: self.redirect_uri,
            authorization_endpoint: self.authorization_endpoint,
            device_authorization_endpoint: self.device_endpoint,
            token_endpoint: self.token_endpoint,
            revocation_endpoint: self.revocation_endpoint,
            auth_params,
            expires_at: self.expires_at,
            ..LoginRequest::default()
        };
        self.client_key.fill(&mut request)?;
        self.step_up.fill(&mut request);
        Ok(request)
    }
}

/// A request that lacks only what is secret or has to be asked for.
#[derive(Debug)]
pub(super) struct Plan {
    /// Everything else.
    pub(super) request: LoginRequest,
    /// Which secret it is.
    pub(super) method: Method,
    /// Whether it is the token for a registration.
    pub(super) registers: bool,
    /// Where the secret comes from.
    pub(super) secret: Origin<Secret>,
    /// Whether the base URL is asked for.
    pub(super) ask_url: bool,
    /// Whether the project is asked for.
    pub(super) ask_project: bool,
    /// Service and beginning of its keys.
    pub(super) shape: Option<(String, String)>,
}

impl Plan {
    /// Asks for what is left and reads the secret.
    pub(super) fn fill(self, invocation: &Invocation) -> Result<LoginRequest, Failure> {
        let mut request = self.request;
        let what = if self.registers { "registration token" } else { secret_words(self.method).0 };
        let secret = match self.secret {
            Origin::Absent => None,
            Origin::Ask => Some(prompt::hidden(invocation, what)?),
            Origin::Stdin => Some(prompt::secret(invocation, what)?),
            Origin::Value(secret, variable) => {
                if let Some(variable) = variable {
                    invocation.output.note(&format!("Using the {what} in {variable}"));
                }
                Some(secret)
            }
        };
        if let (Some((title, prefix)), Some(key)) = (&self.shape, &secret) {
            super::inputs::check(title, prefix, key)?;
        }
        if self.ask_url {
            request.environment = Some(prompt::text(invocation, "base URL")?);
        }
        if self.ask_project {
            request.project = Some(prompt::text(invocation, "project's id")?);
        }
        if self.registers {
            request.registration_token = secret;
        } else if self.method == Method::ClientCredentials || request.issuer.is_some() {
            request.client_secret = secret;
        } else {
            request.key = secret;
        }
        Ok(request)
    }
}
