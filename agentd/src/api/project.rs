//! `project`: chooses the project of a profile.

use axum::extract::State;
use proto::profile::Profile;
use proto::project::ProjectRequest;

use super::Api;
use super::json::Json;
use super::problem::{Failure, invalid};
use super::token::in_time;

/// The longest identifier of a project, in bytes.
pub(super) const LONGEST: usize = 256;

pub(super) async fn project(
    State(api): State<Api>,
    Json(request): Json<ProjectRequest>,
) -> Result<Json<Profile>, Failure> {
    checked(&request.project)?;
    let profile = request.profile.as_ref().map(proto::id::ProfileName::as_str);
    let snapshot = in_time(api.inquiries.choose_project(profile, &request.project)).await??;
    Ok(Json(api.profile(&snapshot)))
}

/// A project's identifier goes into headers and files.
pub(super) fn checked(project: &str) -> Result<(), Failure> {
    let fits = !project.is_empty() && project.len() <= LONGEST && project.chars().all(|c| !c.is_control());
    if fits { Ok(()) } else { Err(invalid("the project is empty, too long, or holds control characters")) }
}
