//! Checks an ID token and reads who is logged in (OpenID Connect Core §3.1.3.7).
//!
//! The signature is not checked: the token comes straight from the token endpoint over TLS, which step 6 allows in its
//! place. So no key, `kid` or `jku` is ever looked at. A token that says it is not signed is refused all the same, as is one
//! signed by a secret that this client does not have. Times are compared with [`LEEWAY`] both ways; `wall` should be the
//! service's own time where it is known ([`super::Tokens::server_time`]), as this machine's clock may be hours off.

mod authentication;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::{Account, issuer};
use crate::secret::{IdToken, Nonce};
pub use authentication::{Authenticated, Wanted, authenticated};

/// How far, in seconds, the service's clock and `wall` may be apart: a token is taken this long after `exp` and this
/// long before `iat`.
pub const LEEWAY: i64 = 300;
/// Longest name or address shown, in characters.
pub const MAX_NAME: usize = 256;

/// Why an ID token is not believed: the login has to be given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdTokenError {
    /// `alg` is none that a service signs with for this client: `HS256` needs a secret that both know.
    #[error("the ID token is signed in a way that this client has no key for")]
    Algorithm,
    /// `aud` or `azp` names another client.
    #[error("the ID token is for another client")]
    Audience,
    /// `acr` is none of those asked for: log in as the service can.
    #[error("the service authenticated you in another way than was asked for")]
    AuthenticatedOtherwise,
    /// `auth_time` is older than `max_age` allows, or is not told.
    #[error("the service does not say that you authenticated as lately as was asked for")]
    AuthenticatedTooLongAgo,
    /// `exp` is past, or `iat` to come.
    #[error("the ID token is not valid at this time")]
    Expired,
    /// `iss` is not the issuer, as [`issuer`] compares them.
    #[error("the ID token is from another issuer")]
    Issuer,
    /// `nonce` is not that of the request.
    #[error("the ID token is not for this login")]
    Nonce,
    /// Not a JWT, or one without what it must have.
    #[error("the ID token cannot be read")]
    Unreadable,
    /// `alg` is `none`.
    #[error("the ID token is not signed")]
    Unsigned,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    azp: Option<String>,
    exp: f64,
    iat: Option<f64>,
    nonce: Option<String>,
    tid: Option<serde_json::Value>,
    name: Option<serde_json::Value>,
    preferred_username: Option<serde_json::Value>,
    email: Option<serde_json::Value>,
}

/// Who is logged in, if `token` is what the service must have sent to this client, which may have a secret. `nonce` is that of the request, if there was one;
/// `wall` is in seconds since 1970.
pub fn check(
    token: &IdToken,
    expected: &str,
    (client_id, has_secret): (&str, bool),
    nonce: Option<&Nonce>,
    wall: i64,
) -> Result<Account, IdTokenError> {
    // EXPOSE: the claims are read here and nothing of the token is kept.
    let mut parts = token.expose().split('.');
    let (Some(header), Some(claims), Some(_signature), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(IdTokenError::Unreadable);
    };
    algorithm(&part::<Header>(header)?.alg, has_secret)?;
    let claims: Claims = part(claims)?;
    let tenant = claims.tid.as_ref().and_then(serde_json::Value::as_str);
    if !issuer::is_of_tenant(expected, &claims.iss, tenant) {
        return Err(IdTokenError::Issuer);
    }
    audience(&claims, client_id)?;
    #[expect(clippy::cast_precision_loss, reason = "exact for the next 285 million years")]
    let (wall, leeway) = (wall as f64, LEEWAY as f64);
    if wall >= claims.exp + leeway || claims.iat.is_some_and(|issued| wall < issued - leeway) {
        return Err(IdTokenError::Expired);
    }
    if let Some(nonce) = nonce
        && !claims.nonce.as_deref().is_some_and(|sent| nonce.matches(sent))
    {
        return Err(IdTokenError::Nonce);
    }
    if claims.sub.is_empty() {
        return Err(IdTokenError::Unreadable);
    }
    let shown = |value: Option<serde_json::Value>| shown(value?.as_str()?);
    Ok(Account {
        subject: self::shown(&claims.sub),
        name: shown(claims.name).or_else(|| shown(claims.preferred_username)),
        email: shown(claims.email),
        organization: None,
    })
}

