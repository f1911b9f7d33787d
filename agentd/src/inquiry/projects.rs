//! Projects: the service's list, and the choice of one.

use std::sync::Arc;

use futures_util::FutureExt as _;

use super::{Inquiries, InquiryError};
use crate::flow::find_project;
use crate::service::Project;
use crate::vault::{Learned, Snapshot, Standing};

impl Inquiries {
    /// The projects of a profile; `None` when its service has no list of them.
    ///
    /// # Errors
    /// [`InquiryError`].
    pub async fn projects(&self, profile: Option<&str>) -> Result<(Arc<Snapshot>, Option<Vec<Project>>), InquiryError> {
        let snapshot = self.inspect(profile)?;
        let site = self.site(&snapshot)?;
        // Without a login there is nothing to ask with.
        if site.provider.projects.is_none() || snapshot.standing == Standing::Open {
            return Ok((snapshot, None));
        }
        let listed = self.ask(&snapshot, &site, |services, site, credential, _| {
            async move { services.projects(site, credential).await.unwrap_or(Ok(Vec::new())) }.boxed()
        });
        let listed = listed.await?;
        Ok((snapshot, Some(listed)))
    }

    /// Chooses a project, by identifier or name. It has to be one of the list, where there is one.
    ///
    /// # Errors
    /// [`InquiryError::NoSuchProject`] names those there are.
    pub async fn choose_project(&self, profile: Option<&str>, wanted: &str) -> Result<Arc<Snapshot>, InquiryError> {
        let (snapshot, listed) = self.projects(profile).await?;
        let chosen = match &listed {
            None => (wanted.to_owned(), None),
            Some(projects) => {
                let known = || projects.iter().map(|project| project.id.clone()).collect();
                let project = find_project(projects, wanted);
                let project = project.ok_or_else(|| InquiryError::NoSuchProject { known: known() })?;
                (project.id.clone(), project.name.clone())
            }
        };
        Ok(self.vault.learn(&snapshot.name, Learned { project: Some(chosen), ..Learned::default() }).await?)
    }
}
