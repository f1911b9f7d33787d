//! Who answers: version, protocol and capabilities, sent as headers with every answer and as a body in `status`.

use serde::{Deserialize, Serialize};

/// Response header: the daemon's version, for example `0.1.0`.
pub const VERSION_HEADER: &str = "agentd-version";
/// Response header: the daemon's [`crate::PROTOCOL_VERSION`] as a decimal number.
pub const PROTOCOL_HEADER: &str = "agentd-protocol";
/// Response header: [`CAPABILITIES`], separated by single spaces.
pub const CAPABILITIES_HEADER: &str = "agentd-capabilities";
/// Request header: the client's version. Informational; it only reaches the log and the hint of a problem.
pub const CLIENT_HEADER: &str = "agentctl-version";
/// The only `Host` the daemon accepts. It stops a web page that was pointed at the socket by other means.
pub const HOST: &str = "agentd";

/// What this build can do beyond protocol version 1's bare minimum. A client asks for a feature only when its word is
/// here, and names the missing word when it is not.
pub const CAPABILITIES: &[&str] = &[
    "answer",
    "audience",
    "authorization-code",
    "device",
    "doctor",
    "environments",
    "events",
    "exec",
    "import",
    "key",
    "link",
    "logins",
    "min-ttl",
    "probe",
    "projects",
    "providers",
    "reject",
    "reload",
    "rename",
    "resource",
    "revocation",
    "scope",
    "sync",
    "whoami",
    "why",
];

/// The daemon's introduction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Hello {
    /// The daemon's version (semantic versioning).
    pub version: String,
    /// The daemon's protocol version.
    pub protocol: u32,
    /// Sorted words; see [`CAPABILITIES`].
    #[serde(default)]
    pub capabilities: Vec<String>,
}

impl Hello {
    /// The introduction of a daemon of `version` built against this crate.
    pub fn new(version: &str) -> Self {
        Self {
            version: version.to_owned(),
            protocol: crate::PROTOCOL_VERSION,
            capabilities: CAPABILITIES.iter().map(ToString::to_string).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn capabilities_are_sorted_and_unique() {
        assert!(super::CAPABILITIES.is_sorted_by(|a, b| a < b));
    }
}