/// Steps 7 and 8, without the key: RFC 7518 §3.1, RFC 8037 §3.1, RFC 8725 §3.1.
fn algorithm(alg: &str, has_secret: bool) -> Result<(), IdTokenError> {
    match alg {
        _ if alg.eq_ignore_ascii_case("none") => Err(IdTokenError::Unsigned),
        "EdDSA" | "ES256" | "ES256K" | "ES384" | "ES512" | "Ed25519" | "Ed448" | "PS256" | "PS384" | "PS512"
        | "RS256" | "RS384" | "RS512" => Ok(()),
        "HS256" | "HS384" | "HS512" if has_secret => Ok(()),
        _ => Err(IdTokenError::Algorithm),
    }
}

/// Steps 3 to 5. An `azp` is compared whenever it is there: it says whom the token was issued to.
fn audience(claims: &Claims, client_id: &str) -> Result<(), IdTokenError> {
    let (named, several) = match &claims.aud {
        Audience::One(audience) => (audience == client_id, false),
        Audience::Several(audiences) => (audiences.iter().any(|audience| audience == client_id), audiences.len() > 1),
    };
    let party = match &claims.azp {
        Some(party) => party == client_id,
        None => !several,
    };
    if named && party { Ok(()) } else { Err(IdTokenError::Audience) }
}

fn part<T: DeserializeOwned>(text: &str) -> Result<T, IdTokenError> {
    let json = BASE64_URL_SAFE_NO_PAD.decode(text).map(Zeroizing::new).map_err(|_| IdTokenError::Unreadable)?;
    serde_json::from_slice(&json).map_err(|_| IdTokenError::Unreadable)
}

