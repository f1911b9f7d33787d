//! A browser without a screen: follows redirects, keeps cookies, and has a person who approves or refuses.
//!
//! It knows no OAuth. Whoever shows a page to a person (the issuer, `oidc-provider`) decides by the cookie `decision=deny`.

use axum::http::{
    HeaderValue,
    header::{COOKIE, LOCATION, SET_COOKIE},
};
use reqwest::{Certificate, Client, ClientBuilder, Proxy, Response, redirect::Policy};
use std::{collections::BTreeMap, time::Duration};
use url::Url;

/// Redirects followed before it gives up.
const MAX_REDIRECTS: usize = 20;

/// The last page of a visit.
#[derive(Debug, Clone)]
pub struct Page {
    /// HTTP status.
    pub status: u16,
    /// The text that a person reads.
    pub body: String,
    /// Where the browser ended.
    pub url: Url,
}

/// A cookie, by the origin that set it, its path and its name.
type CookieKey = (String, String, String);

/// A fresh browser with an empty cookie jar.
#[derive(Debug)]
pub struct Browser {
    client: Client,
    cookies: BTreeMap<CookieKey, String>,
    elsewhere: bool,
}

impl Default for Browser {
    fn default() -> Self {
        Self::new()
    }
}

impl Browser {
    /// A browser that trusts no certificate authority of ours.
    pub fn new() -> Self {
        Self { client: client(None), cookies: BTreeMap::new(), elsewhere: false }
    }

    /// A browser that trusts this certificate authority.
    pub fn trusting(ca_pem: &str) -> Self {
        Self { client: client(Some(ca_pem)), cookies: BTreeMap::new(), elsewhere: false }
    }

    /// A browser on another machine: it cannot reach the client's loopback listener (`/callback`), and ends at its address
    /// with status 0 and no page.
    pub fn elsewhere() -> Self {
        Self { elsewhere: true, ..Self::new() }
    }

    /// The same behind a proxy for everything that is not on this machine.
    pub fn behind(proxy: &str, ca_pem: &str) -> Self {
        let proxy = Proxy::https(proxy).expect("the proxy is an address");
        let client = builder(Some(ca_pem), Some(proxy)).build().expect("the client's settings are valid");
        Self { client, cookies: BTreeMap::new(), elsewhere: false }
    }

    /// Opens an address and follows every redirect, the one to the client's loopback listener included.
    pub async fn follow(&mut self, url: &str) -> Page {
        self.visit(url, None).await
    }

    /// The same, but the person refuses wherever somebody asks.
    pub async fn deny(&mut self, url: &str) -> Page {
        self.visit(url, Some("decision=deny")).await
    }

    async fn visit(&mut self, url: &str, wish: Option<&str>) -> Page {
        let mut url = Url::parse(url).expect("the address to open is valid");
        let mut redirects = 0;
        loop {
            let cookies = self.cookies_for(&url).chain(wish.map(str::to_owned)).collect::<Vec<_>>().join("; ");
            let mut request = self.client.get(url.clone());
            if !cookies.is_empty() {
                request = request.header(COOKIE, cookies);
            }
            let response = request.send().await.expect("the page answers");
            self.keep_cookies(&url, &response);
            let status = response.status();
            let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
            if let Some(next) = location.filter(|_| status.is_redirection()) {
                url = url.join(next).expect("the redirect names an address");
                if self.elsewhere && url.path() == "/callback" {
                    return Page { status: 0, body: String::new(), url };
                }
                redirects += 1;
                assert!(redirects <= MAX_REDIRECTS, "the login ends before {MAX_REDIRECTS} redirects");
                continue;
            }
            let body = response.text().await.expect("the page arrives whole");
            return Page { status: status.as_u16(), body, url };
        }
    }

    fn cookies_for(&self, url: &Url) -> impl Iterator<Item = String> {
        let here = origin(url);
        let fits = move |(origin, path, _): &CookieKey| *origin == here && url.path().starts_with(path.as_str());
        self.cookies.iter().filter(move |(key, _)| fits(key)).map(|((_, _, name), value)| format!("{name}={value}"))
    }

    fn keep_cookies(&mut self, url: &Url, response: &Response) {
        for cookie in
            response.headers().get_all(SET_COOKIE).iter().filter_map(|value: &HeaderValue| value.to_str().ok())
        {
            let mut parts = cookie.split(';').map(str::trim);
            let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else { continue };
            let path = parts.find_map(|part| part.strip_prefix("path=").or(part.strip_prefix("Path="))).unwrap_or("/");
            let key = (origin(url), path.to_owned(), name.to_owned());
            if value.is_empty() {
                self.cookies.remove(&key);
            } else {
                self.cookies.insert(key, value.to_owned());
            }
        }
    }
}

fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// A plain HTTP client for tests: no proxy, no redirects, a time limit, and `ring` for TLS.
pub fn client(ca_pem: Option<&str>) -> Client {
    builder(ca_pem, None).build().expect("the client's settings are valid")
}

fn builder(ca_pem: Option<&str>, proxy: Option<Proxy>) -> ClientBuilder {
    // Whoever comes second finds the same provider installed.
    rustls::crypto::ring::default_provider().install_default().ok();
    let mut builder = Client::builder().no_proxy().redirect(Policy::none()).timeout(Duration::from_mins(1));
    builder = proxy.into_iter().fold(builder, ClientBuilder::proxy);
    if let Some(pem) = ca_pem {
        let authority = Certificate::from_pem(pem.as_bytes()).expect("the authority is a certificate");
        builder = builder.tls_certs_only([authority]);
    }
    builder
}
