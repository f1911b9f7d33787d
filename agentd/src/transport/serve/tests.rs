//! Through real sockets: the tests speak bytes, as any client may.

use std::time::Duration;

use hyper::HeaderMap;
use tempfile::TempDir;
use tokio::sync::watch;
use tower::service_fn;

use super::*;
use crate::transport::bind;
use crate::transport::connections::Counts;
use crate::transport::limits::HEADERS;

/// Nothing below takes this long, unless it never happens.
const PATIENCE: Duration = Duration::from_secs(20);

struct House {
    directory: TempDir,
    connections: Connections,
    tasks: Tasks,
    /// `/hold` is answered when this becomes true.
    release: Arc<watch::Sender<bool>>,
    stopped: watch::Receiver<Option<bool>>,
}

fn small() -> Limits {
    // Nothing expires by itself, but for the tests that say so.
    let hour = Duration::from_hours(1);
    Limits { receive: hour, idle: hour, ..Limits::new(8) }
}

fn house(limits: Limits) -> House {
    let directory = tempfile::tempdir().expect("a directory");
    let bound = bind(&directory.path().join("s")).expect("bound");
    let connections = Connections::new(limits.connections);
    let tasks = Tasks::root();
    let release = Arc::new(watch::Sender::new(false));
    let held = Arc::clone(&release);
    let service = service_fn(move |request: Request<Full<Bytes>>| {
        let mut held = held.subscribe();
        async move {
            if request.uri().path() == "/hold" {
                held.wait_for(|free| *free).await.expect("the sender lives");
            }
            let peer = request.extensions().get::<Peer>().copied().expect("the peer is known");
            assert_eq!(peer.uid, process_uid());
            let body = http_body_util::BodyExt::collect(request.into_body()).await.expect("whole").to_bytes();
            Ok::<_, Infallible>(Response::new(Full::new(Bytes::from(format!("got {} bytes", body.len())))))
        }
    });
    let (stopped, outcome) = watch::channel(None);
    let serving =
        serve(bound.listener, limits, Refusals::new(HeaderMap::new()), tasks.clone(), connections.clone(), service);
    Tasks::root().spawn("serve", Panic::Stops, async move {
        // The socket stays until the daemon has stopped.
        let _file = bound.file;
        stopped.send_replace(Some(serving.await));
    });
    House { directory, connections, tasks, release, stopped: outcome }
}

impl House {
    async fn connect(&self) -> UnixStream {
        UnixStream::connect(self.directory.path().join("s")).await.expect("connected")
    }

    /// Connects and asks for `path`, without waiting for the answer.
    async fn asking(&self, path: &str) -> UnixStream {
        let mut stream = self.connect().await;
        say(&mut stream, &format!("GET {path} HTTP/1.1\r\nhost: agentd\r\n\r\n")).await;
        stream
    }

    /// The door of another daemon, of user `uid`, with the same register.
    fn door(&self, uid: u32) -> Door {
        Door {
            limits: small(),
            refusals: Arc::default(),
            tasks: Tasks::root(),
            connections: self.connections.clone(),
            lingering: Arc::new(Semaphore::new(1)),
            uid,
        }
    }

