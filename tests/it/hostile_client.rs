//! Bad input at the socket of the real daemon: refused, bounded, never repeated, and everybody else is served.

use std::time::{Duration, Instant};

use agentd::transport::limits::{BODY_BYTES, HEADER_BYTES, HEADERS, RECEIVE};
use harness::daemon::Process;
use harness::raw::{Raw, STATUS, assert_served};
use harness::sandbox::Sandbox;
use proto::hello;
use proto::problem::Code;

/// What no answer may repeat.
const MARK: &str = "canary-input-7f3a";

#[test]
fn what_is_not_http_is_refused_and_others_are_served() {
    let sandbox = Sandbox::memory_only();
    let daemon = Process::start(&sandbox);
    let long: Vec<u8> = (0..64 * 1024).map(|i| u8::try_from(i * 31 % 251).expect("below 251")).collect();
    let inputs: [&[u8]; 13] = [
        b"\0\0\0\0\0\0\0\0",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03canary-input-7f3a",
        b"\xff\xff\xff\xff canary-input-7f3a\r\n\r\n",
        b"SSH-2.0-canary-input-7f3a\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET /v1/status HTTP/9.9\r\nhost: agentd\r\n\r\n",
        b"GET  /v1/status canary-input-7f3a HTTP/1.1\r\n\r\n",
        b"GET /v1/status HTTP/1.1\r\nhost agentd canary-input-7f3a\r\n\r\n",
        b"GET /v1/status HTTP/1.1\r\nhost: agentd\r\nx: \0canary-input-7f3a\r\n\r\n",
        b"GET /v1/status HTTP/1.1\r\nhost: agentd\r\n x: folded\r\n\r\n",
        b"canary-input-7f3a=quit\nprotocol=https\nhost=example.org\n\n",
        b"{\"request\":\"token\",\"canary-input-7f3a\":1}\n\n",
        &long,
    ];
    for input in inputs {
        let mut raw = Raw::open(daemon.socket());
        raw.send(input);
        let shown = String::from_utf8_lossy(&input[..input.len().min(40)]).into_owned();
        if let Some(reply) = raw.reply() {
            assert_eq!(reply.status / 100, 4, "{shown:?}: {reply:?}");
            assert!(!format!("{}{:?}", reply.head, reply.body).contains(MARK), "{shown:?}");
        }
        let rest = raw.rest();
        assert!(rest.is_empty(), "{shown:?} is followed by nothing: {}", String::from_utf8_lossy(&rest));
        assert_served(daemon.socket());
    }
    assert!(!daemon.log().contains(MARK), "the log repeats what a stranger sent");
}

#[test]
fn lengths_that_cannot_be_are_refused_before_the_body() {
    let sandbox = Sandbox::memory_only();
    let daemon = Process::start(&sandbox);
    let with = |fields: &str, body: &str| format!("POST /v1/token HTTP/1.1\r\nhost: agentd\r\n{fields}\r\n{body}");
    for length in ["4294967296", "9223372036854775807"] {
        let reply = Raw::ask(daemon.socket(), with(&format!("content-length: {length}\r\n"), "{").as_bytes());
        let reply = reply.expect("it is told");
        assert_eq!((reply.status, reply.problem().code), (413, Code::InvalidRequest), "{length}");
        assert_eq!(reply.header(hello::PROTOCOL_HEADER), Some("1"));
    }
    let doubtful = [
        "content-length: -1\r\n",
        "content-length: 99999999999999999999999999\r\n",
        "content-length: 0x10\r\n",
        "content-length: 2\r\ncontent-length: 3\r\n",
        "content-length: 2, 3\r\n",
        "transfer-encoding: gzip\r\n",
        "transfer-encoding: chunked, gzip\r\n",
    ];
    for fields in doubtful {
        let mut raw = Raw::open(daemon.socket());
        raw.send(with(fields, "{}").as_bytes());
        let reply = raw.reply();
        assert!(reply.as_ref().is_none_or(|reply| reply.status / 100 == 4), "{fields:?}: {reply:?}");
        assert!(raw.rest().is_empty(), "{fields:?}: what follows is not taken for a request");
        assert_served(daemon.socket());
    }
    // RFC 9112 §6.3: a request with both lengths is either refused or read by its chunks, and ends its connection.
    let both = with(
        "content-length: 5\r\ntransfer-encoding: chunked\r\n",
        "0\r\n\r\nGET /v1/status HTTP/1.1\r\nhost: agentd\r\n\r\n",
    );
    let mut raw = Raw::open(daemon.socket());
    raw.send(both.as_bytes());
    drop(raw.reply());
    assert!(raw.rest().is_empty(), "a second request was smuggled in");
    let broken = with("transfer-encoding: chunked\r\n", "zz\r\ncanary\r\n0\r\n\r\n");
    let reply = Raw::ask(daemon.socket(), broken.as_bytes()).expect("it is told");
    assert_eq!((reply.status, reply.problem().code), (400, Code::InvalidRequest));
}

