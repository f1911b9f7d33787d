//! How the person was authenticated, by what an ID token says of it (OpenID Connect Core §2, §3.1.3.7, RFC 9470 §5).

use serde::Deserialize;

use super::{IdTokenError, LEEWAY, part};
use crate::secret::IdToken;

/// What a login asked for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted<'a> {
    /// `acr_values`: any of these, separated by spaces.
    pub contexts: Option<&'a str>,
    /// `max_age`: seconds since the person authenticated, at most.
    pub max_age: Option<u64>,
}

/// How far an ID token bears out what was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authenticated {
    /// As asked.
    AsAsked,
    /// It does not say in which context (`acr`).
    Unsaid,
}

#[derive(Deserialize)]
struct Claims {
    acr: Option<String>,
    auth_time: Option<f64>,
}

/// Compares what `token`, which has been checked, says with what was `wanted`; `wall` is in seconds since 1970.
///
/// # Errors
/// [`IdTokenError::AuthenticatedOtherwise`] for another context, [`IdTokenError::AuthenticatedTooLongAgo`] for an
/// authentication that is too old or has no time: with `max_age` the claim must be there.
pub fn authenticated(token: &IdToken, wanted: Wanted<'_>, wall: i64) -> Result<Authenticated, IdTokenError> {
    // EXPOSE: two claims are read here and nothing of the token is kept.
    let claims = token.expose().split('.').nth(1).ok_or(IdTokenError::Unreadable)?;
    let claims: Claims = part(claims)?;
    if let Some(max_age) = wanted.max_age {
        #[expect(clippy::cast_precision_loss, reason = "exact for the next 285 million years")]
        let oldest = wall.saturating_sub_unsigned(max_age).saturating_sub(LEEWAY) as f64;
        if claims.auth_time.is_none_or(|at| at < oldest) {
            return Err(IdTokenError::AuthenticatedTooLongAgo);
        }
    }
    let Some(contexts) = wanted.contexts else { return Ok(Authenticated::AsAsked) };
    match claims.acr {
        Some(acr) if contexts.split(' ').any(|one| one == acr) => Ok(Authenticated::AsAsked),
        Some(_) => Err(IdTokenError::AuthenticatedOtherwise),
        None => Ok(Authenticated::Unsaid),
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::prelude::BASE64_URL_SAFE_NO_PAD;

    use super::*;

    const WALL: i64 = 1_790_000_000;

    fn look(claims: &str, contexts: Option<&str>, max_age: Option<u64>) -> Result<Authenticated, IdTokenError> {
        let token = IdToken::new(format!("e30.{}.x", BASE64_URL_SAFE_NO_PAD.encode(claims)));
        authenticated(&token, Wanted { contexts, max_age }, WALL)
    }

    #[test]
    fn an_authentication_that_is_too_old_or_has_no_time_is_refused() {
        let at = |ago: i64| look(&format!(r#"{{"auth_time":{}}}"#, WALL - ago), None, Some(600));
        assert_eq!((at(0), at(600 + LEEWAY)), (Ok(Authenticated::AsAsked), Ok(Authenticated::AsAsked)));
        assert_eq!(at(601 + LEEWAY), Err(IdTokenError::AuthenticatedTooLongAgo));
        assert_eq!(look("{}", None, Some(600)), Err(IdTokenError::AuthenticatedTooLongAgo));
        assert_eq!(look("{}", None, None), Ok(Authenticated::AsAsked));
        assert_eq!(look("{}", None, Some(u64::MAX)), Err(IdTokenError::AuthenticatedTooLongAgo));
    }

    #[test]
    fn the_context_is_one_of_those_asked_for() {
        let acr = |claims: &str| look(claims, Some("urn:mfa phr"), None);
        assert_eq!(acr(r#"{"acr":"phr"}"#), Ok(Authenticated::AsAsked));
        assert_eq!(acr("{}"), Ok(Authenticated::Unsaid));
        for other in [r#"{"acr":"0"}"#, r#"{"acr":"urn:mfa phr"}"#, r#"{"acr":""}"#] {
            assert_eq!(acr(other), Err(IdTokenError::AuthenticatedOtherwise), "{other}");
        }
    }
}
