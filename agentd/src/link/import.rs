//! Imports: logins found in the places of other tools, taken over, and given back.
//!
//! Nothing is taken unless a name or `all` says so. Invariant M1: each login is *adopted*, durable in the vault; then its
//! refresh token is *taken* out of the tool's place, which is looked at once more for that; then what undoes this is
//! *kept*. A crash after the first step leaves two programs that can refresh, and the next import finishes it, because the
//! login is known again by its fingerprint. A login that the vault cannot keep for longer than the daemon lives is adopted,
//! and its tool keeps its refresh token: else a restart would lose the login.
//!
//! Undoing goes the other way: the vault *surrenders* the login, so nothing refreshes it; the tool's place is *given back*
//! what it had; the profile is *forgotten*.

use std::fmt;
use std::sync::Arc;

use tokio::sync::{Mutex, oneshot};

use super::engine::Links;
use super::format::{FormatError, Login, LoginGrant, Variables};
use super::formats::Formats;
use super::profiles::{Intake, IntakeError, Kept, Known, Origin};
use crate::secret::Fingerprint;
use crate::supervise::{Panic, Tasks};

mod name;
mod undo;

/// What to look for and what to do with it.
#[derive(Debug, Clone, Default)]
pub struct Order {
    /// Only this format, or the logins of this name.
    pub name: Option<String>,
    /// Take all that are found.
    pub all: bool,
    /// Only look.
    pub dry_run: bool,
    /// The profile to make, with one login.
    pub profile: Option<String>,
    /// Give back instead.
    pub undo: bool,
    /// Variables of the environment in which the tools run.
    pub variables: Variables,
}

/// What kind of credential was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A key.
    ApiKey,
    /// Tokens.
    Oauth,
}

/// A login that was found. The credential is not in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Where it is, or came from.
    pub origin: Origin,
    /// Who is logged in, if the place says so.
    pub account: Option<Who>,
    /// The base URL.
    pub url: Option<String>,
    /// The project.
    pub project: Option<String>,
    /// When it lapses, in seconds since 1970.
    pub expires_at: Option<i64>,
    /// The profile that holds it, or would.
    pub profile: Option<String>,
    /// Whether it was taken over, or given back.
    pub taken: bool,
    /// Why it was not, or what was done.
    pub notes: Vec<String>,
}

/// Who is logged in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Who {
    /// The service's identifier for the person.
    pub subject: Option<String>,
    /// A name.
    pub name: Option<String>,
    /// An e-mail address.
    pub email: Option<String>,
}

impl Found {
    fn new(origin: Origin) -> Self {
        let (account, url, project, expires_at, profile) = (None, None, None, None, None);
        Self { origin, account, url, project, expires_at, profile, taken: false, notes: Vec::new() }
    }
}

/// What an import did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Sorted by format and name.
    pub found: Vec<Found>,
    /// Places that could not be looked at, one sentence each.
    pub notes: Vec<String>,
}

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The daemon stops, or the import failed midway; what was done is done.
    #[error("the import did not end")]
    Ending,
    /// There is a profile of this name, which holds another login.
    #[error("there is a profile `{0}` already")]
    Exists(String),
    /// The place of the one format that was asked for cannot be used.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// The vault did not do it.
    #[error(transparent)]
    Intake(#[from] IntakeError),
    /// One name for several logins.
    #[error("`{name}` names {logins} logins, and one profile can hold one")]
    Several {
        /// What was asked for.
        name: String,
        /// How many there are.
        logins: usize,
    },
    /// Nothing of this name was found, or nothing of this name can be given back.
    #[error("nothing was found under `{0}`")]
    Unknown(String),
}

/// The handle; clones are the same.
#[derive(Clone)]
pub struct Imports(Arc<Inner>);

struct Inner {
    formats: Formats,
    links: Links,
    intake: Arc<dyn Intake>,
    tasks: Tasks,
    /// One import at a time: two would find the same login.
    one: Mutex<()>,
}

