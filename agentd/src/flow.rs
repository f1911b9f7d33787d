//! Logins: from what is known of a service to a grant, one file per flow.
//!
//! The daemon runs a login; whoever shows its steps may go away and come back. This part knows what to ask the service
//! and the person. It does not know where a grant is kept: it hands an [`Outcome`] to a [`GrantSink`] and forgets it.
//! Until the tokens are in hand, the deadline, a cancellation or the daemon's stop end a login at once; from then on
//! nothing does, because what the service has granted must not get lost.

mod at_issuer;
mod at_service;
mod authorization_code;
mod device;
mod failure;
mod key;
mod loopback;
mod plan;
mod poll_exchange;
mod redirect;
mod registration;
mod row;
mod run;
mod table;
#[cfg(test)]
mod testing;
mod warning;
mod who;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::oauth::{Account, Client, Tokens};
use crate::provider;
use crate::secret::{ApiKey, ClientSecret, RegistrationToken, SigningKey};
use crate::service::{Secondary, Site};

pub use at_service::find_project;
pub use failure::Failure;
pub use table::{AnswerError, KEPT, Logins, MAX_IN_FLIGHT, Pending, StartError, Started};

/// A login to run.
#[derive(Debug, Clone)]
pub struct Login {
    /// Name of the profile it is for; `None`: named when it is known who has logged in.
    pub profile: Option<String>,
    /// Where, and how.
    pub target: Target,
    /// After this time the login fails closed.
    pub max_wait: Duration,
    /// Whether the profile becomes the current one when the login succeeds.
    pub switch: bool,
    /// Time between polls, where the person wants more than the service asks for.
    pub poll_interval: Option<Duration>,
    /// Digest of what was asked for: a login with the same one is the same login.
    pub asked: [u8; 32],
    /// How the person is to be authenticated.
    pub step_up: StepUp,
}

/// How the person is to be authenticated, this once (OpenID Connect Core §3.1.2.1, RFC 9470 §4). The next login does not
/// ask for it again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StepUp {
    /// `acr_values`: authentication contexts separated by spaces, the best one first.
    pub acr_values: Option<String>,
    /// `login_hint`: who is expected to log in.
    pub login_hint: Option<String>,
    /// `max_age`: how many seconds ago the person may have authenticated.
    pub max_age: Option<u64>,
    /// `prompt`: what the service is to ask the person for.
    pub prompt: Option<String>,
}

impl StepUp {
    /// The parameters of the request, by their names.
    fn parameters(&self) -> impl Iterator<Item = (&'static str, String)> {
        [
            ("acr_values", self.acr_values.clone()),
            ("login_hint", self.login_hint.clone()),
            ("max_age", self.max_age.map(|seconds| seconds.to_string())),
            ("prompt", self.prompt.clone()),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
    }
}

/// What a login asks a service for: what the person must recognise before they approve it (RFC 8628 §5.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purpose {
    /// The profile it is for; `None`: named when it is known who has logged in.
    pub profile: Option<String>,
    /// The service: a provider's title, else the issuer's host.
    pub service: String,
    /// RFC 6749 §2.2, once it is known.
    pub client_id: Option<String>,
    /// Scopes separated by spaces, once they are known.
    pub scope: Option<String>,
}

/// Where a login is made, and how.
#[derive(Debug, Clone)]
pub enum Target {
    /// At an authorization server, by issuer and client id.
    Issuer(Box<AtIssuer>),
    /// At a service that a provider describes.
    Service(Box<AtService>),
}

/// A login at an authorization server.
#[derive(Debug, Clone)]
pub struct AtIssuer {
    /// What to ask, and of whom; `flow` is how the profile's last login was made.
    pub settings: provider::Settings,
    /// The flow the person chose, if any.
    pub flow: Option<provider::Flow>,
    /// Whether a browser can open on this machine, where the person sits.
    pub browser: bool,
    /// The initial access token of a registration (RFC 7591 §3), where a client is to be registered and the service wants one.
    pub registration_token: Option<Arc<RegistrationToken>>,
}

/// A login at a service that a provider describes.
#[derive(Debug, Clone)]
pub struct AtService {
    /// The provider, and its environment; `place.method` is the method.
    pub site: Site,
    /// Scopes to ask for, in place of what the provider says.
    pub scope: Option<String>,
    /// The client id and secret, where the provider leaves them to the person.
    pub client: Option<(String, Option<Arc<ClientSecret>>)>,
    /// The client's key, in place of its secret.
    pub client_key: Option<SigningKey>,
    /// Of a client that was registered by this program.
    pub registration: Option<provider::Registration>,
    /// The initial access token of a registration (RFC 7591 §3).
    pub registration_token: Option<Arc<RegistrationToken>>,
    /// Loopback redirect URI as registered, in place of what the provider says.
    pub redirect_uri: Option<String>,
    /// Fixed port of the loopback redirect.
    pub redirect_port: Option<u16>,
    /// Resources to ask for (RFC 8707).
    pub resources: Vec<String>,
    /// Further parameters of the first request, beside those of the provider.
    pub auth_params: BTreeMap<String, String>,
    /// The key, with method `api-key`.
    pub key: Option<Arc<ApiKey>>,
    /// When the key lapses, in seconds since 1970, if the person knows.
    pub expires_at: Option<i64>,
    /// The project the person wants: identifier or name.
    pub project: Option<String>,
}

