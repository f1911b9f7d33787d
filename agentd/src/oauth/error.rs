//! The one table from an answer's status and error code to what it means.
//!
//! RFC 6749 §5.2, RFC 8628 §3.5, RFC 8707 §2, RFC 9449 §8. A known code outweighs the status, since services send them
//! with 200, 400, 401, 403, 428 and worse. Codes leave here as fixed text only: a service's own words are never echoed.

use std::time::Duration;

use super::ExchangeError;
use crate::http::SendError;

/// Codes that some RFC registers and that say nothing about what to do.
const VAGUE: [&str; 7] = [
    "consent_required",
    "interaction_required",
    "invalid_request",
    "invalid_token",
    "login_required",
    "unsupported_token_type",
    "unmet_authentication_requirements",
];

/// Codes for which the settings have to be changed.
const SETTINGS: [&str; 6] = [
    "device_flow_disabled",
    "invalid_client",
    "invalid_dpop_proof",
    "unauthorized_client",
    "unsupported_grant_type",
    "use_dpop_nonce",
];

/// Codes for which something else has to be asked for.
const SCOPE: [&str; 2] = ["invalid_scope", "invalid_target"];

/// Words of GitHub's own, which sends them with 200, and what they would be called by a standard. `device_flow_disabled`
/// stays as it is: the person can do something about it.
const RENAMED: [(&str, &str); 6] = [
    ("bad_refresh_token", "invalid_grant"),
    ("bad_verification_code", "invalid_grant"),
    ("incorrect_client_credentials", "invalid_client"),
    ("incorrect_device_code", "invalid_grant"),
    ("redirect_uri_mismatch", "invalid_request"),
    ("unverified_user_email", "access_denied"),
];

/// `code` as fixed text, if it is one that this module knows.
pub(super) fn registered(code: &str) -> Option<&'static str> {
    VAGUE.into_iter().chain(SETTINGS).chain(SCOPE).find(|known| *known == code)
}

/// What a failure means. `status` is any but that of an answer with tokens.
pub fn classify(status: u16, code: Option<&str>, retry_after: Option<Duration>) -> ExchangeError {
    let code = code.map(|code| RENAMED.iter().find(|(own, _)| *own == code).map_or(code, |(_, name)| name));
    match code {
        Some("access_denied") => return ExchangeError::Denied,
        Some("authorization_pending") => return ExchangeError::AuthorizationPending,
        Some("expired_token") => return ExchangeError::Expired,
        Some("invalid_grant") => return ExchangeError::Refused,
        Some("slow_down") => return ExchangeError::SlowDown,
        Some("temporarily_unavailable") => return ExchangeError::Unavailable { status, retry_after },
        _ => {}
    }
    let code = code.and_then(registered);
    match (status, code) {
        (_, Some(code)) if SETTINGS.contains(&code) => ExchangeError::Misconfigured { code },
        (_, Some(code)) if SCOPE.contains(&code) => ExchangeError::ScopeRefused { code },
        (408 | 429 | 503, _) => ExchangeError::Unavailable { status, retry_after },
        // A gateway's word for "something behind me may have done it".
        (500..=599, _) => ExchangeError::Uncertain { why: "the service failed on the way" },
        (_, code) => ExchangeError::Doubtful { status, code },
    }
}

impl From<SendError> for ExchangeError {
    fn from(error: SendError) -> Self {
        match error {
            SendError::Lost { why } => Self::Uncertain { why },
            SendError::NotSent { why } => Self::NotSent { why },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_table() {
        use ExchangeError as E;
        let retry_after = Some(Duration::from_secs(7));
        let doubtful = |status, code| E::Doubtful { status, code };
        let unavailable = |status| E::Unavailable { status, retry_after };
        let uncertain = E::Uncertain { why: "the service failed on the way" };
        let misconfigured = |code| E::Misconfigured { code };
        let rows = [
            (400, Some("invalid_grant"), E::Refused),
            (401, Some("invalid_grant"), E::Refused),
            (500, Some("invalid_grant"), E::Refused),
            (200, Some("invalid_grant"), E::Refused),
            (400, Some("authorization_pending"), E::AuthorizationPending),
            (428, Some("authorization_pending"), E::AuthorizationPending),
            (200, Some("authorization_pending"), E::AuthorizationPending),
            (400, Some("slow_down"), E::SlowDown),
            (429, Some("slow_down"), E::SlowDown),
            (400, Some("expired_token"), E::Expired),
            (400, Some("access_denied"), E::Denied),
            (403, Some("access_denied"), E::Denied),
            (401, Some("invalid_client"), misconfigured("invalid_client")),
            (400, Some("invalid_client"), misconfigured("invalid_client")),
            (400, Some("unauthorized_client"), misconfigured("unauthorized_client")),
            (400, Some("unsupported_grant_type"), misconfigured("unsupported_grant_type")),
            (403, Some("invalid_dpop_proof"), misconfigured("invalid_dpop_proof")),
            (400, Some("use_dpop_nonce"), misconfigured("use_dpop_nonce")),
            (400, Some("invalid_scope"), E::ScopeRefused { code: "invalid_scope" }),
            (400, Some("invalid_target"), E::ScopeRefused { code: "invalid_target" }),
            (400, Some("temporarily_unavailable"), unavailable(400)),
            (408, None, unavailable(408)),
            (429, None, unavailable(429)),
            (503, None, unavailable(503)),
            (429, Some("rate_limit_exceeded"), unavailable(429)),
            (500, None, uncertain.clone()),
            (502, None, uncertain.clone()),
            (504, None, uncertain.clone()),
            (524, None, uncertain.clone()),
            (500, Some("server_error"), uncertain.clone()),
            (500, Some("invalid_request"), uncertain),
            (301, None, doubtful(301, None)),
            (307, None, doubtful(307, None)),
            (400, None, doubtful(400, None)),
            (401, None, doubtful(401, None)),
            (403, None, doubtful(403, None)),
            (404, None, doubtful(404, None)),
            (400, Some("invalid_request"), doubtful(400, Some("invalid_request"))),
            (400, Some("interaction_required"), doubtful(400, Some("interaction_required"))),
            (403, Some("invalid_code"), doubtful(403, None)),
            (404, Some("device_not_found"), doubtful(404, None)),
            (200, Some("bad_refresh_token"), E::Refused),
            (200, Some("incorrect_device_code"), E::Refused),
            (200, Some("incorrect_client_credentials"), misconfigured("invalid_client")),
            (200, Some("device_flow_disabled"), misconfigured("device_flow_disabled")),
            (400, Some("INVALID_GRANT"), doubtful(400, None)),
        ];
        for (status, code, meaning) in rows {
            assert_eq!(classify(status, code, retry_after), meaning, "{status} {code:?}");
        }
    }

    #[test]
    fn what_a_service_says_in_its_own_words_is_not_repeated() {
        let error = classify(400, Some("canary"), None);
        assert!(!format!("{error} {error:?}").contains("canary"));
    }

    #[test]
    fn a_lost_answer_is_uncertain_and_an_unsent_request_is_not() {
        let why = "x";
        assert_eq!(ExchangeError::from(SendError::Lost { why }), ExchangeError::Uncertain { why });
        assert_eq!(ExchangeError::from(SendError::NotSent { why }), ExchangeError::NotSent { why });
    }
}
