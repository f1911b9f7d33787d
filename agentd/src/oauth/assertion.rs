//! How a client proves itself with a private key: `private_key_jwt` (RFC 7523 §2.2 and §3, OpenID Connect Core §9).
//!
//! An assertion is made for one request, lives for a minute and names one receiver. That is the issuer's identifier, as
//! the update of RFC 7523 wants it: what is named there cannot be chosen by another service. Some services take only the
//! address of their endpoint; then the assertion names the very endpoint that it is sent to, so that whoever receives it
//! can use it nowhere else. Times are the service's own where it has told them.

mod key;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Serialize;
use zeroize::Zeroizing;

use crate::secret::{SigningKey, random};
pub use key::{KeyError, check};

/// The value of `client_assertion_type` (RFC 7523 §2.2).
pub(super) const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Life of an assertion, in seconds: it is used at once.
const LIFE: i64 = 60;

/// How an assertion is signed (RFC 7518 §3.1, RFC 8037 §3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// Ed25519.
    EdDsa,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// ECDSA on P-384 with SHA-384.
    Es384,
    /// RSASSA-PSS with SHA-256.
    Ps256,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
}

impl Algorithm {
    const ALL: [(Self, &'static str); 5] = [
        (Self::EdDsa, "EdDSA"),
        (Self::Es256, "ES256"),
        (Self::Es384, "ES384"),
        (Self::Ps256, "PS256"),
        (Self::Rs256, "RS256"),
    ];

    /// The registered name.
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(one, _)| *one == self).map_or("RS256", |(_, word)| word)
    }

    /// The algorithm of this name.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == word).map(|(one, _)| *one)
    }
}

/// Whom an assertion names as its receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// The endpoint that it is sent to.
    Endpoint,
    /// The issuer's identifier.
    Issuer,
}

/// The algorithm for `key` at a service that says it takes those `listed`
/// (`token_endpoint_auth_signing_alg_values_supported`, RFC 8414 §2). A key that can be used in one way only is used that
/// way, whatever the list says.
///
/// # Errors
/// [`KeyError`] when the key is of no use.
pub fn choose(key: &SigningKey, listed: Option<&[String]>) -> Result<Algorithm, KeyError> {
    let possible = key::Pair::read(&key.key)?.algorithms();
    let listed = |algorithm: &Algorithm| listed.is_none_or(|listed| listed.iter().any(|one| one == algorithm.word()));
    Ok(possible.iter().copied().find(listed).unwrap_or(possible[0]))
}

#[derive(Serialize)]
struct Header<'a> {
    alg: &'static str,
    typ: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    kid: Option<&'a str>,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    jti: &'a str,
    iat: i64,
    exp: i64,
}

/// The assertion of the client `client_id` for `audience`; `wall` is the service's time, in seconds since 1970.
///
/// # Errors
/// [`KeyError`] when the key is of no use, or not for `algorithm`.
pub(super) fn sign(
    key: &SigningKey,
    algorithm: Algorithm,
    client_id: &str,
    audience: &str,
    wall: i64,
) -> Result<Zeroizing<String>, KeyError> {
    let pair = key::Pair::read(&key.key)?;
    let kid = key.id.as_deref().or(pair.id());
    let jti = BASE64_URL_SAFE_NO_PAD.encode(random::<16>().as_slice());
    let claims =
        Claims { iss: client_id, sub: client_id, aud: audience, jti: &jti, iat: wall, exp: wall.saturating_add(LIFE) };
    let header = Header { alg: algorithm.word(), typ: "JWT", kid };
    let mut jwt = Zeroizing::new(format!("{}.{}", part(&header), part(&claims)));
    let signature = pair.sign(algorithm, jwt.as_bytes())?;
    jwt.push('.');
    BASE64_URL_SAFE_NO_PAD.encode_string(signature, &mut jwt);
    Ok(jwt)
}

fn part(json: &impl Serialize) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(serde_json::to_vec(json).expect("texts and numbers always become JSON"))
}

#[cfg(test)]
mod tests;
