//! What the daemon is compared with: servers that do less, as programs of their own on the same kind of socket and with
//! the daemon's runtime settings.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use axum::Router;
use axum::routing::post;
use harness::sandbox::Sandbox;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};

/// The word by which this program is told to be the server of [`hello`].
pub(crate) const HELLO: &str = "serve-hello";
/// The word by which this program is told to be the server of [`nothing`].
pub(crate) const NOTHING: &str = "serve-nothing";

/// A runtime as the daemon's.
pub(crate) fn runtime() -> tokio::runtime::Runtime {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(4);
    let built = tokio::runtime::Builder::new_multi_thread().enable_all().worker_threads(threads).build();
    built.expect("a runtime can be made")
}

/// A bare axum server that says hello where the daemon hands out tokens.
pub(crate) async fn hello(socket: &Path) {
    let listener = UnixListener::bind(socket).expect("the path is free");
    let router = Router::new().route(proto::route::TOKEN.path, post(async || "hello"));
    axum::serve(listener, router).await.expect("it serves until it is killed");
}

/// A server without HTTP: accepts, reads once, writes fixed bytes, closes.
pub(crate) async fn nothing(socket: &Path) {
    const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";
    let listener = UnixListener::bind(socket).expect("the path is free");
    loop {
        let (mut stream, _) = listener.accept().await.expect("it accepts until it is killed");
        drop(tokio::spawn(async move {
            let mut request = [0; 2048];
            // A client that has gone is of no interest.
            if stream.read(&mut request).await.is_ok_and(|read| read > 0) {
                stream.write_all(ANSWER).await.ok();
            }
        }));
    }
}

/// One of them as a child process; killed when dropped.
pub(crate) struct Server {
    child: Child,
    socket: PathBuf,
    _directory: Sandbox,
}

impl Server {
    /// Starts it and waits until it accepts.
    pub(crate) async fn start(word: &str) -> Self {
        let directory = Sandbox::memory_only();
        let socket = directory.path().join("server.sock");
        let program = std::env::current_exe().expect("a program knows its own path");
        let mut command = Command::new(program);
        let spawned = command.arg(word).arg(&socket).stdin(Stdio::null()).spawn();
        let server = Self { child: spawned.expect("it can be started"), socket, _directory: directory };
        while UnixStream::connect(&server.socket).await.is_err() {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        server
    }

    /// Its socket.
    pub(crate) fn socket(&self) -> &Path {
        &self.socket
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Fails only when it has already ended.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
