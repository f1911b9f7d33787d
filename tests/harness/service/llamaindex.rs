//! `LlamaIndex`: two documents lead to an OIDC issuer, a device login there, then projects and a key that is minted.
//!
//! The issuer is on the same listener, below `/oidc`. Its tokens and the service's own keys are accepted alike.

mod upstream;

use super::{Wire, device::DeviceTerms, request::Call, terms::Terms, token::Sort, world::World};
use crate::issuer::{Answer, Rotation};
use serde_json::{Value, json};
use std::time::Duration;

/// What the service's own discovery document answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Oidc {
    /// The issuer and the client.
    Offered,
    /// There is no browser login here: 400, 404 or 501 with a `detail`.
    Missing(u16),
}

/// A project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// Its id.
    pub id: String,
    /// Its name, if it has one.
    pub name: Option<String>,
    /// The organization it belongs to.
    pub organization: Option<String>,
}

impl Project {
    /// A project with a name, in an organization.
    pub fn new(id: &str, name: &str, organization: &str) -> Self {
        Self { id: id.to_owned(), name: Some(name.to_owned()), organization: Some(organization.to_owned()) }
    }
}

/// The service and its settings.
#[derive(Debug, Clone)]
pub struct LlamaIndex {
    /// Whether a browser login is offered.
    pub oidc: Oidc,
    /// The service wants to know who asks.
    pub requires_auth: bool,
    /// What the version document lists; with `organizations`, those can be listed.
    pub capabilities: Vec<String>,
    /// The oldest CLI that may come.
    pub min_llamactl_version: Option<String>,
    /// The rules of a login at the issuer.
    pub device: DeviceTerms,
    /// How the issuer issues tokens.
    pub terms: Terms,
    /// Scopes without which a login is refused; without `offline_access` a login has no refresh token.
    pub scopes: Vec<String>,
    /// The issuer answers with an ID token, to refreshes too.
    pub id_token: bool,
    /// The life of an ID token.
    pub id_token_life: Duration,
    /// The address of the user.
    pub email: Option<String>,
    /// Ids and names of the organizations; the first is the default one.
    pub organizations: Vec<(String, String)>,
    /// The projects.
    pub projects: Vec<Project>,
}

impl Default for LlamaIndex {
    fn default() -> Self {
        let device = DeviceTerms {
            client_id: Self::CLIENT.to_owned(),
            interval: Some(5),
            life: Duration::from_mins(10),
            slow_downs: 0,
            refusal_status: 403,
            complete_uri: true,
        };
        let life = Some(Duration::from_mins(5));
        Self {
            oidc: Oidc::Offered,
            requires_auth: true,
            capabilities: vec!["organizations".to_owned()],
            min_llamactl_version: None,
            device,
            terms: Terms { jwt: true, life, expires_in: false, refresh: true, rotation: Rotation::On },
            scopes: vec!["openid".to_owned(), "email".to_owned()],
            id_token: true,
            id_token_life: Duration::from_hours(1),
            email: Some("ada@example.test".to_owned()),
            organizations: vec![("org-1".to_owned(), "Example".to_owned()), ("org-2".to_owned(), "Other".to_owned())],
            projects: vec![Project::new("project-1", "Default", "org-1"), Project::new("project-2", "Second", "org-2")],
        }
    }
}

impl LlamaIndex {
    /// What this environment is.
    pub const VERSION: &'static str = "/api/v1beta1/deployments-public/version";
    /// Where the issuer is.
    pub const DISCOVERY: &'static str = "/api/v1/auth/oidc/discovery";
    /// The issuer's own document.
    pub const ISSUER_DOCUMENT: &'static str = "/oidc/.well-known/openid-configuration";
    /// Begins a login.
    pub const DEVICE: &'static str = "/oidc/device_authorization";
    /// Polls and refreshes.
    pub const TOKEN: &'static str = "/oidc/token";
    /// The keys of the issuer; the set is empty.
    pub const JWKS: &'static str = "/oidc/jwks";
    /// The organizations.
    pub const ORGANIZATIONS: &'static str = "/api/v1beta1/deployments/organizations";
    /// The projects, of one organization with `org_id`.
    pub const PROJECTS: &'static str = "/api/v1beta1/deployments/list-projects";
    /// Mints a key; below it, one is deleted.
    pub const KEYS: &'static str = "/api/v1/api-keys";
    /// Who a key belongs to.
    pub const ME: &'static str = "/api/v1/auth/me";
    /// The client that the discovery names.
    pub const CLIENT: &'static str = "client-cli";
    /// The id of the one user.
    pub const USER: &'static str = "user-1";

