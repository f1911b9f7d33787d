//! How far a request may go: to which addresses a service can send us.
//!
//! A person, or a provider's file, may name any host. A service that names another host than its own is a stranger's
//! word: were it followed everywhere, a server on the internet could have us ask machines that only we can reach
//! (server-side request forgery). So it gets as far as it is itself: a service on the internet may name the internet, one
//! in a private network that network too, one on this machine this machine. Nobody may name link-local addresses and
//! those where clouds keep credentials. Special addresses: RFC 6890, RFC 6052 and RFC 3056 (IPv4 inside IPv6).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use url::{Host, Url};

use super::{EndpointError, is_loopback};

/// How far a request may go. Each reach has those before it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reach {
    /// Addresses of the internet.
    Public,
    /// Private networks, too.
    Private,
    /// This machine, too.
    Machine,
    /// Everywhere: a person has named the host.
    #[default]
    Anywhere,
}

const WORDS: [(Reach, &str); 3] = [(Reach::Public, "public"), (Reach::Private, "private"), (Reach::Machine, "machine")];

/// Where an address lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Zone {
    /// The internet. What is set aside for documentation and benchmarks counts as well: it leads nowhere.
    Public,
    /// RFC 1918, RFC 4193, RFC 6598.
    Private,
    /// This machine.
    Machine,
    /// Link-local, multicast, and where clouds hand out credentials.
    Reserved,
}

impl Reach {
    /// The reach for `url`, when the person has named `named`: everywhere on that host, else this one.
    #[must_use]
    pub fn towards(self, url: &str, named: &str) -> Self {
        let host = |text: &str| Url::parse(text).ok().and_then(|url| url.host().map(|host| host.to_owned()));
        match (host(url), host(named)) {
            (Some(host), Some(named)) if host == named => Self::Anywhere,
            _ => self,
        }
    }

    /// Whether `url` is within reach, as far as its host tells: most names tell nothing until they are resolved.
    pub fn check(self, url: &Url) -> Result<(), EndpointError> {
        let zone = match url.host() {
            Some(Host::Ipv4(address)) => v4(address),
            Some(Host::Ipv6(address)) => v6(address),
            Some(Host::Domain(name)) if is_local(name) => Zone::Machine,
            Some(Host::Domain(_)) | None => return Ok(()),
        };
        match zone {
            _ if self.has(zone) => Ok(()),
            Zone::Machine => Err(EndpointError::Loopback),
            Zone::Private => Err(EndpointError::Private),
            Zone::Public | Zone::Reserved => Err(EndpointError::Reserved),
        }
    }

    /// Whether a connection may be made to `address`.
    pub(super) fn permits(self, address: IpAddr) -> bool {
        self.has(zone(address))
    }

    /// How far a service may send us that answered for `url` from `peer`; `None`: nobody knows who was behind a proxy.
    pub(super) fn of_service(url: &Url, peer: Option<SocketAddr>) -> Self {
        match peer.map(|peer| zone(peer.ip())) {
            _ if is_loopback(url) => Self::Machine,
            Some(Zone::Private | Zone::Machine | Zone::Reserved) => Self::Private,
            Some(Zone::Public) | None => Self::Public,
        }
    }

    /// The word for it in a record; none for everywhere.
    pub fn word(self) -> Option<&'static str> {
        WORDS.into_iter().find_map(|(reach, word)| (reach == self).then_some(word))
    }

    /// The reach of a word. A record without one is of a time when all endpoints were trusted.
    pub fn of_word(word: Option<&str>) -> Self {
        WORDS.into_iter().find_map(|(reach, known)| (Some(known) == word).then_some(reach)).unwrap_or_default()
    }

    const fn has(self, zone: Zone) -> bool {
        match self {
            Self::Public => matches!(zone, Zone::Public),
            Self::Private => matches!(zone, Zone::Public | Zone::Private),
            Self::Machine => !matches!(zone, Zone::Reserved),
            Self::Anywhere => true,
        }
    }
}

/// `localhost` and everything below it (RFC 6761 §6.3).
fn is_local(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    name == "localhost" || name.ends_with(".localhost")
}

fn zone(address: IpAddr) -> Zone {
    match address {
        IpAddr::V4(address) => v4(address),
        IpAddr::V6(address) => v6(address),
    }
}

