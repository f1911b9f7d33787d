//! A provider as its file describes it, checked: everything in here can be used.

mod after;
mod oauth;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::settings::Flow;
use super::template::Template;

pub use self::after::{Groups, Pick, Projects, Secondary, Step, Whoami};
pub use self::oauth::{Discovery, OauthSpec, OwnClient};

/// A service.
#[derive(Debug, Clone, PartialEq)]
pub struct Provider {
    /// Its word on the command line: lower-case letters, digits and dashes.
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// Where it comes from.
    pub origin: Origin,
    /// Its deployments; the first is used when nothing else decides. Empty only with an [`Provider::address`].
    pub environments: Vec<Environment>,
    /// What address the person has to give, where everybody has another.
    pub address: Option<Address>,
    /// What client the person has to bring, for the logins that name none.
    pub client: Option<OwnClient>,
    /// Further URLs where an environment names none; one that is not here either is the base URL.
    pub urls: BTreeMap<String, Template>,
    /// How to find out whether a deployment needs a login.
    pub probe: Option<Probe>,
    /// Hosts, besides those of the environments, that may see the credential. Exact names.
    pub hosts: Vec<String>,
    /// `User-Agent` of its requests; the agent's own when absent.
    pub user_agent: Option<Template>,
    /// Ways to log in, the preferred one first. Never empty.
    pub methods: Vec<Method>,
    /// How an RFC 6749 refresh is replaced, where the service has one of its own.
    pub refresh: Option<Request>,
    /// Who is logged in.
    pub whoami: Option<Whoami>,
    /// Projects to choose from.
    pub projects: Option<Projects>,
    /// Credentials fetched with the login.
    pub secondaries: Vec<Secondary>,
    /// Ends the login at the service, where it is not RFC 7009. Sent with the access token.
    pub revoke: Option<Request>,
    /// Variables that `exec` sets for its child: name and value.
    pub exec: Vec<(String, Template)>,
    /// Variables of the client that stand in where no credential is saved, in order.
    pub fallback: Vec<String>,
    /// How a credential from [`Provider::fallback`] is sent.
    pub fallback_scheme: String,
    /// The format of its own CLI's file, for `link` and `import`.
    pub format: Option<String>,
}

/// Where a description comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Compiled in.
    BuiltIn,
    /// The user's own file.
    File(PathBuf),
}

/// One deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// `production`, `staging`; for one that was named by its URL, the URL.
    pub name: String,
    /// Its base URL, without a slash at the end.
    pub url: String,
    /// Further URLs, by name. One that a request wants and that is not here is as [`Provider::urls`] says.
    pub urls: BTreeMap<String, String>,
    /// Hosts, besides those of its URLs, that may see the credential: `HOST` or `HOST:PORT`.
    pub hosts: Vec<String>,
    /// Whether it needs a login.
    pub needs_login: bool,
    /// Further trusted roots (PEM).
    pub ca_file: Option<PathBuf>,
}

/// An address that is the person's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// What it is the address of, in a few words.
    pub what: String,
    /// One like it.
    pub example: String,
}

/// Asks a deployment whether it needs a login.
#[derive(Debug, Clone, PartialEq)]
pub struct Probe {
    /// Sent without a credential.
    pub request: Request,
    /// A boolean in the answer.
    pub needs_login: Pointer,
}

/// A member of a JSON document: names separated by dots, numbers for the elements of a list (`data.0.id`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pointer(pub Vec<String>);

/// What a method is called on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MethodName {
    /// `--api-key`.
    ApiKey,
    /// `--browser`.
    Browser,
    /// `--client-credentials`.
    ClientCredentials,
    /// `--device`.
    Device,
}

/// One way to log in.
#[derive(Debug, Clone, PartialEq)]
pub struct Method {
    /// Its option.
    pub name: MethodName,
    /// How it goes.
    pub flow: FlowSpec,
    /// How the credential is sent: a word such as `Bearer`.
    pub scheme: String,
    /// Where the credential's expiry is known from, the first that tells.
    pub expiry: Vec<Expiry>,
    /// Longest wait for the person.
    pub max_wait: Duration,
}

/// A flow and what it needs.
#[derive(Debug, Clone, PartialEq)]
pub enum FlowSpec {
    /// RFC 6749 §4.1.
    AuthorizationCode(OauthSpec),
    /// RFC 6749 §4.4.
    ClientCredentials(OauthSpec),
    /// RFC 8628.
    Device(OauthSpec),
    /// A key handed over by the person.
    Key(KeySpec),
    /// Start, let the person approve, poll.
    PollExchange(Box<PollExchange>),
}

impl FlowSpec {
    /// Which flow it is.
    pub fn flow(&self) -> Flow {
        match self {
            FlowSpec::AuthorizationCode(_) => Flow::AuthorizationCode,
            FlowSpec::ClientCredentials(_) => Flow::ClientCredentials,
            FlowSpec::Device(_) => Flow::Device,
            FlowSpec::Key(_) => Flow::Key,
            FlowSpec::PollExchange(_) => Flow::PollExchange,
        }
    }

    /// Its authorization server, if it has one.
    pub fn oauth(&self) -> Option<&OauthSpec> {
        match self {
            FlowSpec::AuthorizationCode(spec) | FlowSpec::ClientCredentials(spec) | FlowSpec::Device(spec) => {
                Some(spec)
            }
            FlowSpec::Key(_) | FlowSpec::PollExchange(_) => None,
        }
    }
}

