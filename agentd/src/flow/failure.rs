//! Why a login left no grant, in words for the person.
//!
//! Every text is fixed here. Nothing a service or a browser sent is repeated, except a registered error code.

use crate::http;
use crate::oauth::id_token::IdTokenError;
use crate::oauth::registration::RegistrationError;
use crate::oauth::{DiscoveryError, ExchangeError};
use crate::provider::Flow;
use crate::service::CallError;

/// Where to is not followed, since it might be anybody.
const REDIRECT: &str = "a redirect to another address";

/// Why a login ended without a grant. A variant is named for what the person does next.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// The settings cannot work: correct them.
    #[error("{why}")]
    BadSettings {
        /// What is wrong with them.
        why: String,
    },
    /// The service's answer breaks the standard: report it to the service.
    #[error("the service sent an answer that cannot be used ({why})")]
    BadAnswer {
        /// What is wrong with it.
        why: &'static str,
    },
    /// The service's metadata cannot be used: do not log in before it is known why, or give the endpoints by hand.
    #[error("{0}")]
    BadMetadata(DiscoveryError),
    /// The key cannot be one of this service: look for the right one.
    #[error("{why}")]
    BadKey {
        /// Why; never repeats it.
        why: String,
    },
    /// The login was cancelled, or the daemon is stopping.
    #[error("the login was cancelled")]
    Cancelled,
    /// The person, or the service, said no.
    #[error("the login was refused at the service")]
    Denied,
    /// The device code has lapsed: log in again, faster.
    #[error("the code has expired before the login was approved")]
    Expired,
    /// The ID token does not stand up to its checks: do not trust this answer.
    #[error("the answer of the service is not to be trusted: {0}")]
    IdToken(IdTokenError),
    /// A bug: the login's task ended without a result.
    #[error("the login ended without a result, because of a bug in the agent")]
    Internal,
    /// The answer, or the service's metadata, comes from another issuer (RFC 8414 §3.3, RFC 9207 §2.4).
    #[error("the service does not call itself by the issuer of this profile")]
    IssuerMismatch {
        /// What to try.
        hint: String,
    },
    /// An answer was lost or unreadable and cannot be asked for again: log in again.
    #[error("the service's answer was lost or cannot be read ({why})")]
    Lost {
        /// How, in fixed words.
        why: &'static str,
    },
    /// The service does not accept the client or what it asks for: correct the settings.
    #[error("the service does not accept this login's settings (`{code}`)")]
    Misconfigured {
        /// The registered error code.
        code: &'static str,
    },
    /// The service does not accept the key: get another.
    #[error("the service does not accept the key")]
    KeyRefused,
    /// The client is not known: give its id.
    #[error("the service does not say as which client to log in")]
    NoClientId,
    /// The service says that it does not know PKCE with S256 (RFC 7636, RFC 8414 §2).
    #[error("the service does not offer PKCE with S256, which protects the login's code")]
    NoPkce,
    /// A client has to be registered by hand: give its id.
    #[error("the service registers no clients by itself, and the login names none")]
    NoRegistration,
    /// The service does not register this client: register one by hand.
    #[error("the service does not register a client for this program ({})", code.unwrap_or("without a clear reason"))]
    RegistrationRefused {
        /// The registered error code.
        code: Option<&'static str>,
    },
    /// There is no key.
    #[error("there is no key to log in with")]
    NoKey,
    /// The deployment does not offer this way to log in: use another.
    #[error("this deployment of the service offers no such login")]
    NotHere,
    /// The service does not offer this flow, as far as it can be known.
    #[error("{}", no_such_flow(*.flow))]
    NoSuchFlow {
        /// The flow.
        flow: Flow,
    },
    /// The tokens came and could not be kept: log in again when the cause is gone.
    #[error("the login succeeded but its grant could not be stored")]
    NotStored,
    /// Another program listens on the redirect's port.
    #[error("port {port} of the login's redirect cannot be used on this machine")]
    PortTaken {
        /// The port, or 0 when not even a free one was to be had.
        port: u16,
    },
    /// The service no longer knows the code, or it was used before: log in again.
    #[error("the service does not accept the login's code (`invalid_grant`)")]
    Refused,
    /// The session is over at the service: log in again.
    #[error("the session was ended by the service before it was approved")]
    SessionOver,
    /// The deadline has passed.
    #[error("the login was not approved in time")]
    TimedOut,
    /// The service answered with no reason that a standard knows.
    #[error("the service answered {status} without a clear reason")]
    Unclear {
        /// HTTP status.
        status: u16,
    },
    /// The tokens are of a kind that cannot be served: have the client registered for bearer tokens.
    #[error("the service gives tokens of type `{token_type}`, not `Bearer`")]
    UnsupportedTokenType {
        /// The registered type, or `unknown`.
        token_type: &'static str,
    },
    /// The service authenticated the person, but not as was asked for: log in as the service can.
    #[error("{0}")]
    WeakLogin(IdTokenError),
    /// The service cannot be reached now: try again later.
    #[error("the service cannot be reached ({why})")]
    Unreachable {
        /// What failed, in fixed words.
        why: &'static str,
    },
}

