//! Questions to services on behalf of profiles: who is logged in, which profiles work, which projects there are, what comes
//! with the login; and which deployment of a service is meant.
//!
//! It joins the vault, which has the credential, with the services, which can be asked. A credential that the service
//! refuses is renewed once, where it can be, before the refusal is believed.

mod deployment;
mod exec;
mod hosts;
mod meant;
mod probe;
mod projects;
mod sync;
mod whoami;

use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::notice::traffic;
use crate::provider::Catalogue;
use crate::service::{CallError, Presented, Services, Site, Teller, Userinfo};
use crate::vault::{Credential, Handed, Rejection, SelectError, ServeError, Snapshot, Target, Trouble, Vault};

pub(crate) use deployment::place;
pub use probe::{PROBE_TIME, Probed, Verdict};
pub use whoami::{Asked, Known};

/// Asks services. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Inquiries {
    vault: Vault,
    services: Services,
    catalogue: Catalogue,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InquiryError {
    /// The service was asked and did not give what was asked for.
    #[error("profile `{profile}`: {error}")]
    Call {
        /// The profile, or what else was asked for.
        profile: String,
        /// Why.
        error: CallError,
    },
    /// The profile is no provider's, or its service cannot be asked that.
    #[error("{0}")]
    NotOffered(String),
    /// There is no such project.
    #[error("there is no such project")]
    NoSuchProject {
        /// Those there are.
        known: Vec<String>,
    },
    /// Everybody has another deployment, and nothing says which is meant.
    #[error("{title} has no address of its own: it takes the {what}")]
    NoAddress {
        /// The provider's name.
        provider: String,
        /// Its name for people.
        title: String,
        /// What it is the address of.
        what: String,
        /// One like it.
        example: String,
    },
    /// There is no such deployment.
    #[error("{title} has no environment of this name")]
    NoSuchEnvironment {
        /// Whose.
        title: String,
        /// Those there are.
        known: Vec<String>,
    },
    /// There is no such provider.
    #[error("there is no such provider")]
    NoSuchProvider {
        /// Those there are.
        known: Vec<String>,
    },
    /// No profile was found.
    #[error(transparent)]
    Select(#[from] SelectError),
    /// There is no credential to ask with.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// The URL of a deployment cannot be used.
    #[error("the URL of the environment cannot be used: {0}")]
    Url(crate::http::EndpointError),
}

/// A question that needs a credential; `S` says of whom it is asked.
type Question<S, T> =
    for<'a> fn(&'a Services, &'a S, Presented<'a>, &'a Snapshot) -> BoxFuture<'a, Result<T, CallError>>;

impl Inquiries {
    /// Over these parts.
    pub fn new(vault: Vault, services: Services, catalogue: Catalogue) -> Self {
        Self { vault, services, catalogue }
    }

    /// Where a profile's service is.
    fn site(&self, snapshot: &Snapshot) -> Result<Site, InquiryError> {
        let place = snapshot.place.as_deref().ok_or_else(|| {
            InquiryError::NotOffered(format!("profile `{}` is of no provider that can be asked", snapshot.name))
        })?;
        let provider = self
            .catalogue
            .find(&place.provider)
            .ok_or_else(|| InquiryError::NotOffered(format!("provider `{}` is not known any more", place.provider)))?;
        Ok(Site { provider, place: place.clone() })
    }

    /// Who can say who is logged in to a profile: its service, as described, else its authorization server.
    fn teller(&self, snapshot: &Snapshot) -> Result<Teller, InquiryError> {
        let site = if snapshot.place.is_some() { Some(self.site(snapshot)?) } else { None };
        match (site, &snapshot.userinfo) {
            (Some(site), _) if site.provider.whoami.is_some() => Ok(Teller::Described(Box::new(site))),
            (_, Some((endpoint, reach))) => Ok(Teller::Standard(Userinfo {
                endpoint: endpoint.to_string(),
                reach: *reach,
                ca_file: snapshot.settings.as_deref().and_then(|settings| settings.ca_file.clone()),
                subject: snapshot.account.as_deref().and_then(|account| account.subject.clone()),
            })),
            (Some(site), None) => {
                Err(InquiryError::NotOffered(format!("{} cannot be asked who is logged in", site.provider.title)))
            }
            (None, None) => Err(InquiryError::NotOffered(format!(
                "the service of profile `{}` cannot be asked who is logged in",
                snapshot.name
            ))),
        }
    }

    /// Asks with the profile's credential; once more with a newer one, if the service refuses the first.
    async fn ask<S, T>(&self, snapshot: &Snapshot, whom: &S, question: Question<S, T>) -> Result<T, InquiryError> {
        let name = &*snapshot.name;
        let handed = self.vault.token(Some(name), Target::default(), None).await?;
        let first = self.put(snapshot, whom, &handed, question).await;
        let error = match first {
            Err(CallError::Refused) if snapshot.refreshable => {
                match self.vault.reject(Some(&handed.lease), None).await {
                    Ok(Rejection::Newer(newer) | Rejection::Refreshed(newer)) => {
                        self.put(snapshot, whom, &newer, question).await
                    }
                    Ok(Rejection::Unchanged(..)) => Err(CallError::Refused),
                    Err(error) => return Err(error.into()),
                }
            }
            other => other,
        };
        error.map_err(|error| InquiryError::Call { profile: name.to_owned(), error })
    }

    async fn put<S, T>(
        &self,
        snapshot: &Snapshot,
        whom: &S,
        handed: &Handed,
        question: Question<S, T>,
    ) -> Result<T, CallError> {
        let secret = secret_of(&handed.served.credential);
        let asked = question(&self.services, whom, Presented { scheme: &handed.served.token_type, secret }, snapshot);
        traffic::of(Arc::clone(&snapshot.name), asked).await
    }

    fn inspect(&self, profile: Option<&str>) -> Result<Arc<Snapshot>, InquiryError> {
        Ok(self.vault.inspect(profile)?)
    }
}

/// Whether an error is no word of the service about the credential: what was known before is all there is.
fn is_offline(error: &InquiryError) -> bool {
    match error {
        InquiryError::Call { error, .. } => {
            !matches!(error, CallError::Refused | CallError::Forbidden | CallError::Settings(_))
        }
        InquiryError::Serve(ServeError::Trouble { trouble, .. }) => {
            matches!(trouble, Trouble::Unreachable { .. } | Trouble::Busy)
        }
        _ => false,
    }
}

fn secret_of(credential: &Credential) -> &str {
    match credential {
        // EXPOSE: presented to the service that it is of.
        Credential::AccessToken(token) => token.expose(),
        // EXPOSE: as above.
        Credential::ApiKey(key) => key.expose(),
    }
}
