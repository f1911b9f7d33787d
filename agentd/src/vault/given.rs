//! What is given to a grant: a login that has succeeded, a key, what was learned at the service.

use crate::oauth::{Account, Client, Tokens};
use crate::provider::{Flow, Place, Settings};
use crate::secret::ApiKey;
use crate::service::Secondary;
use crate::store::record::Undo;

/// A login that has just succeeded.
#[derive(Debug)]
pub struct NewGrant {
    /// How it was made.
    pub flow: Flow,
    /// Settings to log in with again, for a login at an authorization server.
    pub settings: Option<Settings>,
    /// How to renew.
    pub client: Client,
    /// What came.
    pub tokens: Tokens,
    /// Who is logged in.
    pub account: Option<Account>,
    /// Scope asked for.
    pub requested_scope: String,
    /// What belongs to the login besides.
    pub beside: Beside,
}

/// What belongs to a login besides its credential.
#[derive(Debug, Default)]
pub struct Beside {
    /// What binds it to a provider.
    pub place: Option<Place>,
    /// Whether the service says that the credential is good for anything.
    pub usable: Option<bool>,
    /// What came with it.
    pub secondaries: Vec<Secondary>,
}

/// What was learned of a grant at its service. What is `None` stays as it was.
#[derive(Debug, Default)]
pub struct Learned {
    /// When the login was made that this is about; a later login is another one.
    pub logged_in_at: Option<i64>,
    /// Who is logged in.
    pub account: Option<Account>,
    /// Whether the credential is good for anything.
    pub usable: Option<bool>,
    /// What came with the login.
    pub secondaries: Option<Vec<Secondary>>,
    /// When the key lapses, in seconds since 1970.
    pub expires_at: Option<i64>,
    /// The chosen project: identifier and name.
    pub project: Option<(String, Option<String>)>,
    /// What undoes an import; `Some(None)`: nothing any more.
    pub undo: Option<Option<Undo>>,
}

/// A key handed over by the person.
#[derive(Debug)]
pub struct NewKey {
    /// The key.
    pub key: ApiKey,
    /// Seconds since 1970, if known.
    pub expires_at: Option<i64>,
    /// Who it belongs to, if the service said.
    pub account: Option<Account>,
    /// How it was made: as a key, or in a browser.
    pub flow: Flow,
    /// What belongs to it besides.
    pub beside: Beside,
}

impl NewKey {
    /// A key of a service that nobody describes.
    pub fn bare(key: ApiKey, expires_at: Option<i64>) -> Self {
        Self { key, expires_at, account: None, flow: Flow::Key, beside: Beside::default() }
    }
}