/// A login, with what is told of it.
struct Candidate {
    login: Login,
    found: Found,
}

impl Imports {
    /// Imports into `intake`.
    pub fn new(formats: Formats, links: Links, intake: Arc<dyn Intake>, tasks: Tasks) -> Self {
        Self(Arc::new(Inner { formats, links, intake, tasks, one: Mutex::default() }))
    }

    /// Looks, takes or gives back. Goes on to its end when the caller hangs up.
    ///
    /// # Errors
    /// [`ImportError`]; what went wrong with one login of several is in the notes of that login.
    pub async fn import(&self, order: Order) -> Result<Report, ImportError> {
        let (reply, done) = oneshot::channel();
        let imports = self.clone();
        self.0.tasks.spawn("import", Panic::Logged, async move {
            let _one = imports.0.one.lock().await;
            let result = if order.undo { imports.undo(&order).await } else { imports.run(&order).await };
            // Whoever asked may be gone.
            drop(reply.send(result));
        });
        done.await.unwrap_or(Err(ImportError::Ending))
    }

    async fn run(&self, order: &Order) -> Result<Report, ImportError> {
        let (candidates, notes) = self.scan(order).await?;
        let take = !order.dry_run && (order.all || order.name.is_some());
        if let Some(profile) = &order.profile {
            let new: Vec<_> = candidates.iter().filter(|it| self.known(it).is_none()).collect();
            if new.len() > 1 {
                let name = order.name.clone().unwrap_or_else(|| "--all".to_owned());
                return Err(ImportError::Several { name, logins: new.len() });
            }
            if !new.is_empty() && self.0.intake.exists(profile) {
                return Err(ImportError::Exists(profile.clone()));
            }
        }
        let mut found = Vec::new();
        let mut promised: Vec<String> = Vec::new();
        for candidate in candidates {
            let known = self.known(&candidate);
            let profile =
                known.as_ref().map(|known| known.profile.clone()).or_else(|| order.profile.clone()).unwrap_or_else(
                    || {
                        name::free(&candidate.login, |name| {
                            !self.0.intake.exists(name) && !promised.iter().any(|promised| promised == name)
                        })
                    },
                );
            promised.push(profile.clone());
            found.push(self.one(candidate, profile, known, take, &order.variables).await);
        }
        Ok(Report { found, notes })
    }

    /// Takes one login over, or says what would be done.
    async fn one(
        &self,
        it: Candidate,
        profile: String,
        known: Option<Known>,
        take: bool,
        variables: &Variables,
    ) -> Found {
        let Candidate { login, mut found } = it;
        found.profile = Some(profile.clone());
        if known.is_some() {
            found.notes.push("already imported".to_owned());
        }
        let refreshable = found.origin.refreshable;
        // Known, and its refresh token is still in the tool's place: an import that did not come to its end.
        if !take || (known.is_some() && !refreshable) {
            return found;
        }
        let durable = match known {
            Some(known) => known.durable,
            None => match self.0.intake.adopt(&profile, login, found.origin.clone()).await {
                Ok(adopted) => {
                    found.taken = true;
                    adopted.durable
                }
                Err(error) => {
                    found.profile = None;
                    found.notes.push(error.to_string());
                    return found;
                }
            },
        };
        if !durable && refreshable {
            found.notes.push(format!(
                "the agent keeps this login in memory only, so its refresh token also stays in `{}`: two programs can \
                 refresh it, and one of them may lose the login",
                found.origin.place
            ));
            return found;
        }
        match self.take(&found.origin, variables).await {
            Ok(taken) => {
                found.taken = true;
                found.notes.extend(taken.notes.iter().cloned());
                let kept = Kept { origin: found.origin.clone(), variables: variables.clone(), taken };
                if let Err(error) = self.0.intake.keep(&profile, kept).await {
                    found.notes.push(format!("this cannot be undone: {error}"));
                }
            }
            Err(error) if refreshable => found.notes.push(format!(
                "its refresh token could not be taken out ({error}), so two programs can refresh it: log out in the other \
                 one, or import again"
            )),
            Err(error) => found.notes.push(format!("its place could not be tightened ({error})")),
        }
        found
    }

