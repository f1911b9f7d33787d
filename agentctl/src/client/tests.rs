//! Whole exchanges with a small server at the other end of a pair of sockets.

#![allow(clippy::disallowed_methods, reason = "the server of a test runs on a thread")]

use std::io::{Read, Write};
use std::thread::JoinHandle;

use proto::problem::Code;

use super::*;

const HEAD: &str = "HTTP/1.1 200 OK\r\nagentd-protocol: 1\r\nagentd-version: 0.1.0\r\n";

/// Serves `answers` in turn, one for each request, byte by byte or at once; gives back the requests.
fn serve(answers: Vec<String>, piece: usize) -> (Client, JoinHandle<Vec<String>>) {
    let (ours, mut theirs) = UnixStream::pair().expect("a pair of sockets");
    let server = std::thread::spawn(move || {
        let mut requests = Vec::new();
        for answer in answers {
            requests.push(request(&mut theirs));
            for part in answer.as_bytes().chunks(piece) {
                theirs.write_all(part).expect("the client reads");
            }
        }
        requests
    });
    (Client::new(ours), server)
}

fn request(stream: &mut UnixStream) -> String {
    let mut bytes = Vec::new();
    loop {
        let mut byte = [0];
        assert_eq!(stream.read(&mut byte).expect("the client writes"), 1, "the client hung up");
        bytes.push(byte[0]);
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        if body.len() == length.map_or(0, |length| length.parse().expect("a number")) {
            return text.into_owned();
        }
    }
}

fn plain(json: &str) -> String {
    format!("{HEAD}content-type: application/json\r\ncontent-length: {}\r\n\r\n{json}", json.len())
}

fn problem(status: u16, json: &str) -> String {
    let head = HEAD.replace("200 OK", &format!("{status} x"));
    format!("{head}content-type: application/problem+json\r\ncontent-length: {}\r\n\r\n{json}", json.len())
}

fn name() -> ProfileName {
    ProfileName::parse("me@example.org").expect("a valid name")
}

