//! Secrets as types: one newtype per word of the RFCs, so that none is mistaken for another or for text.
//!
//! Each is wiped on drop, shows nothing in `Debug`, and has no `Display`, no serde, no `Clone` and no `PartialEq`.
//! `expose()` is the one way in; each use says why in an `EXPOSE:` comment. What must be shared is shared by `Arc`.

use std::fmt;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Stands for a secret where two must be told apart without keeping either: the first 16 bytes of its SHA-256.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint(pub [u8; 16]);

impl Fingerprint {
    /// The fingerprint of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        let digest = Sha256::digest(bytes);
        let mut short = [0; 16];
        short.copy_from_slice(&digest[..16]);
        Self(short)
    }
}

macro_rules! secret {
    ($($(#[$doc:meta])* $name:ident)+) => {$(
        $(#[$doc])*
        pub struct $name(Zeroizing<String>);

        impl $name {
            /// Takes the secret over; the caller keeps no copy.
            pub fn new(secret: String) -> Self {
                Self(Zeroizing::new(secret))
            }

            /// The way in. Each use says why beside it.
            pub fn expose(&self) -> &str {
                &self.0
            }

            /// Compares in constant time.
            pub fn matches(&self, other: &str) -> bool {
                self.0.as_bytes().ct_eq(other.as_bytes()).into()
            }

            /// Stands for the secret where it must be recognised again.
            pub fn fingerprint(&self) -> Fingerprint {
                Fingerprint::of(self.0.as_bytes())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(hidden)"))
            }
        }
    )+};
}

secret! {
    /// RFC 6749 §1.4.
    AccessToken
    /// A key of a service that knows no tokens.
    ApiKey
    /// RFC 6749 §4.1.2.
    AuthorizationCode
    /// RFC 7523 §2.2: the private key of a client, as PEM or JWK.
    ClientKey
    /// RFC 6749 §2.3.1.
    ClientSecret
    /// RFC 8628 §3.2.
    DeviceCode
    /// OpenID Connect Core §2.
    IdToken
    /// OpenID Connect Core §3.1.2.1 `nonce`.
    Nonce
    /// RFC 7636 §4.1 `code_verifier`.
    PkceVerifier
    /// RFC 6749 §1.5. Only a keeper owns one.
    RefreshToken
    /// RFC 7591 §3: an initial access token, or RFC 7592 §3: a registration access token.
    RegistrationToken
    /// RFC 6749 §4.1.1 `state`.
    State
}

/// The private key that a client proves itself with, and its name at the service.
#[derive(Debug, Clone)]
pub struct SigningKey {
    /// The key.
    pub key: Arc<ClientKey>,
    /// RFC 7515 §4.1.4 `kid`, where the key does not say it or the service calls it otherwise.
    pub id: Option<String>,
}

/// Bytes of the sealing key (XChaCha20-Poly1305).
pub struct SealingKey(Zeroizing<[u8; 32]>);

impl SealingKey {
    /// Takes the key over.
    pub fn new(bytes: Zeroizing<[u8; 32]>) -> Self {
        Self(bytes)
    }

    /// The way in. Each use says why beside it.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealingKey(hidden)")
    }
}

/// `N` bytes from the operating system's generator.
pub fn random<const N: usize>() -> Zeroizing<[u8; N]> {
    let mut bytes = Zeroizing::new([0; N]);
    getrandom::fill(bytes.as_mut()).expect("the operating system's random generator works");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", RefreshToken::new("canary".to_owned())), "RefreshToken(hidden)");
        assert_eq!(format!("{:?}", SealingKey::new(random())), "SealingKey(hidden)");
    }

    #[test]
    fn matches_compares_whole_values() {
        let state = State::new("abc".to_owned());
        assert!(state.matches("abc") && !state.matches("ab") && !state.matches("abd") && !state.matches(""));
    }
}
