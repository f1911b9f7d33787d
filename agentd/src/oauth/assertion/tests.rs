//! Assertions as a service checks them, with keys as people have them.

#![allow(clippy::panic, reason = "a test fails by panicking")]

use std::sync::Arc;

use ring::signature::{self, UnparsedPublicKey, VerificationAlgorithm};
use serde_json::Value;

use super::*;
use crate::secret::ClientKey;

const WALL: i64 = 1_790_000_000;

// Made for these tests with `openssl genpkey`, and by hand from them.
const RSA: &str = include_str!("testdata/rsa.pem");
const RSA_PKCS1: &str = include_str!("testdata/rsa-pkcs1.pem");
const RSA_JWK: &str = include_str!("testdata/rsa.jwk.json");
const P256: &str = include_str!("testdata/p256.pem");
const P256_SEC1: &str = include_str!("testdata/p256-sec1.pem");
const P256_JWK: &str = include_str!("testdata/p256.jwk.json");
const P384: &str = include_str!("testdata/p384.pem");
const ED25519: &str = include_str!("testdata/ed25519.pem");
const ED25519_JWK: &str = include_str!("testdata/ed25519.jwk.json");
const ENCRYPTED: &str = include_str!("testdata/encrypted.pem");
const PUBLIC: &str = include_str!("testdata/public.pem");

fn key(text: &str) -> SigningKey {
    SigningKey { key: Arc::new(ClientKey::new(text.to_owned())), id: None }
}

fn verify(algorithm: Algorithm, public: &[u8], jwt: &str) -> [Value; 2] {
    let (signed, sent) = jwt.rsplit_once('.').expect("three parts");
    let by: &'static dyn VerificationAlgorithm = match algorithm {
        Algorithm::EdDsa => &signature::ED25519,
        Algorithm::Es256 => &signature::ECDSA_P256_SHA256_FIXED,
        Algorithm::Es384 => &signature::ECDSA_P384_SHA384_FIXED,
        Algorithm::Ps256 => &signature::RSA_PSS_2048_8192_SHA256,
        Algorithm::Rs256 => &signature::RSA_PKCS1_2048_8192_SHA256,
    };
    let sent = BASE64_URL_SAFE_NO_PAD.decode(sent).expect("base64url");
    UnparsedPublicKey::new(by, public).verify(signed.as_bytes(), &sent).expect("the signature is good");
    let (header, claims) = signed.split_once('.').expect("two parts");
    [header, claims].map(|part| {
        serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).expect("base64url")).expect("the part is JSON")
    })
}

#[test]
fn every_kind_of_key_signs_what_its_public_half_verifies() {
    for (text, algorithm) in [
        (RSA, Algorithm::Rs256),
        (RSA, Algorithm::Ps256),
        (RSA_PKCS1, Algorithm::Rs256),
        (RSA_JWK, Algorithm::Ps256),
        (P256, Algorithm::Es256),
        (P256_JWK, Algorithm::Es256),
        (P384, Algorithm::Es384),
        (ED25519, Algorithm::EdDsa),
        (ED25519_JWK, Algorithm::EdDsa),
    ] {
        let key = key(text);
        let jwt = sign(&key, algorithm, "me \"&", "https://issuer.example", WALL).expect("it signs");
        let public = key::Pair::read(&key.key).expect("it is read").public();
        let [header, claims] = verify(algorithm, &public, &jwt);
        assert_eq!(header["alg"], algorithm.word());
        assert_eq!((&claims["iss"], &claims["sub"]), (&"me \"&".into(), &"me \"&".into()));
        assert_eq!((&claims["aud"], &claims["iat"]), (&"https://issuer.example".into(), &WALL.into()));
        assert_eq!(claims["exp"], WALL + LIFE);
        let [_, again] = verify(algorithm, &public, &sign(&key, algorithm, "me", "x", WALL).expect("it signs"));
        assert!(again["jti"].as_str().expect("text").len() >= 20 && again["jti"] != claims["jti"]);
    }
}

