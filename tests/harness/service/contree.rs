//! Contree: a pasted token, and the one request that tells whether it is good.

use super::{Wire, request::Call, world::World};
use crate::issuer::Answer;
use serde_json::json;

/// The service and its settings.
#[derive(Debug, Clone)]
pub struct Contree {
    /// What stands before `/v1`, such as `/sandboxes`.
    pub base: String,
    /// The project that the header `Project` has to name; `None` asks for no header.
    pub project: Option<String>,
    /// What the token may do; the CLI looks at `list`.
    pub permissions: Vec<(String, bool)>,
    /// Seconds since 1970 that `token_expiration` names; the token is refused from then on. `None` is null.
    pub expires_at: Option<i64>,
    /// A member that the answer leaves out, such as `operations_stat`.
    pub left_out: Option<String>,
    /// The answer has `limits`.
    pub limits: bool,
}

impl Default for Contree {
    fn default() -> Self {
        let permissions = vec![("list".to_owned(), true), ("spawn".to_owned(), true), ("import".to_owned(), false)];
        let project = Some(Self::PROJECT.to_owned());
        Self { base: String::new(), project, permissions, expires_at: None, left_out: None, limits: true }
    }
}

impl Contree {
    /// The project that exists.
    pub const PROJECT: &'static str = "project-1";
    /// Whether a token is good, below [`Contree::base`].
    pub const WHOAMI: &'static str = "/v1/whoami";

    /// Without the permission that the CLI looks at.
    #[must_use]
    pub fn without_list(mut self) -> Self {
        self.permissions.iter_mut().filter(|(name, _)| name == "list").for_each(|(_, granted)| *granted = false);
        self
    }

    fn whoami(&self, world: &World, call: &Call) -> Answer {
        let expired = self.expires_at.is_some_and(|end| world.now() >= end);
        if world.bearer(call).is_none() || expired {
            return refusal(401, "invalid token");
        }
        if self.project.is_some() && call.header("project") != self.project.as_deref() {
            return refusal(401, "the token is not for this project");
        }
        let permissions: serde_json::Map<_, _> =
            self.permissions.iter().map(|(name, granted)| (name.clone(), (*granted).into())).collect();
        let mut members = json!({
            "token_uuid": "6f1d7c5e-0b1e-4a37-9a77-0d7b2f3f6a10",
            "token_expiration": self.expires_at,
            "permissions": permissions,
            "operations_stat": { "spawn": 3 },
        });
        if self.limits {
            members["limits"] = json!({ "operations": 100 });
        }
        if let (Some(name), Some(members)) = (&self.left_out, members.as_object_mut()) {
            assert!(members.remove(name).is_some(), "whoami has no member {name}");
        }
        Answer::json(200, members)
    }
}

impl Wire for Contree {
    const NAME: &'static str = "contree";

    fn answer(&mut self, world: &mut World, call: &Call) -> Answer {
        match call.path.strip_prefix(self.base.as_str()) {
            Some(Self::WHOAMI) if call.method == "GET" => self.whoami(world, call),
            _ => refusal(404, "not found"),
        }
    }
}

fn refusal(status: u16, says: &str) -> Answer {
    Answer::json(status, json!({ "error": says }))
}