impl AtService {
    /// How long the provider says to wait for the person.
    pub fn max_wait(&self) -> Option<Duration> {
        let name = provider::MethodName::of_word(&self.site.place.method)?;
        self.site.provider.method(name).map(|method| method.max_wait)
    }
}

impl Login {
    /// What the log calls it.
    pub(crate) fn label(&self) -> &str {
        match (&self.profile, &self.target) {
            (Some(profile), _) => profile,
            (None, Target::Service(at)) => &at.site.place.provider,
            (None, Target::Issuer(_)) => "new",
        }
    }

    /// What is known of it at its start.
    pub(crate) fn purpose(&self) -> Purpose {
        let service = match &self.target {
            Target::Service(at) => at.site.provider.title.clone(),
            Target::Issuer(at) => {
                let url = url::Url::parse(&at.settings.issuer).ok();
                let host = url.as_ref().map(|url| &url[url::Position::BeforeHost..url::Position::AfterPort]);
                host.map_or_else(|| at.settings.issuer.clone(), str::to_owned)
            }
        };
        Purpose { profile: self.profile.clone(), service, client_id: None, scope: None }
    }
}

/// What a follower of a login sees. `Done` or `Failed` is the last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Open this in a browser on this machine.
    Open {
        /// https, or http to loopback; holds `state`, so it is for the person's eyes only.
        url: String,
        /// Whether a browser on another machine will do.
        anywhere: bool,
        /// Where the browser ends, if the person can bring that address by hand ([`Logins::answer`]).
        redirect_uri: Option<String>,
    },
    /// Show this to the person (RFC 8628 §3.3).
    Device {
        /// What to type; printable.
        user_code: String,
        /// Where to type it; https, or http to loopback.
        verification_uri: String,
        /// The same with the code inside, on the same host, where the service offers it.
        verification_uri_complete: Option<String>,
        /// When the code stops working, in seconds since 1970.
        expires_at: i64,
    },
    /// The grant is adopted.
    Done(Finished),
    /// No grant was made.
    Failed(Failure),
}

/// A login that left a grant behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// The profile that holds the grant.
    pub profile: String,
    /// What the person should know, one sentence each: the login's own warnings, then those of the adoption.
    pub warnings: Vec<String>,
}

/// What a login brings home.
#[derive(Debug)]
pub struct Outcome {
    /// The profile it is for; `None`: to be named.
    pub profile: Option<String>,
    /// The flow that was used.
    pub flow: provider::Flow,
    /// What was granted.
    pub grant: Brought,
    /// Who has logged in.
    pub account: Option<Account>,
    /// What the person should know, one sentence each.
    pub warnings: Vec<String>,
    /// Whether the profile is to become the current one.
    pub switch: bool,
    /// What binds it to a provider.
    pub place: Option<provider::Place>,
    /// Whether the service says that the credential is good for anything.
    pub usable: Option<bool>,
    /// What came with the login.
    pub secondaries: Vec<Secondary>,
}

/// What was granted.
#[derive(Debug)]
pub enum Brought {
    /// A key, or a token that no refresh renews.
    Key {
        /// The key.
        key: ApiKey,
        /// When it lapses, in seconds since 1970, if known.
        expires_at: Option<i64>,
    },
    /// Nothing: the environment needs no login.
    Nothing,
    /// Tokens.
    Tokens(Box<BroughtTokens>),
}

/// Tokens that were granted.
#[derive(Debug)]
pub struct BroughtTokens {
    /// Settings to log in with again, for a login at an authorization server.
    pub settings: Option<provider::Settings>,
    /// What later requests need.
    pub client: Client,
    /// The first tokens.
    pub tokens: Tokens,
    /// Scope that was asked for.
    pub requested_scope: String,
}

/// Where grants go. The vault, in the daemon.
pub trait GrantSink: Send + Sync + 'static {
    /// Takes the grant over: it is durable, or known to be memory-only, before this returns.
    fn adopt(&self, outcome: Outcome) -> BoxFuture<'_, Result<Adopted, AdoptError>>;

    /// What came with the login that one of this account at this place replaces; without a profile's name, the one it
    /// would be kept under.
    fn held(&self, _profile: Option<&str>, _account: Option<&Account>, _place: &provider::Place) -> Vec<Secondary> {
        Vec::new()
    }

    /// Is told that a login ended without a grant, and why.
    fn failed(&self, _profile: &str, _why: &Failure) {}
}

/// The grant is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Adopted {
    /// The profile that holds it now.
    pub profile: String,
    /// What the person should know of the keeping, one sentence each.
    pub warnings: Vec<String>,
}

/// The grant is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AdoptError {
    /// It can be held neither in memory nor on disk: log in again when the cause is gone.
    #[error("the grant could not be stored")]
    NotStored,
}
