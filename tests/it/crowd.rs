//! More connections than the daemon has room for: idle ones give way, requests in progress never do, memory is bounded.
//!
//! Linux only: the daemon's memory is read from `/proc`.

use std::time::Duration;

use agentd::platform::descriptors::{connection_capacity, raise_descriptor_limit};
use agentd::transport::limits::STOP;
use harness::daemon::Process;
use harness::issuer::{Behaviour, Config, Endpoint, Issuer};
use harness::raw::{Raw, STATUS, assert_served};
use harness::sandbox::Sandbox;
use harness::until::{until, until_true};
use harness::{logins, proc};
use proto::problem::Code;
use proto::profile::ProfileState;
use proto::status::Status;

/// As in `threats.md`: more than any limit of the daemon.
const IDLE: usize = 10_000;
/// Descriptors of the test's own, beside those of its connections.
const KEPT_BACK: usize = 512;
/// What the daemon may hold while it is crowded. It has 2,048 connections at most, with 8 to 24 KiB of buffers each.
const MEMORY_KIB: u64 = 96 * 1024;

#[test]
fn ten_thousand_idle_connections_cost_bounded_memory_and_nobody_else() {
    let own = usize::try_from(raise_descriptor_limit()).unwrap_or(usize::MAX);
    let sandbox = Sandbox::memory_only();
    let daemon = Process::start(&sandbox);
    let at_once = IDLE.min(own.saturating_sub(KEPT_BACK) / 2).max(64);
    let mut held = std::collections::VecDeque::new();
    let mut most = 0;
    for number in 0..IDLE {
        if held.len() == at_once {
            held.pop_front();
        }
        let mut raw = Raw::open(daemon.socket());
        match number % 3 {
            0 => drop(raw.send(&STATUS[..STATUS.len() - 3])),
            1 => drop(raw.send(b"POST /v1/token HTTP/1.1\r\nhost: agentd\r\ncontent-length: 4096\r\n\r\n{")),
            _ => {}
        }
        held.push_back(raw);
        if number % 500 == 499 {
            assert_served(daemon.socket());
            most = most.max(proc::resident_kib(daemon.pid()));
        }
    }
    assert!(most < MEMORY_KIB, "{most} KiB for a crowd of idle connections");
    // Those that were told to close are on their way out for a moment.
    let room = connection_capacity(u64::MAX) as u64 + 1;
    until_true("no more connections are open than are allowed", || {
        let status = Raw::ask(daemon.socket(), STATUS).expect("it is served").json();
        status["connections"].as_u64().expect("a number") <= room
    });
    // The oldest had to go; the youngest is served as soon as it says something.
    let mut youngest = Raw::open(daemon.socket());
    until_true("the oldest connection is closed", || held.front_mut().expect("some are held").has_ended());
    youngest.send(STATUS);
    assert_eq!(youngest.reply().expect("it is served").status, 200);
    drop(held);
    until("the room is given back", || {
        let status = Raw::ask(daemon.socket(), STATUS)?.json();
        (status["connections"].as_u64()? < 16).then_some(())
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn fifteen_hundred_requests_in_progress_are_kept_and_more_are_told_that_the_agent_is_busy() {
    let descriptors = raise_descriptor_limit();
    let room = connection_capacity(descriptors);
    assert!(room >= 1_500 || descriptors < 2_048, "{room} connections of {descriptors} descriptors");
    let issuer = Issuer::start(Config { access_token_ttl: Duration::from_secs(2), ..Config::default() }).await;
    let sandbox = Sandbox::memory_only();
    let daemon = Process::start(&sandbox);
    let wire = daemon.wire();
    logins::must(&wire, &issuer, &logins::by_code(&issuer, "work")).await;
    issuer.always(Endpoint::Token, Behaviour::Hold);
    while wire.inspect("work").await.expect("it is there").state != ProfileState::Refreshable {
        tokio::task::yield_now().await;
    }
    let before = issuer.exchanges();

    let token = Raw::post("/v1/token", "{}");
    let waiting = || {
        let mut raw = Raw::open(daemon.socket());
        raw.send(&token);
        raw
    };
    let mut crowd: Vec<Raw> = (0..room).map(|_| waiting()).collect();
    let busy = until("all the room is taken", || {
        // One that had to go before its request had been received comes again.
        for raw in &mut crowd {
            if raw.has_ended() {
                *raw = waiting();
            }
        }
        let reply = Raw::ask(daemon.socket(), STATUS)?;
        (reply.status != 200).then_some(reply)
    });
    assert_eq!((busy.status, busy.problem().code, busy.header("retry-after")), (503, Code::Busy, Some("1")));
    assert_eq!(busy.header("agentd-protocol"), Some("1"), "this answer introduces the agent as well");
    let resident = proc::resident_kib(daemon.pid());
    assert!(resident < MEMORY_KIB, "{resident} KiB for {room} requests in progress");
    // Those who crowd the door now are the ones who have to go.
    let idle: Vec<Raw> = (0..500).map(|_| Raw::open(daemon.socket())).collect();

    issuer.clear(Endpoint::Token);
    issuer.release();
    let served = crowd.iter_mut().filter_map(Raw::reply).filter(|reply| reply.status == 200).count();
    assert_eq!(served, room, "every request in progress is answered");
    drop((idle, crowd));
    assert!(issuer.exchanges() <= before + 2, "they share one exchange: {} were made", issuer.exchanges() - before);
    let status: Status = until("the door is open again", || {
        let reply = Raw::ask(daemon.socket(), STATUS)?;
        (reply.status == 200).then(|| serde_json::from_slice(&reply.body).expect("a status"))
    });
    assert_eq!(status.profiles, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_ends_requests_that_wait_for_a_service_that_hangs() {
    let issuer = Issuer::start(Config { access_token_ttl: Duration::from_secs(2), ..Config::default() }).await;
    let sandbox = Sandbox::memory_only();
    let daemon = Process::start(&sandbox);
    logins::must(&daemon.wire(), &issuer, &logins::by_code(&issuer, "work")).await;
    issuer.always(Endpoint::Token, Behaviour::Hold);
    let mut raw = Raw::open(daemon.socket());
    raw.send(&Raw::post("/v1/refresh", "{}"));
    issuer.wait_for(|ledger| ledger.held(Endpoint::Token) > 0).await;
    let begun = std::time::Instant::now();
    let code = tokio::task::spawn_blocking(|| daemon.terminate()).await.expect("it ends");
    let patience = agentd::daemon::KEEPER_PATIENCE + agentd::daemon::LOGIN_PATIENCE + STOP * 2;
    assert!(begun.elapsed() < patience, "{:?}", begun.elapsed());
    assert_eq!(code, Some(0), "a service that hangs is no failure of the daemon's");
    assert!(raw.reply().is_none_or(|reply| reply.status != 200), "nobody could have answered it well");
    issuer.release();
}