#[test]
fn the_same_key_is_the_same_in_every_form() {
    let public = |text| key::Pair::read(&key(text).key).expect("it is read").public();
    assert_eq!((public(RSA), public(P256)), (public(RSA_PKCS1), public(P256_JWK)));
    assert_eq!((public(RSA), public(ED25519)), (public(RSA_JWK), public(ED25519_JWK)));
    assert_eq!(public(&P256.replace('\n', "\r\n")), public(&format!("# a comment\n{P256}")));
}

#[test]
fn the_algorithm_fits_the_key_and_then_the_service() {
    let choose = |text: &str, listed: &[&str]| {
        let listed: Vec<String> = listed.iter().map(|&one| one.to_owned()).collect();
        super::choose(&key(text), (!listed.is_empty()).then_some(&listed)).expect("a key").word()
    };
    assert_eq!((choose(RSA, &[]), choose(RSA, &["PS256", "RS256"])), ("RS256", "RS256"));
    assert_eq!((choose(RSA, &["PS256", "ES256"]), choose(RSA, &["ES256"])), ("PS256", "RS256"));
    assert_eq!((choose(P256, &["RS256"]), choose(P384, &[]), choose(ED25519, &[])), ("ES256", "ES384", "EdDSA"));
    assert_eq!(choose(RSA_JWK, &["RS256"]), "PS256", "the JWK says what it is for");
}

#[test]
fn the_key_has_the_name_it_was_given_else_its_own() {
    let kid = |id: Option<&str>, text: &str| {
        let key = SigningKey { id: id.map(str::to_owned), ..key(text) };
        let algorithm = super::choose(&key, None).expect("a key");
        let jwt = sign(&key, algorithm, "me", "x", WALL).expect("it signs");
        verify(algorithm, &key::Pair::read(&key.key).expect("it is read").public(), &jwt)[0].get("kid").cloned()
    };
    assert_eq!(kid(None, P256), None);
    assert_eq!(kid(Some("mine"), P256), Some("mine".into()));
    assert_eq!(kid(None, P256_JWK), Some("p256".into()));
    assert_eq!(kid(Some("mine"), P256_JWK), Some("mine".into()));
}

#[test]
fn what_is_no_usable_key_is_told_apart_and_never_quoted() {
    let broken = P256.replace("MIGH", "M");
    let cases = [
        (ENCRYPTED, KeyError::Encrypted),
        (P256_SEC1, KeyError::NotPkcs8),
        (PUBLIC, KeyError::Public),
        ("canary", KeyError::Unreadable),
        ("", KeyError::Unreadable),
        ("-----BEGIN PRIVATE KEY-----\ncanary", KeyError::Unreadable),
        ("-----BEGIN PRIVATE KEY-----\nY2FuYXJ5\n-----END PRIVATE KEY-----\n", KeyError::Unsupported),
        (&broken, KeyError::Unreadable),
        (r#"{"kty":"oct","k":"canary"}"#, KeyError::Public),
        (r#"{"kty":"EC","crv":"secp256k1","x":"AA","y":"AA","d":"AA"}"#, KeyError::Unsupported),
        (r#"{"kty":"EC","crv":"P-256","x":"AA","y":"AA","d":"AA"}"#, KeyError::Unsupported),
        (r#"{"kty":"RSA","d":"AA","n":"AA","e":"AQAB"}"#, KeyError::Unreadable),
        (&P256_JWK.replace("\"kid\"", "\"alg\":\"RS256\",\"kid\""), KeyError::Unsupported),
    ];
    for (text, error) in cases {
        let told = check(&key(text).key).expect_err(text);
        assert_eq!(told, error, "{text}");
        assert!(!format!("{told} {told:?} {}", told.why()).contains("canary"));
    }
    assert_eq!(sign(&key(P256), Algorithm::Rs256, "me", "x", WALL).err(), Some(KeyError::Unsupported));
}
