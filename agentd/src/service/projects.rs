//! The projects a credential can be used for.

use std::collections::HashSet;

use super::document::Document;
use super::{CallError, Presented, Services, Site};
use crate::oauth::id_token::shown;
use crate::provider::Projects;
use crate::provider::template::{Name, Values};

/// The most projects shown, over all groups.
const MOST: usize = 1000;
/// The most groups asked for.
const MOST_GROUPS: usize = 50;

/// One project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// The service's identifier.
    pub id: String,
    /// Its name.
    pub name: Option<String>,
    /// Identifier of the group it belongs to.
    pub group: Option<String>,
}

impl Services {
    /// Asks for the projects. `None`: this service has no list of them.
    pub async fn projects(&self, site: &Site, credential: Presented<'_>) -> Option<Result<Vec<Project>, CallError>> {
        let projects = site.provider.projects.as_ref()?;
        Some(self.all_projects(site, projects, credential).await)
    }

    async fn all_projects(
        &self,
        site: &Site,
        projects: &Projects,
        credential: Presented<'_>,
    ) -> Result<Vec<Project>, CallError> {
        let groups = self.groups(site, projects, credential).await?;
        if groups.is_empty() {
            return self.of_group(site, projects, credential, None).await;
        }
        let mut all: Vec<Project> = Vec::new();
        for group in groups {
            let room = MOST - all.len();
            if room == 0 {
                break;
            }
            let listed = self.of_group(site, projects, credential, Some(&group)).await?;
            let known: HashSet<String> = all.iter().map(|project| project.id.clone()).collect();
            all.extend(listed.into_iter().filter(|project| !known.contains(&project.id)).take(room));
        }
        Ok(all)
    }

    async fn groups(
        &self,
        site: &Site,
        projects: &Projects,
        credential: Presented<'_>,
    ) -> Result<Vec<String>, CallError> {
        let Some(groups) = &projects.groups else { return Ok(Vec::new()) };
        let answer = self.send(site, &groups.request, Values::new(), Some(credential)).await?;
        match answer.document() {
            Ok(document) => {
                let items = document.list(&groups.items).unwrap_or_default().iter().take(MOST_GROUPS);
                Ok(items.filter_map(|item| item.text(&groups.id)).map(|id| id.to_string()).collect())
            }
            // A deployment without groups does not know the path.
            Err(CallError::NotOffered { .. } | CallError::Unexpected { .. } | CallError::Forbidden) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    async fn of_group(
        &self,
        site: &Site,
        projects: &Projects,
        credential: Presented<'_>,
        group: Option<&str>,
    ) -> Result<Vec<Project>, CallError> {
        let values = Values::new().maybe(Name::Taken("group".to_owned()), group);
        let request = match (&projects.groups, group) {
            (Some(groups), Some(_)) => &groups.each,
            _ => &projects.request,
        };
        let document = self.send(site, request, values, Some(credential)).await?.document()?;
        let items = document.list(&projects.items).ok_or(CallError::Unreadable { why: "no list of projects in it" })?;
        Ok(items.iter().take(MOST).filter_map(|item| project(item, projects, group)).collect())
    }
}

fn project(item: &Document, projects: &Projects, group: Option<&str>) -> Option<Project> {
    let id = item.text(&projects.id).and_then(|id| shown(&id))?;
    let name = projects.name.as_ref().and_then(|pointer| item.shown(pointer));
    Some(Project { id, name, group: group.map(str::to_owned) })
}
