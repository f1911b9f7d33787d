//! Services and their deployments: what the agent knows of each before anybody logs in to it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::ProviderName;
use crate::is_false;
use crate::login::Flow;

/// What a way to log in is called on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Method {
    /// A key handed over by the person.
    ApiKey,
    /// In a browser.
    Browser,
    /// Without a person, by the client's own secret.
    ClientCredentials,
    /// With a code that is typed into any browser.
    Device,
    /// A method of a newer daemon.
    #[serde(other)]
    Unknown,
}

/// Whether a value belongs to something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Need {
    /// It must not be given.
    None,
    /// It may be given.
    Optional,
    /// It must be given.
    Required,
    /// A word of a newer daemon.
    #[serde(other)]
    Unknown,
}

/// A kind of key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Variant {
    /// Its word after `--type`; absent where there is only one kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether the base URL must be given.
    pub url: Need,
    /// Whether a project must be given.
    pub project: Need,
}

/// A way to log in. Variables are those of the client's environment, in the order in which they are looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MethodOffer {
    /// Its name.
    pub method: Method,
    /// The flow behind it.
    pub flow: Flow,
    /// Seconds after which a login that nobody approves fails.
    pub max_wait: u64,
    /// Kinds of key, with flow `key`; the first is the default.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub variants: Vec<Variant>,
    /// Variables that hold the key.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub key_variables: Vec<String>,
    /// Variables that hold the base URL.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub url_variables: Vec<String>,
    /// Variables that hold the project.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub project_variables: Vec<String>,
    /// What a key begins with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_prefix: Option<String>,
    /// Whether the person brings a client, see [`Provider::client`].
    #[serde(default, skip_serializing_if = "is_false")]
    pub own_client: bool,
    /// Whether that client has to have a secret.
    #[serde(default, skip_serializing_if = "is_false")]
    pub needs_secret: bool,
}

/// A client (RFC 6749 §2) that the person registers at a service.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OwnClient {
    /// The page where that is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub obtain: Option<String>,
    /// Of which kind it has to be, in a few words.
    pub kind: String,
    /// The redirect to register.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redirect: Option<String>,
    /// Whether the agent may register one by itself (RFC 7591), where the service offers it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub register: bool,
    /// Those that are kept, the latest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<KeptClient>,
}

/// A client of the person's own that the next login at the same URL uses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KeptClient {
    /// RFC 6749 §2.2.
    pub client_id: String,
    /// The deployment it is for.
    pub url: String,
    /// Whether its secret is kept as well.
    pub has_secret: bool,
    /// The profile that keeps it.
    pub profile: crate::id::ProfileName,
}

/// An address that is the person's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Address {
    /// What it is the address of, in a few words.
    pub what: String,
    /// One like it.
    pub example: String,
}

/// One deployment of a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Environment {
    /// Its name, or its URL where it has none.
    pub name: String,
    /// Its base URL.
    pub url: String,
    /// Whether it needs a login.
    pub needs_login: bool,
    /// Hosts that its credential is good for, `HOST` or `HOST:PORT`: those of its URLs, and those that are listed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<String>,
    /// Whether the person added it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub added: bool,
    /// Whether it is the one in use.
    #[serde(default, skip_serializing_if = "is_false")]
    pub current: bool,
    /// Further trusted roots (PEM).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<String>,
}

/// A service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Provider {
    /// Its word.
    pub name: ProviderName,
    /// Its name for people.
    pub title: String,
    /// Whether it is compiled in.
    pub built_in: bool,
    /// Its file, if it is the person's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Its deployments; none where everybody has another and none was added.
    pub environments: Vec<Environment>,
    /// What address the person has to give, where everybody has another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
    /// What client the person has to bring.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<OwnClient>,
    /// Ways to log in, the preferred one first.
    pub methods: Vec<MethodOffer>,
    /// Hosts that may see the credential of any environment, besides those of each.
    pub hosts: Vec<String>,
    /// Whether the service can be asked who is logged in.
    pub whoami: bool,
    /// Whether the service lists projects.
    pub projects: bool,
    /// Words of the credentials that come with a login.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secondaries: Vec<String>,
    /// Variables that `exec` sets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exec: Vec<String>,
    /// Variables that stand in where no credential is saved.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fallback_variables: Vec<String>,
    /// How a credential from such a variable is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback_scheme: Option<String>,
    /// The format of its own CLI's file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// Its description (TOML); only in the answer to `provider`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// A mistake in a provider's file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Mistake {
    /// Line, from 1; absent when it is about the file as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// Column, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u64>,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// A file of the person's that is no provider.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BrokenFile {
    /// Where it is.
    pub path: String,
    /// All that is wrong with it.
    pub mistakes: Vec<Mistake>,
}

/// Answer to `providers`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Providers {
    /// Sorted by name.
    pub providers: Vec<Provider>,
    /// Files that cannot be used.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub broken: Vec<BrokenFile>,
}

/// A provider's file to check or to add.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProviderFile {
    /// The TOML text.
    pub text: String,
    /// Whether one of the same name is replaced.
    #[serde(default, skip_serializing_if = "is_false")]
    pub replace: bool,
}

/// What a check found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProviderChecked {
    /// The provider, if there is no mistake.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<Provider>,
    /// All mistakes.
    pub mistakes: Vec<Mistake>,
}

/// Answer to the removal of a provider or an environment. Removing what is not there is no error.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Forgotten {
    /// The name that was given.
    pub name: String,
    /// Whether there was one.
    pub existed: bool,
}

/// Adds a deployment, makes it current, or removes it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EnvironmentRequest {
    /// Whose; the provider of the current profile when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<ProviderName>,
    /// Its name; to make it current, its URL will do.
    pub name: String,
    /// With `env-add`: its base URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// With `env-add`: absolute path of a PEM file with further trusted roots.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<String>,
    /// With `env-add`: hosts besides its own that its credential is good for, `HOST` or `HOST:PORT`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<String>,
    /// With `env-add`: whether it needs a login. Absent: it is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needs_login: Option<bool>,
}

/// A deployment that is current now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EnvironmentSwitched {
    /// Whose.
    pub provider: ProviderName,
    /// Which.
    pub environment: Environment,
    /// The profile that is current now: the one last used there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<crate::id::ProfileName>,
}

/// Variables and values of a client's environment.
pub type Variables = BTreeMap<String, String>;
