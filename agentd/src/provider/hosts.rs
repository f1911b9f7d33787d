//! Which hosts a provider serves: where the credential of a login there is good for something, and may be sent.
//!
//! Names are exact and carry their port; nothing is a pattern. What reads differently from what it is serves nobody.

mod asked;

use url::{Host, Url};

use super::{Environment, Place, Provider};
pub use asked::Asked;

/// The port of a name that says none: that of https.
const HTTPS: u16 = 443;

/// A host and its port.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Authority {
    host: String,
    port: u16,
}

impl Authority {
    /// Reads `HOST` or `HOST:PORT`; without a port it is that of https. `None` for anything that is not written as it is
    /// meant: an empty name, one with percent signs or other marks, a number that is an address in disguise.
    pub fn parse(text: &str) -> Option<Self> {
        let name_end = text.rfind(']').map_or(0, |end| end + 1);
        let (host, port) = match text[name_end..].rfind(':') {
            Some(colon) => (&text[..name_end + colon], digits(&text[name_end + colon + 1..])?),
            None => (text, HTTPS),
        };
        let host = host.to_ascii_lowercase();
        let plain = Host::parse(&host).is_ok_and(|parsed| parsed.to_string() == host) && !host.contains('*');
        plain.then_some(Self { host, port })
    }

    /// Whether `text` is what [`Authority`] is shown as: in lower case, with a port that is not that of https.
    pub fn is_exact(text: &str) -> bool {
        Self::parse(text).is_some_and(|read| read.to_string() == text)
    }

    /// That of a URL.
    pub fn of(url: &Url) -> Option<Self> {
        Some(Self { host: url.host_str()?.to_owned(), port: url.port_or_known_default()? })
    }
}

impl std::fmt::Display for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.port {
            HTTPS => f.write_str(&self.host),
            port => write!(f, "{}:{port}", self.host),
        }
    }
}

fn digits(text: &str) -> Option<u16> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    text.parse().ok().filter(|_| plain)
}

impl Provider {
    /// Whether the credential of a login at `place` may be sent to `host`, which is `HOST` or `HOST:PORT`. Over https only,
    /// except to this machine.
    pub fn serves(&self, place: &Place, host: &str) -> bool {
        let Some(wanted) = Authority::parse(host) else { return false };
        let own = std::iter::once(&place.base).chain(place.urls.values());
        own.filter_map(|url| Authority::of(&Url::parse(url).ok()?)).any(|known| known == wanted)
            || self.lists(place, &wanted)
    }

    /// Whether the file lists this host, for every environment or for that of `place`.
    pub fn lists(&self, place: &Place, wanted: &Authority) -> bool {
        let here = self.environments.iter().filter(|environment| environment.url == place.base);
        let hosts = self.hosts.iter().chain(here.flat_map(|environment| &environment.hosts));
        hosts.filter_map(|host| Authority::parse(host)).any(|known| known == *wanted)
    }

    /// Every host that an environment's credential is good for, as [`Provider::serves`] has it.
    pub fn hosts_of(&self, environment: &Environment) -> Vec<String> {
        let own = std::iter::once(&environment.url).chain(environment.urls.values());
        let own = own.filter_map(|url| Authority::of(&Url::parse(url).ok()?));
        let listed = environment.hosts.iter().chain(&self.hosts).filter_map(|host| Authority::parse(host));
        let mut hosts: Vec<String> = Vec::new();
        for host in own.chain(listed).map(|host| host.to_string()) {
            if !hosts.contains(&host) {
                hosts.push(host);
            }
        }
        hosts
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::{Origin, schema};
    use super::*;

    const ACME: &str = "\
schema = 1
name = \"acme\"
title = \"Acme\"
hosts = [\"files.acme.example\"]
[environment.production]
url = \"https://acme.example\"
urls = { api = \"https://api.acme.example/v1\" }
hosts = [\"git.acme.example\", \"registry.acme.example:5050\"]
[environment.own]
url = \"http://127.0.0.1:8080/acme\"
[[login]]
flow = \"device\"
issuer = \"{base}\"
";

    fn place(environment: &Environment) -> Place {
        Place {
            provider: "acme".to_owned(),
            environment: environment.name.clone(),
            base: environment.url.clone(),
            urls: environment.urls.clone(),
            ca_file: None,
            needs_login: true,
            method: "device".to_owned(),
            variant: None,
            scheme: "Bearer".to_owned(),
            project: None,
            project_name: None,
        }
    }

    #[test]
    fn a_credential_is_good_at_the_hosts_of_its_own_environment() {
        let origin = Origin::File("acme.toml".into());
        let acme = schema::read(ACME, Path::new("acme.toml"), origin).expect("it is well formed");
        let [production, own] = &acme.environments[..] else { unreachable!("there are two") };
        let hosts = ["acme.example", "api.acme.example", "git.acme.example", "registry.acme.example:5050"];
        assert_eq!(acme.hosts_of(production), [&hosts[..], &["files.acme.example"]].concat());
        assert_eq!(acme.hosts_of(own), ["127.0.0.1:8080", "files.acme.example"]);
        for host in hosts {
            assert!(acme.serves(&place(production), host), "{host}");
            assert!(!acme.serves(&place(own), host), "{host} is of another environment");
        }
        for host in ["127.0.0.1:8080", "FILES.acme.example", "files.acme.example:443"] {
            assert!(acme.serves(&place(own), host), "{host}");
        }
        for host in
            ["", "127.0.0.1", "127.0.0.1:8081", "localhost:8080", "evil.files.acme.example", "files.acme.example."]
        {
            assert!(!acme.serves(&place(own), host), "{host}");
        }
        assert!(!acme.serves(&place(production), "acme.example:8443"));
        assert!(!acme.serves(&place(production), "registry.acme.example"));
        // The URL of an environment decides, not its name: a file that was edited later moves no credential.
        let moved = Place { base: "https://elsewhere.example".to_owned(), ..place(production) };
        assert!(!acme.serves(&moved, "git.acme.example") && acme.serves(&moved, "elsewhere.example"));
    }

    #[test]
    fn a_host_is_read_as_it_is_written_or_not_at_all() {
        for (text, shown) in [
            ("github.com", "github.com"),
            ("GitHub.com", "github.com"),
            ("github.com:443", "github.com"),
            ("registry.example:5050", "registry.example:5050"),
            ("127.0.0.1:8080", "127.0.0.1:8080"),
            ("[::1]", "[::1]"),
            ("[::1]:8080", "[::1]:8080"),
            ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ] {
            assert_eq!(Authority::parse(text).map(|host| host.to_string()).as_deref(), Some(shown), "{text}");
        }
        for text in [
            "",
            ":443",
            "github.com:",
            "github.com:0",
            "github.com:+443",
            "github.com:0443",
            "github.com:70000",
            "*.github.com",
            "git%68ub.com",
            "github.com/",
            "user@github.com",
            "github.com\n",
            "github.com\r",
            "a b",
            "2130706433",
            "0x7f.1",
            "127.1",
            "bücher.example",
            "https://github.com",
            "::1",
            "github.com:443:443",
        ] {
            assert_eq!(Authority::parse(text), None, "{text:?}");
        }
    }
}