/// A text of the service's or its users, if it does nothing to a terminal and is not too long.
pub fn shown(text: &str) -> Option<String> {
    // Among U+200E to U+2069 are the marks that break lines and turn the direction of what follows.
    let hides = |c: char| {
        c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let fits = !text.is_empty() && text.chars().count() <= MAX_NAME && !text.chars().any(hides);
    fits.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const NOW: i64 = 1_790_000_000;

    fn claims() -> Value {
        json!({
            "iss": "https://issuer.example", "sub": "u1", "aud": "me", "exp": NOW + 60, "iat": NOW,
            "nonce": "n1", "preferred_username": "ann", "email": "ann@issuer.example",
        })
    }

    fn jwt(header: &Value, claims: &Value) -> IdToken {
        let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        IdToken::new(format!("{}.{}.c2ln", part(header), part(claims)))
    }

    fn look(token: &IdToken) -> Result<Account, IdTokenError> {
        check(token, "https://issuer.example", ("me", false), Some(&Nonce::new("n1".to_owned())), NOW)
    }

    fn with(changes: &Value) -> Result<Account, IdTokenError> {
        let mut claims = claims();
        let members = claims.as_object_mut().expect("an object");
        for (name, value) in changes.as_object().expect("an object").clone() {
            if value.is_null() {
                members.remove(&name)
            } else {
                members.insert(name, value)
            };
        }
        look(&jwt(&json!({ "alg": "RS256", "kid": "../../etc/passwd" }), &claims))
    }

    #[test]
    fn a_good_token_tells_who_is_logged_in() {
        let text = |text: &str| Some(text.to_owned());
        let account =
            Account { subject: text("u1"), name: text("ann"), email: text("ann@issuer.example"), organization: None };
        assert_eq!(with(&json!({})), Ok(account.clone()));
        assert_eq!(with(&json!({ "name": "Ann" })), Ok(Account { name: text("Ann"), ..account }));
        assert_eq!(
            with(&json!({ "name": "A\u{1b}[2J", "email": 7 })).map(|who| (who.name, who.email)),
            Ok((text("ann"), None))
        );
    }

    #[test]
    fn the_issuer_is_compared_to_the_letter() {
        for issuer in ["https://issuer.example/", "https://ISSUER.example", "https://evil.example", ""] {
            assert_eq!(with(&json!({ "iss": issuer })), Err(IdTokenError::Issuer));
        }
    }

    #[test]
    fn an_issuer_of_many_tenants_is_that_of_the_tokens_own() {
        let tenant = "9188040d-6c67-4c5b-b112-36a304b66dad";
        let mut claims = claims();
        claims["iss"] = json!(format!("https://issuer.example/{tenant}/v2.0"));
        let judge = |claims: &Value| {
            let token = jwt(&json!({ "alg": "RS256" }), claims);
            check(&token, "https://issuer.example/{tenantid}/v2.0", ("me", false), None, NOW).map(|_| ())
        };
        assert_eq!(judge(&claims), Err(IdTokenError::Issuer), "it names no tenant");
        claims["tid"] = json!("72f988bf-86f1-41af-91ab-2d7cd011db47");
        assert_eq!(judge(&claims), Err(IdTokenError::Issuer), "it names another");
        claims["tid"] = json!(tenant);
        assert_eq!(judge(&claims), Ok(()));
    }

    #[test]
    fn audience_and_authorized_party_are_this_client() {
        for good in [
            json!({ "aud": ["me"] }),
            json!({ "aud": ["me", "api"], "azp": "me" }),
            json!({ "aud": "me", "azp": "me" }),
        ] {
            assert!(with(&good).is_ok(), "{good}");
        }
        for bad in [
            json!({ "aud": "other" }),
            json!({ "aud": [] }),
            json!({ "aud": "ME" }),
            json!({ "aud": ["me", "api"] }),
            json!({ "aud": ["me", "api"], "azp": "api" }),
            json!({ "aud": "me", "azp": "other" }),
            json!({ "aud": ["other"], "azp": "me" }),
        ] {
            assert_eq!(with(&bad), Err(IdTokenError::Audience), "{bad}");
        }
    }

    #[test]
    fn clocks_may_be_five_minutes_apart() {
        assert!(with(&json!({ "exp": NOW - 299 })).is_ok() && with(&json!({ "iat": NOW + 300 })).is_ok());
        assert!(with(&json!({ "exp": 1_790_000_001.5, "iat": null })).is_ok());
        assert_eq!(with(&json!({ "exp": NOW - 300 })), Err(IdTokenError::Expired));
        assert_eq!(with(&json!({ "iat": NOW + 301 })), Err(IdTokenError::Expired));
    }

    #[test]
    fn the_nonce_is_that_of_the_request() {
        assert_eq!(with(&json!({ "nonce": "n2" })), Err(IdTokenError::Nonce));
        assert_eq!(with(&json!({ "nonce": null })), Err(IdTokenError::Nonce));
        let token = jwt(&json!({ "alg": "ES256" }), &claims());
        assert!(check(&token, "https://issuer.example", ("me", false), None, NOW).is_ok());
    }

    #[test]
    fn an_unsigned_token_is_refused() {
        for alg in ["none", "None", "NONE"] {
            assert_eq!(look(&jwt(&json!({ "alg": alg }), &claims())), Err(IdTokenError::Unsigned));
        }
        assert_eq!(look(&jwt(&json!({}), &claims())), Err(IdTokenError::Unreadable));
    }

    #[test]
    fn a_shared_secret_signs_for_a_client_that_has_one() {
        let token = |alg: &str| jwt(&json!({ "alg": alg }), &claims());
        for alg in ["HS256", "hs256", "HS1", "RS1", "RS256 ", "", "../../key"] {
            assert_eq!(look(&token(alg)), Err(IdTokenError::Algorithm), "{alg}");
        }
        let confidential = |alg| check(&token(alg), "https://issuer.example", ("me", true), None, NOW);
        assert!(confidential("HS256").is_ok() && confidential("EdDSA").is_ok());
        assert_eq!(confidential("none"), Err(IdTokenError::Unsigned));
    }

    #[test]
    fn what_is_no_jwt_is_not_read() {
        let good = jwt(&json!({ "alg": "RS256" }), &claims());
        // EXPOSE: a test breaks the token.
        let good = good.expose();
        for bad in ["", "a", "a.b.c", "..", &good.replace('.', ""), &format!("{good}.d"), &good.replace('.', "=.")] {
            assert_eq!(look(&IdToken::new(bad.to_owned())), Err(IdTokenError::Unreadable), "{bad}");
        }
        for missing in ["iss", "sub", "aud", "exp"] {
            assert_eq!(with(&json!({ missing: null })), Err(IdTokenError::Unreadable), "{missing}");
        }
        assert_eq!(with(&json!({ "sub": "" })), Err(IdTokenError::Unreadable));
        let twice =
            BASE64_URL_SAFE_NO_PAD.encode(r#"{"iss":"https://issuer.example","iss":"x","sub":"u","aud":"me","exp":9}"#);
        assert_eq!(look(&IdToken::new(format!("eyJhbGciOiJSUzI1NiJ9.{twice}.x"))), Err(IdTokenError::Unreadable));
    }
}
