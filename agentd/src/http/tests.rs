//! Each way a request can fail, over real sockets.

use std::time::Duration;

use super::stub::{Reply, Stub};
use super::*;

fn http() -> Http {
    Http::new(None)
}

fn hasty() -> Http {
    Http::with_timeouts(None, Timeouts { connect: Duration::from_millis(300), total: Duration::from_millis(600) })
}

fn get(url: &str) -> Request<'_> {
    Request {
        method: Method::Get,
        url,
        payload: Payload::None,
        headers: Vec::new(),
        ca_file: None,
        reach: Reach::Anywhere,
    }
}

async fn fate(http: &Http, request: Request<'_>) -> Result<u16, SendError> {
    http.send(request).await.map(|response| response.status)
}

fn not_sent(why: &'static str) -> Result<u16, SendError> {
    Err(SendError::NotSent { why })
}

fn lost(why: &'static str) -> Result<u16, SendError> {
    Err(SendError::Lost { why })
}

#[tokio::test]
async fn a_form_is_posted_and_the_answer_read() {
    let headers = "content-type: Application/JSON; charset=utf-8\r\nretry-after: 7\r\n\
                   date: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
    let stub = Stub::start(|_| Reply::with(429, headers, "{}")).await;
    let request = Request {
        method: Method::Post,
        payload: Payload::Form(vec![("a", "1 2"), ("b", "&")]),
        headers: vec![(AUTHORIZATION, Zeroizing::new("Basic eDp5".to_owned()))],
        ..get(&stub.url)
    };
    let response = http().send(request).await.expect("an answer");
    assert_eq!((response.status, response.body.as_slice()), (429, b"{}".as_slice()));
    assert_eq!(response.content_type.as_deref(), Some("application/json"));
    assert_eq!((response.retry_after, response.date), (Some(Duration::from_secs(7)), Some(784_111_777)));
    let sent = stub.received().remove(0).to_ascii_lowercase();
    assert!(sent.starts_with("post / http/1.1\r\n") && sent.ends_with("\r\n\r\na=1+2&b=%26"), "{sent}");
    for line in [
        "content-type: application/x-www-form-urlencoded",
        "authorization: basic edp5",
        concat!("user-agent: agentd/", env!("CARGO_PKG_VERSION")),
        "accept: application/json",
    ] {
        assert!(sent.lines().any(|sent| sent == line), "{line} in {sent}");
    }
    assert!(!sent.contains("accept-encoding"), "nothing is decompressed");
}

#[tokio::test]
async fn a_url_that_may_not_be_used_is_not_sent_to() {
    assert_eq!(fate(&http(), get("http://issuer.example/")).await, not_sent("the URL is not https"));
    assert_eq!(fate(&http(), get("nonsense")).await, not_sent("not a usable URL"));
}

#[tokio::test]
async fn a_name_that_does_not_resolve_is_not_sent() {
    let fate = fate(&hasty(), get("https://issuer.invalid/")).await;
    // Without a name server there is no answer in time.
    assert!(fate == not_sent("the name cannot be resolved") || fate == not_sent("no connection in time"), "{fate:?}");
}

#[tokio::test]
async fn a_refused_connection_is_not_sent() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    drop(listener);
    assert_eq!(fate(&http(), get(&url)).await, not_sent("no connection"));
}

#[tokio::test]
async fn a_failed_handshake_is_not_sent() {
    let stub = Stub::start(|_| Reply::Bytes(b"HTTP/1.1 400 plain http here\r\n\r\n".to_vec())).await;
    let url = stub.url.replace("http:", "https:");
    assert_eq!(fate(&http(), get(&url)).await, not_sent("the TLS handshake failed"));
}

#[tokio::test]
async fn a_handshake_that_hangs_is_not_sent() {
    let stub = Stub::start(|_| Reply::Hang).await;
    let url = stub.url.replace("http:", "https:");
    assert_eq!(fate(&hasty(), get(&url)).await, not_sent("no connection in time"));
}

