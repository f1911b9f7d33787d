//! What the person should know of a login that succeeded: it cannot be refreshed, or it covers something else.

use std::collections::BTreeSet;

use crate::oauth::Tokens;
use crate::provider::Flow;

/// The warnings for `tokens`, granted when `requested` was asked for. No word of the service is repeated.
pub(super) fn of(tokens: &Tokens, requested: &str, flow: Flow) -> Vec<String> {
    let mut warnings = Vec::new();
    // A client that logs in by its own secret does so again when it needs to.
    if tokens.refresh_token.is_none() && flow != Flow::ClientCredentials {
        let asked_for = requested.split(' ').any(|scope| scope == "offline_access");
        // A session that is approved at the service knows no scopes.
        let hint = if asked_for || flow == Flow::PollExchange {
            "the service granted no refresh token"
        } else {
            "the service granted no refresh token; add `offline_access` to --scope if the service has it"
        };
        warnings.push(format!("this login cannot be refreshed: {hint}"));
    }
    if let Some(granted) = &tokens.scope {
        warnings.extend(scope(tokens, requested, granted));
    }
    warnings
}

/// The same at a service that a provider describes: a token that does not lapse, as far as anybody knows, needs no refresh.
pub(super) fn of_service(tokens: &Tokens, requested: &str, flow: Flow) -> Vec<String> {
    if tokens.expires_in.is_some() || tokens.refresh_token.is_some() {
        return of(tokens, requested, flow);
    }
    tokens.scope.as_ref().and_then(|granted| scope(tokens, requested, granted)).into_iter().collect()
}

fn scope(tokens: &Tokens, requested: &str, granted: &str) -> Option<String> {
    let [requested, granted] =
        [requested, granted].map(|scope| scope.split_ascii_whitespace().collect::<BTreeSet<_>>());
    // Services leave these two out of the list even where they granted what the words stand for.
    let kept = |scope: &&str| match *scope {
        "openid" => tokens.id_token.is_none(),
        "offline_access" => tokens.refresh_token.is_none(),
        _ => true,
    };
    let missing: Vec<String> =
        requested.difference(&granted).copied().filter(kept).map(|scope| format!("`{scope}`")).collect();
    if !missing.is_empty() {
        return Some(format!("the service granted less than was asked for; missing: {}", missing.join(", ")));
    }
    granted.difference(&requested).next().map(|_| "the service granted other scopes than were asked for".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::secret::{AccessToken, RefreshToken};

    fn tokens(scope: Option<&str>, refresh_token: Option<&str>) -> Tokens {
        Tokens {
            access_token: AccessToken::new("at".to_owned()),
            token_type: "Bearer".to_owned(),
            unsupported_type: None,
            expires_in: None,
            refresh_token: refresh_token.map(|token| RefreshToken::new(token.to_owned())),
            scope: scope.map(str::to_owned),
            id_token: None,
            sent_at: Clock::manual(0).now(),
            server_time: None,
        }
    }

    #[test]
    fn a_login_as_asked_for_has_no_warning() {
        assert!(of(&tokens(None, Some("rt")), "openid repo", Flow::Device).is_empty());
        assert!(of(&tokens(Some("repo"), Some("rt")), "repo", Flow::Device).is_empty());
        assert!(of(&tokens(Some("b  a"), Some("rt")), "a b offline_access", Flow::Device).is_empty());
    }

    #[test]
    fn no_refresh_token_is_said_in_plain_words() {
        let warnings = of(&tokens(None, None), "openid", Flow::Device);
        assert_eq!(
            warnings,
            [
                "this login cannot be refreshed: the service granted no refresh token; add `offline_access` to --scope if \
              the service has it"
            ]
        );
    }

    #[test]
    fn another_scope_than_asked_for_is_said_without_quoting_the_service() {
        assert_eq!(
            of(&tokens(Some("read"), Some("rt")), "read write", Flow::Device),
            ["the service granted less than was asked for; missing: `write`"]
        );
        assert_eq!(
            of(&tokens(Some("read admin"), Some("rt")), "read", Flow::Device),
            ["the service granted other scopes than were asked for"]
        );
    }
}