    /// The issuer identifier.
    fn issuer(world: &World) -> String {
        format!("{}/oidc", world.origin)
    }

    fn version(&self) -> Answer {
        let mut members = json!({
            "version": "0.10.4",
            "requires_auth": self.requires_auth,
            "capabilities": self.capabilities,
        });
        if let Some(oldest) = &self.min_llamactl_version {
            members["min_llamactl_version"] = oldest.clone().into();
        }
        Answer::json(200, members)
    }

    fn discovery(&self, world: &World) -> Answer {
        match self.oidc {
            Oidc::Missing(status) => detail(status, "OIDC is not configured"),
            Oidc::Offered => {
                let document = format!("{}{}", world.origin, Self::ISSUER_DOCUMENT);
                Answer::json(200, json!({ "discovery_url": document, "client_ids": { "cli": self.device.client_id } }))
            }
        }
    }

    fn organizations(&self) -> Answer {
        let listed = self.organizations.iter().enumerate();
        let listed: Vec<_> = listed
            .map(|(index, (id, name))| json!({ "org_id": id, "org_name": name, "is_default": index == 0 }))
            .collect();
        Answer::json(200, json!({ "organizations": listed }))
    }

    fn projects(&self, call: &Call) -> Answer {
        let wanted = call.query("org_id");
        let meant = |project: &&Project| wanted.is_none() || project.organization == wanted;
        let listed = self.projects.iter().filter(meant).map(|project| {
            let mut members = json!({ "project_id": project.id, "deployment_count": 0 });
            for (member, value) in [("project_name", &project.name), ("org_id", &project.organization)] {
                if let Some(value) = value {
                    members[member] = value.clone().into();
                }
            }
            members
        });
        Answer::json(200, json!({ "projects": listed.collect::<Vec<_>>() }))
    }

    fn me(&self) -> Answer {
        let mut members = json!({ "id": Self::USER });
        if let Some(email) = &self.email {
            members["email"] = email.clone().into();
        }
        Answer::json(200, members)
    }
}

impl Wire for LlamaIndex {
    const NAME: &'static str = "llamaindex";

    fn answer(&mut self, world: &mut World, call: &Call) -> Answer {
        match call.route() {
            ("GET", Self::VERSION) => self.version(),
            ("GET", Self::DISCOVERY) => self.discovery(world),
            ("GET", Self::ISSUER_DOCUMENT) => upstream::document(world),
            ("GET", Self::JWKS) => Answer::json(200, json!({ "keys": [] })),
            ("POST", Self::DEVICE) => self.authorize(world, call),
            ("POST", Self::TOKEN) => self.token(world, call),
            ("GET", DeviceTerms::PAGE) => world.visit(call.query("user_code").as_deref(), call),
            _ if self.requires_auth && world.bearer(call).is_none() => detail(401, "Not authenticated"),
            ("GET", Self::ORGANIZATIONS) if self.capabilities.iter().any(|one| one == "organizations") => {
                self.organizations()
            }
            ("GET", Self::PROJECTS) => self.projects(call),
            ("GET", Self::ME) => self.me(),
            ("POST", Self::KEYS) => mint(world, call),
            ("DELETE", path) => match path.strip_prefix(Self::KEYS).and_then(|rest| rest.strip_prefix('/')) {
                Some(id) => delete(world, id),
                None => detail(404, "Not Found"),
            },
            _ => detail(404, "Not Found"),
        }
    }
}

/// A new key. The member that holds it is called as if it did not.
fn mint(world: &mut World, call: &Call) -> Answer {
    let body = call.json();
    if body["name"].as_str().is_none_or(str::is_empty) || body.get("project_id").is_none() {
        return detail(422, "name and project_id are required");
    }
    let id = format!("key-{}", world.kept_keys.len() + 1);
    let key = world.mint.secret("key", 0);
    world.tokens.add_key(&key, None);
    world.kept_keys.push((id.clone(), key.clone()));
    Answer::json(200, json!({ "id": id, "name": body["name"], "redacted_api_key": key }))
}

fn delete(world: &mut World, id: &str) -> Answer {
    let now = world.now();
    let key = world.kept_keys.iter().find(|(known, _)| known == id).map(|(_, key)| key.clone());
    match key.filter(|key| world.tokens.live(key, now) == Some(Sort::Key)) {
        Some(key) => {
            world.tokens.end(&key);
            Answer::empty(204)
        }
        None => detail(404, "API key not found"),
    }
}

fn detail(status: u16, says: &str) -> Answer {
    Answer::json(status, json!({ "detail": Value::from(says) }))
}
