//! The answer of the device authorization endpoint, read from bytes (RFC 8628 §3.2).
//!
//! Owns what of it is fit to be shown to a person: a code that can be typed, addresses that are what they look like.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::ExchangeError;
use super::error::classify;
use super::response::{MAX_TOKEN, Received, code, failure, uncertain};
use super::wire::{Wiped, seconds};
use crate::http::check_page;
use crate::secret::DeviceCode;

/// Longest user code shown, in characters.
pub const MAX_USER_CODE: usize = 64;
/// Polling interval when the service names none (RFC 8628 §3.2).
pub const DEFAULT_INTERVAL: Duration = Duration::from_secs(5);
/// Longest polling interval heeded.
pub const MAX_INTERVAL: Duration = Duration::from_mins(1);
/// Life of the codes when the service names none that can be believed.
pub const DEFAULT_LIFE: Duration = Duration::from_mins(10);
/// Longest life of the codes believed.
pub const MAX_LIFE: Duration = Duration::from_hours(24);

/// What a device login begins with.
#[derive(Debug)]
pub struct DeviceAuthorization {
    /// What the token endpoint is polled with.
    pub device_code: DeviceCode,
    /// What the person types; at most [`MAX_USER_CODE`] characters, all of them visible.
    pub user_code: String,
    /// Where the person goes: https, or plain http to this machine; ASCII.
    pub verification_uri: String,
    /// The same with the code in it; only if it leads to the same host.
    pub verification_uri_complete: Option<String>,
    /// Life of both codes from when the request was sent.
    pub expires_in: Duration,
    /// Wait between two polls: 1 s to [`MAX_INTERVAL`].
    pub interval: Duration,
}

#[derive(Deserialize)]
struct Wire {
    device_code: Option<Wiped>,
    user_code: Option<String>,
    verification_uri: Option<String>,
    // The name in the drafts, still in use.
    verification_url: Option<String>,
    verification_uri_complete: Option<String>,
    expires_in: Option<Value>,
    interval: Option<Value>,
    error: Option<Value>,
}

/// Reads an answer of the device authorization endpoint; `may_show` says to which pages this service may send people.
pub fn authorization(
    received: Received,
    body: &[u8],
    may_show: impl Fn(&Url) -> bool,
) -> Result<DeviceAuthorization, ExchangeError> {
    if !(200..300).contains(&received.status) {
        return Err(failure(received, body));
    }
    let wire: Wire = serde_json::from_slice(body).map_err(|_| uncertain("not the JSON of a device login"))?;
    if let Some(code) = wire.error.as_ref().and_then(code) {
        return Err(classify(received.status, Some(code), received.retry_after));
    }
    let device_code = wire.device_code.filter(|code| (1..=MAX_TOKEN).contains(&code.text().len()));
    let device_code = device_code.ok_or(uncertain("no device code in it"))?;
    let user_code = wire.user_code.filter(|code| is_typable(code)).ok_or(uncertain("no user code in it"))?;
    let page = wire.verification_uri.or(wire.verification_url).and_then(|uri| check_page(&uri).ok());
    let page = page.filter(may_show);
    let page = page.ok_or(uncertain("no usable verification URI in it"))?;
    let complete = wire.verification_uri_complete.and_then(|uri| check_page(&uri).ok());
    // Another host would be a page that the person was not told of.
    let complete = complete.filter(|complete| complete.origin() == page.origin());
    let interval = seconds(wire.interval.as_ref(), MAX_INTERVAL).unwrap_or(DEFAULT_INTERVAL);
    Ok(DeviceAuthorization {
        device_code: DeviceCode::new(device_code.take()),
        user_code,
        verification_uri: page.into(),
        verification_uri_complete: complete.map(Into::into),
        expires_in: seconds(wire.expires_in.as_ref(), MAX_LIFE).unwrap_or(DEFAULT_LIFE),
        interval: interval.max(Duration::from_secs(1)),
    })
}

