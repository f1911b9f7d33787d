//! The projects a login can be used for, and the chosen one.

use serde::{Deserialize, Serialize};

use crate::id::ProfileName;
use crate::is_false;

/// One project.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Project {
    /// The service's identifier.
    pub id: String,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Identifier of the organization it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Whether it is the chosen one.
    #[serde(default, skip_serializing_if = "is_false")]
    pub active: bool,
}

/// Answer to `projects`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Projects {
    /// Whose.
    pub profile: ProfileName,
    /// Whether the service lists projects at all; if not, an identifier is typed.
    pub listed: bool,
    /// In the service's order.
    pub projects: Vec<Project>,
}

/// Chooses a project.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProjectRequest {
    /// Whose; the current profile when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<ProfileName>,
    /// The project's identifier or name; it must be one of the list, where there is one.
    pub project: String,
}
