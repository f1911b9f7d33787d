//! What every format can do. All of it blocks: whoever calls is on a thread that may.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::secret::{AccessToken, ApiKey, ClientSecret, Fingerprint, RefreshToken};
use std::sync::Arc;

/// Variables of the environment in which the tool runs, as its user's shell has them.
pub type Variables = BTreeMap<String, String>;

/// Where a link's file lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum To {
    /// Where the tool looks by itself.
    Home,
    /// In a directory that is memory, below the given run-time directory of the agent.
    Tmpfs,
}

/// One place of one tool: where a link writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot {
    /// The files, and for a keyring item its name; what is shown to people. The first one decides what is there.
    pub places: Vec<String>,
    /// The first file.
    pub path: PathBuf,
    /// Variables of [`Variables`] that the format needs again when it writes (where the keyring is, whether it is used).
    pub variables: Variables,
    /// Variables to set so that the tool finds the place; empty where it looks there by itself.
    pub environment: Variables,
}

/// A credential as it is handed to a format. Never a refresh token.
#[derive(Debug, Clone)]
pub enum Credential {
    /// Of an authorization server.
    AccessToken(Arc<AccessToken>),
    /// Of a service without tokens.
    ApiKey(Arc<ApiKey>),
}

impl Credential {
    /// What it looks like in a header.
    pub(super) fn text(&self) -> &str {
        match self {
            // EXPOSE: a link is a copy of the credential in the form of another tool
            Self::AccessToken(token) => token.expose(),
            // EXPOSE: the same
            Self::ApiKey(key) => key.expose(),
        }
    }

    /// Stands for it.
    pub(super) fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(self.text().as_bytes())
    }
}

/// What a link writes.
#[derive(Debug, Clone)]
pub struct Export {
    /// The profile's name: what the tool's own profile, remote or section is called, where it has such.
    pub profile: String,
    /// The base URL, without a slash at the end.
    pub url: String,
    /// How the credential is sent: `Bearer` or `Api-Key`.
    pub scheme: String,
    /// The kind of key, where the provider has several (`iam`, `jwt`).
    pub variant: Option<String>,
    /// The credential.
    pub credential: Credential,
    /// When it lapses, in seconds since 1970.
    pub expires_at: Option<i64>,
    /// The chosen project.
    pub project: Option<String>,
    /// Who is logged in: name.
    pub name: Option<String>,
    /// Who is logged in: e-mail address.
    pub email: Option<String>,
    /// Credentials that came with the login: word, secret, and what came with it.
    pub secondaries: Vec<(String, Arc<ApiKey>, BTreeMap<String, String>)>,
}

/// How a link recognises what it wrote itself: fingerprints, never the credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mine {
    /// The profile name under which it was written.
    pub profile: String,
    /// The credential that was written.
    pub credential: Fingerprint,
    /// What the tool had selected before, where writing changed that; for [`Format::withdraw`].
    pub before: Option<String>,
}

/// What lies at a spot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// Nothing, or a file without a login where the link would write.
    Empty,
    /// A login that is not the agent's.
    Foreign,
    /// What the link wrote.
    Mine,
}

/// Why a format did not do it. Never holds a credential.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// The file, directory or database cannot be used.
    #[error("`{place}`: {why}")]
    Io {
        /// Where.
        place: String,
        /// In a few words.
        why: String,
    },
    /// The keyring cannot be reached, is locked, or does not answer.
    #[error("the keyring cannot be used: {0}")]
    Keyring(String),
    /// A variable is missing or no absolute path.
    #[error("{0}")]
    Place(String),
    /// This credential cannot be written in this form: the reason says which rule it breaks.
    #[error("{0}")]
    Refused(String),
    /// What is there cannot be read, so it is left alone.
    #[error("`{place}` cannot be understood: {why}")]
    Unreadable {
        /// Where.
        place: String,
        /// In a few words.
        why: String,
    },
}

impl FormatError {
    /// A place that cannot be used.
    pub(super) fn io(place: &std::path::Path, why: impl std::fmt::Display) -> Self {
        Self::Io { place: place.display().to_string(), why: format!("{why}") }
    }

    /// A place whose content is not what it should be. `why` never quotes it.
    pub(super) fn unreadable(place: &std::path::Path, why: &str) -> Self {
        Self::Unreadable { place: place.display().to_string(), why: why.to_owned() }
    }
}

/// A login found in a tool's own place.
#[derive(Debug)]
pub struct Login {
    /// Its name there.
    pub name: String,
    /// The provider whose login it is.
    pub provider: &'static str,
    /// Where, for people.
    pub place: String,
    /// Paths whose mode is too open, to be tightened when it is taken.
    pub exposed: Vec<PathBuf>,
    /// What it is.
    pub grant: LoginGrant,
    /// The base URL.
    pub url: Option<String>,
    /// The project.
    pub project: Option<String>,
    /// The kind of key.
    pub variant: Option<String>,
    /// How the credential is sent.
    pub scheme: String,
    /// When it lapses, in seconds since 1970.
    pub expires_at: Option<i64>,
    /// Who is logged in: name.
    pub account_name: Option<String>,
    /// Who is logged in: e-mail address.
    pub email: Option<String>,
    /// The service's identifier for the person.
    pub subject: Option<String>,
}