/// Letters, digits, ASCII punctuation and single spaces inside: nothing that a terminal acts on or that hides.
fn is_typable(code: &str) -> bool {
    let visible = |c: char| c == ' ' || c.is_ascii_graphic() || c.is_alphanumeric();
    !code.is_empty() && code.chars().count() <= MAX_USER_CODE && code.trim() == code && code.chars().all(visible)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Moment;

    fn received(status: u16) -> Received {
        Received { status, retry_after: None, date: None, sent_at: Moment::new(Duration::ZERO) }
    }

    fn read(more: &str) -> Result<DeviceAuthorization, ExchangeError> {
        let body = format!(r#"{{"device_code":"dc","user_code":"WDJB-MJHT",{more}}}"#);
        authorization(received(200), body.as_bytes(), |_| true)
    }

    const PAGE: &str = r#""verification_uri":"https://issuer.example/device""#;

    #[test]
    fn a_whole_answer_is_read() {
        let uri = "https://issuer.example/device?user_code=WDJB-MJHT";
        let more = format!(r#"{PAGE},"verification_uri_complete":"{uri}","expires_in":"600","interval":7"#);
        let login = read(&more).expect("a login");
        assert!(login.device_code.matches("dc"));
        assert_eq!((login.user_code.as_str(), login.verification_uri_complete.as_deref()), ("WDJB-MJHT", Some(uri)));
        assert_eq!(login.verification_uri, "https://issuer.example/device");
        assert_eq!((login.expires_in, login.interval), (Duration::from_mins(10), Duration::from_secs(7)));
    }

    #[test]
    fn intervals_and_lives_are_kept_within_reason() {
        let interval = |value: &str| read(&format!(r#"{PAGE},"interval":{value}"#)).expect("a login").interval;
        assert_eq!(read(PAGE).expect("a login").interval, DEFAULT_INTERVAL);
        for (value, seconds) in [("0", 5), ("-3", 5), (r#""x""#, 5), ("null", 5), ("0.1", 1), ("100000", 60)] {
            assert_eq!(interval(value), Duration::from_secs(seconds), "{value}");
        }
        let life = |value: &str| read(&format!(r#"{PAGE},"expires_in":{value}"#)).expect("a login").expires_in;
        assert_eq!((life("-1"), life("1e18")), (DEFAULT_LIFE, MAX_LIFE));
    }

    #[test]
    fn a_complete_uri_that_leads_elsewhere_is_dropped() {
        for uri in [
            "https://evil.example/device?user_code=WDJB-MJHT",
            "https://issuer.example:444/device",
            "https://issuer.example@evil.example/",
            "http://issuer.example/device",
            "javascript:alert(1)",
        ] {
            let login = read(&format!(r#"{PAGE},"verification_uri_complete":"{uri}""#)).expect("a login");
            assert_eq!(login.verification_uri_complete, None, "{uri}");
        }
    }

    #[test]
    fn the_old_name_of_the_page_and_pages_with_a_fragment_are_read() {
        assert!(read(r#""verification_url":"https://issuer.example/#/device""#).is_ok());
    }

    #[test]
    fn an_answer_not_fit_to_be_shown_is_uncertain() {
        for body in [
            "",
            "{}",
            r#"{"device_code":"dc","user_code":"A","verification_uri":"http://issuer.example/"}"#,
            r#"{"device_code":"dc","user_code":"A","verification_uri":"file:///etc/passwd"}"#,
            r#"{"device_code":"","user_code":"A","verification_uri":"https://issuer.example/"}"#,
            r#"{"device_code":"dc","user_code":"","verification_uri":"https://issuer.example/"}"#,
            r#"{"device_code":"dc","user_code":"A\u001b[2J","verification_uri":"https://issuer.example/"}"#,
            r#"{"device_code":"dc","user_code":"A\u202eB","verification_uri":"https://issuer.example/"}"#,
            r#"{"device_code":"dc","device_code":"dc","user_code":"A","verification_uri":"https://issuer.example/"}"#,
        ] {
            let error = authorization(received(200), body.as_bytes(), |_| true).expect_err("refused");
            assert!(matches!(error, ExchangeError::Uncertain { .. }), "{body}");
        }
        let long = format!(r#"{PAGE},"x":1"#).replace("device\"", &format!("device?{}\"", "x".repeat(5000)));
        assert!(read(&long).is_err());
    }

    #[test]
    fn failures_are_those_of_the_token_endpoint() {
        let body = br#"{"error":"unauthorized_client"}"#;
        let error = authorization(received(400), body, |_| true).expect_err("refused");
        assert_eq!(error, ExchangeError::Misconfigured { code: "unauthorized_client" });
    }
}
