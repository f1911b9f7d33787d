//! When a credential lapses, from the sources a provider names, the first that tells.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use super::document::Document;
use crate::oauth::Tokens;
use crate::oauth::response::MAX_LIFE;
use crate::provider::{Expiry, Pointer};

/// A credential that says it has lapsed already is renewed at once rather than trusted.
const LEAST: Duration = Duration::from_secs(1);

/// Gives `tokens` the life that the sources tell, where the answer itself did not (RFC 6749 §5.1). `wall` is this
/// machine's time; the service's own is used where it said it.
pub fn settle(sources: &[Expiry], tokens: &mut Tokens, wall: i64) {
    if !sources.contains(&Expiry::ExpiresIn) && !sources.is_empty() {
        tokens.expires_in = None;
    }
    let now = tokens.server_time.unwrap_or(wall);
    // EXPOSE: a JWT says itself when it lapses; nothing of it is kept.
    let credential = tokens.access_token.expose();
    let told = sources.iter().find_map(|source| match source {
        Expiry::Assume(life) => Some(*life),
        Expiry::ExpiresIn => tokens.expires_in,
        Expiry::Jwt => jwt_expiry(credential).map(|at| left(at, now)),
        // Told elsewhere: by the answer that brought the credential, or later by the identity's.
        Expiry::ExpiresAt | Expiry::Whoami => None,
    });
    tokens.expires_in = told.or(tokens.expires_in);
}

/// The same for an answer of the provider's own form.
pub(super) fn read(
    sources: &[Expiry],
    document: &Document,
    (expires_in, expires_at): (&Pointer, &Pointer),
    credential: &str,
    now: i64,
) -> Option<Duration> {
    sources.iter().find_map(|source| match source {
        Expiry::Assume(life) => Some(*life),
        Expiry::ExpiresAt => document.time(expires_at).map(|at| left(at, now)),
        Expiry::ExpiresIn => document.number(expires_in).and_then(seconds),
        Expiry::Jwt => jwt_expiry(credential).map(|at| left(at, now)),
        Expiry::Whoami => None,
    })
}

fn left(at: i64, now: i64) -> Duration {
    Duration::from_secs(u64::try_from(at.saturating_sub(now)).unwrap_or(0)).clamp(LEAST, MAX_LIFE)
}

fn seconds(seconds: f64) -> Option<Duration> {
    (seconds > 0.0).then(|| Duration::try_from_secs_f64(seconds).unwrap_or(MAX_LIFE).min(MAX_LIFE))
}

/// `exp` (RFC 7519 §4.1.4) of a credential that is a JWT. It is a hint and no proof: the signature is not looked at.
pub(crate) fn jwt_expiry(credential: &str) -> Option<i64> {
    let mut parts = credential.split('.');
    let (_header, payload, _signature) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let plain = Zeroizing::new(BASE64_URL_SAFE_NO_PAD.decode(payload).ok()?);
    Document::parse(&plain)?.time(&Pointer::new("exp"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jwt(payload: &str) -> String {
        format!("e30.{}.sig", BASE64_URL_SAFE_NO_PAD.encode(payload))
    }

    fn life(sources: &[Expiry], answer: &str, credential: &str) -> Option<u64> {
        let document = Document::parse(answer.as_bytes()).expect("JSON");
        let members = (&Pointer::new("expires_in"), &Pointer::new("expires_at"));
        read(sources, &document, members, credential, 1_790_000_000).map(|life| life.as_secs())
    }

    #[test]
    fn the_first_source_that_tells_is_believed() {
        let all = [Expiry::ExpiresIn, Expiry::ExpiresAt, Expiry::Jwt, Expiry::Assume(Duration::from_secs(9))];
        let token = jwt(r#"{"exp":1790000300}"#);
        assert_eq!(life(&all, r#"{"expires_in":60,"expires_at":1790000100}"#, &token), Some(60));
        assert_eq!(life(&all, r#"{"expires_at":1790000100}"#, &token), Some(100));
        assert_eq!(life(&all, "{}", &token), Some(300));
        assert_eq!(life(&all, "{}", "opaque"), Some(9));
        assert_eq!(life(&all[..3], "{}", "opaque"), None);
        assert_eq!(life(&[Expiry::Jwt], "{}", &jwt(r#"{"exp":1}"#)), Some(1), "lapsed: to be renewed at once");
    }

    #[test]
    fn what_is_no_jwt_has_no_expiry() {
        for no in ["", "a.b", "a.b.c", "a.b.c.d", &jwt("[]"), &jwt(r#"{"exp":"soon"}"#), &jwt(r#"{"exp":1,"exp":2}"#)] {
            assert_eq!(jwt_expiry(no), None, "{no}");
        }
    }
}
