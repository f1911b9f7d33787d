//! `projects`: asks the service for the projects of a profile.

use axum::extract::{Path, State};
use proto::project::{Project, Projects};

use super::json::Json;
use super::problem::Failure;
use super::token::in_time;
use super::{Api, describe};

pub(super) async fn projects(State(api): State<Api>, Path(name): Path<String>) -> Result<Json<Projects>, Failure> {
    let (snapshot, listed) = in_time(api.inquiries.projects(Some(&name))).await??;
    let active = snapshot.place.as_deref().and_then(|place| place.project.clone());
    let profile = describe::name(&snapshot.name);
    let project = |project: crate::service::Project| Project {
        active: active.as_ref() == Some(&project.id),
        id: project.id,
        name: project.name,
        group: project.group,
    };
    let shown = listed.as_ref().is_some();
    let projects = listed.unwrap_or_default().into_iter().map(project).collect();
    Ok(Json(Projects { profile, listed: shown, projects }))
}
