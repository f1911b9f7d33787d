//! What follows a login, checked: who is logged in, which projects there are, what else comes with it.

use super::{AccountFields, MethodName, Pointer, Request};

/// Asks the service who is logged in, and whether the credential is good for anything.
#[derive(Debug, Clone, PartialEq)]
pub struct Whoami {
    /// Sent with the credential.
    pub request: Request,
    /// Who it is.
    pub account: AccountFields,
    /// Members without which the answer is none.
    pub required: Vec<Pointer>,
    /// A boolean that says whether the credential is of any use.
    pub usable: Option<Pointer>,
    /// When the credential lapses.
    pub expires_at: Option<Pointer>,
}

/// The projects a login can be used for.
#[derive(Debug, Clone, PartialEq)]
pub struct Projects {
    /// Sent with the credential.
    pub request: Request,
    /// The list in its answer.
    pub items: Pointer,
    /// In an item: the identifier.
    pub id: Pointer,
    /// In an item: the name.
    pub name: Option<Pointer>,
    /// A list of groups (organizations), each asked for its own projects where there are any.
    pub groups: Option<Groups>,
}

/// Groups of projects.
#[derive(Debug, Clone, PartialEq)]
pub struct Groups {
    /// Sent with the credential. A service that answers 4xx or 501 has none.
    pub request: Request,
    /// The list in its answer.
    pub items: Pointer,
    /// In an item: the identifier.
    pub id: Pointer,
    /// Asks for the projects of one group, named `{group}`.
    pub each: Request,
}

/// A credential that comes with the login: fetched, or made for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Secondary {
    /// Its word.
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// Whether a login without it is not ready.
    pub required: bool,
    /// Requests, in order; values that one takes are known to the next.
    pub steps: Vec<Step>,
    /// Which taken value is the secret.
    pub secret: String,
    /// Taken values that are kept beside it and shown.
    pub keep: Vec<String>,
    /// Methods whose logins it comes with; empty: all.
    pub methods: Vec<MethodName>,
    /// Whether it is made once and kept (an API key), or fetched anew by each `sync`.
    pub once: bool,
    /// Ends it at the service at logout.
    pub delete: Option<Request>,
}

/// One request of a sequence.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Sent with the credential.
    pub request: Request,
    /// Which element of a list is meant.
    pub pick: Option<Pick>,
    /// What is read from the answer, or from the picked element: name and place.
    pub take: Vec<(String, Pointer)>,
    /// The request is not made when an earlier step has taken this already.
    pub unless: Option<String>,
}

/// Chooses one element of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pick {
    /// The list.
    pub from: Pointer,
    /// Members and what they must say: `status = "UP"`.
    pub only: Vec<(Pointer, String)>,
    /// A member that must be there and not empty: `apiKey`.
    pub with: Option<Pointer>,
    /// A member that must be absent, null or empty: `deletedAt`.
    pub without: Option<Pointer>,
    /// A point in time that must lie in the future, be absent or null: `expiresAt`.
    pub until: Option<Pointer>,
    /// The element with the latest of these is taken; the first when absent: `createdAt`.
    pub newest: Option<Pointer>,
}

impl Secondary {
    /// Whether a login by this method comes with it.
    pub fn comes_with(&self, method: &str) -> bool {
        self.methods.is_empty() || self.methods.iter().any(|name| name.word() == method)
    }
}
