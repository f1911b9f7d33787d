//! Client assertions as an authorization server checks them (RFC 7523 §3), and keys for clients of tests.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use ring::{
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, UnparsedPublicKey,
    },
};
use serde_json::{Value, json};
use std::collections::HashSet;

/// How far, in seconds, a client's clock may be off.
const LEEWAY: i64 = 10;

/// A key pair on P-256.
#[derive(Debug, Clone)]
pub struct ClientKey {
    /// The private key, PKCS#8 as PEM.
    pub pem: String,
    /// The public key, an uncompressed point.
    pub public: Vec<u8>,
}

impl ClientKey {
    /// A new one.
    pub fn generate() -> Self {
        let random = SystemRandom::new();
        let der = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).expect("a key can be made");
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der.as_ref(), &random)
            .expect("what was made can be read");
        let pem =
            format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(der.as_ref()));
        Self { pem, public: pair.public_key().as_ref().to_vec() }
    }

    /// The public key as it is registered (RFC 7517).
    pub fn jwk(&self) -> Value {
        let [x, y] = [&self.public[1..33], &self.public[33..]].map(|part| URL_SAFE_NO_PAD.encode(part));
        json!({ "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "x": x, "y": y })
    }

    /// The private key as it travels to the daemon.
    pub fn on_the_wire(&self) -> String {
        URL_SAFE_NO_PAD.encode(&self.pem)
    }
}

/// Which receivers of an assertion a service accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Receiver {
    /// The address of the endpoint only.
    Endpoint,
    /// The issuer's identifier only.
    Issuer,
}

/// What an assertion is compared with.
pub(super) struct Expected<'a> {
    pub(super) client: &'a str,
    pub(super) key: &'a ClientKey,
    pub(super) receiver: &'a str,
    pub(super) now: i64,
}

/// Whether the assertion proves that the client sent it; its `jti` counts once.
pub(super) fn accepts(assertion: &str, expected: &Expected<'_>, used: &mut HashSet<String>) -> bool {
    let read = || {
        let (signed, signature) = assertion.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let decoded = |text: &str| URL_SAFE_NO_PAD.decode(text).ok();
        let by = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &expected.key.public);
        by.verify(signed.as_bytes(), &decoded(signature)?).ok()?;
        let json = |text: &str| serde_json::from_slice::<Value>(&decoded(text)?).ok();
        Some((json(header)?, json(claims)?))
    };
    let Some((header, claims)) = read() else { return false };
    let (Some(issued), Some(expires)) = (claims["iat"].as_i64(), claims["exp"].as_i64()) else { return false };
    let in_time = issued <= expected.now + LEEWAY && expires > expected.now - LEEWAY && expires - issued <= 300;
    header["alg"] == "ES256"
        && claims["iss"] == expected.client
        && claims["sub"] == expected.client
        && claims["aud"] == expected.receiver
        && in_time
        && claims["jti"].as_str().is_some_and(|jti| used.insert(jti.to_owned()))
}
