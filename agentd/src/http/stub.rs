//! A tiny HTTP server on loopback for tests: it records each request and answers as the test says.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::supervise::{Panic, Tasks};

/// What the server does after it has read a request.
pub(crate) enum Reply {
    /// Writes these bytes and closes.
    Bytes(Vec<u8>),
    /// Neither answers nor closes.
    Hang,
    /// Writes these bytes and does not close.
    Stall(Vec<u8>),
}

impl Reply {
    /// An answer with a JSON body.
    pub(crate) fn json(status: u16, body: &str) -> Self {
        Self::with(status, "content-type: application/json\r\n", body)
    }

    /// An answer with further header lines, each with its line end.
    pub(crate) fn with(status: u16, headers: &str, body: &str) -> Self {
        let length = body.len();
        Self::Bytes(format!("HTTP/1.1 {status} X\r\n{headers}content-length: {length}\r\n\r\n{body}").into_bytes())
    }
}

/// The server; it ends when dropped.
pub(crate) struct Stub {
    /// `http://127.0.0.1:PORT`, without a slash at the end.
    pub(crate) url: String,
    received: Arc<Mutex<Vec<String>>>,
    tasks: Tasks,
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.tasks.cancel();
    }
}

impl Stub {
    /// Starts a server that answers by `answer`, which sees the whole request as text.
    pub(crate) async fn start(answer: impl FnMut(&str) -> Reply + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let (tasks, received) = (Tasks::root(), Arc::default());
        let serving = serve(listener, answer, Arc::clone(&received));
        let stop = tasks.clone();
        tasks.spawn("stub", Panic::Logged, async move {
            tokio::select! { () = serving => {}, () = stop.cancelled() => {} }
        });
        Self { url, received, tasks }
    }

    /// A server that answers every request alike.
    pub(crate) async fn json(status: u16, body: &'static str) -> Self {
        Self::start(move |_| Reply::json(status, body)).await
    }

    /// The requests so far, each as text.
    pub(crate) fn received(&self) -> Vec<String> {
        self.received.lock().expect("no panic").clone()
    }
}

async fn serve(
    listener: TcpListener,
    mut answer: impl FnMut(&str) -> Reply + Send + 'static,
    received: Arc<Mutex<Vec<String>>>,
) {
    let mut hanging = Vec::new();
    while let Ok((mut stream, _)) = listener.accept().await {
        let request = read_request(&mut stream).await;
        received.lock().expect("no panic").push(request.clone());
        match answer(&request) {
            Reply::Bytes(bytes) => {
                // The client may be gone, which is what some tests are about.
                let _gone = stream.write_all(&bytes).await;
                let _gone = stream.shutdown().await;
            }
            Reply::Hang => hanging.push(stream),
            Reply::Stall(bytes) => {
                let _gone = stream.write_all(&bytes).await;
                hanging.push(stream);
            }
        }
    }
}

/// Reads headers and a body of the announced length; what is no HTTP (a TLS greeting) as far as one read goes.
async fn read_request(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    loop {
        let mut chunk = [0; 4096];
        let count = stream.read(&mut chunk).await.unwrap_or(0);
        bytes.extend_from_slice(&chunk[..count]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let whole = text.split_once("\r\n\r\n").is_some_and(|(head, body)| {
            let length =
                head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
            body.len() >= length.unwrap_or(0)
        });
        if whole || count == 0 || bytes.first() == Some(&22) {
            return text;
        }
    }
}