#[test]
fn several_calls_share_one_connection_and_say_who_asks() {
    for piece in [1, 7, 4096] {
        let chunked = format!("{HEAD}transfer-encoding: chunked\r\n\r\n5\r\n{{\"pro\r\na\r\nfiles\":[]}}\r\n0\r\n\r\n");
        let answers = vec![chunked, plain(r#"{"applied":[],"restart_needed":["x"]}"#), plain("{}")];
        let (mut client, server) = serve(answers, piece);
        assert!(client.list().expect("a list").profiles.is_empty());
        assert_eq!(client.reload().expect("an answer").restart_needed, ["x"]);
        client.shutdown().expect("an answer");
        let requests = server.join().expect("the server is content");
        assert!(requests[0].starts_with("GET /v1/profiles HTTP/1.1\r\nhost: agentd\r\nagentctl-version: "));
        assert!(requests[1].starts_with("POST /v1/reload ") && requests[1].contains("\r\ncontent-length: 0\r\n"));
    }
}

#[test]
fn a_token_is_asked_for_with_what_was_given_and_nothing_else() {
    let answer = r#"{"lease":"l1","profile":"work","access_token":"at-1","token_type":"Bearer","min_ttl_met":true}"#;
    let (mut client, server) = serve(vec![plain(answer)], 4096);
    let token = client.token(&TokenRequest { min_ttl: Some(90), ..TokenRequest::default() }).expect("a token");
    // EXPOSE: the test looks at what was read.
    assert_eq!(token.access_token.expose(), "at-1");
    let requests = server.join().expect("the server is content");
    assert!(requests[0].ends_with("content-type: application/json\r\ncontent-length: 14\r\n\r\n{\"min_ttl\":90}"));
}

#[test]
fn a_problem_is_handed_on_and_the_connection_stays_usable() {
    let json = r#"{"type":"urn:agentd:problem:login-required","title":"t","status":401,"code":"login-required",
                   "detail":"log in","hint":"`agentctl login work`","reason":"refused","newer":true}"#;
    let (mut client, server) = serve(vec![problem(401, json), plain("{\"profiles\":[]}")], 4096);
    let refusal = client.inspect(&name());
    assert!(matches!(&refusal, Err(ClientError::Problem(p)) if p.code == Code::LoginRequired), "{refusal:?}");
    client.list().expect("the same connection still works");
    assert!(server.join().expect("the server is content")[0].starts_with("GET /v1/profiles/me@example.org "));
}

#[test]
fn an_old_agent_that_does_not_know_a_path_is_named_as_the_older_side() {
    let head = HEAD.replace("200 OK", "404 x").replace("0.1.0", "0.0.1");
    let (mut client, _server) = serve(vec![format!("{head}content-length: 0\r\n\r\n")], 4096);
    let error = client.list().expect_err("it does not know the path");
    assert!(matches!(&error, ClientError::Mismatch { hint, .. } if hint.contains("daemon stop")), "{error:?}");
}

#[test]
fn an_agent_of_another_protocol_is_refused_but_can_be_stopped() {
    let other = |json: &str| plain(json).replace("agentd-protocol: 1", "agentd-protocol: 0");
    let (mut client, _server) = serve(vec![other("{\"profiles\":[]}")], 4096);
    assert!(matches!(client.list(), Err(ClientError::Mismatch { .. })));
    let (mut client, _server) = serve(vec![other("{}")], 4096);
    client.shutdown().expect("it stops");
    let (mut client, _server) = serve(vec!["HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}".to_owned()], 4096);
    assert!(matches!(client.list(), Err(ClientError::Stranger)), "no agent at all");
}

/// The next step; none at the end of the stream.
fn next(steps: &mut Follow<'_, LoginStep>) -> Result<Option<LoginStep>, ClientError> {
    loop {
        match steps.here()? {
            Next::End => return Ok(None),
            Next::Event(step) => return Ok(Some(step)),
            Next::Nothing => steps.fill()?,
        }
    }
}

#[test]
fn the_steps_of_a_login_come_one_by_one_past_comments_and_unknown_steps() {
    let frames = [
        ": keep-alive\n\n",
        "data: {\"step\":\"open\",\"url\":\"https://x/\"}\n\n",
        "data: {\"step\":\"newer\",\"x\":1}\n\n: \n\ndata: {\"step\":\"fai",
        "led\",\"problem\":{\"type\":\"t\",\"title\":\"t\",\"status\":422,\"code\":\"login-timeout\",\"detail\":\"d\"}}\n\n",
    ];
    let chunks = frames.map(|frame| format!("{:x}\r\n{frame}\r\n", frame.len())).concat();
    let answer =
        format!("{HEAD}content-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n{chunks}0\r\n\r\n");
    for piece in [1, 3, 4096] {
        let (mut client, _server) = serve(vec![answer.clone()], piece);
        let id = LoginId::parse("x1").expect("a valid id");
        let mut steps = client.follow(&id, Duration::from_secs(10)).expect("a stream");
        assert!(matches!(next(&mut steps), Ok(Some(LoginStep::Open { url, .. })) if url == "https://x/"));
        assert!(matches!(next(&mut steps), Ok(Some(LoginStep::Unknown))));
        assert!(
            matches!(next(&mut steps), Ok(Some(LoginStep::Failed { problem })) if problem.code == Code::LoginTimeout)
        );
        assert!(matches!(next(&mut steps), Ok(None)));
    }
}

#[test]
fn an_answer_that_is_cut_or_never_comes_is_an_error_in_time() {
    let whole = plain("{\"profiles\":[]}");
    let (mut client, _server) = serve(vec![whole[..whole.len() - 1].to_owned()], 4096);
    assert!(matches!(client.list(), Err(ClientError::Closed)));
    let (ours, _silent) = UnixStream::pair().expect("a pair of sockets");
    let wait = Duration::from_millis(20);
    let result: Result<Profiles, ClientError> = Client::new(ours).call(&route::LIST, "", None::<&()>, wait);
    assert!(matches!(result, Err(ClientError::TimedOut)), "{result:?}");
}

#[test]
fn an_answer_without_end_is_refused_before_it_fills_the_memory() {
    let endless = format!("{HEAD}x: {}", "x".repeat(20_000));
    let (mut client, _server) = serve(vec![endless], 4096);
    assert!(matches!(client.list(), Err(ClientError::Garbled(_))));
    let huge = format!("{HEAD}content-length: {}\r\n\r\n", connection::BODY_LIMIT + 1);
    let (mut client, _server) = serve(vec![huge], 4096);
    assert!(matches!(client.list(), Err(ClientError::Garbled(_))));
}