impl Failure {
    /// What to try, as a sentence without a full stop.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Expired | Self::Lost { .. } | Self::Refused | Self::SessionOver => Some("start the login again"),
            Self::BadMetadata(DiscoveryError::Endpoint { .. }) => Some(
                "do not trust this service before you know why it names such an address; if you do, give the endpoint by \
                 hand, as with `--token-endpoint`",
            ),
            Self::BadMetadata(_) => Some("check the issuer's address; the endpoints can be given by hand"),
            Self::BadAnswer { why: http::OUT_OF_REACH } => {
                Some("if you trust the service, give the endpoint by hand, as with `--token-endpoint`")
            }
            Self::BadAnswer { .. } => Some("this is the service's mistake: tell whoever runs it"),
            Self::IdToken(_) => Some("do not log in again before you know why: the answer may be forged"),
            Self::Unclear { .. } => Some("try again later; if it stays so, ask whoever runs the service"),
            Self::UnsupportedTokenType { .. } => Some("have the client registered for bearer tokens"),
            Self::NoPkce => {
                Some("without it a stolen code is as good as a login: use `--device` if the service has it")
            }
            Self::KeyRefused => Some("check that the key is whole, not revoked, and of this environment"),
            Self::NoClientId => Some("give it with `--client-id`"),
            Self::NoRegistration => Some(
                "register a client there (`agentctl provider show` knows where for some services), and give it with `--client-id`",
            ),
            Self::RegistrationRefused { .. } => Some(
                "register a client there by hand, and give it with `--client-id`; a service that registers for some only wants \
                 `--registration-token-stdin`",
            ),
            Self::NotHere => Some("log in with a key: `--api-key`"),
            Self::TimedOut => Some("start the login again; `--max-wait` gives it more time"),
            Self::IssuerMismatch { hint } => Some(hint),
            Self::Misconfigured { code: "invalid_scope" } => Some("ask for other scopes with `--scope`"),
            Self::Misconfigured { code: "invalid_target" } => Some("ask for other resources with `--resource`"),
            Self::Misconfigured { code: "invalid_client" } => Some("check the client id and secret, or the client key"),
            Self::Misconfigured { code: "unmet_authentication_requirements" } => {
                Some("the service cannot authenticate you as `--acr` asks: ask for another way")
            }
            Self::Misconfigured { code: "unauthorized_client" } => {
                Some("this client may not be allowed to use this flow: try the other one, or check its registration")
            }
            Self::Misconfigured { code: "device_flow_disabled" } => {
                Some("allow the device flow in the client's settings at the service")
            }
            Self::NoSuchFlow { flow: Flow::Device } => {
                Some("if the service has a device authorization endpoint, give it with `--device-endpoint`")
            }
            Self::NoSuchFlow { flow: Flow::AuthorizationCode } => {
                Some("if the service has an authorization endpoint, give it with `--authorization-endpoint`")
            }
            Self::WeakLogin(_) => Some("log in again, with a way to authenticate that the service has"),
            Self::PortTaken { .. } => {
                Some("stop the program that uses the port, or choose another with `--redirect-port`")
            }
            Self::Unreachable { why: http::UNTRUSTED } => {
                Some("if the service has a certificate authority of its own, give its certificate with `--ca-file`")
            }
            Self::Unreachable { why: http::NO_ROOTS | http::ROOTS_UNREADABLE } => {
                Some("check the file given with `--ca-file`: it has to be PEM")
            }
            Self::Unreachable { .. } => Some("check the issuer's address and the network, then try again"),
            _ => None,
        }
    }

    /// What a failed discovery means where metadata is needed.
    pub(super) fn of_discovery(error: &DiscoveryError) -> Self {
        match error {
            DiscoveryError::IssuerMismatch { .. } => Self::IssuerMismatch {
                hint: error
                    .hint()
                    .unwrap_or_else(|| "check the issuer: it has to be the service's own word".to_owned()),
            },
            DiscoveryError::Unreachable { why } => Self::Unreachable { why },
            DiscoveryError::Endpoint { .. } | DiscoveryError::NotOffered | DiscoveryError::Unreadable => {
                Self::BadMetadata(error.clone())
            }
            _ => Self::BadSettings { why: error.to_string() },
        }
    }

    /// What `error` of a request that a provider describes means once it ends the login.
    pub(super) fn of_call(error: &CallError) -> Self {
        match error {
            CallError::Forbidden | CallError::Refused => Self::Denied,
            CallError::Lost { why } | CallError::NotSent { why } => Self::Unreachable { why },
            CallError::NotOffered { status } | CallError::Unexpected { status } => Self::Unclear { status: *status },
            CallError::Redirected => Self::BadAnswer { why: REDIRECT },
            CallError::Settings(why) => Self::BadSettings { why: why.clone() },
            CallError::Unavailable { .. } => Self::Unreachable { why: "it is overloaded or out of order" },
            CallError::Unreadable { why } => Self::BadAnswer { why },
        }
    }

    /// What `error` of a registration means.
    pub(super) fn of_registration(error: &RegistrationError) -> Self {
        match *error {
            RegistrationError::Refused { code, .. } => Self::RegistrationRefused { code },
            RegistrationError::Unreadable { why } => Self::BadAnswer { why },
            RegistrationError::Unreachable { why } => Self::Unreachable { why },
        }
    }

    /// The same of a request that checks a key.
    pub(super) fn of_key(error: &CallError) -> Self {
        if *error == CallError::Refused { Self::KeyRefused } else { Self::of_call(error) }
    }

    /// What `error` of a request that grants nothing yet means: what is answered in full and cannot be used leaves nothing
    /// in doubt.
    pub(super) fn of_first_request(error: &ExchangeError) -> Self {
        match *error {
            ExchangeError::Uncertain { why } => Self::BadAnswer { why },
            _ => Self::of_exchange(error),
        }
    }

    /// What `error` of the metadata means where the service itself says where that is: no person can correct it.
    pub(super) fn of_document(error: &DiscoveryError) -> Self {
        match error {
            DiscoveryError::NotOffered => Self::BadAnswer { why: "no metadata where it says" },
            DiscoveryError::Unreadable => Self::BadAnswer { why: "its metadata cannot be read" },
            _ => Self::of_discovery(error),
        }
    }

    /// What `error` of the token endpoint means once it ends the login.
    pub(super) fn of_exchange(error: &ExchangeError) -> Self {
        match *error {
            ExchangeError::Denied => Self::Denied,
            ExchangeError::Doubtful { code: Some(code), .. }
            | ExchangeError::Misconfigured { code }
            | ExchangeError::ScopeRefused { code } => Self::Misconfigured { code },
            ExchangeError::Doubtful { status: 300..=399, code: None } => Self::BadAnswer { why: REDIRECT },
            ExchangeError::Doubtful { status, code: None } => Self::Unclear { status },
            ExchangeError::Expired => Self::Expired,
            ExchangeError::NotSent { why: http::OUT_OF_REACH } => Self::BadAnswer { why: http::OUT_OF_REACH },
            ExchangeError::NotSent { why } => Self::Unreachable { why },
            ExchangeError::Refused => Self::Refused,
            ExchangeError::Unavailable { .. } => Self::Unreachable { why: "it is overloaded or out of order" },
            ExchangeError::Settings { why } => Self::BadSettings { why: why.to_owned() },
            ExchangeError::Uncertain { why } => Self::Lost { why },
            // These belong to polling, which handles them; anywhere else they make no sense.
            ExchangeError::AuthorizationPending | ExchangeError::SlowDown => {
                Self::BadAnswer { why: "a word of the device flow where it has no meaning" }
            }
        }
    }
}

fn no_such_flow(flow: Flow) -> &'static str {
    match flow {
        Flow::AuthorizationCode => "the service names no authorization endpoint",
        Flow::Device => "the service names no device authorization endpoint",
        Flow::ClientCredentials => "the service names no token endpoint",
        Flow::Key => "a key is not given by a service",
        Flow::None | Flow::PollExchange => "only a provider's description can say how that is done",
    }
}
