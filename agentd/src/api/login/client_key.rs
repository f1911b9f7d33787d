//! The private key of a client, from the wire's form to the one that is kept.

use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use proto::problem::{Code, Problem};
use proto::secret::Secret;
use zeroize::Zeroizing;

use super::super::problem::{Failure, invalid};
use crate::oauth::assertion;
use crate::secret::{ClientKey, SigningKey};

/// The key that was given under the name `id`, looked at; else the one that is kept, which may get a new name. A client
/// with a `secret` that was given now has no key.
pub(super) fn signing_key(
    given: Option<&Secret>,
    id: Option<String>,
    secret: Option<&Secret>,
    kept: Option<SigningKey>,
) -> Result<Option<SigningKey>, Failure> {
    let Some(given) = given else {
        let Some(kept) = kept.filter(|_| secret.is_none()) else {
            return match id {
                Some(_) => Err(invalid("`client_key_id` names a key, and there is none")),
                None => Ok(None),
            };
        };
        return Ok(Some(SigningKey { id: id.or(kept.id), key: kept.key }));
    };
    if secret.is_some() {
        return Err(invalid("a client proves itself by a secret or by a key, not by both"));
    }
    // EXPOSE: it changes from the wire's type to the domain's.
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(given.expose()).map(Zeroizing::new);
    let text = bytes.ok().and_then(|mut bytes| match String::from_utf8(std::mem::take(&mut *bytes)) {
        Ok(text) => Some(text),
        Err(error) => {
            // The error holds the bytes: they are wiped with this value.
            drop(Zeroizing::new(error.into_bytes()));
            None
        }
    });
    let key = ClientKey::new(text.ok_or_else(|| invalid("`client_key` is not base64url of text"))?);
    assertion::check(&key).map_err(|error| {
        let hint = "it is read from PEM (PKCS#8, or PKCS#1 for RSA) or from a JWK";
        Failure(Problem::new(Code::InvalidRequest, error.to_string()).hint(hint))
    })?;
    Ok(Some(SigningKey { key: Arc::new(key), id }))
}
