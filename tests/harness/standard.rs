//! Authorization servers that look like GitHub, GitLab, Google, Microsoft Entra, Okta, Auth0 and Keycloak: their paths,
//! what they leave out, and where they go their own way. Facts are those of the services' own documentation.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::issuer::{
    Client, ClientAuth, Config, DeviceRules, Discovery, Endpoint, Iss, Issuer, Looks, Offline, Published, Redirects,
};

/// The client that the person has registered.
pub const CLIENT: &str = "client-of-mine";
/// Its secret, where it has one.
pub const SECRET: &str = "canary-secret-of-mine";
/// A tenant of Entra.
pub const TENANT: &str = "72f988bf-86f1-41af-91ab-2d7cd011db47";

/// One service.
#[derive(Debug, Clone)]
pub struct Standard {
    /// The provider that describes it.
    pub provider: &'static str,
    /// How the server is set up.
    pub config: Config,
    /// What stands behind its origin in the environment's URL.
    base: &'static str,
    /// What in its documents holds its own address.
    address: fn(&Issuer),
}

impl Standard {
    fn new(provider: &'static str, looks: Looks) -> Self {
        let client = Client { redirects: Redirects::AnyLoopbackPort, ..Client::public(CLIENT) };
        let config = Config { clients: vec![client], looks, ..Config::default() };
        Self { provider, config, base: "", address: |_| {} }
    }

    /// The client has a secret, and proves itself in the form.
    #[must_use]
    pub fn confidential(mut self) -> Self {
        self.config.clients[0].auth = ClientAuth::Post(SECRET.to_owned());
        self
    }

    /// Codes approve themselves.
    #[must_use]
    pub fn approving(mut self) -> Self {
        self.config.device.auto_approve = Some(std::time::Duration::ZERO);
        self
    }

    /// Starts what has to know its own address, and tells the URL of the environment.
    pub fn settle(&self, issuer: &Issuer) -> String {
        (self.address)(issuer);
        format!("{}{}", issuer.url(), self.base)
    }
}

fn paths<const N: usize>(paths: [(Endpoint, &str); N]) -> BTreeMap<Endpoint, String> {
    paths.into_iter().map(|(endpoint, path)| (endpoint, path.to_owned())).collect()
}

fn members(value: &Value) -> serde_json::Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

/// GitHub Enterprise Server: no discovery, forms unless JSON is asked for, errors with 200, commas, tokens without an end.
pub fn github() -> Standard {
    let looks = Looks {
        paths: paths([
            (Endpoint::Authorization, "/login/oauth/authorize"),
            (Endpoint::DeviceAuthorization, "/login/device/code"),
            (Endpoint::Verification, "/login/device"),
            (Endpoint::Token, "/login/oauth/access_token"),
            (Endpoint::Userinfo, "/api/v3/user"),
        ]),
        userinfo: members(
            &json!({"sub": null, "id": 583_231, "login": "octocat", "name": "The Octocat", "email": null}),
        ),
        form_unless_asked: true,
        errors_with_200: true,
        commas: true,
        lasting: true,
        ..Looks::default()
    };
    let mut github = Standard::new("github", looks);
    let none = Discovery { openid_configuration: false, oauth_metadata: false, ..Discovery::default() };
    github.config.discovery = none;
    github.config.offline = Offline::Never;
    github.config.iss_parameter = Iss::Absent;
    github.config.device = DeviceRules { slow_down: true, complete_uri: false, ..DeviceRules::default() };
    github
}

/// GitLab of one's own: a device endpoint that no document names, a user API beside OpenID Connect.
pub fn gitlab() -> Standard {
    let looks = Looks {
        paths: paths([
            (Endpoint::Authorization, "/oauth/authorize"),
            (Endpoint::DeviceAuthorization, "/oauth/authorize_device"),
            (Endpoint::Verification, "/oauth/device"),
            (Endpoint::Token, "/oauth/token"),
            (Endpoint::Userinfo, "/api/v4/user"),
            (Endpoint::Revocation, "/oauth/revoke"),
        ]),
        userinfo: members(&json!({"sub": null, "id": "user-1", "username": "ada", "email": "ada@gitlab.example"})),
        ..Looks::default()
    };
    let mut gitlab = Standard::new("gitlab", looks);
    let published = [(Endpoint::DeviceAuthorization, Published::Nowhere)].into();
    gitlab.config.discovery = Discovery { published, oauth_metadata: false, ..Discovery::default() };
    gitlab.config.iss_parameter = Iss::Absent;
    gitlab
}

