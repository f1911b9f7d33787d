//! The load: clients that ask, wait for the answer and ask again, for a given time.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use harness::lean::{Got, Lean};
use tokio::task::JoinSet;

/// What a burst of load came to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Burst {
    /// Seconds it took.
    pub(crate) seconds: f64,
    /// Seconds of every request.
    pub(crate) latencies: Vec<f64>,
}

impl Burst {
    /// Requests per second.
    #[allow(clippy::cast_precision_loss, reason = "far below 2^52 requests")]
    pub(crate) fn rate(&self) -> f64 {
        self.latencies.len() as f64 / self.seconds
    }

    /// The longest a client waited, in seconds.
    pub(crate) fn worst(&self) -> f64 {
        self.latencies.iter().copied().fold(0.0, f64::max)
    }
}

/// How clients use connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Connections {
    /// One per client.
    Kept,
    /// One per request.
    OneEach,
}

/// Lets `clients` clients repeat `requests` in turn for `time`. Every answer must have status 200.
pub(crate) async fn burst(
    socket: &Path,
    requests: &[Vec<u8>],
    clients: usize,
    connections: Connections,
    time: Duration,
) -> Burst {
    let requests: Arc<[Vec<u8>]> = requests.into();
    let socket: Arc<Path> = socket.into();
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for client in 0..clients {
        let (socket, requests) = (Arc::clone(&socket), Arc::clone(&requests));
        tasks.spawn(async move {
            let mut latencies = Vec::with_capacity(65_536);
            let mut kept = None;
            for number in client.. {
                let asked = Instant::now();
                if asked.duration_since(start) >= time {
                    break;
                }
                let mut raw = match kept.take() {
                    Some(raw) => raw,
                    None => connect(&socket).await,
                };
                let got = raw.exchange(&requests[number % requests.len()]).await.expect("the server answers");
                assert_eq!(got.status, 200, "{}", String::from_utf8_lossy(&got.body));
                if connections == Connections::Kept {
                    kept = Some(raw);
                }
                latencies.push(asked.elapsed().as_secs_f64());
            }
            latencies
        });
    }
    let latencies = tasks.join_all().await.concat();
    Burst { seconds: start.elapsed().as_secs_f64(), latencies }
}

/// Sends `request` once from each of `callers` connections at a time.
pub(crate) async fn at_once(socket: &Path, request: &[u8], callers: usize) -> Vec<Got> {
    let (socket, request): (Arc<Path>, Arc<[u8]>) = (socket.into(), request.into());
    let mut tasks = JoinSet::new();
    for _ in 0..callers {
        let (socket, request) = (Arc::clone(&socket), Arc::clone(&request));
        tasks.spawn(async move { connect(&socket).await.exchange(&request).await.expect("the daemon answers") });
    }
    tasks.join_all().await
}

/// A connection; waits while the queue of the listener is full.
pub(crate) async fn connect(socket: &Path) -> Lean {
    loop {
        match Lean::connect(socket).await {
            Ok(raw) => return raw,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => tokio::task::yield_now().await,
            Err(error) => panic!("the server does not accept: {error}"),
        }
    }
}
