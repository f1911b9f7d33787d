//! How each attack is made of the settings and behaviours of the issuer.

use std::time::Duration;

use serde_json::{Value, json};

use super::flood::{Endless, Flood};
use super::{Attack, Evil, MARKER, encoded};
use crate::issuer::{Behaviour, Client, Endpoint, ErrorBody, ExpiresIn, Pushed};

const BOTH_DOCUMENTS: [Endpoint; 2] = [Endpoint::OpenidConfiguration, Endpoint::OauthMetadata];
impl Evil {
    /// Turns an attack on, in one of its [forms](Attack::forms).
    #[expect(clippy::too_many_lines, reason = "a table: one row per attack")]
    pub(super) fn arm(&mut self, attack: Attack, form: &str) {
        let here = &self.stage.issuer;
        let sends = |name: &'static str, value: Option<&str>| {
            let value = value.map(str::to_owned);
            here.always(Endpoint::Authorization, Behaviour::RedirectParameter { name: name.to_owned(), value });
        };
        let answers = |behaviour: Behaviour| here.always(Endpoint::Token, behaviour);
        match attack {
            Attack::AnotherIssuer => self.says("issuer", "https://evil-marker.example".into()),
            Attack::MixUpByMetadata => {
                self.says("authorization_endpoint", self.honest.endpoint(Endpoint::Authorization).into());
            }
            Attack::MixUpByRegistration => {
                here.always(Endpoint::Registration, Behaviour::Member("client_id", Client::PUBLIC.into()));
                self.says("authorization_endpoint", self.honest.endpoint(Endpoint::Authorization).into());
            }
            Attack::MixUpByRedirect => {
                let to = self.honest.endpoint(Endpoint::Authorization);
                here.always(Endpoint::Authorization, Behaviour::PassOn(to));
            }
            Attack::WrongIss => sends("iss", Some("https://evil-marker.example")),
            Attack::MissingIss => sends("iss", None),
            Attack::WrongState => sends("state", Some(MARKER)),
            Attack::MissingState => sends("state", None),
            Attack::CodeAndError => sends("error", Some("access_denied")),
            Attack::CodeOfAnother => sends("code", Some(&self.stolen)),
            Attack::ErrorWithMarkup => {
                let text = format!("<script>alert('{MARKER}')</script>\u{1b}[2J{MARKER}\r\n");
                let behaviour = Behaviour::OAuthError { code: text.clone(), description: Some(text) };
                here.always(Endpoint::Authorization, behaviour);
            }
            Attack::PlainPkceOnly => self.says("code_challenge_methods_supported", json!(["plain"])),
            Attack::NoPkceMethods => self.says("code_challenge_methods_supported", json!([])),
            Attack::UnsignedToken => self.signs("alg", "nOnE".into()),
            Attack::SymmetricToken => self.signs("alg", "HS256".into()),
            Attack::AnotherAudience => self.claims("aud", json!(MARKER)),
            Attack::AnotherParty => self.claims("azp", json!(MARKER)),
            Attack::TokenOfAnotherIssuer => self.claims("iss", json!("https://evil-marker.example")),
            Attack::ExpiredToken => self.claims("exp", json!(1_000_000_000)),
            Attack::WrongNonce => self.claims("nonce", json!(MARKER)),
            Attack::MissingNonce => self.claims("nonce", Value::Null),
            Attack::KeyByPath => {
                self.signs("kid", "../../../../../dev/null".into());
                for member in ["jku", "x5u"] {
                    self.signs(member, self.victim.url().into());
                }
            }
            Attack::RedirectedMetadata => self.redirects(&BOTH_DOCUMENTS),
            Attack::RedirectedRegistration => self.redirects(&[Endpoint::Registration]),
            Attack::RedirectedPush => {
                here.reconfigure(|config| config.pushed = Pushed::Offered);
                self.redirects(&[Endpoint::PushedAuthorization]);
            }
            Attack::HostileReference => {
                here.reconfigure(|config| config.pushed = Pushed::Offered);
                here.always(Endpoint::PushedAuthorization, Behaviour::Member("request_uri", form.into()));
            }
            Attack::RedirectedDevice => self.redirects(&[Endpoint::DeviceAuthorization]),
            Attack::RedirectedExchange | Attack::RedirectedPoll | Attack::RedirectedRefresh => {
                self.redirects(&[Endpoint::Token]);
            }
            Attack::RedirectedUserinfo => {
                self.tells_no_name();
                self.redirects(&[Endpoint::Userinfo]);
            }
            Attack::UserinfoOfAnother => {
                self.tells_no_name();
                here.always(Endpoint::Userinfo, Behaviour::Member("sub", MARKER.into()));
            }
            Attack::RedirectedRevocation => self.redirects(&[Endpoint::Revocation]),
            Attack::DpopToken => answers(Behaviour::TokenType("DPoP".to_owned())),
            Attack::MacToken => answers(Behaviour::TokenType("mac".to_owned())),
            Attack::NoToken => answers(Behaviour::TokenType("N_A".to_owned())),
            Attack::LineBreakToken => {
                answers(Behaviour::Member("access_token", format!("at\r\nx-evil: {MARKER}").into()));
            }
            Attack::DuplicateMembers => answers(Behaviour::DuplicateKeys),
            Attack::HtmlAnswer => {
                answers(Behaviour::Status { status: 200, body: ErrorBody::Html, retry_after: None });
            }
            Attack::ErrorWithTokens => answers(Behaviour::Member("error", MARKER.into())),
            Attack::WidenedScope => answers(Behaviour::Member("scope", format!("openid profile {MARKER}").into())),
            Attack::EmptyScope => answers(Behaviour::Member("scope", "".into())),
            Attack::ScopeWithEscapes => {
                answers(Behaviour::Member("scope", format!("openid \u{1b}[2J{MARKER}\u{202e}").into()));
            }
            Attack::EndlessLife => answers(Behaviour::ExpiresIn(ExpiresIn::Huge)),
            Attack::NegativeLife => answers(Behaviour::ExpiresIn(ExpiresIn::Negative)),
            Attack::HugeMetadata => self.describes(&Behaviour::HugeBody(8 << 20)),
            Attack::HugeAnswer => answers(Behaviour::HugeBody(8 << 20)),
            Attack::EncodedMetadata => self.describes(&self.encoded(form)),
            Attack::DeepMetadata => {
                let deep = format!("{{\"issuer\":\"{}\",\"x\":{}", here.url(), "[".repeat(100_000));
                self.describes(&Behaviour::Instead { status: 200, headers: Vec::new(), body: deep.into_bytes() });
            }
            Attack::ManyMembers => {
                let members = (0..1_000_000).map(|number| number.to_string());
                let object = members.map(|name| (name, Value::from(0))).collect::<serde_json::Map<_, _>>();
                let body = Value::Object(object).to_string().into_bytes();
                answers(Behaviour::Instead { status: 200, headers: Vec::new(), body });
            }
            Attack::HugeHeader => {
                let headers = vec![("x-evil", MARKER.repeat(100_000))];
                self.describes(&Behaviour::Instead { status: 200, headers, body: self.metadata() });
            }
            Attack::EndlessHeaders => self.floods(Endless::Headers),
            Attack::EndlessBody => self.floods(Endless::Body),
            Attack::SlowMetadata => self.describes(&Behaviour::SlowDrip(Duration::from_millis(200))),
            Attack::HostileAuthorizationEndpoint => self.says("authorization_endpoint", form.into()),
            Attack::HostilePage | Attack::PageInside | Attack::LookAlikePage => {
                // The letter in the middle is Cyrillic.
                let page = if form.is_empty() { "https://ac\u{441}ounts.example/device" } else { form };
                here.always(Endpoint::DeviceAuthorization, Behaviour::Member("verification_uri", page.into()));
            }
            Attack::HostileCompletePage => {
                let page = Behaviour::Member("verification_uri_complete", form.into());
                here.always(Endpoint::DeviceAuthorization, page);
            }
            Attack::EndpointInPrivateNetwork
            | Attack::EndpointAtCloudMetadata
            | Attack::EndpointOnThisMachine
            | Attack::EndpointInIpv6
            | Attack::EndpointAsNumber => {
                self.stage.issuer.reconfigure(|config| config.discovery.overrides.clear());
                let (member, url) = form.split_once(' ').expect("a form is a member and its address");
                self.says(member, url.into());
            }
        }
    }

    /// Puts a member into both documents.
    fn says(&self, member: &str, value: Value) {
        // An empty list is a list; what is left out is `null`.
        self.stage.issuer.reconfigure(|config| drop(config.discovery.overrides.insert(member.to_owned(), value)));
    }

    fn signs(&self, member: &str, value: Value) {
        self.stage.issuer.reconfigure(|config| drop(config.id_token.header.insert(member.to_owned(), value)));
    }

    fn claims(&self, member: &str, value: Value) {
        self.stage.issuer.reconfigure(|config| drop(config.id_token.claims.insert(member.to_owned(), value)));
    }

    /// Leaves the name to userinfo.
    fn tells_no_name(&self) {
        for claim in ["name", "email"] {
            self.claims(claim, Value::Null);
        }
    }

    fn redirects(&self, endpoints: &[Endpoint]) {
        for endpoint in endpoints {
            self.stage.issuer.always(*endpoint, Behaviour::Redirect(self.victim.url()));
        }
    }

    fn describes(&self, behaviour: &Behaviour) {
        for document in BOTH_DOCUMENTS {
            self.stage.issuer.always(document, behaviour.clone());
        }
    }

    fn floods(&mut self, endless: Endless) {
        let flood = Flood::start(endless);
        self.says("token_endpoint", flood.url().into());
        self.flood = Some(flood);
    }

    /// Metadata that a login succeeds with.
    fn metadata(&self) -> Vec<u8> {
        let at = |endpoint| self.stage.issuer.endpoint(endpoint);
        json!({
            "issuer": self.stage.issuer.url(),
            "authorization_endpoint": at(Endpoint::Authorization),
            "token_endpoint": at(Endpoint::Token),
        })
        .to_string()
        .into_bytes()
    }

    fn encoded(&self, form: &str) -> Behaviour {
        let all = encoded::all(&self.metadata());
        let (name, body) = all.into_iter().find(|(name, _)| *name == form).expect("a form of the attack");
        Behaviour::Instead { status: 200, headers: vec![("content-encoding", name.to_owned())], body }
    }
}
