//! Which URLs a request may go to, and which a person may be sent to.
//!
//! Owns the rule "https, or plain http to this machine" and the refusal of everything that makes a URL read
//! differently from what it is: userinfo, control characters, spaces, backslashes. Knows nothing of requests.
//! RFC 6749 §3.1, §3.2 (no fragment, TLS), RFC 8252 §8.3 (loopback by address).

use std::fmt;

use url::{Host, Url};

/// Longest URL accepted.
pub const MAX_URL: usize = 4096;

/// Why a URL is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndpointError {
    /// It has a fragment (RFC 6749 §3.1).
    Fragment,
    /// It names this machine where another was to be named.
    Loopback,
    /// It is none, or hides what it is, or is too long.
    NotAUrl,
    /// Neither https nor plain http to this machine.
    NotHttps,
    /// It names a private network that the service is not in.
    Private,
    /// It names an address that no service has: link-local, multicast, or where a cloud keeps its credentials.
    Reserved,
    /// It has a user name or password.
    UserInfo,
}

impl EndpointError {
    /// The reason in fixed words.
    pub const fn why(self) -> &'static str {
        match self {
            Self::Fragment => "the URL has a fragment",
            Self::Loopback => "the URL names this machine, the issuer does not",
            Self::NotAUrl => "not a usable URL",
            Self::NotHttps => "the URL is not https",
            Self::Private => "the URL leads into a private network, the issuer does not",
            Self::Reserved => "the URL names an address that no service has",
            Self::UserInfo => "the URL has a user name or password",
        }
    }
}

impl fmt::Display for EndpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.why())
    }
}

impl std::error::Error for EndpointError {}

/// Whether `url` names this machine: 127.0.0.0/8, `::1` or `localhost`.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// The URL of an endpoint that requests may be sent to.
pub fn check_endpoint(text: &str) -> Result<Url, EndpointError> {
    let url = check_page(text)?;
    if url.fragment().is_some() {
        return Err(EndpointError::Fragment);
    }
    Ok(url)
}

/// The URL of a page that a person may be sent to: an endpoint's, but a fragment is allowed.
pub fn check_page(text: &str) -> Result<Url, EndpointError> {
    // The parser drops newlines and turns `\` into `/`, so such a URL would not be the one that was read.
    if text.len() > MAX_URL || text.chars().any(|c| c.is_control() || c.is_whitespace() || c == '\\') {
        return Err(EndpointError::NotAUrl);
    }
    let url = Url::parse(text).map_err(|_| EndpointError::NotAUrl)?;
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(&url) => {}
        _ => return Err(EndpointError::NotHttps),
    }
    // The parser also finds a host where none is, as in `https:host` and `https:///host`.
    let rest = text.split_once(':').and_then(|(_, rest)| rest.strip_prefix("//")).unwrap_or_default();
    let authority = rest.split(['/', '?', '#']).next().filter(|authority| !authority.is_empty());
    let authority = authority.ok_or(EndpointError::NotAUrl)?;
    // `https://@host/` has an empty user name, which the parsed URL no longer shows.
    if authority.contains('@') || !url.username().is_empty() || url.password().is_some() {
        return Err(EndpointError::UserInfo);
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_https_or_plain_http_to_this_machine() {
        for good in [
            "https://issuer.example/token/",
            "https://issuer.example:8443/token?tenant=a",
            "http://127.0.0.1:8080/token",
            "http://127.9.9.9/",
            "http://[::1]:8080/token",
            "http://localhost:1/",
        ] {
            assert_eq!(check_endpoint(good).map(|url| url.to_string()), Ok(good.to_owned()), "{good}");
        }
        for (bad, why) in [
            ("http://issuer.example/token", EndpointError::NotHttps),
            ("http://localhost.example/", EndpointError::NotHttps),
            ("http://127.0.0.1.example/", EndpointError::NotHttps),
            ("http://0.0.0.0/", EndpointError::NotHttps),
            ("http://10.0.0.1/", EndpointError::NotHttps),
            ("file:///etc/passwd", EndpointError::NotHttps),
            ("javascript:alert(1)", EndpointError::NotHttps),
            ("ftp://issuer.example/", EndpointError::NotHttps),
            ("https://user@issuer.example/", EndpointError::UserInfo),
            ("https://user:pass@issuer.example/", EndpointError::UserInfo),
            ("https://@issuer.example/", EndpointError::UserInfo),
            ("https://issuer.example/#top", EndpointError::Fragment),
            ("https://issuer.example\\@other.example/", EndpointError::NotAUrl),
            ("\\\\server\\share", EndpointError::NotAUrl),
            ("https://issuer.example/\ntoken", EndpointError::NotAUrl),
            (" https://issuer.example/", EndpointError::NotAUrl),
            ("-https://issuer.example/", EndpointError::NotAUrl),
            ("https:///issuer.example/", EndpointError::NotAUrl),
            ("https:issuer.example/", EndpointError::NotAUrl),
            ("/token", EndpointError::NotAUrl),
            ("", EndpointError::NotAUrl),
        ] {
            assert_eq!(check_endpoint(bad), Err(why), "{bad:?}");
        }
        assert_eq!(check_endpoint(&format!("https://a.example/{}", "x".repeat(MAX_URL))), Err(EndpointError::NotAUrl));
    }

    #[test]
    fn pages_may_have_a_fragment() {
        assert!(check_page("https://issuer.example/#/device").is_ok());
        assert_eq!(check_page("https://user@issuer.example/#x"), Err(EndpointError::UserInfo));
    }
}
