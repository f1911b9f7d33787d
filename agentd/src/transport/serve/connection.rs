//! One connection: the HTTP/1.1 state machine, and what ends it early.

use std::error::Error;
use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper::Request;
use hyper::body::{Body, Bytes, Incoming};
use hyper::server::conn::http1::Builder;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::UnixStream;

use super::Answers;
use super::nudge::Nudged;
use super::request::{self, Receipt};
use crate::peer::Peer;
use crate::transport::connections::{Entry, Signals, Ticket};
use crate::transport::limits::Limits;
use crate::transport::refusal::Refusals;

/// Serves `stream` until either side ends it.
pub(super) async fn run<S, B>(
    stream: UnixStream,
    ticket: Ticket,
    peer: Peer,
    limits: Limits,
    refusals: Arc<Refusals>,
    service: S,
) where
    S: Answers<B>,
    B: Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + Send + Unpin + 'static,
{
    let entry = ticket.entry();
    let receipt = Receipt::new(limits.body_bytes);
    let io = TokioIo::new(Noticed { stream, entry: Arc::clone(entry) });
    let (receipt, refusals) = (&receipt, &*refusals);
    let answer = service_fn(move |request: Request<Incoming>| {
        request::answer(entry, receipt, refusals, peer, request, service.clone())
    });
    let mut connection = pin!(builder(limits).serve_connection(io, answer));
    let mut stopping = false;
    let nudged = Nudged::new();
    poll_fn(|context| {
        let signals = entry.listen(context.waker());
        if signals.contain(Signals::CLOSE) {
            return Poll::Ready(());
        }
        if signals.contain(Signals::LATE) {
            entry.forgive();
            // Only half a body can be answered; half a head cannot, nor can a second lateness.
            if !receipt.is_late_once() {
                return Poll::Ready(());
            }
        }
        if signals.contain(Signals::STOP) && !stopping {
            stopping = true;
            if entry.is_receiving() {
                return Poll::Ready(());
            }
            connection.as_mut().graceful_shutdown();
        }
        nudged.poll(context, |context| connection.as_mut().poll(context)).map(|outcome| {
            if let Err(error) = outcome {
                // The kind only: its source may quote what was received.
                tracing::debug!(parse = error.is_parse(), cut = error.is_incomplete_message(), "a connection ended");
            }
        })
    })
    .await;
}

fn builder(limits: Limits) -> Builder {
    let mut builder = Builder::new();
    builder
        .max_headers(limits.headers)
        .max_header_size(limits.header_bytes)
        .max_buf_size(limits.header_bytes)
        // The reaper keeps the time for all connections; a timer per request would be set and dropped in vain.
        .header_read_timeout(None)
        // A caller that hangs up must not keep its place until an issuer has answered. Half-closing looks the same.
        .half_close(false)
        .keep_alive(true)
        .pipeline_flush(false)
        // Nobody reads it, and the clock in it may be wrong.
        .auto_date_header(false);
    builder
}

/// The stream, telling the register when bytes come in.
struct Noticed {
    stream: UnixStream,
    entry: Arc<Entry>,
}

impl AsyncRead for Noticed {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let outcome = Pin::new(&mut self.stream).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.entry.received();
        }
        outcome
    }
}

impl AsyncWrite for Noticed {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
