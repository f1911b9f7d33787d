//! Builds the `reqwest` clients, one per way out, each when it is first needed.
//!
//! Owns roots, proxies, name resolution, timeouts and the absence of redirects and retries. Requests to this machine never pass a
//! proxy: they may be plain http, and a proxy would see their secrets.

use std::collections::HashMap;
use std::fmt;
use std::io::Read as _;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper_util::client::proxy::matcher::Matcher;
use reqwest::{Certificate, Client, ClientBuilder, NoProxy, Proxy, redirect, retry};
use url::Url;
use zeroize::Zeroizing;

use super::names::{Lookup, Names};
use super::{NO_ROOTS, ROOTS_UNREADABLE, Reach, SendError, is_loopback};
use crate::secret::Fingerprint;

/// Longest CA file read.
const MAX_CA_FILE: u64 = 1024 * 1024;

/// How long a request may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timeouts {
    /// Name, connection, proxy and TLS handshake.
    pub(super) connect: Duration,
    /// All of it, body included.
    pub(super) total: Duration,
}

/// The way a request takes; each has a client.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Way {
    /// TLS to this machine, with further roots.
    Loopback(Option<PathBuf>),
    /// TLS to another machine, no further than this, with further roots.
    Network(Option<PathBuf>, Reach),
    /// TLS through the proxy, with further roots. The proxy resolves the name.
    Proxied(Option<PathBuf>),
    /// Plain http to this machine.
    Plain,
}

struct Built {
    roots: Option<Fingerprint>,
    client: Client,
}

/// The clients built so far.
pub(super) struct Clients {
    // May hold a password.
    proxy: Option<Zeroizing<String>>,
    /// Which requests go through a proxy: as the clients themselves would decide.
    proxied: Matcher,
    lookup: Lookup,
    timeouts: Timeouts,
    built: Mutex<HashMap<Way, Built>>,
}

impl fmt::Debug for Clients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clients").field("timeouts", &self.timeouts).finish_non_exhaustive()
    }
}

impl Clients {
    pub(super) fn new(proxy: Option<String>, timeouts: Timeouts, lookup: Lookup) -> Self {
        let proxied = match &proxy {
            // Whichever it is: one that cannot be used is an error and not a reason to go without.
            Some(_) => Matcher::builder().all("http://proxy.invalid").no(exceptions()).build(),
            None => Matcher::from_system(),
        };
        Self { proxy: proxy.map(Zeroizing::new), proxied, lookup, timeouts, built: Mutex::default() }
    }

    /// The client for `url`, and whether it connects to the service itself. A CA file that has changed is read again.
    pub(super) fn client_for(
        &self,
        url: &Url,
        ca_file: Option<&Path>,
        reach: Reach,
    ) -> Result<(Client, bool), SendError> {
        let is_proxied = || url.as_str().parse().is_ok_and(|uri| self.proxied.intercept(&uri).is_some());
        let way = match (url.scheme(), is_loopback(url)) {
            ("http", _) => Way::Plain,
            (_, true) => Way::Loopback(ca_file.map(Path::to_owned)),
            (_, false) if is_proxied() => Way::Proxied(ca_file.map(Path::to_owned)),
            (_, false) => Way::Network(ca_file.map(Path::to_owned), reach),
        };
        let is_direct = !matches!(way, Way::Proxied(_));
        let pem = match (&way, ca_file) {
            (Way::Plain, _) | (_, None) => None,
            (_, Some(path)) => Some(read_ca_file(path).ok_or(SendError::NotSent { why: ROOTS_UNREADABLE })?),
        };
        let roots = pem.as_deref().map(Fingerprint::of);
        let mut built = self.built.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = built.get(&way).filter(|known| known.roots == roots) {
            return Ok((known.client.clone(), is_direct));
        }
        let client = self.build(&way, pem.as_deref())?;
        built.insert(way, Built { roots, client: client.clone() });
        Ok((client, is_direct))
    }

    /// Takes some tens of milliseconds for the platform's roots, once per way.
    fn build(&self, way: &Way, pem: Option<&[u8]>) -> Result<Client, SendError> {
        // Fails when there is a provider already, which is then this one: no other is compiled in.
        drop(rustls::crypto::ring::default_provider().install_default());
        let mut builder = self.common();
        builder = match way {
            Way::Network(_, reach) => {
                let names = Names { lookup: self.lookup, reach: *reach };
                builder.no_proxy().dns_resolver(Arc::new(names))
            }
            Way::Proxied(_) => match &self.proxy {
                Some(proxy) => builder.proxy(self::proxy(proxy)?),
                None => builder,
            },
            // No other machine may be behind the name.
            Way::Loopback(_) | Way::Plain => builder.no_proxy().resolve_to_addrs("localhost", &LOOPBACK),
        };
        if *way == Way::Plain {
            // The platform's roots take time and memory, and plain http needs none.
            builder = builder.tls_certs_only([]);
        }
        if let Some(pem) = pem {
            let unusable = SendError::NotSent { why: NO_ROOTS };
            let roots = Certificate::from_pem_bundle(pem).map_err(|_| unusable)?;
            if roots.is_empty() {
                return Err(unusable);
            }
            builder = builder.tls_certs_merge(roots);
        }
        builder.build().map_err(|_| SendError::NotSent { why: "TLS cannot be set up" })
    }

    fn common(&self) -> ClientBuilder {
        #[expect(clippy::disallowed_methods, reason = "the one place that builds a client")]
        Client::builder()
            .user_agent(concat!("agentd/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .referer(false)
            .http1_only()
            .connect_timeout(self.timeouts.connect)
            .timeout(self.timeouts.total)
            // A kept connection that the server closes at the wrong moment makes a refresh uncertain.
            .pool_max_idle_per_host(0)
    }
}

const LOOPBACK: [SocketAddr; 2] = [
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
    SocketAddr::new(std::net::IpAddr::V6(Ipv6Addr::LOCALHOST), 0),
];

/// The hosts that are reached without the configured proxy.
fn exceptions() -> String {
    let named = |name| std::env::var(name).ok();
    named("NO_PROXY").or_else(|| named("no_proxy")).unwrap_or_default()
}

fn proxy(url: &str) -> Result<Proxy, SendError> {
    let proxy = Proxy::all(url).map_err(|_| SendError::NotSent { why: "the configured proxy is not a usable URL" })?;
    Ok(proxy.no_proxy(NoProxy::from_env()))
}

fn read_ca_file(path: &Path) -> Option<Vec<u8>> {
    let mut pem = Vec::new();
    let file = std::fs::File::open(path).ok()?;
    if !file.metadata().ok()?.is_file() {
        return None;
    }
    file.take(MAX_CA_FILE + 1).read_to_end(&mut pem).ok()?;
    (pem.len() as u64 <= MAX_CA_FILE).then_some(pem)
}