/// Google: a secret everywhere, `client_id` in the form of the device request, refresh tokens on demand only.
pub fn google() -> Standard {
    let looks = Looks { asks_for_offline: true, client_in_form: true, ..Looks::default() };
    let mut google = Standard::new("google", looks);
    google.config.iss_parameter = Iss::Absent;
    google.config.clients[0].auth = ClientAuth::Basic(SECRET.to_owned());
    google
}

/// Entra: an issuer with the tenant left open in the document, and named in the ID token.
pub fn entra() -> Standard {
    let looks = Looks {
        paths: paths([
            (Endpoint::OpenidConfiguration, "/organizations/v2.0/.well-known/openid-configuration"),
            (Endpoint::Authorization, "/organizations/oauth2/v2.0/authorize"),
            (Endpoint::DeviceAuthorization, "/organizations/oauth2/v2.0/devicecode"),
            (Endpoint::Token, "/organizations/oauth2/v2.0/token"),
        ]),
        ..Looks::default()
    };
    let mut entra = Standard::new("entra", looks);
    entra.config.offline = Offline::WithScope;
    entra.config.discovery.oauth_metadata = false;
    let nowhere = [(Endpoint::Revocation, Published::Nowhere)].into();
    entra.config.discovery.published = nowhere;
    entra.base = "/organizations";
    entra.address = |issuer| {
        let of = |tenant: &str| format!("{}/{tenant}/v2.0", issuer.url());
        issuer.reconfigure(|config| {
            config.discovery.overrides.insert("issuer".to_owned(), of("{tenantid}").into());
            config.iss_parameter = Iss::Other(of(TENANT));
            config.id_token.claims.insert("iss".to_owned(), of(TENANT).into());
            config.id_token.claims.insert("tid".to_owned(), TENANT.into());
        });
    };
    entra
}

/// Okta: an authorization server below the organization, ports of redirects compared.
pub fn okta(port: u16) -> Standard {
    let mut okta = Standard::new("okta", Looks::default());
    "/oauth2/default".clone_into(&mut okta.config.discovery.path);
    okta.config.offline = Offline::WithScope;
    okta.config.clients[0].redirects = Redirects::Exactly(vec![format!("http://127.0.0.1:{port}/callback")]);
    okta
}

/// Auth0: an issuer that ends in a slash.
pub fn auth0() -> Standard {
    let looks = Looks {
        paths: paths([
            (Endpoint::DeviceAuthorization, "/oauth/device/code"),
            (Endpoint::Token, "/oauth/token"),
            (Endpoint::Revocation, "/oauth/revoke"),
        ]),
        ..Looks::default()
    };
    let mut auth0 = Standard::new("auth0", looks);
    auth0.config.offline = Offline::WithScope;
    auth0.config.discovery.oauth_metadata = false;
    auth0.address = |issuer| {
        let own = format!("{}/", issuer.url());
        issuer.reconfigure(|config| {
            config.discovery.overrides.insert("issuer".to_owned(), own.clone().into());
            config.id_token.claims.insert("iss".to_owned(), own.clone().into());
            config.iss_parameter = Iss::Other(own);
        });
    };
    auth0
}

/// Keycloak: a realm, whose ID tokens may leave the names to userinfo.
pub fn keycloak() -> Standard {
    let looks = Looks {
        paths: paths([
            (Endpoint::Authorization, "/realms/acme/protocol/openid-connect/auth"),
            (Endpoint::DeviceAuthorization, "/realms/acme/protocol/openid-connect/auth/device"),
            (Endpoint::Token, "/realms/acme/protocol/openid-connect/token"),
            (Endpoint::Userinfo, "/realms/acme/protocol/openid-connect/userinfo"),
            (Endpoint::Revocation, "/realms/acme/protocol/openid-connect/revoke"),
        ]),
        ..Looks::default()
    };
    let mut keycloak = Standard::new("keycloak", looks);
    "/realms/acme".clone_into(&mut keycloak.config.discovery.path);
    keycloak.config.discovery.oauth_metadata = false;
    keycloak.config.offline = Offline::WithScope;
    for claim in ["name", "email"] {
        keycloak.config.id_token.claims.insert(claim.to_owned(), Value::Null);
    }
    keycloak
}

/// Any service that follows the standards, and answers at `/tenant/`, with the slash in its name.
pub fn oidc() -> Standard {
    let mut oidc = Standard::new("oidc", Looks::default());
    "/tenant".clone_into(&mut oidc.config.discovery.path);
    oidc.address = |issuer| {
        let own = format!("{}/", issuer.url());
        issuer.reconfigure(|config| {
            config.discovery.overrides.insert("issuer".to_owned(), own.clone().into());
            config.id_token.claims.insert("iss".to_owned(), own.clone().into());
            config.iss_parameter = Iss::Other(own);
        });
    };
    oidc
}
