//! What one service looks like where it does not follow the standards, or leaves the paths of its endpoints open.

use super::{
    Endpoint,
    request::{Answer, Content},
};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// How the answers of a service look. By default as the standards have them.
#[derive(Debug, Clone, Default)]
#[allow(clippy::struct_excessive_bools, reason = "each is one fact about a server")]
pub struct Looks {
    /// Paths of endpoints, in place of the usual ones.
    pub paths: BTreeMap<Endpoint, String>,
    /// Claims of userinfo put in place of the true ones; `null` leaves the claim out.
    pub userinfo: Map<String, Value>,
    /// Userinfo is answered as a JWT (OIDC Core §5.3.2).
    pub signed_userinfo: bool,
    /// Token and device answers are forms, unless the request accepts JSON (GitHub).
    pub form_unless_asked: bool,
    /// Their errors come with status 200 (GitHub).
    pub errors_with_200: bool,
    /// Scopes are separated by commas (GitHub).
    pub commas: bool,
    /// Access tokens are said to have no end (GitHub's OAuth apps).
    pub lasting: bool,
    /// A browser login brings a refresh token only with `access_type=offline` and `prompt=consent` (Google).
    pub asks_for_offline: bool,
    /// The device endpoint wants `client_id` in the form, whatever else says who asks (Google).
    pub client_in_form: bool,
}

impl Looks {
    /// An answer of this endpoint, as this service gives it.
    pub(super) fn dress(&self, endpoint: Endpoint, accepts_json: bool, mut answer: Answer) -> Answer {
        let Content::Json(members) = &mut answer.body else { return answer };
        match endpoint {
            Endpoint::Userinfo if answer.status == 200 => {
                put(members, &self.userinfo);
                if self.signed_userinfo {
                    return Answer::raw(200, "application/jwt", "eyJhbGciOiJSUzI1NiJ9.e30.canary");
                }
                return answer;
            }
            Endpoint::Token | Endpoint::DeviceAuthorization => {}
            _ => return answer,
        }
        if self.errors_with_200 && members.contains_key("error") {
            answer.status = 200;
        }
        if self.lasting {
            members
                .remove("expires_in")
                .filter(|_| endpoint == Endpoint::DeviceAuthorization)
                .map(|life| members.insert("expires_in".to_owned(), life));
        }
        if let Some(Value::String(scope)) = members.get_mut("scope").filter(|_| self.commas) {
            *scope = scope.replace(' ', ",");
        }
        if self.form_unless_asked && !accepts_json {
            let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let pairs = members.iter().map(|(name, value)| (name.clone(), text(value)));
            let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
            answer.body = Content::Raw { kind: "application/x-www-form-urlencoded", bytes: form.into_bytes() };
        }
        answer
    }
}

/// Puts members in place of others; `null` removes one.
fn put(members: &mut Map<String, Value>, others: &Map<String, Value>) {
    for (name, value) in others {
        if value.is_null() {
            members.remove(name);
        } else {
            members.insert(name.clone(), value.clone());
        }
    }
}
