//! A connection that notices when its peer goes away without having read what was sent.
//!
//! The kernel resets a connection whose receiver closes it with bytes unread, so an error after an answer was handed over
//! means that nobody saw it. A peer that dies after reading looks like any other that hangs up: such a loss shows only
//! when the preceding token comes again ([`Tally::lost_answers`](super::Tally::lost_answers)).

use super::state::Shared;
use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

/// A TCP connection and whether a new refresh token is on its way through it.
pub(super) struct Watched {
    stream: TcpStream,
    shared: Arc<Shared>,
    in_flight: Arc<AtomicBool>,
}

impl Watched {
    pub(super) fn new(stream: TcpStream, shared: Arc<Shared>, in_flight: Arc<AtomicBool>) -> Self {
        Self { stream, shared, in_flight }
    }

    fn watch<T>(&self, polled: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if matches!(polled, Poll::Ready(Err(_))) && self.in_flight.swap(false, Ordering::SeqCst) {
            self.shared.change(|world| world.ledger.tally.rotated_unseen += 1);
        }
        polled
    }
}

impl AsyncRead for Watched {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_read(cx, into);
        self.watch(polled)
    }
}

impl AsyncWrite for Watched {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.watch(polled)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_flush(cx);
        self.watch(polled)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
