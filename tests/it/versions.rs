//! Old and new explain themselves to each other: no answer is misread, and the older side is named.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::thread::JoinHandle;

use harness::ctl::{Ctl, Ran};
use harness::sandbox::Sandbox;

/// Something that answers every request at `socket` with these bytes, and counts its bytes.
fn answering(socket: &Path, answer: String) -> JoinHandle<()> {
    let listener = UnixListener::bind(socket).expect("it is free");
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("it can be accepted");
            let mut request = [0; 4096];
            if stream.read(&mut request).is_ok_and(|length| request[..length].starts_with(b"GET /v1/end ")) {
                return;
            }
            // The client may have gone.
            let _gone = stream.write_all(answer.as_bytes());
        }
    })
}

fn ask(head: &str, body: &str, arguments: &[&str]) -> Ran {
    let sandbox = Sandbox::memory_only();
    let socket = sandbox.paths().socket;
    let answer = format!("HTTP/1.1 {head}content-length: {}\r\n\r\n{body}", body.len());
    let thread = answering(&socket, answer);
    let ran = Ctl::new(&sandbox, arguments).run();
    harness::raw::Raw::open(&socket).send(b"GET /v1/end HTTP/1.1\r\n\r\n");
    thread.join().expect("it answered");
    ran
}

const TOKEN: &str =
    r#"{"lease":"l","profile":"p","access_token":"canary-at-misread","token_type":"Bearer","min_ttl_met":true}"#;

#[test]
fn a_newer_protocol_is_not_misread_and_the_client_is_the_older_side() {
    let ran = ask("200 OK\r\nagentd-protocol: 2\r\nagentd-version: 9.0.0\r\n", TOKEN, &["token"]).fails(1);
    assert_eq!(ran.out, "", "a token of an unknown meaning is not printed");
    assert_eq!(ran.err, "error: the agent speaks protocol 2, this client protocol 1\nhint: update `agentctl`\n");
    let ran = ask("200 OK\r\nagentd-protocol: 2\r\n", TOKEN, &["token", "-o", "json"]).fails(1);
    assert!(ran.out.is_empty() && ran.err.contains("\"code\":\"unsupported\""), "{ran:?}");
}

#[test]
fn an_older_protocol_is_not_misread_and_the_agent_is_the_older_side() {
    let ran = ask("200 OK\r\nagentd-protocol: 0\r\nagentd-version: 0.0.1\r\n", TOKEN, &["token"]).fails(1);
    assert!(ran.out.is_empty() && ran.err.contains("hint: stop the old agent with `agentctl daemon stop`"), "{ran:?}");
    // Whatever it speaks, it can be stopped; this one is gone from its socket at once.
    let stopped = ask("200 OK\r\nagentd-protocol: 1\r\nagentd-version: 0.0.1\r\n", TOKEN, &["token"]).ok();
    assert_eq!(stopped.out, "canary-at-misread\n", "the same protocol of another version is read");
}

#[test]
fn an_operation_that_the_agent_does_not_know_blames_the_older_side() {
    let older =
        ask("404 Not Found\r\nagentd-protocol: 1\r\nagentd-version: 0.0.1\r\n", "nothing here", &["token"]).fails(1);
    assert!(older.err.starts_with("error: the agent (0.0.1) does not know `token`, which this client ("), "{older:?}");
    assert!(older.err.contains("hint: stop the old agent with `agentctl daemon stop`"), "{older:?}");
    let newer = ask("404 Not Found\r\nagentd-protocol: 1\r\nagentd-version: 99.0.0\r\n", "", &["token"]).fails(1);
    assert!(newer.err.contains("hint: update `agentctl`"), "{newer:?}");
}

#[test]
fn what_is_no_agent_is_not_believed() {
    for (head, body) in
        [("200 OK\r\n", TOKEN), ("200 OK\r\nagentd-protocol: many\r\n", TOKEN), ("404 Not Found\r\n", "")]
    {
        let ran = ask(head, body, &["token"]).fails(6);
        assert!(ran.out.is_empty() && ran.err.contains("what answers at the socket is not agentd"), "{ran:?}");
    }
    let garbled = ask("200 OK\r\nagentd-protocol: 1\r\n", "{\"access_token\":\"canary-at", &["token"]).fails(70);
    assert!(garbled.out.is_empty() && !garbled.err.contains("canary"), "{garbled:?}");
    let evil = r#"{"type":"x","title":"x","status":403,"code":"denied","detail":"a\u001b[2J\u202eb\nc"}"#;
    let head = "403 Forbidden\r\nagentd-protocol: 1\r\ncontent-type: application/problem+json\r\n";
    let ran = ask(head, evil, &["token"]).fails(4);
    assert!(ran.err.starts_with("error: a\u{fffd}[2J\u{fffd}b\u{fffd}c\n"), "a terminal obeys none of it: {ran:?}");
}
