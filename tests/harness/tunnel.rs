//! An HTTP proxy on loopback that leads to servers under names they do not have, and notes who was asked for.
//!
//! To the daemon behind it, a server on this machine is one on the internet (RFC 9110 §9.3.6, `CONNECT` only).

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// A running proxy; dropping it ends it.
pub struct Tunnel {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    stop: CancellationToken,
    thread: Option<JoinHandle<()>>,
}

impl Tunnel {
    /// A proxy that knows the way to these, by `HOST:PORT`; everything else is answered 502.
    pub fn start(routes: impl IntoIterator<Item = (String, SocketAddr)>) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.set_nonblocking(true).expect("a listener can be made non-blocking");
        let address = listener.local_addr().expect("a bound listener has an address");
        let (asked, stop) = (Arc::default(), CancellationToken::new());
        let serving = serve(listener, routes.into_iter().collect(), Arc::clone(&asked));
        let stopped = stop.clone();
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime can be made");
        let thread = std::thread::spawn(move || {
            let _ended = runtime.block_on(stopped.run_until_cancelled(serving));
        });
        Self { address, asked, stop, thread: Some(thread) }
    }

    /// Its URL, for a configuration.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Every `HOST:PORT` that was asked for.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take() {
            // A panic of the proxy was shown by its own thread.
            thread.join().ok();
        }
    }
}

async fn serve(listener: std::net::TcpListener, routes: BTreeMap<String, SocketAddr>, asked: Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::from_std(listener).expect("a bound listener can be registered");
    let mut tunnels = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let (routes, asked) = (routes.clone(), Arc::clone(&asked));
        // Whoever goes away in the middle ends its own tunnel.
        tunnels.spawn(async move { tunnel(stream, &routes, &asked).await.ok() });
    }
}

async fn tunnel(
    stream: TcpStream,
    routes: &BTreeMap<String, SocketAddr>,
    asked: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut first = String::new();
    stream.read_line(&mut first).await?;
    let target = first.strip_prefix("CONNECT ").and_then(|rest| rest.split(' ').next()).unwrap_or(&first).to_owned();
    let mut line = String::new();
    while stream.read_line(&mut line).await? > 2 {
        line.clear();
    }
    asked.lock().unwrap_or_else(PoisonError::into_inner).push(target.clone());
    let Some(address) = routes.get(&target) else {
        return stream.write_all(b"HTTP/1.1 502 no way there\r\ncontent-length: 0\r\n\r\n").await;
    };
    let mut server = TcpStream::connect(address).await?;
    stream.write_all(b"HTTP/1.1 200 connected\r\n\r\n").await?;
    copy_bidirectional(&mut stream, &mut server).await.map(|_| ())
}