/// A flow that is no RFC's: the service starts a session, the person approves it in a browser, the client polls.
#[derive(Debug, Clone, PartialEq)]
pub struct PollExchange {
    /// Starts the session.
    pub start: Request,
    /// In its answer: the page to open.
    pub open: Pointer,
    /// In its answer: the session's code, which is as good as a credential.
    pub code: Pointer,
    /// In its answer: seconds between polls.
    pub interval: Option<Pointer>,
    /// Asks for the credential.
    pub exchange: Request,
    /// Statuses that mean "not approved yet".
    pub pending: Vec<u16>,
    /// Time between polls when the service says nothing.
    pub every: Duration,
    /// How its answer is read.
    pub token: TokenFields,
}

/// Members of an answer that brings a credential.
#[derive(Debug, Clone, PartialEq)]
pub struct TokenFields {
    /// The access token or key.
    pub credential: Pointer,
    /// Whether the credential is a key, which no refresh renews.
    pub is_key: bool,
    /// The refresh token.
    pub refresh_token: Pointer,
    /// Seconds of life.
    pub expires_in: Pointer,
    /// When it lapses: seconds since 1970 or RFC 3339.
    pub expires_at: Pointer,
    /// What it must begin with.
    pub prefix: Option<String>,
    /// Who is logged in, where the answer says so.
    pub account: AccountFields,
}

/// Members that say who is logged in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccountFields {
    /// The service's identifier for the person.
    pub subject: Option<Pointer>,
    /// A name.
    pub name: Option<Pointer>,
    /// An e-mail address.
    pub email: Option<Pointer>,
    /// An organization or workspace.
    pub organization: Option<Pointer>,
}

/// Where a credential's expiry is known from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiry {
    /// It is assumed to live this long.
    Assume(Duration),
    /// A point in time in the answer.
    ExpiresAt,
    /// Seconds in the answer.
    ExpiresIn,
    /// `exp` of the credential, if it is a JWT.
    Jwt,
    /// The answer of [`Whoami`].
    Whoami,
}

/// A key handed over by the person.
#[derive(Debug, Clone, PartialEq)]
pub struct KeySpec {
    /// What it must begin with.
    pub prefix: Option<String>,
    /// Where the key comes from when it is not given.
    pub key: Input,
    /// Where the base URL comes from when it is not given.
    pub url: Input,
    /// Where the project comes from when it is not given.
    pub project: Input,
    /// Kinds of key; the first is used when none is named. Never empty.
    pub variants: Vec<Variant>,
}

/// Where a value comes from when it is not on the command line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Input {
    /// Variables of the client, in order.
    pub variables: Vec<String>,
}

/// One kind of key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variant {
    /// Its word after `--type`; `None` where there is only one.
    pub name: Option<String>,
    /// Whether a base URL must be given, the environment's own being none for it.
    pub needs_url: bool,
    /// Whether a project belongs to it, and whether it must be given.
    pub project: Absent,
}

/// What it means that something is absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absent {
    /// It has to be there.
    Mistake,
    /// It may be there or not.
    Fine,
    /// It must not be there.
    Wanted,
}

/// How a request is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestMethod {
    /// Ends something.
    Delete,
    /// Reads.
    Get,
    /// Does.
    Post,
}

/// A request to the service.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// Its method.
    pub method: RequestMethod,
    /// Where it goes; checked again when it is filled in.
    pub url: Template,
    /// Further headers; one whose value is not known is left out.
    pub headers: Vec<(String, Template)>,
    /// What it carries.
    pub body: Body,
}

/// The body of a request.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// `application/x-www-form-urlencoded`; a field whose value is not known is left out.
    Form(Vec<(String, Template)>),
    /// A JSON object of texts; a member whose value is not known is left out, `None` stands for null.
    Json(Vec<(String, Option<Template>)>),
    /// Nothing, and no content type.
    None,
}

impl Provider {
    /// The method of this name.
    pub fn method(&self, name: MethodName) -> Option<&Method> {
        self.methods.iter().find(|method| method.name == name)
    }

    /// The environment of this name.
    pub fn environment(&self, name: &str) -> Option<&Environment> {
        self.environments.iter().find(|environment| environment.name == name)
    }
}

impl TokenFields {
    /// The names of RFC 6749 §5.1.
    pub fn standard() -> Self {
        Self {
            credential: Pointer::new("access_token"),
            is_key: false,
            refresh_token: Pointer::new("refresh_token"),
            expires_in: Pointer::new("expires_in"),
            expires_at: Pointer::new("expires_at"),
            prefix: None,
            account: AccountFields::default(),
        }
    }
}

impl MethodName {
    /// Every method with its word.
    pub const ALL: [(MethodName, &'static str); 4] = [
        (MethodName::ApiKey, "api-key"),
        (MethodName::Browser, "browser"),
        (MethodName::ClientCredentials, "client-credentials"),
        (MethodName::Device, "device"),
    ];

    /// Its word.
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(name, _)| *name == self).map_or("browser", |(_, word)| word)
    }

    /// The method of this word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == word).map(|(name, _)| *name)
    }
}

impl Pointer {
    /// `a.b.0`.
    pub fn new(text: &str) -> Self {
        Self(text.split('.').map(str::to_owned).collect())
    }
}