fn v4(address: Ipv4Addr) -> Zone {
    match address.octets() {
        // Where Azure and Alibaba keep credentials; all others use a link-local address.
        [168, 63, 129, 16] | [100, 100, 100, 200] | [169, 254, ..] | [224..=255, ..] => Zone::Reserved,
        // A connection to 0.0.0.0 arrives on this machine.
        [0 | 127, ..] => Zone::Machine,
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] | [100, 64..=127, ..] => Zone::Private,
        _ => Zone::Public,
    }
}

fn v6(address: Ipv6Addr) -> Zone {
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => Zone::Machine,
        // Mapped and compatible IPv4 addresses, and those behind a translator.
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => {
            v4(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)))
        }
        // Where AWS and Google keep credentials; link-local; multicast.
        [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254]
        | [0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254]
        | [0xfe80..=0xfebf | 0xff00..=0xffff, ..] => Zone::Reserved,
        [0xfc00..=0xfdff | 0xfec0..=0xfeff, ..] | [0x64, 0xff9b, 1, ..] => Zone::Private,
        _ => Zone::Public,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MACHINE: &[&str] = &[
        "127.0.0.1",
        "127.9.9.9",
        "0.0.0.0",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "localhost",
        "localhost.",
        "a.localhost",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.1",
    ];
    const PRIVATE: &[&str] = &[
        "10.0.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "100.64.0.1",
        "[fc00::1]",
        "[fd12:3456::1]",
        "[fec0::1]",
        "[::ffff:10.0.0.1]",
        "[64:ff9b::a00:1]",
        "[64:ff9b:1::1]",
        "0xa000001",
        "167772161",
        "012.0.0.1",
        "10.1",
    ];
    const RESERVED: &[&str] = &[
        "169.254.169.254",
        "169.254.1.1",
        "100.100.100.200",
        "168.63.129.16",
        "224.0.0.1",
        "255.255.255.255",
        "[fe80::1]",
        "[ff02::1]",
        "[fd00:ec2::254]",
        "[fd20:ce::254]",
        "[::ffff:169.254.169.254]",
        "2852039166",
        "0xa9.0xfe.0xa9.0xfe",
        "0251.0376.0251.0376",
        "[2002:a9fe:a9fe::]",
    ];
    const PUBLIC: &[&str] =
        &["8.8.8.8", "172.32.0.1", "100.128.0.1", "198.18.0.1", "[2606:4700::1]", "as.example", "localhost.example"];

    fn checked(reach: Reach, host: &str) -> Result<(), EndpointError> {
        reach.check(&Url::parse(&format!("https://{host}/token")).expect("a URL"))
    }

    #[test]
    fn a_service_gets_as_far_as_it_is_itself() {
        let (private, machine, reserved) = (EndpointError::Private, EndpointError::Loopback, EndpointError::Reserved);
        for (hosts, why, least) in [
            (PUBLIC, None, Reach::Public),
            (PRIVATE, Some(private), Reach::Private),
            (MACHINE, Some(machine), Reach::Machine),
            (RESERVED, Some(reserved), Reach::Anywhere),
        ] {
            for reach in [Reach::Public, Reach::Private, Reach::Machine, Reach::Anywhere] {
                let told = why.filter(|_| reach < least).map_or(Ok(()), Err);
                for host in hosts {
                    assert_eq!(checked(reach, host), told, "{reach:?} {host}");
                }
            }
        }
    }

    #[test]
    fn a_host_that_the_person_named_may_be_anywhere() {
        let towards = |url| Reach::Public.towards(url, "https://10.0.0.1/realm");
        assert_eq!(towards("https://10.0.0.1:8443/token"), Reach::Anywhere);
        assert_eq!(towards("https://0xa000001/token"), Reach::Anywhere, "the same address in another spelling");
        for other in ["https://10.0.0.2/token", "https://10.0.0.1.example/", "nonsense"] {
            assert_eq!(towards(other), Reach::Public, "{other}");
        }
    }

    #[test]
    fn what_a_service_may_name_follows_from_where_it_answered() {
        let of = |url: &str, peer: Option<&str>| {
            Reach::of_service(&Url::parse(url).expect("a URL"), peer.map(|peer| peer.parse().expect("an address")))
        };
        assert_eq!(of("https://as.example/", Some("8.8.8.8:443")), Reach::Public);
        assert_eq!(of("https://as.example/", None), Reach::Public, "through a proxy");
        assert_eq!(of("https://as.example/", Some("10.0.0.1:443")), Reach::Private);
        assert_eq!(of("https://as.example/", Some("127.0.0.1:443")), Reach::Private, "the name was not this machine's");
        assert_eq!(of("http://127.0.0.1:8080/", Some("127.0.0.1:8080")), Reach::Machine);
    }
}
