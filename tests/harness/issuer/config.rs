//! What kind of authorization server the issuer is: every quirk that real servers were seen to have is one setting.
//!
//! Settings are facts about a deployment and hold for its whole life; what goes wrong with a single request is a
//! [`Behaviour`](super::Behaviour). The defaults describe a well-behaved server with rotation and reuse detection.

use super::{
    Endpoint,
    looks::Looks,
    proof::{ClientKey, Receiver},
    rules::{DeviceRules, RefreshRules, RevocationRules},
};
use serde_json::{Map, Value};
use std::{collections::BTreeMap, time::Duration};

/// The settings of one issuer.
#[derive(Debug, Clone)]
pub struct Config {
    /// TCP port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// Serve `https` with a certificate of a throw-away authority, see [`Issuer::ca_pem`](super::Issuer::ca_pem).
    pub tls: bool,
    /// With TLS: the host by which the world knows it, on the usual port; something else has to lead there. `None`: the
    /// address it listens on.
    pub host: Option<String>,
    /// Which documents describe the server, and where its endpoints are.
    pub discovery: Discovery,
    /// The registered clients.
    pub clients: Vec<Client>,
    /// True life of an access token.
    pub access_token_ttl: Duration,
    /// Access and refresh tokens are padded to this many characters.
    pub token_length: usize,
    /// What happens to a refresh token that is used.
    pub rotation: Rotation,
    /// Which logins receive a refresh token.
    pub offline: Offline,
    /// Rules of the refresh grant.
    pub refresh: RefreshRules,
    /// Rules of the device grant.
    pub device: DeviceRules,
    /// Rules of revocation.
    pub revocation: RevocationRules,
    /// The `iss` parameter of authorization responses.
    pub iss_parameter: Iss,
    /// Which answers carry an ID token, and what it says.
    pub id_token: IdToken,
    /// Where it departs from the standards.
    pub looks: Looks,
    /// Pushed authorization requests.
    pub pushed: Pushed,
    /// Dynamic client registration.
    pub registration: Registration,
    /// Token exchange.
    pub exchange: Exchange,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            port: 0,
            tls: false,
            host: None,
            discovery: Discovery::default(),
            clients: Client::defaults(),
            access_token_ttl: Duration::from_hours(1),
            token_length: 0,
            rotation: Rotation::On,
            offline: Offline::Always,
            refresh: RefreshRules::default(),
            device: DeviceRules::default(),
            revocation: RevocationRules::default(),
            iss_parameter: Iss::Correct,
            id_token: IdToken::default(),
            looks: Looks::default(),
            pushed: Pushed::Absent,
            registration: Registration::default(),
            exchange: Exchange::default(),
        }
    }
}

/// How the server is described (OIDC Discovery, RFC 8414).
#[derive(Debug, Clone)]
pub struct Discovery {
    /// Path of the issuer: empty, or like `/tenant`.
    pub path: String,
    /// Endpoints end in a slash and answer only with it.
    pub trailing_slash: bool,
    /// `/.well-known/openid-configuration` exists.
    pub openid_configuration: bool,
    /// `/.well-known/oauth-authorization-server` exists.
    pub oauth_metadata: bool,
    /// Endpoints that are not named in both documents.
    pub published: BTreeMap<Endpoint, Published>,
    /// Members put in place of the true ones, in both documents; `null` leaves the member out.
    pub overrides: Map<String, Value>,
}

impl Default for Discovery {
    fn default() -> Self {
        Self {
            path: String::new(),
            trailing_slash: false,
            openid_configuration: true,
            oauth_metadata: true,
            published: BTreeMap::new(),
            overrides: Map::new(),
        }
    }
}

/// Which document names an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Published {
    /// Both documents.
    Both,
    /// Only the OIDC one.
    OpenidOnly,
    /// Only the RFC 8414 one.
    OauthOnly,
    /// None: it has to be given by hand.
    Nowhere,
}

/// A registered client.
#[derive(Debug, Clone)]
pub struct Client {
    /// `client_id`.
    pub id: String,
    /// How it authenticates (RFC 6749 §2.3.1).
    pub auth: ClientAuth,
    /// Where codes may be sent.
    pub redirects: Redirects,
}

impl Client {
    /// The public client of the defaults.
    pub const PUBLIC: &str = "agentd-test";
    /// The default client that authenticates in the `Authorization` header.
    pub const BASIC: &str = "agentd-basic";
    /// The default client that authenticates in the form.
    pub const POST: &str = "agentd-post";
    /// The secret of both; some of its characters have to be encoded in the header (RFC 6749 §2.3.1).
    pub const SECRET: &str = "canary-cs:100% a+b/c";