#[tokio::test]
async fn a_ca_file_that_is_missing_or_none_is_not_sent() {
    let with = |ca_file| Request { ca_file: Some(ca_file), ..get("https://127.0.0.1:1/") };
    let missing = Path::new("/nonexistent/ca.pem");
    assert_eq!(fate(&http(), with(missing)).await, not_sent("the CA file cannot be read"));
    let none = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
    assert_eq!(fate(&http(), with(none)).await, not_sent("the CA file has no usable certificate"));
}

#[tokio::test]
async fn a_bad_proxy_is_not_sent_to_and_this_machine_needs_none() {
    let http = Http::new(Some("http://[".to_owned()));
    let why = "the configured proxy is not a usable URL";
    assert_eq!(fate(&http, get("https://issuer.example/")).await, not_sent(why));
    let stub = Stub::json(200, "{}").await;
    assert_eq!(fate(&http, get(&stub.url)).await, Ok(200));
}

#[tokio::test]
async fn a_proxy_is_asked_for_a_tunnel() {
    let stub = Stub::start(|_| Reply::with(502, "", "")).await;
    let http = Http::new(Some(stub.url.replace("http://", "http://user:canary@")));
    assert_eq!(fate(&http, get("https://issuer.example/token")).await, not_sent("no connection"));
    assert!(stub.received()[0].starts_with("CONNECT issuer.example:443 HTTP/1.1"));
    assert!(!format!("{http:?}").contains("canary"));
}

#[tokio::test]
async fn an_answer_that_never_comes_is_lost() {
    let stub = Stub::start(|_| Reply::Hang).await;
    assert_eq!(fate(&hasty(), get(&stub.url)).await, lost("no answer in time"));
}

