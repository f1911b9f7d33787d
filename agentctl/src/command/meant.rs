//! Which profile is meant, for verbs that know what its credential is for: a host, a service, or nothing in particular.

use proto::id::{ProfileName, ProviderName};
use proto::why::{Why, WhyRequest};

use crate::client::Client;
use crate::failure::Failure;
use crate::invocation::{self, Invocation};

// A doc comment here would take the place of what the verb says of itself.
#[derive(Debug, clap::Args)]
pub(super) struct For {
    /// Use the profile that is for this host: `HOST`, `HOST:PORT` or a URL; no other profile will do
    #[arg(long, value_name = "HOST")]
    for_host: Option<String>,
    /// Use the current profile of this service, whichever profile is current otherwise
    #[arg(long, value_name = "PROVIDER", value_parser = ProviderName::parse)]
    provider: Option<ProviderName>,
}

impl For {
    /// The profile that is meant; none: the agent's current one.
    pub(super) fn profile(&self, invocation: &Invocation, client: &mut Client) -> Result<Option<ProfileName>, Failure> {
        if self.for_host.is_none() && self.provider.is_none() {
            return invocation.profile(None);
        }
        // Whoever is named elsewhere, the credential is about to be sent to a place: the agent says who is for it.
        let Why { profile, problem, .. } = self.ask(invocation, client)?;
        match (profile, problem) {
            (Some(profile), _) => Ok(Some(profile.name)),
            (None, Some(problem)) => Err(problem.into()),
            (None, None) => Err(Failure::failed("the agent says neither which profile is meant nor why none is")),
        }
    }

    /// What every level has to say.
    pub(super) fn ask(&self, invocation: &Invocation, client: &mut Client) -> Result<Why, Failure> {
        let argument = invocation.argument(None)?;
        // What the command line names is final, and no file can make it wrong.
        let file = if argument.is_some() { None } else { invocation.project_file()? };
        let project_file = file.map(|file| file.names.iter().map(|(named, _)| named.clone()).collect());
        Ok(client.why(&WhyRequest {
            argument,
            environment: invocation.environment().cloned(),
            project_file: project_file.unwrap_or_default(),
            host: self.for_host.clone(),
            provider: self.provider.clone(),
        })?)
    }
}

/// The words for a level: those of `status`, and that of the wire for what only the agent knows.
pub(super) fn word(level: proto::why::Level) -> &'static str {
    match level {
        proto::why::Level::Argument => invocation::Why::Argument.word(),
        proto::why::Level::Environment => invocation::Why::Environment.word(),
        proto::why::Level::ProjectFile => invocation::PROJECT_FILE,
        proto::why::Level::Host => "host",
        proto::why::Level::Provider => "provider",
        proto::why::Level::Current => invocation::Why::Current.word(),
        _ => "unknown",
    }
}