    /// Takes the refresh token out of the tool's place, if the login there is still the one that was adopted.
    async fn take(&self, origin: &Origin, variables: &Variables) -> Result<super::Taken, FormatError> {
        let (wanted, marks, variables) = (origin.clone(), self.0.links.marks(), variables.clone());
        let take = move |format: &dyn super::Format| {
            let logins = format.logins(&variables, &marks)?;
            let same = |login: &&Login| {
                (&login.name, &login.place) == (&wanted.name, &wanted.place) && mark(login) == wanted.fingerprint
            };
            let Some(login) = logins.iter().find(same) else {
                let why = "the login there has changed in the meantime".to_owned();
                return Err(FormatError::Io { place: wanted.place.clone(), why });
            };
            format.take(&variables, login)
        };
        self.0.formats.call(&origin.format, take).await?
    }

    fn known(&self, candidate: &Candidate) -> Option<Known> {
        self.0.intake.known(candidate.found.origin.fingerprint)
    }

    /// Every login that the order names, with sentences about places that could not be looked at.
    async fn scan(&self, order: &Order) -> Result<(Vec<Candidate>, Vec<String>), ImportError> {
        let names = self.0.formats.names();
        let only = order.name.as_deref().and_then(|name| names.iter().copied().find(|known| *known == name));
        let (mut candidates, mut notes) = (Vec::new(), Vec::new());
        for format in names.into_iter().filter(|name| only.is_none_or(|only| only == *name)) {
            let (variables, marks) = (order.variables.clone(), self.0.links.marks());
            let logins = self.0.formats.call(format, move |format| format.logins(&variables, &marks)).await;
            match logins.and_then(|logins| logins) {
                Ok(logins) => candidates.extend(logins.into_iter().map(|login| candidate(format, login))),
                Err(error) if only.is_some() => return Err(ImportError::Format(error)),
                Err(error) => notes.push(format!("{format}: {error}")),
            }
        }
        if let (Some(name), None) = (&order.name, only) {
            candidates.retain(|candidate| candidate.login.name == *name);
        }
        match &order.name {
            Some(name) if candidates.is_empty() => return Err(ImportError::Unknown(name.clone())),
            _ => {}
        }
        let key = |candidate: &Candidate| {
            let origin = &candidate.found.origin;
            (origin.format.clone(), origin.name.clone())
        };
        candidates.sort_by_key(key);
        Ok((candidates, notes))
    }
}

fn candidate(format: &str, login: Login) -> Candidate {
    let (kind, refreshable) = match &login.grant {
        LoginGrant::ApiKey(_) => (Kind::ApiKey, false),
        LoginGrant::Oauth { refresh_token, .. } => (Kind::Oauth, refresh_token.is_some()),
    };
    let Login { name, place, url, project, .. } = &login;
    let (name, place) = (name.clone(), place.clone());
    let origin = Origin { format: format.to_owned(), name, place, kind, fingerprint: mark(&login), refreshable };
    let who = Who { subject: login.subject.clone(), name: login.account_name.clone(), email: login.email.clone() };
    let found = Found {
        account: (who != Who::default()).then_some(who),
        url: url.clone(),
        project: project.clone(),
        expires_at: login.expires_at,
        ..Found::new(origin)
    };
    Candidate { login, found }
}

fn mark(login: &Login) -> Fingerprint {
    match &login.grant {
        LoginGrant::ApiKey(key) => key.fingerprint(),
        LoginGrant::Oauth { access_token, .. } => access_token.fingerprint(),
    }
}

impl fmt::Debug for Imports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Imports")
    }
}
