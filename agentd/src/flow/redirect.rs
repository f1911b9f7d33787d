//! The loopback redirect URI: where the browser is sent back to (RFC 8252 §7.3).
//!
//! Decides from the settings what is sent to the service, what is listened on and what a request must look like. Opens
//! no socket.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

use crate::flow::Failure;

/// Where to listen, and how the browser is told to come there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Redirect {
    uri: Url,
    /// The settings' own spelling, kept to the letter when it names a port.
    given: Option<String>,
    port: Option<u16>,
}

impl Redirect {
    /// From the settings: `uri` as registered, and the `port` to listen on when it is not the one in `uri`.
    pub(super) fn new(uri: Option<&str>, port: Option<u16>) -> Result<Self, Failure> {
        let bad = |why: &str| Failure::BadSettings { why: format!("the redirect URI {why}") };
        let given = uri;
        let uri = Url::parse(uri.unwrap_or("http://127.0.0.1/callback")).map_err(|_| bad("is not a URI"))?;
        if uri.scheme() != "http" {
            return Err(bad("does not begin with `http://`, which a loopback redirect does (RFC 8252 §7.3)"));
        }
        if addresses(&uri).is_empty() {
            return Err(bad("does not lead to this machine: use `127.0.0.1`, `[::1]` or `localhost`"));
        }
        if uri.fragment().is_some() || !uri.username().is_empty() || uri.password().is_some() {
            return Err(bad("has a fragment or a user name, which are not allowed there"));
        }
        let given = given.filter(|_| uri.port().is_some()).map(str::to_owned);
        let port = port.or(uri.port());
        Ok(Self { uri, given, port })
    }

    /// The port to listen on; `None`: any free one.
    pub(super) fn port(&self) -> Option<u16> {
        self.port
    }

    /// The addresses to listen on. For `localhost` both, so that nobody else can sit on the other one.
    pub(super) fn addresses(&self) -> Vec<IpAddr> {
        addresses(&self.uri)
    }

    /// What is sent to the service, when `port` is listened on.
    pub(super) fn uri(&self, port: u16) -> String {
        match &self.given {
            Some(given) => given.clone(),
            None => self.with_port(port).into(),
        }
    }

    /// Whether `host` is the `Host` header of a browser that was sent to this URI while `port` is listened on.
    pub(super) fn is_host(&self, host: &str, port: u16) -> bool {
        let uri = if self.given.is_some() { self.uri.clone() } else { self.with_port(port) };
        let name = uri.host_str().unwrap_or_default();
        match uri.port() {
            Some(port) => host.eq_ignore_ascii_case(&format!("{name}:{port}")),
            // Port 80, which browsers leave out.
            None => host.eq_ignore_ascii_case(name),
        }
    }

    /// The path of the URI.
    pub(super) fn path(&self) -> &str {
        self.uri.path()
    }

    fn with_port(&self, port: u16) -> Url {
        let mut uri = self.uri.clone();
        // Fails only for URIs without a host, which `new` refuses.
        let _infallible = uri.set_port(Some(port));
        uri
    }
}

fn addresses(uri: &Url) -> Vec<IpAddr> {
    match uri.host() {
        Some(Host::Ipv4(ip)) if ip.is_loopback() => vec![ip.into()],
        Some(Host::Ipv6(ip)) if ip.is_loopback() => vec![ip.into()],
        Some(Host::Domain("localhost")) => vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redirect(uri: Option<&str>, port: Option<u16>) -> Redirect {
        Redirect::new(uri, port).expect("the redirect is good")
    }

    #[test]
    fn the_default_takes_any_port_on_127_0_0_1() {
        let default = redirect(None, None);
        assert_eq!((default.port(), default.path()), (None, "/callback"));
        assert_eq!(default.addresses(), [IpAddr::from([127, 0, 0, 1])]);
        assert_eq!(default.uri(4321), "http://127.0.0.1:4321/callback");
        assert!(default.is_host("127.0.0.1:4321", 4321));
        for foreign in ["127.0.0.1", "127.0.0.1:4322", "localhost:4321", "evil.example:4321", ""] {
            assert!(!default.is_host(foreign, 4321), "{foreign}");
        }
    }

    #[test]
    fn a_registered_uri_is_sent_to_the_letter() {
        let registered = redirect(Some("HTTP://LocalHost:8123/a/../cb?x=1"), None);
        assert_eq!(registered.uri(8123), "HTTP://LocalHost:8123/a/../cb?x=1");
        assert_eq!((registered.port(), registered.path(), registered.addresses().len()), (Some(8123), "/cb", 2));
        assert!(registered.is_host("localhost:8123", 8123));
    }

    #[test]
    fn a_port_of_its_own_is_listened_on_behind_a_registered_uri() {
        let forwarded = redirect(Some("http://127.0.0.1:8123/cb"), Some(9000));
        assert_eq!((forwarded.port(), forwarded.uri(9000)), (Some(9000), "http://127.0.0.1:8123/cb".to_owned()));
        assert!(forwarded.is_host("127.0.0.1:8123", 9000));
        let without = redirect(Some("http://[::1]/cb"), Some(9000));
        assert_eq!(without.uri(9000), "http://[::1]:9000/cb");
        assert!(without.is_host("[::1]:9000", 9000));
    }

    #[test]
    fn a_uri_that_leads_elsewhere_is_refused() {
        for uri in [
            "https://127.0.0.1/cb",
            "http://127.0.0.1.evil.example/cb",
            "http://192.168.0.1/cb",
            "http://user@127.0.0.1/cb",
            "http://127.0.0.1/cb#x",
            "urn:ietf:wg:oauth:2.0:oob",
            "nonsense",
        ] {
            assert!(matches!(Redirect::new(Some(uri), None), Err(Failure::BadSettings { .. })), "{uri}");
        }
    }
}