#[test]
fn a_body_is_taken_up_to_its_limit_and_not_beyond() {
    let sandbox = Sandbox::memory_only();
    let daemon = Process::start(&sandbox);
    let body = |length: usize| {
        let body = r#"{"profile":"a","x":""}"#;
        body.replace(r#""x":"""#, &format!(r#""x":"{}""#, "y".repeat(length - body.len())))
    };
    let largest = Raw::ask(daemon.socket(), &Raw::post("/v1/token", &body(BODY_BYTES))).expect("an answer");
    assert_eq!(largest.problem().code, Code::NotFound, "it is read, and there is no such profile");
    let larger = Raw::ask(daemon.socket(), &Raw::post("/v1/token", &body(BODY_BYTES + 1))).expect("an answer");
    assert_eq!((larger.status, larger.problem().code), (413, Code::InvalidRequest));
    let chunk = format!("{:x}\r\n{}\r\n0\r\n\r\n", BODY_BYTES + 1, "y".repeat(BODY_BYTES + 1));
    let chunked = format!("POST /v1/token HTTP/1.1\r\nhost: agentd\r\ntransfer-encoding: chunked\r\n\r\n{chunk}");
    let chunked = Raw::ask(daemon.socket(), chunked.as_bytes()).expect("an answer");
    assert_eq!((chunked.status, chunked.problem().code), (413, Code::InvalidRequest));
    assert_served(daemon.socket());
}

#[test]
fn header_fields_are_taken_up_to_their_limits_and_not_beyond() {
    let sandbox = Sandbox::memory_only();
    let daemon = Process::start(&sandbox);
    let request = |fields: usize, length: usize| {
        let fields: Vec<String> = (1..fields).map(|i| format!("x-{i}: {}\r\n", "y".repeat(length))).collect();
        let fields = fields.concat();
        format!("GET /v1/status HTTP/1.1\r\nhost: agentd\r\n{fields}\r\n")
    };
    let status = |request: String| Raw::ask(daemon.socket(), request.as_bytes()).map(|reply| reply.status);
    assert_eq!(status(request(HEADERS, 1)), Some(200));
    assert_eq!(status(request(HEADERS, HEADER_BYTES / HEADERS - 32)), Some(200));
    for (fields, length) in [(HEADERS + 1, 1), (1000, 1), (2, HEADER_BYTES), (2, 4 * 1024 * 1024)] {
        let status = status(request(fields, length));
        assert!(status.is_none_or(|status| status / 100 == 4), "{fields} fields of {length}: {status:?}");
        assert_served(daemon.socket());
    }
    let long = format!("GET /v1/{} HTTP/1.1\r\nhost: agentd\r\n\r\n", "y".repeat(HEADER_BYTES));
    assert!(status(long).is_none_or(|status| status / 100 == 4));
}

#[test]
fn half_a_request_and_one_that_drips_end_at_the_receive_limit() {
    let sandbox = Sandbox::memory_only();
    let daemon = Process::start(&sandbox);
    let half_body = b"POST /v1/token HTTP/1.1\r\nhost: agentd\r\ncontent-length: 100\r\n\r\n{";
    let begun = Instant::now();
    std::thread::scope(|scope| {
        let head = scope.spawn(|| {
            let mut raw = Raw::open(daemon.socket());
            raw.send(&STATUS[..STATUS.len() - 2]);
            assert!(raw.reply().is_none(), "half a head is not answered");
            begun.elapsed()
        });
        let body = scope.spawn(|| {
            let reply = Raw::ask(daemon.socket(), half_body).expect("it is told");
            assert_eq!((reply.status, reply.problem().code), (408, Code::InvalidRequest));
            begun.elapsed()
        });
        let drip = scope.spawn(|| {
            let mut raw = Raw::open(daemon.socket());
            let mut bytes = b"GET /".iter().chain(std::iter::repeat(&b'x'));
            // The wait for the end of the connection is what paces the bytes.
            while !raw.ends_within(Duration::from_millis(200)) {
                raw.send(&[*bytes.next().expect("they repeat")]);
                assert!(begun.elapsed() < RECEIVE * 3, "a byte now and then keeps a connection for ever");
            }
            begun.elapsed()
        });
        while !(head.is_finished() && body.is_finished() && drip.is_finished()) {
            let asked = Instant::now();
            assert_served(daemon.socket());
            assert!(asked.elapsed() < Duration::from_secs(5), "others wait for them");
            std::thread::park_timeout(Duration::from_millis(100));
        }
        for (what, slow) in [("half a head", head), ("half a body", body), ("a byte now and then", drip)] {
            let lasted = slow.join().expect("it ended as it should");
            // Kept to within a tenth; the rest is for a machine under load.
            assert!(lasted > RECEIVE * 8 / 10 && lasted < RECEIVE * 2, "{what}: {lasted:?}\n{}", daemon.log());
        }
    });
}

#[test]
fn requests_that_a_web_page_could_cause_are_denied() {
    let sandbox = Sandbox::memory_only();
    let daemon = Process::start(&sandbox);
    let foreign = [
        "",
        "host: localhost\r\n",
        "host: 127.0.0.1\r\n",
        "host: agentd:80\r\n",
        "host: agentd.example.org\r\n",
        "host: AGENTD.\r\n",
        "host: \r\n",
        "host: agentd\r\nhost: agentd\r\n",
        "host: agentd\r\nhost: example.org\r\n",
        "host: agentd\r\norigin: https://example.org\r\n",
        "host: agentd\r\norigin: null\r\n",
        "host: agentd\r\nOrigin: http://agentd\r\n",
        "host: agentd\r\nreferer: https://example.org/page\r\n",
    ];
    for fields in foreign {
        for line in ["GET /v1/status", "POST /v1/token", "OPTIONS /v1/token", "GET /nowhere"] {
            let request = format!("{line} HTTP/1.1\r\n{fields}\r\n");
            let reply = Raw::ask(daemon.socket(), request.as_bytes()).expect("it is told");
            assert_eq!((reply.status, reply.problem().code), (403, Code::Denied), "{line} with {fields:?}");
            assert!(!reply.head.to_lowercase().contains("access-control"), "no page may read the answer");
        }
    }
    assert_served(daemon.socket());
}

#[test]
fn requests_sent_ahead_are_answered_in_their_order() {
    let sandbox = Sandbox::memory_only();
    let daemon = Process::start(&sandbox);
    let mut raw = Raw::open(daemon.socket());
    let mut all = Vec::new();
    for path in ["/v1/status", "/v1/nothing", "/v1/profiles", "/v1/profiles/none"].into_iter().cycle().take(40) {
        all.extend_from_slice(format!("GET {path} HTTP/1.1\r\nhost: agentd\r\n\r\n").as_bytes());
    }
    raw.send(&all);
    for expected in [200, 501, 200, 404].into_iter().cycle().take(40) {
        assert_eq!(raw.reply().expect("each is answered").status, expected);
    }
}

#[test]
fn an_unknown_operation_is_unsupported_and_says_which_version_says_so() {
    let sandbox = Sandbox::memory_only();
    let daemon = Process::start(&sandbox);
    let unknown = ["GET /", "GET /v1/whoami", "GET /v2/status", "POST /v1/status", "GET /v1/token", "TRACE /v1/status"];
    for line in unknown {
        let request =
            format!("{line} HTTP/1.1\r\nhost: agentd\r\nagentctl-version: 9.9.9\r\ncontent-length: 0\r\n\r\n");
        let reply = Raw::ask(daemon.socket(), request.as_bytes()).expect("it is told");
        let problem = reply.problem();
        assert_eq!((reply.status, problem.code), (501, Code::Unsupported), "{line}");
        assert!(problem.detail.contains(env!("CARGO_PKG_VERSION")) && problem.detail.contains("9.9.9"), "{problem:?}");
        assert_eq!(reply.header(hello::VERSION_HEADER), Some(env!("CARGO_PKG_VERSION")));
        assert_eq!(reply.header(hello::CAPABILITIES_HEADER), Some(hello::CAPABILITIES.join(" ").as_str()));
        assert_eq!(reply.header("cache-control"), Some("no-store"));
    }
    assert_served(daemon.socket());
}

#[test]
fn broken_json_is_described_by_its_place_and_never_repeated() {
    let sandbox = Sandbox::memory_only();
    let daemon = Process::start(&sandbox);
    let deep = "[".repeat(50_000);
    let bodies = [
        r#"{"profile": canary-input-7f3a}"#,
        r#"{"profile": "canary-input-7f3a"#,
        r#"{"profile": ["canary-input-7f3a"]}"#,
        r#"{"profile": "canary-input-7f3a/../x"}"#,
        r#"{"min_ttl": "canary-input-7f3a"}"#,
        r#"{"min_ttl": -1}"#,
        r#"{"scope": "canary-input-7f3a\u0000"}"#,
        r#"{"resource": "canary-input-7f3a"}"#,
        r#""canary-input-7f3a""#,
        "canary-input-7f3a",
        "\u{feff}{}",
        &deep,
    ];
    for body in bodies {
        let reply = Raw::ask(daemon.socket(), &Raw::post("/v1/token", body)).expect("it is told");
        let shown = &body[..body.len().min(40)];
        assert_eq!((reply.status, reply.problem().code), (400, Code::InvalidRequest), "{shown}");
        assert!(!String::from_utf8_lossy(&reply.body).contains(MARK), "{shown}: {reply:?}");
    }
    let name = "/v1/profiles/canary-input-7f3a%0a%1b%5b2J";
    let reply = Raw::ask(daemon.socket(), format!("DELETE {name} HTTP/1.1\r\nhost: agentd\r\n\r\n").as_bytes());
    let reply = reply.expect("it is told");
    assert_eq!(reply.problem().code, Code::InvalidRequest);
    assert!(!String::from_utf8_lossy(&reply.body).contains(MARK) && !reply.body.contains(&0x1b));
    assert!(!daemon.log().contains(MARK), "the log repeats what was sent");
}

/// Needs root, who alone can be somebody else.
#[cfg(target_os = "linux")]
#[test]
fn another_users_connection_is_closed_before_a_byte_is_parsed() {
    use harness::stranger;
    use std::fs::{Permissions, set_permissions};
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::net::UnixStream;

    let sandbox = Sandbox::memory_only();
    let daemon = Process::start(&sandbox);
    // Everything but the peer's uid lets the stranger in.
    set_permissions(sandbox.path(), Permissions::from_mode(0o755)).expect("it is ours");
    set_permissions(daemon.socket(), Permissions::from_mode(0o666)).expect("it is ours");
    let socket = daemon.socket().to_owned();
    let answer = stranger::act(move || {
        let mut raw = Raw::over(UnixStream::connect(socket).expect("the file system lets it in"));
        raw.send(b"GET /v1/canary-input-7f3a HTTP/1.1\r\nhost: agentd\r\n\r\n");
        raw.rest()
    });
    assert!(answer.is_empty(), "a stranger was answered: {}", String::from_utf8_lossy(&answer));
    assert_served(daemon.socket());
    let log = daemon.log();
    assert!(log.contains(&format!("the peer belongs to user {}", stranger::UID)), "{log}");
    assert!(!log.contains(MARK), "it was read");
}
