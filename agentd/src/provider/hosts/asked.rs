//! A host as a program asks for it: by name, or in a URL that it is about to send a credential to.
//!
//! A URL is cut as it is written, not repaired as browsers do: two programs that repair it differently would send the
//! credential of one host to another.

use url::Host;

use super::Authority;

/// Why a host cannot be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Asked {
    /// A credential would go over the network in clear.
    #[error("credentials are sent over https only")]
    InClear,
    /// It is no host, or reads differently from what it is.
    #[error("the host is not written as `HOST`, `HOST:PORT` or `https://HOST/…`")]
    NotAHost,
}

impl Authority {
    /// Reads `HOST`, `HOST:PORT`, or a URL with a host; `http` only to this machine.
    ///
    /// # Errors
    /// [`Asked`]; the text is not repeated.
    pub fn asked(text: &str) -> Result<Self, Asked> {
        if text.bytes().any(|byte| byte.is_ascii_control() || byte == b' ' || byte == b'\\') {
            return Err(Asked::NotAHost);
        }
        let Some((scheme, rest)) = text.split_once("://") else { return Self::parse(text).ok_or(Asked::NotAHost) };
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
        if user.contains('@') {
            return Err(Asked::NotAHost);
        }
        match scheme.to_ascii_lowercase().as_str() {
            "https" => Self::parse(host).ok_or(Asked::NotAHost),
            "http" => Self::in_clear(host),
            _ => Err(Asked::NotAHost),
        }
    }

    /// Whether it is in 127.0.0.0/8, `::1` or `localhost`.
    fn is_this_machine(&self) -> bool {
        match Host::parse(&self.host) {
            Ok(Host::Domain(name)) => name == "localhost",
            Ok(Host::Ipv4(address)) => address.is_loopback(),
            Ok(Host::Ipv6(address)) => address.is_loopback(),
            Err(_) => false,
        }
    }

    fn in_clear(host: &str) -> Result<Self, Asked> {
        let has_port = host.rsplit_once(':').is_some_and(|(_, port)| !port.ends_with(']'));
        let host = if has_port { Self::parse(host) } else { Self::parse(&format!("{host}:80")) };
        let host = host.ok_or(Asked::NotAHost)?;
        if host.is_this_machine() { Ok(host) } else { Err(Asked::InClear) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_or_a_url_is_read_to_the_same_host() {
        for (text, shown) in [
            ("GitHub.com", "github.com"),
            ("github.com:443", "github.com"),
            ("https://github.com", "github.com"),
            ("https://github.com/o/r.git?x#y", "github.com"),
            ("HTTPS://me@github.com:443/", "github.com"),
            ("https://git.example.org:8443/x", "git.example.org:8443"),
            ("http://127.0.0.1:8080/x", "127.0.0.1:8080"),
            ("http://localhost/x", "localhost:80"),
            ("http://[::1]/x", "[::1]:80"),
            ("http://[::1]:8080", "[::1]:8080"),
        ] {
            assert_eq!(Authority::asked(text).map(|host| host.to_string()).as_deref(), Ok(shown), "{text}");
        }
    }

    #[test]
    fn what_two_programs_could_read_differently_is_no_host() {
        for text in [
            "",
            "https://",
            "https:///github.com",
            "https://evil.example\\@github.com/",
            "https://github.com\n.evil.example/",
            "https://git\thub.com/",
            "https://github.com /",
            "https://a@b@github.com/",
            "https://github.com%2f@evil.example:x/",
            "https://gith%75b.com/",
            "ssh://git@github.com/o/r",
            "git@github.com:o/r",
            "github.com/o/r",
            "https://github.com:0443/",
        ] {
            assert_eq!(Authority::asked(text), Err(Asked::NotAHost), "{text:?}");
        }
        for text in ["http://github.com", "http://github.com:443/", "http://127.0.0.1.evil.example/"] {
            assert_eq!(Authority::asked(text), Err(Asked::InClear), "{text}");
        }
    }
}