impl Login {
    /// A login of which no more is known than this.
    pub(super) fn new(provider: &'static str, name: &str, place: &std::path::Path, grant: LoginGrant) -> Self {
        Self {
            name: name.to_owned(),
            provider,
            place: place.display().to_string(),
            exposed: Vec::new(),
            grant,
            url: None,
            project: None,
            variant: None,
            scheme: "Bearer".to_owned(),
            expires_at: None,
            account_name: None,
            email: None,
            subject: None,
        }
    }
}

/// The credential of a login that was found.
#[derive(Debug)]
pub enum LoginGrant {
    /// A key.
    ApiKey(ApiKey),
    /// Tokens.
    Oauth {
        /// The access token.
        access_token: AccessToken,
        /// The refresh token, if there is one.
        refresh_token: Option<RefreshToken>,
        /// The client it was issued to, if the file says so.
        client_id: Option<String>,
        /// Its secret.
        client_secret: Option<ClientSecret>,
        /// The URL of the issuer's metadata document, if the file says so.
        discovery_url: Option<String>,
    },
}

/// What was done to a tool's place when a login was taken; enough to undo it. Holds credentials, so it is kept like one.
#[derive(Debug)]
pub struct Taken {
    /// Where.
    pub place: String,
    /// What to give to [`Format::give_back`]; the format's own words.
    pub undo: crate::secret::ApiKey,
    /// What was done, one sentence each.
    pub notes: Vec<String>,
}

/// What is wrong with a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FindingKind {
    /// Other users can read it.
    Exposed,
    /// An older form that its tool no longer writes.
    Legacy,
    /// A credential in clear.
    Plaintext,
    /// Below a directory under version control.
    Versioned,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub kind: FindingKind,
    /// Where.
    pub place: String,
    /// In one sentence.
    pub detail: String,
    /// What to do.
    pub hint: Option<String>,
}

/// One tool's way to keep a login.
pub trait Format: Send + Sync + 'static {
    /// Its word: `tensormesh`, `llamactl`, `tank`, `truss`, `contree`.
    fn name(&self) -> &'static str;

    /// The provider whose logins it holds.
    fn provider(&self) -> &'static str;

    /// How long before a token lapses the tool would refresh by itself, if it does; links are refreshed earlier.
    fn own_refresh(&self) -> Option<std::time::Duration> {
        None
    }

    /// Where a link of `profile` writes. `runtime` is a directory in memory for [`To::Tmpfs`].
    ///
    /// # Errors
    /// [`FormatError::Place`] when the variables do not say; [`FormatError::Refused`] when the tool cannot be told of
    /// another place.
    fn spot(&self, variables: &Variables, to: To, runtime: &std::path::Path) -> Result<Spot, FormatError>;

    /// What lies there. `mine` is what the link wrote last.
    ///
    /// # Errors
    /// [`FormatError`] when it cannot be read.
    fn look(&self, spot: &Spot, profile: &str, mine: Option<&Mine>) -> Result<Seen, FormatError>;

    /// Puts `export` there: at once as a whole, mode 0600, merged with what else is there. The caller has looked, and has
    /// decided that what is there may be replaced.
    ///
    /// # Errors
    /// [`FormatError::Refused`] when this credential cannot be written in this form; then nothing has changed.
    fn write(&self, spot: &Spot, export: &Export, mine: Option<&Mine>) -> Result<Mine, FormatError>;

    /// Takes what the link wrote out again, and nothing else. What is gone already is no error.
    ///
    /// # Errors
    /// [`FormatError`] when it could not be taken out.
    fn withdraw(&self, spot: &Spot, mine: &Mine) -> Result<(), FormatError>;

    /// Every login in the tool's own places, those that a link wrote (`ours`) left out.
    ///
    /// # Errors
    /// [`FormatError`] when a place is there and cannot be read.
    fn logins(&self, variables: &Variables, ours: &[Fingerprint]) -> Result<Vec<Login>, FormatError>;

    /// Takes the refresh token of a login out of its place, so that only one program refreshes, and tightens what is too
    /// open. The access token or key stays: the tool goes on working until it lapses.
    ///
    /// # Errors
    /// [`FormatError`]; then nothing has changed.
    fn take(&self, variables: &Variables, login: &Login) -> Result<Taken, FormatError>;

    /// Puts back what [`Format::take`] changed, `refresh_token` being the present one where it has been rotated since.
    ///
    /// # Errors
    /// [`FormatError`]; then nothing has changed.
    fn give_back(
        &self,
        variables: &Variables,
        taken: &Taken,
        refresh_token: Option<&RefreshToken>,
    ) -> Result<(), FormatError>;

    /// What is wrong with the tool's places.
    fn findings(&self, variables: &Variables) -> Vec<Finding>;
}