    async fn until(&self, what: &str, reached: impl Fn(Counts) -> bool) {
        let poll = async {
            while !reached(self.connections.counts()) {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        let outcome = tokio::time::timeout(PATIENCE, poll).await;
        assert!(outcome.is_ok(), "{what}: {:?}", self.connections.counts());
    }

    async fn serves(&self) {
        let mut stream = self.asking("/").await;
        assert!(heard(&mut stream).await.starts_with("HTTP/1.1 200 "));
    }

    async fn stop(mut self) -> bool {
        self.tasks.cancel();
        let outcome = tokio::time::timeout(PATIENCE, self.stopped.wait_for(Option::is_some)).await;
        outcome.expect("it stops").expect("it tells").expect("it is some")
    }
}

async fn say(stream: &mut UnixStream, text: &str) {
    stream.write_all(text.as_bytes()).await.expect("written");
}

/// One answer, or as much of it as comes before the end.
async fn heard(stream: &mut UnixStream) -> String {
    let mut text = Vec::new();
    let mut piece = [0; 4096];
    let read = async {
        loop {
            match stream.read(&mut piece).await {
                // A reset after the answer is as good as an end.
                Ok(0) | Err(_) => break,
                Ok(n) => text.extend_from_slice(piece.get(..n).unwrap_or_default()),
            }
            if text.ends_with(b" bytes") || text.ends_with(b"}") {
                break;
            }
        }
    };
    tokio::time::timeout(PATIENCE, read).await.expect("an answer, or an end");
    String::from_utf8(text).expect("text")
}

async fn ends(stream: &mut UnixStream) {
    assert_eq!(heard(stream).await, "", "closed without a word");
}

#[tokio::test]
async fn requests_on_a_kept_connection_are_answered_one_after_the_other() {
    let house = house(small());
    let mut stream = house.connect().await;
    for size in [0, 1, 5_000] {
        say(&mut stream, &format!("POST / HTTP/1.1\r\nhost: agentd\r\ncontent-length: {size}\r\n\r\n")).await;
        say(&mut stream, &"x".repeat(size)).await;
        let answer = heard(&mut stream).await;
        assert!(answer.ends_with(&format!("got {size} bytes")), "{answer}");
    }
    house.until("the answer is out", |counts| counts.in_progress == 0 && counts.open == 1).await;
    drop(stream);
    house.until("the connection is gone", |counts| counts.open == 0).await;
}

#[tokio::test]
async fn another_users_connection_is_closed_before_a_byte_is_read() {
    let house = house(small());
    // To the daemon of another user, we are the stranger.
    let door = house.door(process_uid() + 1);
    let (ours, mut theirs) = UnixStream::pair().expect("a pair");
    say(&mut theirs, "GET / HTTP/1.1\r\nhost: agentd\r\n\r\n").await;
    let service = service_fn(|_| async { Ok::<_, Infallible>(Response::new(Full::<Bytes>::default())) });
    door.admit(ours, &service);
    ends(&mut theirs).await;
    let counts = house.connections.counts();
    assert_eq!((counts.refused, counts.open, door.tasks.running()), (1, 0, 0));
}

#[tokio::test]
async fn idle_connections_and_half_requests_give_way_oldest_first() {
    let house = house(Limits { connections: 50, ..small() });
    let mut held = house.asking("/hold").await;
    house.until("one is in progress", |counts| counts.in_progress == 1).await;
    let mut others = Vec::new();
    for n in 0..200 {
        let mut stream = house.connect().await;
        if n % 2 == 1 {
            say(&mut stream, "POST / HTTP/1.1\r\nhost: agentd\r\ncontent-length: 9\r\n\r\nhalf").await;
        }
        others.push(stream);
        house.until("it is let in", |counts| counts.open + usize::try_from(counts.evicted).unwrap_or(0) > n).await;
    }
    house.serves().await;
    house.until("no more than fit", |counts| counts.open <= 50 && counts.evicted >= 151).await;
    ends(&mut others[0]).await;
    ends(&mut others[149]).await;
    // The newest is still welcome, and so is the one that was first of all, for it has a request in progress.
    say(&mut others[198], "GET / HTTP/1.1\r\nhost: agentd\r\n\r\n").await;
    assert!(heard(&mut others[198]).await.starts_with("HTTP/1.1 200 "));
    house.release.send_replace(true);
    assert!(heard(&mut held).await.starts_with("HTTP/1.1 200 "));
}

#[tokio::test]
async fn when_all_have_requests_in_progress_a_new_one_is_told_so() {
    let house = house(small());
    let mut held = Vec::new();
    for _ in 0..8 {
        held.push(house.asking("/hold").await);
    }
    house.until("all are in progress", |counts| counts.in_progress == 8).await;
    let mut turned_away = house.asking("/").await;
    let answer = heard(&mut turned_away).await;
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("\r\nretry-after: 1\r\n"), "{answer}");
    assert!(answer.contains(r#""code":"busy""#));
    ends(&mut turned_away).await;
    // One that hangs up makes room, answered or not.
    drop(held.pop());
    house.until("room", |counts| counts.open == 7).await;
    house.serves().await;
    house.release.send_replace(true);
    for stream in &mut held {
        assert!(heard(stream).await.starts_with("HTTP/1.1 200 "));
    }
}

#[tokio::test]
async fn a_head_that_drips_is_cut_and_a_body_that_drips_is_told() {
    let house = house(Limits { receive: Duration::from_millis(200), ..small() });
    let mut head = house.connect().await;
    let mut body = house.connect().await;
    say(&mut head, "GET / HTTP/1.1\r\nhost: ag").await;
    say(&mut body, "POST / HTTP/1.1\r\nhost: agentd\r\ncontent-length: 9\r\n\r\nhalf").await;
    ends(&mut head).await;
    let answer = heard(&mut body).await;
    assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("did not arrive in time"), "{answer}");
    house.until("both are gone", |counts| counts.open == 0).await;
    house.serves().await;
}

#[tokio::test]
async fn an_idle_connection_ends_and_one_in_progress_does_not() {
    let quick = Duration::from_millis(50);
    let house = house(Limits { receive: quick, idle: quick, ..small() });
    let mut held = house.asking("/hold").await;
    house.until("it is in progress", |counts| counts.in_progress == 1).await;
    for _ in 0..3 {
        let mut idle = house.connect().await;
        ends(&mut idle).await;
    }
    house.release.send_replace(true);
    assert!(heard(&mut held).await.starts_with("HTTP/1.1 200 "));
}

#[tokio::test]
async fn what_is_not_http_or_too_much_of_it_is_refused_and_others_are_served() {
    let house = house(small());
    let head = "POST / HTTP/1.1\r\nhost: agentd\r\n";
    let flood = |n: usize| "x-a: b\r\n".repeat(n);
    let cases: [(&str, String, &str); 10] = [
        ("garbage", "\0\u{1}\u{2}\u{7f}garbage\r\n\r\n".to_owned(), "HTTP/1.1 400 "),
        ("TLS", "\u{16}\u{3}\u{1}\0\u{0}".repeat(40), "HTTP/1.1 400 "),
        ("too many fields", format!("{head}{}\r\n", flood(HEADERS)), "HTTP/1.1 431 "),
        ("too long a field", format!("{head}x: {}\r\n\r\n", "y".repeat(20_000)), "HTTP/1.1 431 "),
        ("a huge body announced", format!("{head}content-length: 4294967296\r\n\r\n"), "HTTP/1.1 413 "),
        ("a negative length", format!("{head}content-length: -1\r\n\r\n"), "HTTP/1.1 400 "),
        ("two lengths", format!("{head}content-length: 1\r\ncontent-length: 2\r\n\r\n"), "HTTP/1.1 400 "),
        (
            "an endless chunk",
            format!("{head}transfer-encoding: chunked\r\n\r\nfffff\r\n{}", "z".repeat(70_000)),
            "HTTP/1.1 413 ",
        ),
        ("a broken chunk", format!("{head}transfer-encoding: chunked\r\n\r\nnot hex\r\n"), "HTTP/1.1 400 "),
        ("a future version", "GET / HTTP/9.9\r\n\r\n".to_owned(), "HTTP/1.1 400 "),
    ];
    for (name, request, expected) in cases {
        let mut stream = house.connect().await;
        // The daemon may close before it has read all of it.
        drop(stream.write_all(request.as_bytes()).await);
        let answer = heard(&mut stream).await;
        assert!(answer.starts_with(expected), "{name}: {answer}");
        house.serves().await;
    }
    house.until("all are gone", |counts| counts.open == 0).await;
}

#[tokio::test]
async fn the_largest_permitted_request_passes() {
    let house = house(small());
    let mut stream = house.connect().await;
    let fields = "x-a: b\r\n".repeat(HEADERS - 2);
    let size = BODY_BYTES;
    say(&mut stream, &format!("POST / HTTP/1.1\r\nhost: agentd\r\ncontent-length: {size}\r\n{fields}\r\n")).await;
    say(&mut stream, &"x".repeat(size)).await;
    assert!(heard(&mut stream).await.ends_with("got 65536 bytes"));
}

#[tokio::test]
async fn a_stop_lets_requests_in_progress_finish_and_ends_the_others() {
    let house = house(small());
    let mut idle = house.connect().await;
    let mut half = house.connect().await;
    say(&mut half, "GET / HT").await;
    let mut kept = house.asking("/").await;
    assert!(heard(&mut kept).await.starts_with("HTTP/1.1 200 "));
    let mut held = house.asking("/hold").await;
    house.until("all are there", |counts| counts.open == 4 && counts.in_progress == 1).await;
    house.tasks.cancel();
    for stream in [&mut idle, &mut half, &mut kept] {
        ends(stream).await;
    }
    assert!(UnixStream::connect(house.directory.path().join("s")).await.is_err(), "nobody is let in any more");
    house.release.send_replace(true);
    assert!(heard(&mut held).await.starts_with("HTTP/1.1 200 "));
    ends(&mut held).await;
    assert!(house.stop().await);
}

#[tokio::test]
async fn a_stop_does_not_wait_for_ever() {
    let house = house(Limits { stop: Duration::from_millis(50), ..small() });
    let mut held = house.asking("/hold").await;
    house.until("it is in progress", |counts| counts.in_progress == 1).await;
    let connections = house.connections.clone();
    assert!(!house.stop().await);
    ends(&mut held).await;
    assert_eq!(connections.counts().open, 0);
}

#[tokio::test]
async fn a_failed_accept_costs_an_idle_connection_and_does_not_spin() {
    let house = house(small());
    let mut idle = house.connect().await;
    house.until("it is there", |counts| counts.open == 1).await;
    let door = house.door(process_uid());
    // EMFILE, on every system we know.
    let no_descriptors = io::Error::from_raw_os_error(24);
    let recovering = door.recover(&no_descriptors);
    tokio::pin!(recovering);
    assert!(futures_util::poll!(&mut recovering).is_pending(), "it pauses");
    ends(&mut idle).await;
    recovering.await;
}
