//! The random values of a login: PKCE verifier, `state`, `nonce`; and the challenge.
//!
//! RFC 7636 with S256 only, RFC 6749 §10.12, OpenID Connect Core §15.5.2. Each value is 32 random bytes in base64url:
//! 43 characters, the least that RFC 7636 §4.1 allows and more than anyone can guess.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use crate::secret::{Nonce, PkceVerifier, State, random};

/// A new `code_verifier`.
pub fn verifier() -> PkceVerifier {
    PkceVerifier::new(value())
}

/// A new `state`.
pub fn state() -> State {
    State::new(value())
}

/// A new `nonce`.
pub fn nonce() -> Nonce {
    Nonce::new(value())
}

/// The `code_challenge` of `verifier` by S256 (RFC 7636 §4.2).
pub fn challenge(verifier: &PkceVerifier) -> String {
    // EXPOSE: only its hash leaves this function.
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.expose()))
}

fn value() -> String {
    BASE64_URL_SAFE_NO_PAD.encode(random::<32>().as_slice())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_that_of_rfc_7636_appendix_b() {
        let verifier = PkceVerifier::new("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".to_owned());
        assert_eq!(challenge(&verifier), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn values_are_43_characters_and_never_alike() {
        let (one, other) = (value(), value());
        assert!(one.len() == 43 && one != other);
        assert!(one.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'));
    }
}
