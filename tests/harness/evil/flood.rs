//! A server that never stops talking: header after header, or a body without an end.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;

/// No client needs that much to see what it has before it.
const ENOUGH: usize = 64 << 20;

/// What there is no end of.
#[derive(Debug, Clone, Copy)]
pub(super) enum Endless {
    Headers,
    Body,
}

/// A running server; dropping it ends it.
pub(super) struct Flood {
    address: SocketAddr,
    most: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Flood {
    pub(super) fn start(endless: Endless) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("a bound listener has an address");
        let (most, stop) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let (counted, stopped) = (Arc::clone(&most), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                counted.fetch_max(flood(stream, endless), Ordering::SeqCst);
            }
        });
        Self { address, most, stop, thread: Some(thread) }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}/token", self.address)
    }

    /// The most bytes that one client took before it went away.
    pub(super) fn taken(&self) -> usize {
        self.most.load(Ordering::SeqCst)
    }
}

impl Drop for Flood {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // A connection of our own wakes the thread.
        if TcpStream::connect(self.address).is_ok()
            && let Some(thread) = self.thread.take()
        {
            thread.join().ok();
        }
    }
}

/// Writes until the client has gone; how much that was.
fn flood(mut stream: TcpStream, endless: Endless) -> usize {
    let mut request = [0; 4096];
    if stream.read(&mut request).is_err() {
        return 0;
    }
    let (first, piece): (&[u8], Vec<u8>) = match endless {
        Endless::Headers => (b"HTTP/1.1 200 OK\r\n", b"x-evil: evil-marker\r\n".repeat(100)),
        Endless::Body => {
            let head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n7\r\n{\"x\":[\"\r\n";
            (head, [b"800\r\n".as_slice(), &[b'x'; 0x800], b"\r\n"].concat())
        }
    };
    let mut taken = 0;
    let mut next = first;
    while taken < ENOUGH && stream.write_all(next).is_ok() {
        taken += next.len();
        next = &piece;
    }
    stream.shutdown(Shutdown::Both).ok();
    taken
}
