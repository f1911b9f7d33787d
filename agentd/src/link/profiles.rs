//! What links and imports need to know of profiles, and ask of them. The vault, in the daemon.

use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::watch;

use super::format::{Export, Login, Taken, Variables};
use super::import::Kind;
use crate::secret::{Fingerprint, RefreshToken};

/// Whose credential a link writes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Follow {
    /// That of whatever profile of this provider is current.
    Current(String),
    /// That of this profile.
    Profile(String),
}

/// Why there is no credential to write.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Absent {
    /// The vault is locked, or the daemon stops.
    #[error("the vault is locked")]
    Locked,
    /// The profile has no grant.
    #[error("nobody is logged in as `{0}`")]
    LoggedOut(String),
    /// No profile was named, and none is current.
    #[error("no profile is current")]
    NoneCurrent,
    /// No profile of the provider is current.
    #[error("no profile of `{0}` is current")]
    NoneOfProvider(String),
    /// There is no such profile.
    #[error("there is no profile `{0}`")]
    NoProfile(String),
}

/// What a profile is, for choosing a format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// Its name.
    pub name: String,
    /// Its provider.
    pub provider: Option<String>,
    /// The format of that provider's own tool.
    pub format: Option<String>,
}

/// What links need of the vault. Nothing here waits for a service but [`Profiles::freshen`].
pub trait Profiles: Send + Sync + 'static {
    /// What the profile is; the current one when none is named.
    ///
    /// # Errors
    /// [`Absent`] when there is none.
    fn about(&self, profile: Option<&str>) -> Result<About, Absent>;

    /// The credential that `follow` means now.
    ///
    /// # Errors
    /// [`Absent`] says why there is none.
    fn export(&self, follow: &Follow) -> Result<Export, Absent>;

    /// Credentials by which a tool's place shows that its login is this profile's: those that were there when it was
    /// imported.
    fn imported(&self, profile: &str) -> Vec<Fingerprint>;

    /// Changes whenever a profile or the choice of the current one may have changed.
    fn changes(&self) -> watch::Receiver<u64>;

    /// Has the profile's access token refreshed if less than `least` of its life is left. Returns whether it has as much
    /// afterwards.
    fn freshen<'a>(&'a self, profile: &'a str, least: Duration) -> BoxFuture<'a, bool>;
}

/// A login is in the vault.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Adopted {
    /// Whether it outlives the daemon. If not, its refresh token is left where it was as well.
    pub durable: bool,
}

/// Where an imported login came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The format.
    pub format: String,
    /// Its name there.
    pub name: String,
    /// Where: a path, or the name of a keyring item.
    pub place: String,
    /// What it was.
    pub kind: Kind,
    /// Stands for its credential.
    pub fingerprint: Fingerprint,
    /// Whether it had a refresh token.
    pub refreshable: bool,
}

/// A profile that holds a login which was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The profile.
    pub profile: String,
    /// Whether it outlives the daemon.
    pub durable: bool,
}

/// What is needed to give a login back to its tool.
#[derive(Debug)]
pub struct Kept {
    /// Where it came from.
    pub origin: Origin,
    /// The variables with which it was found.
    pub variables: Variables,
    /// What was done to the tool's place.
    pub taken: Taken,
}

/// Why the vault did not do it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct IntakeError(
    /// In one sentence, without a secret.
    pub String,
);

/// What imports need of the vault.
///
/// The order of calls is the promise. Taking: [`Intake::adopt`] is durable before anything is taken out of the tool's
/// place, and [`Intake::keep`] comes last. Giving back: [`Intake::surrender`] ends all refreshing before the tool gets
/// its refresh token back, and [`Intake::forget`] comes last.
pub trait Intake: Send + Sync + 'static {
    /// The profile that holds this credential, or that took it over when it was imported.
    fn known(&self, credential: Fingerprint) -> Option<Known>;

    /// Whether there is a profile of this name.
    fn exists(&self, profile: &str) -> bool;

    /// Takes the login over as a new profile, which remembers its origin.
    fn adopt<'a>(
        &'a self,
        profile: &'a str,
        login: Login,
        origin: Origin,
    ) -> BoxFuture<'a, Result<Adopted, IntakeError>>;

    /// Keeps, sealed and beside the profile, what undoes the import.
    fn keep<'a>(&'a self, profile: &'a str, kept: Kept) -> BoxFuture<'a, Result<(), IntakeError>>;

    /// The profiles that can be given back, sorted by name.
    fn kept(&self) -> Vec<(String, Origin)>;

    /// Refreshes the login no more, and tells what was kept of it and its present refresh token, if it has one. Nothing of
    /// it is lost before [`Intake::forget`].
    fn surrender<'a>(&'a self, profile: &'a str) -> BoxFuture<'a, Result<(Kept, Option<RefreshToken>), IntakeError>>;

    /// Takes a surrendered login up again, since its tool could not have it back.
    fn reclaim<'a>(&'a self, profile: &'a str) -> BoxFuture<'a, Result<(), IntakeError>>;

    /// Forgets the profile, without a word to its service: its tool has the login again.
    fn forget<'a>(&'a self, profile: &'a str) -> BoxFuture<'a, Result<(), IntakeError>>;
}