    /// A public client that may use any loopback port.
    pub fn public(id: &str) -> Self {
        Self { id: id.to_owned(), auth: ClientAuth::Public, redirects: Redirects::AnyLoopbackPort }
    }

    fn defaults() -> Vec<Self> {
        let secret = Self::SECRET.to_owned();
        vec![
            Self::public(Self::PUBLIC),
            Self { auth: ClientAuth::Basic(secret.clone()), ..Self::public(Self::BASIC) },
            Self { auth: ClientAuth::Post(secret), ..Self::public(Self::POST) },
        ]
    }
}

/// How a client authenticates at the token, device and revocation endpoints.
#[derive(Debug, Clone)]
pub enum ClientAuth {
    /// Only `client_id`.
    Public,
    /// `client_secret_basic`.
    Basic(String),
    /// `client_secret_post`.
    Post(String),
    /// `private_key_jwt` (RFC 7523 §2.2).
    PrivateKeyJwt {
        /// The registered key.
        key: ClientKey,
        /// What its assertions have to name.
        receiver: Receiver,
    },
}

/// What the server does with pushed authorization requests (RFC 9126 §5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pushed {
    /// It knows none.
    Absent,
    /// It takes them.
    Offered,
    /// It takes no others.
    Required,
}

/// Rules of registration (RFC 7591 §3).
#[derive(Debug, Clone)]
pub struct Registration {
    /// There is an endpoint for it.
    pub offered: bool,
    /// The initial access token that it takes.
    pub initial_token: Option<String>,
    /// Clients can manage their registration (RFC 7592).
    pub managed: bool,
    /// A client that wants to be public is given a secret all the same, which expires then, in seconds since 1970; 0: never.
    pub secret_expires_at: Option<i64>,
    /// A registration that names a scope is refused.
    pub refuses_scope: bool,
    /// What is registered in place of the scope that was asked for.
    pub scope: Option<&'static str>,
}

impl Default for Registration {
    fn default() -> Self {
        Self {
            offered: false,
            initial_token: None,
            managed: true,
            secret_expires_at: None,
            refuses_scope: false,
            scope: None,
        }
    }
}

/// Rules of token exchange (RFC 8693 §2).
#[derive(Debug, Clone)]
pub struct Exchange {
    /// The grant is known.
    pub offered: bool,
    /// Audiences and resources that are refused.
    pub refused: Vec<String>,
    /// Life of the tokens that are given.
    pub ttl: Duration,
}

impl Default for Exchange {
    fn default() -> Self {
        Self { offered: true, refused: Vec::new(), ttl: Duration::from_mins(10) }
    }
}

/// Which redirect addresses a client may use (RFC 8252 §7.3).
#[derive(Debug, Clone)]
pub enum Redirects {
    /// `http://127.0.0.1:PORT/callback` and its IPv6 form with any port.
    AnyLoopbackPort,
    /// Exactly these; everything else is answered 403 with an empty body.
    Exactly(Vec<String>),
}

/// What happens to a refresh token that is used (RFC 9700 §4.14).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotation {
    /// It stays valid and the answer does not mention it.
    Absent,
    /// It stays valid and the answer repeats it.
    Repeated,
    /// It is replaced; using a superseded one ends the whole family.
    On,
    /// It is replaced; the directly preceding one is accepted for this long and gets the same successor.
    Window(Duration),
}

/// Which logins receive a refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offline {
    /// Every login.
    Always,
    /// Those that ask for `offline_access`.
    WithScope,
    /// Those that ask for `offline_access`, in the browser with `prompt=consent` only.
    WithScopeAndConsent,
    /// No login.
    Never,
}

/// The `iss` parameter of authorization responses (RFC 9207).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Iss {
    /// Left out.
    Absent,
    /// The issuer, announced in the metadata.
    Correct,
    /// The issuer, but not announced.
    Unannounced,
    /// This text.
    Other(String),
}

/// Which answers carry an ID token, and what it says (OIDC Core §2).
#[derive(Debug, Clone)]
pub struct IdToken {
    /// After the authorization-code grant.
    pub code: bool,
    /// After the device grant.
    pub device: bool,
    /// After the refresh grant.
    pub refresh: bool,
    /// Members of the header put in place of the true ones.
    pub header: Map<String, Value>,
    /// Claims put in place of the true ones; `null` leaves the claim out.
    pub claims: Map<String, Value>,
}

impl Default for IdToken {
    fn default() -> Self {
        Self { code: true, device: true, refresh: false, header: Map::new(), claims: Map::new() }
    }
}
