//! A client's private key, read from what the person gave: PEM (RFC 7468) or JWK (RFC 7517), unencrypted.

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
    Ed25519KeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding, RsaKeyPair,
};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::Algorithm;
use crate::oauth::wire::Wiped;
use crate::secret::ClientKey;

/// Why a key is of no use. Never says what is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// It is under a passphrase.
    #[error("the client key is encrypted: decrypt it first, as with `openssl pkcs8`")]
    Encrypted,
    /// It is in a form for EC keys only that is not read.
    #[error("the client key is not PKCS#8: convert it with `openssl pkcs8 -topk8 -nocrypt`")]
    NotPkcs8,
    /// It is a public key or a certificate.
    #[error("this is not a private key but a public one, or a certificate")]
    Public,
    /// It is neither PEM nor JWK.
    #[error("the client key is neither PEM nor a JWK, or it is damaged")]
    Unreadable,
    /// It is of a kind, curve or length that is not used.
    #[error("the client key is of no kind that can be used: RSA from 2048 bits, P-256, P-384 and Ed25519 can")]
    Unsupported,
}

impl KeyError {
    /// The same as fixed text.
    pub const fn why(self) -> &'static str {
        match self {
            Self::Encrypted => "the client key is encrypted",
            Self::NotPkcs8 => "the client key is not PKCS#8",
            Self::Public => "the client key is not a private key",
            Self::Unreadable => "the client key cannot be read",
            Self::Unsupported => "the client key is of no kind that can be used",
        }
    }
}

/// Whether `key` can be used.
///
/// # Errors
/// [`KeyError`] says why not.
pub fn check(key: &ClientKey) -> Result<(), KeyError> {
    Pair::read(key).map(drop)
}

/// A key that can sign.
pub(super) struct Pair {
    kind: Kind,
    /// The JWK's `kid`.
    id: Option<String>,
    /// The JWK's `alg`: the only one that it is for.
    only: Option<Algorithm>,
}

enum Kind {
    Ec(Box<EcdsaKeyPair>, Algorithm),
    Ed(Box<Ed25519KeyPair>),
    Rsa(Box<RsaKeyPair>),
}

impl Pair {
    pub(super) fn read(key: &ClientKey) -> Result<Self, KeyError> {
        // EXPOSE: it is read into the form that signs.
        let text = key.expose().trim();
        if text.starts_with('{') { jwk(text) } else { Ok(Self { kind: pem(text)?, id: None, only: None }) }
    }

    pub(super) fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// What it can sign by, what most services take first.
    pub(super) fn algorithms(&self) -> Vec<Algorithm> {
        match (self.only, &self.kind) {
            (Some(only), _) => vec![only],
            (None, Kind::Ec(_, algorithm)) => vec![*algorithm],
            (None, Kind::Ed(_)) => vec![Algorithm::EdDsa],
            (None, Kind::Rsa(_)) => vec![Algorithm::Rs256, Algorithm::Ps256],
        }
    }

    pub(super) fn sign(&self, algorithm: Algorithm, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        if !self.algorithms().contains(&algorithm) {
            return Err(KeyError::Unsupported);
        }
        let random = SystemRandom::new();
        match &self.kind {
            Kind::Ec(pair, _) => pair.sign(&random, message).map(|signature| signature.as_ref().to_vec()),
            Kind::Ed(pair) => Ok(pair.sign(message).as_ref().to_vec()),
            Kind::Rsa(pair) => {
                let padding: &'static dyn RsaEncoding =
                    if algorithm == Algorithm::Ps256 { &RSA_PSS_SHA256 } else { &RSA_PKCS1_SHA256 };
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(padding, &random, message, &mut signature).map(|()| signature)
            }
        }
        .map_err(|_| KeyError::Unsupported)
    }

    /// The public half as it is registered, for the tests of a signature.
    #[cfg(test)]
    pub(super) fn public(&self) -> Vec<u8> {
        use ring::signature::KeyPair as _;

        match &self.kind {
            Kind::Ec(pair, _) => pair.public_key().as_ref().to_vec(),
            Kind::Ed(pair) => pair.public_key().as_ref().to_vec(),
            Kind::Rsa(pair) => pair.public_key().as_ref().to_vec(),
        }
    }
}

const CURVES: [(&EcdsaSigningAlgorithm, Algorithm, &str); 2] = [
    (&ECDSA_P256_SHA256_FIXED_SIGNING, Algorithm::Es256, "P-256"),
    (&ECDSA_P384_SHA384_FIXED_SIGNING, Algorithm::Es384, "P-384"),
];

