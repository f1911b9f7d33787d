//! What the loopback listener lets through.

use tokio::io::AsyncWriteExt as _;

use super::*;
use crate::flow::testing::{browse, within};
use crate::secret::State;

pub(super) async fn listen(redirect: Redirect, tasks: &Tasks) -> Result<(Listener, SocketAddr), Failure> {
    let mut at = 0;
    let listener = Listener::open(redirect, tasks, |redirect, port| {
        at = port;
        let (issuer, state) = ("https://as.example".to_owned(), State::new("right".to_owned()));
        Expected { redirect, port, state, issuer, iss_promised: false }
    })
    .await?;
    Ok((listener, SocketAddr::from(([127, 0, 0, 1], at))))
}

pub(super) fn anywhere() -> Redirect {
    Redirect::new(None, None).expect("the default is good")
}

fn good(at: SocketAddr) -> String {
    format!("GET /callback?code=c0de&state=right HTTP/1.1\r\nHost: {at}\r\n\r\n")
}

async fn the_browser_brings_the_answer(listener: Listener, at: SocketAddr) {
    let request = good(at);
    let (page, ()) = tokio::join!(browse(at, &request), async {
        let (browser, answer) = within(listener.answer()).await;
        assert!(answer.is_ok_and(|code| code.matches("c0de")));
        browser.show(Page::Done { profile: "work".to_owned() }).await;
    });
    assert!(page.starts_with("HTTP/1.1 200 "), "{page}");
}

#[tokio::test]
async fn every_page_has_strict_headers() {
    let (_listener, at) = listen(anywhere(), &Tasks::root()).await.expect("a free port");
    let page = browse(at, &format!("GET / HTTP/1.1\r\nHost: {at}\r\n\r\n")).await.to_ascii_lowercase();
    for header in [
        "cache-control: no-store",
        "x-content-type-options: nosniff",
        "content-security-policy: default-src 'none'; style-src 'sha256-",
        "referrer-policy: no-referrer",
        "x-frame-options: deny",
        "cross-origin-opener-policy: same-origin",
        "cross-origin-resource-policy: same-origin",
        "connection: close",
    ] {
        assert!(page.contains(&format!("\r\n{header}")), "{header} is missing: {page}");
    }
}

#[tokio::test]
async fn programs_that_hold_every_connection_do_not_keep_the_browser_out() {
    let (listener, at) = listen(anywhere(), &Tasks::root()).await.expect("a free port");
    let mut idle = Vec::new();
    for _ in 0..3 * MAX_CONNECTIONS {
        let mut stream = TcpStream::connect(at).await.expect("connected");
        // The listener may have closed it to make room.
        let _closed = stream.write_all(b"GET /call").await;
        idle.push(stream);
    }
    the_browser_brings_the_answer(listener, at).await;
}

#[tokio::test]
async fn the_browser_that_waits_is_not_evicted() {
    let (listener, at) = listen(anywhere(), &Tasks::root()).await.expect("a free port");
    let request = good(at);
    let (page, ()) = tokio::join!(browse(at, &request), async {
        let (browser, _) = within(listener.answer()).await;
        for _ in 0..2 * MAX_CONNECTIONS {
            drop(browse(at, "GET / HTTP/1.0\r\n\r\n").await);
        }
        browser.show(Page::Denied).await;
    });
    assert!(page.starts_with("HTTP/1.1 403 "), "{page}");
}

/// What other programs on this machine, and pages in the browser, could send: none of it is the answer, and none of it keeps
/// the browser from bringing the right one.
#[tokio::test]
async fn what_is_not_the_answer_neither_ends_the_login_nor_learns_anything() {
    let (listener, at) = listen(anywhere(), &Tasks::root()).await.expect("a free port");
    let get = |target: &str, more: &str| format!("GET {target} HTTP/1.1\r\nHost: {at}\r\n{more}\r\n");
    let image = "Referer: https://evil.example/\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\n\
                 Sec-Fetch-Dest: image\r\n";
    for (request, status) in [
        (get("/", ""), "404"),
        (get("/callback/../callback2?code=x&state=right", ""), "404"),
        (get("/callback?code=x&state=wrong", ""), "400"),
        (get("/callback?code=evil&state=right", image), "400"),
        (get("/callback?code=x&state=wrong", image), "400"),
        (get("/callback?code=x&state=right", "Host: evil.example\r\n"), "400"),
        ("GET /callback?code=x&state=right HTTP/1.1\r\nHost: evil.example\r\n\r\n".to_owned(), "400"),
        (format!("POST /callback HTTP/1.1\r\nHost: {at}\r\nContent-Length: 22\r\n\r\ncode=evil&state=right "), "405"),
        ("\x16\x03\x01 nonsense\r\n\r\n".to_owned(), "400"),
    ] {
        let page = browse(at, &request).await;
        assert!(page.starts_with(&format!("HTTP/1.1 {status} ")), "{request}: {page}");
        assert!(!page.contains("right") && !page.contains("evil"), "{request}: {page}");
    }
    the_browser_brings_the_answer(listener, at).await;
}

#[tokio::test]
async fn an_answer_counts_once() {
    let (listener, at) = listen(anywhere(), &Tasks::root()).await.expect("a free port");
    let request = good(at);
    let (first, ()) = tokio::join!(browse(at, &request), async {
        let (browser, answer) = within(listener.answer()).await;
        let again = browse(at, &request.replace("c0de", "other")).await;
        assert!(again.starts_with("HTTP/1.1 410 "), "{again}");
        assert!(answer.is_ok_and(|code| code.matches("c0de")), "the first stays");
        browser.show(Page::Failed).await;
    });
    assert!(first.starts_with("HTTP/1.1 502 "), "{first}");
    assert_eq!(browse(at, &request).await, "", "and then nobody listens");
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let (_listener, at) = listen(anywhere(), &Tasks::root()).await.expect("a free port");
    let page = browse(at, &format!("GET /{} HTTP/1.1\r\nHost: {at}\r\n\r\n", "x".repeat(2 * MAX_HEAD))).await;
    assert!(!page.contains(" 200 ") && !page.contains(" 404 "), "{page}");
}

#[tokio::test]
async fn a_port_in_use_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = taken.local_addr().expect("bound").port();
    let redirect = Redirect::new(None, Some(port)).expect("the redirect is good");
    assert_eq!(listen(redirect, &Tasks::root()).await.err(), Some(Failure::PortTaken { port }));
}

#[tokio::test]
async fn a_listener_that_is_dropped_closes_its_port() {
    let tasks = Tasks::root();
    let (listener, at) = listen(anywhere(), &tasks).await.expect("a free port");
    drop(listener);
    assert!(within(tasks.stop(Duration::from_secs(10))).await);
    assert_eq!(browse(at, &good(at)).await, "");
}