#[tokio::test]
async fn an_answer_that_stops_in_the_middle_is_lost() {
    let stub = Stub::start(|_| Reply::Stall(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{".to_vec())).await;
    assert_eq!(fate(&hasty(), get(&stub.url)).await, lost("no answer in time"));
}

#[tokio::test]
async fn a_connection_that_closes_without_an_answer_is_lost() {
    let stub = Stub::start(|_| Reply::Bytes(Vec::new())).await;
    assert_eq!(fate(&http(), get(&stub.url)).await, lost("the connection broke"));
    assert_eq!(stub.received().len(), 1, "nothing is sent twice");
}

#[tokio::test]
async fn an_answer_cut_short_is_lost() {
    let stub = Stub::start(|_| Reply::Bytes(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{".to_vec())).await;
    assert_eq!(fate(&http(), get(&stub.url)).await, lost("the answer was cut off"));
}

#[tokio::test]
async fn an_answer_too_large_is_lost_unless_its_status_tells_enough() {
    let body = |length| "x".repeat(length);
    let stub = Stub::start(move |request| match request {
        _ if request.starts_with("GET /full") => Reply::json(200, &body(MAX_BODY)),
        _ if request.starts_with("GET /large") => Reply::json(200, &body(MAX_BODY + 1)),
        _ => Reply::json(404, &body(MAX_BODY + 1)),
    })
    .await;
    assert_eq!(fate(&http(), get(&format!("{}/full", stub.url))).await, Ok(200));
    assert_eq!(fate(&http(), get(&format!("{}/large", stub.url))).await, lost("the answer is too large"));
    assert_eq!(fate(&http(), get(&format!("{}/failure", stub.url))).await, Ok(404));
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let stub = Stub::start(|_| Reply::with(307, "location: /elsewhere\r\n", "")).await;
    assert_eq!(fate(&http(), get(&stub.url)).await, Ok(307));
    assert_eq!(stub.received().len(), 1);
}

#[test]
fn retry_after_is_seconds_or_a_date_and_capped() {
    let seconds = |seconds| Some(Duration::from_secs(seconds));
    let now = Some(784_111_777);
    assert_eq!(wait("120", None), seconds(120));
    assert_eq!(wait("99999999999999999999999", None), Some(MAX_RETRY_AFTER));
    assert_eq!(wait("Sun, 06 Nov 1994 08:50:37 GMT", now), seconds(60));
    assert_eq!(wait("Sun, 06 Nov 1994 08:40:00 GMT", now), seconds(0));
    assert_eq!(wait("Mon, 07 Nov 2094 08:49:37 GMT", now), None, "that day is a Sunday");
    assert_eq!(wait("Sun, 07 Nov 2094 08:49:37 GMT", now), Some(MAX_RETRY_AFTER));
    assert_eq!(wait("Sun, 06 Nov 1994 08:50:37 GMT", None), None);
    assert_eq!(wait("-1", now), None);
    assert_eq!(wait("soon", now), None);
    assert_eq!(wait("", now), None);
}

fn with_names(lookup: names::Lookup) -> Http {
    let timeouts = Timeouts { connect: Duration::from_millis(300), total: Duration::from_millis(600) };
    Http { clients: Arc::new(Clients::new(None, timeouts, lookup)), traffic: None }
}

fn here(_: String) -> futures_util::future::BoxFuture<'static, std::io::Result<Vec<std::net::SocketAddr>>> {
    Box::pin(std::future::ready(Ok(vec![([127, 0, 0, 1], 0).into()])))
}

/// On the internet when first asked, on this machine from then on.
fn rebound(_: String) -> futures_util::future::BoxFuture<'static, std::io::Result<Vec<std::net::SocketAddr>>> {
    static ASKED: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    let first = ASKED.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0;
    // TEST-NET-3 (RFC 5737): nobody answers there.
    let address = if first { [203, 0, 113, 1] } else { [127, 0, 0, 1] };
    Box::pin(std::future::ready(Ok(vec![(address, 0).into()])))
}

/// The same stub by a name that is not this machine's.
fn named(stub: &Stub) -> String {
    stub.url.replace("http://127.0.0.1", "https://as.example")
}

#[tokio::test]
async fn a_name_that_leads_out_of_reach_is_not_connected_to() {
    let stub = Stub::start(|_| Reply::Hang).await;
    let url = named(&stub);
    for reach in [Reach::Public, Reach::Private] {
        assert_eq!(fate(&with_names(here), Request { reach, ..get(&url) }).await, not_sent(OUT_OF_REACH), "{reach:?}");
    }
    assert_eq!(stub.received().len(), 0);
    // The server is there: whose host the person has named is connected to, and greeted.
    assert_eq!(fate(&with_names(here), get(&url)).await, not_sent("no connection in time"));
    assert_eq!(stub.received().len(), 1);
}

#[tokio::test]
async fn a_name_is_judged_by_the_addresses_that_are_connected_to() {
    let (stub, http) = (Stub::start(|_| Reply::Hang).await, with_names(rebound));
    let url = named(&stub);
    let request = || Request { reach: Reach::Public, ..get(&url) };
    // Looked up once, so it is the first answer that is used, whatever a second one would have been.
    let first = fate(&http, request()).await;
    assert!(first == not_sent("no connection in time") || first == not_sent("no connection"), "{first:?}");
    assert_eq!(fate(&http, request()).await, not_sent(OUT_OF_REACH), "each request is judged anew");
    assert_eq!(stub.received().len(), 0);
}

#[tokio::test]
async fn an_address_out_of_reach_is_not_connected_to_in_any_spelling() {
    for host in ["127.0.0.1", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "localhost."] {
        let url = format!("https://{host}:1/");
        let request = Request { reach: Reach::Private, ..get(&url) };
        assert_eq!(fate(&http(), request).await, not_sent(EndpointError::Loopback.why()), "{host}");
    }
}

#[tokio::test]
async fn what_a_service_may_name_is_told_with_its_answer() {
    let stub = Stub::json(200, "{}").await;
    assert_eq!(http().send(get(&stub.url)).await.map(|answer| answer.reach), Ok(Reach::Machine));
}