/// The first block of the text (RFC 7468 §2) that is a private key: some tools write parameters before it.
fn pem(text: &str) -> Result<Kind, KeyError> {
    let mut rest = text;
    let mut error = KeyError::Unreadable;
    while let Some((_, block)) = rest.split_once("-----BEGIN ") {
        let (label, body) = block.split_once("-----").ok_or(KeyError::Unreadable)?;
        let (body, after) = body.split_once("-----END ").ok_or(KeyError::Unreadable)?;
        rest = after;
        match label {
            "PRIVATE KEY" => return pkcs8(&decoded(body)?),
            "RSA PRIVATE KEY" if body.contains("ENCRYPTED") => return Err(KeyError::Encrypted),
            "RSA PRIVATE KEY" => return rsa(RsaKeyPair::from_der(&decoded(body)?)),
            "ENCRYPTED PRIVATE KEY" => return Err(KeyError::Encrypted),
            "EC PRIVATE KEY" | "OPENSSH PRIVATE KEY" => return Err(KeyError::NotPkcs8),
            "CERTIFICATE" | "PUBLIC KEY" | "RSA PUBLIC KEY" => error = KeyError::Public,
            _ => {}
        }
    }
    Err(error)
}

fn decoded(body: &str) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let mut plain = Zeroizing::new(String::with_capacity(body.len()));
    plain.extend(body.chars().filter(|c| !c.is_ascii_whitespace()));
    BASE64_STANDARD.decode(plain.as_bytes()).map(Zeroizing::new).map_err(|_| KeyError::Unreadable)
}

/// Which kind of key it is, is told by which of them reads it.
fn pkcs8(der: &[u8]) -> Result<Kind, KeyError> {
    for (curve, algorithm, _) in CURVES {
        if let Ok(pair) = EcdsaKeyPair::from_pkcs8(curve, der, &SystemRandom::new()) {
            return Ok(Kind::Ec(Box::new(pair), algorithm));
        }
    }
    if let Ok(pair) = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der) {
        return Ok(Kind::Ed(Box::new(pair)));
    }
    rsa(RsaKeyPair::from_pkcs8(der))
}

fn rsa(read: Result<RsaKeyPair, ring::error::KeyRejected>) -> Result<Kind, KeyError> {
    read.map(|pair| Kind::Rsa(Box::new(pair))).map_err(|_| KeyError::Unsupported)
}

/// The members of RFC 7518 §6 that make a private key.
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    crv: Option<String>,
    alg: Option<String>,
    kid: Option<String>,
    d: Option<Wiped>,
    x: Option<String>,
    y: Option<String>,
    n: Option<String>,
    e: Option<String>,
    p: Option<Wiped>,
    q: Option<Wiped>,
    dp: Option<Wiped>,
    dq: Option<Wiped>,
    qi: Option<Wiped>,
}

fn jwk(text: &str) -> Result<Pair, KeyError> {
    let jwk: Jwk = serde_json::from_str(text).map_err(|_| KeyError::Unreadable)?;
    let d = private(jwk.d.as_ref()).map_err(|missing| if jwk.d.is_none() { KeyError::Public } else { missing })?;
    let kind = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
        ("EC", Some(name)) => {
            let (curve, algorithm, _) =
                CURVES.into_iter().find(|(_, _, known)| *known == name).ok_or(KeyError::Unsupported)?;
            // SEC 1 §2.3.3: an uncompressed point.
            let point = [vec![4], public(jwk.x.as_ref())?, public(jwk.y.as_ref())?].concat();
            let pair = EcdsaKeyPair::from_private_key_and_public_key(curve, &d, &point, &SystemRandom::new());
            Kind::Ec(Box::new(pair.map_err(|_| KeyError::Unsupported)?), algorithm)
        }
        ("OKP", Some("Ed25519")) => {
            let pair = Ed25519KeyPair::from_seed_and_public_key(&d, &public(jwk.x.as_ref())?);
            Kind::Ed(Box::new(pair.map_err(|_| KeyError::Unsupported)?))
        }
        ("RSA", _) => rsa(RsaKeyPair::from_components(&ring::rsa::KeyPairComponents {
            public_key: ring::rsa::PublicKeyComponents { n: public(jwk.n.as_ref())?, e: public(jwk.e.as_ref())? },
            d: d.as_slice(),
            p: private(jwk.p.as_ref())?.as_slice(),
            q: private(jwk.q.as_ref())?.as_slice(),
            dP: private(jwk.dp.as_ref())?.as_slice(),
            dQ: private(jwk.dq.as_ref())?.as_slice(),
            qInv: private(jwk.qi.as_ref())?.as_slice(),
        }))?,
        _ => return Err(KeyError::Unsupported),
    };
    let pair = Pair { kind, id: jwk.kid, only: None };
    let Some(word) = jwk.alg else { return Ok(pair) };
    let only = Algorithm::of_word(&word).filter(|only| pair.algorithms().contains(only));
    Ok(Pair { only: Some(only.ok_or(KeyError::Unsupported)?), ..pair })
}

fn private(member: Option<&Wiped>) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let text = member.ok_or(KeyError::Unreadable)?.text();
    BASE64_URL_SAFE_NO_PAD.decode(text).map(Zeroizing::new).map_err(|_| KeyError::Unreadable)
}

fn public(member: Option<&String>) -> Result<Vec<u8>, KeyError> {
    BASE64_URL_SAFE_NO_PAD.decode(member.ok_or(KeyError::Unreadable)?).map_err(|_| KeyError::Unreadable)
}
