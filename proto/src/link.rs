//! Credentials in the files of other tools: links that the agent keeps fresh, logins taken over from there, what is
//! wrong there.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::{LinkId, ProfileName, ProviderName};
use crate::is_false;
use crate::profile::Account;
use crate::timestamp::Timestamp;

/// Variables by which the tools find their files. The client sends those that are set in its environment, since it is
/// there that the tool runs.
pub const VARIABLES: &[&str] = &[
    "BASETEN_TRUSS_AUTH_KEYRING_DISABLED",
    "CONTREE_HOME",
    "DBUS_SESSION_BUS_ADDRESS",
    "HOME",
    "LLAMACTL_CONFIG_DIR",
    "TENSORMESH_CONTROL_PLANE_BASE_URL",
    "TM_CONFIG_HOME",
    "USER_TRUSSRC_PATH",
    "XDG_CONFIG_HOME",
    "XDG_RUNTIME_DIR",
];

/// Where a link's file lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum LinkTo {
    /// Where the tool looks by itself.
    Home,
    /// In a directory of the agent that is memory, not disk; the tool is told by its own variable.
    Tmpfs,
    /// A word of a newer daemon.
    #[serde(other)]
    Unknown,
}

/// How a link is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum LinkState {
    /// The last write failed; it is tried again.
    Failed,
    /// The tool's file holds a login that is not the agent's; it is left alone.
    Foreign,
    /// The file holds the present credential.
    Linked,
    /// The tool has logged out; the link rests until it is made again.
    Suspended,
    /// There is no credential to write: logged out, locked, or not logged in yet.
    Waiting,
    /// A word of a newer daemon.
    #[serde(other)]
    Unknown,
}

/// Makes a link.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LinkRequest {
    /// The profile whose credential is written; the current one when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<ProfileName>,
    /// Follow whatever profile of the provider is current, instead of one profile.
    #[serde(default, skip_serializing_if = "is_false")]
    pub current: bool,
    /// The format; that of the profile's provider when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// Where the file lies; where the tool looks when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<LinkTo>,
    /// Those of [`VARIABLES`] that are set in the client's environment.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: BTreeMap<String, String>,
}

/// A credential that is kept fresh in another tool's place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Link {
    /// Names it.
    pub id: LinkId,
    /// The format.
    pub format: String,
    /// Whose credential.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<ProviderName>,
    /// The profile it follows; absent: the provider's current one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<ProfileName>,
    /// Where it is written: paths, or the name of a keyring item.
    pub places: Vec<String>,
    /// How it is.
    pub state: LinkState,
    /// Why, where the state does not say it all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// When it was last written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written_at: Option<Timestamp>,
    /// Variables to set so that the tool finds it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub environment: BTreeMap<String, String>,
}

/// Answer to `links` and `unlink`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Links {
    /// Sorted by format and profile.
    pub links: Vec<Link>,
}

/// Ends links: what the agent wrote is taken out again. All fields absent is refused; use `all`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UnlinkRequest {
    /// One link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<LinkId>,
    /// All links that follow this profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<ProfileName>,
    /// All links of this format.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// Every link.
    #[serde(default, skip_serializing_if = "is_false")]
    pub all: bool,
}

/// Looks for logins in the files of other tools, and takes them over.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ImportRequest {
    /// Only this format, or the login of this name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Take all that are found. Without this and without `name`, nothing is taken.
    #[serde(default, skip_serializing_if = "is_false")]
    pub all: bool,
    /// Only look.
    #[serde(default, skip_serializing_if = "is_false")]
    pub dry_run: bool,
    /// The profile to make; named after the login found when absent. Only with one login.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<ProfileName>,
    /// Give back what was taken: the earlier content of the files.
    #[serde(default, skip_serializing_if = "is_false")]
    pub undo: bool,
    /// Those of [`VARIABLES`] that are set in the client's environment.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: BTreeMap<String, String>,
}

/// What kind of credential was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum FoundKind {
    /// A key.
    ApiKey,
    /// Tokens, with a refresh token or without.
    Oauth,
    /// A word of a newer daemon.
    #[serde(other)]
    Unknown,
}

/// A login in another tool's file. The credential itself is never shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Found {
    /// The format.
    pub format: String,
    /// Its name there.
    pub name: String,
    /// Where: a path, or the name of a keyring item.
    pub place: String,
    /// What it is.
    pub kind: FoundKind,
    /// The first 16 hex digits of the credential's SHA-256.
    pub fingerprint: String,
    /// Whether there is a refresh token, which is moved: only one program may refresh.
    #[serde(default, skip_serializing_if = "is_false")]
    pub refreshable: bool,
    /// Who is logged in, if the file says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<Account>,
    /// The base URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// When it lapses, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// The profile that was made, or would be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<ProfileName>,
    /// Whether it was taken over (or, with `undo`, given back).
    #[serde(default, skip_serializing_if = "is_false")]
    pub taken: bool,
    /// Why it was not, or what was done to the file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// Answer to `import`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Imported {
    /// Sorted by format and name.
    pub found: Vec<Found>,
    /// Places that could not be looked at, one sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// Looks for credentials that lie badly.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DoctorRequest {
    /// Those of [`VARIABLES`] that are set in the client's environment.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: BTreeMap<String, String>,
}

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum FindingKind {
    /// Other users can read it.
    Exposed,
    /// An older form that its tool no longer writes.
    Legacy,
    /// A credential in clear in a file.
    Plaintext,
    /// A file with a credential below a directory under version control.
    Versioned,
    /// A word of a newer daemon.
    #[serde(other)]
    Unknown,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Finding {
    /// What.
    pub kind: FindingKind,
    /// Whose file.
    pub format: String,
    /// Where.
    pub place: String,
    /// In one sentence.
    pub detail: String,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// Answer to `doctor`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Findings {
    /// Sorted by place.
    pub findings: Vec<Finding>,
    /// Places that could not be looked at, one sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}
