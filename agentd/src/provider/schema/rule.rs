//! What single values of a provider's file may be: names, hosts, headers, variables, times, members of answers.
//!
//! Pure: each function judges one text.

mod reserved;

use std::time::Duration;

use url::Host;

use self::reserved::{OTHERS_VARIABLES, OWN_HEADERS, OWN_PARAMETERS, PROGRAMS};
use crate::provider::Pointer;

/// Longest name of a provider or an environment.
const MAX_NAME: usize = 32;
/// Longest text of any other name.
const MAX_WORD: usize = 128;

/// Whether `key` asks for a program to be named.
pub(super) fn names_a_program(key: &str) -> bool {
    PROGRAMS.contains(&key.to_lowercase().replace('-', "_").as_str())
}

/// Whether a character breaks a line, or makes a text read differently from what it is.
pub(super) fn misleads(c: char) -> bool {
    let invisible = matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}');
    c.is_control() || invisible || matches!(c, '\u{61c}' | '\u{feff}')
}

/// Whether it names a provider, an environment or a secondary credential.
pub(crate) fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    let first = bytes.next().is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    first && text.len() <= MAX_NAME && bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// Whether it can stand between braces in a template.
pub(super) fn is_word(text: &str) -> bool {
    let mut bytes = text.bytes();
    let first = bytes.next().is_some_and(|byte| byte.is_ascii_lowercase());
    first && text.len() <= MAX_NAME && bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// Whether it is one exact host in lower case: no wildcard, no port.
pub(super) fn is_host(text: &str) -> bool {
    Host::parse(text).is_ok_and(|host| host.to_string() == text && !text.contains('*'))
}

/// Whether it is a token of RFC 9110 §5.6.2.
pub(super) fn is_token(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    !text.is_empty() && text.len() <= MAX_WORD && text.bytes().all(allowed)
}

/// Whether the header is one that a provider must not set.
pub(super) fn is_own_header(name: &str) -> bool {
    OWN_HEADERS.contains(&name.to_ascii_lowercase().as_str())
}

/// Whether the parameter of an OAuth request is one that a provider must not set.
pub(super) fn is_own_parameter(name: &str) -> bool {
    OWN_PARAMETERS.contains(&name)
}

/// Whether it can stand in a header's value: printable ASCII without spaces around it.
pub(super) fn is_header_value(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ') && text.trim() == text
}

/// Whether it is a redirect to this machine (RFC 8252 §7.3): plain http to a loopback address or `localhost`.
pub(super) fn is_loopback_redirect(text: &str) -> bool {
    crate::http::check_endpoint(text).is_ok_and(|url| url.scheme() == "http" && url.query().is_none())
}

/// Whether it is a list of scopes (RFC 6749 §3.3), possibly empty.
pub(super) fn is_scope(text: &str) -> bool {
    text.bytes().all(|byte| (byte.is_ascii_graphic() || byte == b' ') && byte != b'"' && byte != b'\\')
}

/// Whether it is the name of an environment variable.
pub(super) fn is_variable(name: &str) -> bool {
    let mut bytes = name.bytes();
    let first = bytes.next().is_some_and(|byte| byte.is_ascii_uppercase() || byte == b'_');
    first && name.len() <= MAX_WORD && bytes.all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
}

/// Whether the variable belongs to the system or to other programs.
pub(super) fn is_others_variable(name: &str) -> bool {
    OTHERS_VARIABLES.iter().any(|other| match other.strip_suffix('*') {
        Some(beginning) => name.starts_with(beginning),
        None => *other == name,
    })
}

/// The time of a number and its unit: `2s`, `5m`, `12h`, `90d`.
pub(super) fn duration(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return None,
    };
    let plain = number.bytes().all(|byte| byte.is_ascii_digit()) && number.len() <= 8;
    number.parse::<u64>().ok().filter(|_| plain).map(|number| Duration::from_secs(number * seconds))
}

/// The member of an answer: `data.0.id`; `.` is the answer as a whole.
pub(super) fn pointer(text: &str) -> Option<Pointer> {
    if text == "." {
        return Some(Pointer(Vec::new()));
    }
    let parts: Vec<&str> = text.split('.').collect();
    let fits = parts.len() <= 8 && parts.iter().all(|part| !part.is_empty() && part.len() <= MAX_WORD);
    (fits && !text.contains(['{', '}', '/', '[', ']', ' '])).then(|| Pointer::new(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_and_plain() {
        for (name, good) in [("a", true), ("a-1", true), ("9", true), ("", false), ("-a", false), ("A", false)] {
            assert_eq!(is_name(name), good, "{name:?}");
        }
        assert!(is_name(&"x".repeat(32)) && !is_name(&"x".repeat(33)));
        assert!(is_word("user_id") && !is_word("user-id") && !is_word("_a") && !is_word("1a"));
        assert!(is_variable("A_1") && !is_variable("a") && !is_variable("1A") && !is_variable("A=B"));
    }

    #[test]
    fn hosts_are_exact() {
        for good in ["api.example.com", "localhost", "127.0.0.1", "[::1]"] {
            assert!(is_host(good), "{good}");
        }
        for bad in ["", "*.example.com", "API.example.com", "example.com:443", "https://a.example", "a b", "user@a"] {
            assert!(!is_host(bad), "{bad}");
        }
    }

    #[test]
    fn variables_of_others_are_known() {
        for name in
            ["PATH", "LD_PRELOAD", "PYTHONPATH", "GIT_SSH_COMMAND", "AGENTD_HOME", "HTTPS_PROXY", "NODE_OPTIONS"]
        {
            assert!(is_others_variable(name), "{name}");
        }
        assert!(!is_others_variable("ACME_TOKEN") && !is_others_variable("PATHS") && !is_others_variable("HOMEPAGE"));
    }

    #[test]
    fn times_have_a_unit() {
        assert_eq!(duration("90d"), Some(Duration::from_hours(90 * 24)));
        assert_eq!(duration("2s"), Some(Duration::from_secs(2)));
        for bad in ["", "s", "5", "-5s", "+5s", "5 s", "1.5s", "5w", "999999999d", "5é"] {
            assert_eq!(duration(bad), None, "{bad}");
        }
    }

    #[test]
    fn members_are_named_by_dots() {
        assert_eq!(pointer("data.0.id"), Some(Pointer::new("data.0.id")));
        assert_eq!(pointer("."), Some(Pointer(Vec::new())));
        for bad in ["", "a..b", ".a", "a.", "/a", "a[0]", "a b", "{a}", "a.b.c.d.e.f.g.h.i"] {
            assert_eq!(pointer(bad), None, "{bad}");
        }
    }
}
