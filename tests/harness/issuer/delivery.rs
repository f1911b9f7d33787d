//! Sends an answer the way the script wants it, and notices when it does not arrive.
//!
//! An answer that holds the successor of a refresh token carries a [`Delivery`]. When that is dropped before the last
//! byte was handed to the connection, the rotation is counted as unseen.

use super::{
    Behaviour,
    request::{Answer, Content},
    state::Shared,
};
use axum::body::Bytes;
use hyper::{
    Response,
    body::{Body, Frame, SizeHint},
};
use serde_json::Value;
use std::{
    collections::VecDeque,
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::time::Sleep;

/// Bodies are sent in pieces of this size.
const PIECE: usize = 16 * 1024;

/// The promise to bring a new refresh token to the client.
pub(crate) struct Delivery {
    shared: Arc<Shared>,
    /// Set while the client may still go away without having read what was sent.
    in_flight: Arc<AtomicBool>,
    handed_over: bool,
}

impl Delivery {
    pub(super) fn new(shared: Arc<Shared>, in_flight: Arc<AtomicBool>) -> Self {
        Self { shared, in_flight, handed_over: false }
    }

    fn hand_over(mut self) {
        self.handed_over = true;
        self.in_flight.store(true, Ordering::SeqCst);
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        if !self.handed_over {
            self.shared.change(|world| world.ledger.tally.rotated_unseen += 1);
        }
    }
}

/// A response body in pieces.
pub(crate) struct Sending {
    pieces: VecDeque<Bytes>,
    /// Bytes that `Content-Length` still promises.
    promised: u64,
    /// Waited between two pieces.
    pause: Option<Duration>,
    waiting: Option<Pin<Box<Sleep>>>,
    cut: Cut,
    delivery: Option<Delivery>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Cut {
    Never,
    AfterPieces,
    Now,
}

/// The response for an answer.
pub(crate) fn response(answer: Answer, plan: &[Behaviour], delivery: Option<Delivery>) -> Response<Sending> {
    let mut response = Response::builder().status(answer.status);
    for (name, value) in answer.headers {
        response = response.header(name, value);
    }
    let bytes = match answer.body {
        Content::Empty => Vec::new(),
        Content::Raw { kind, bytes } => {
            response = response.header("content-type", kind);
            bytes
        }
        Content::Json(mut members) => {
            response = response.header("content-type", "application/json");
            for behaviour in plan {
                match behaviour {
                    Behaviour::HugeBody(size) => {
                        members.insert("padding".to_owned(), "x".repeat(*size).into());
                    }
                    Behaviour::Member(name, Value::Null) => drop(members.remove(*name)),
                    Behaviour::Member(name, value) => drop(members.insert((*name).to_owned(), value.clone())),
                    _ => {}
                }
            }
            let text = Value::Object(members).to_string();
            if plan.iter().any(|behaviour| matches!(behaviour, Behaviour::DuplicateKeys)) {
                text.replacen('{', r#"{"access_token":"canary-at-duplicate","expires_in":1,"#, 1).into_bytes()
            } else {
                text.into_bytes()
            }
        }
    };
    response.body(sending(bytes, plan, delivery)).expect("scripted headers are valid")
}

fn sending(mut bytes: Vec<u8>, plan: &[Behaviour], delivery: Option<Delivery>) -> Sending {
    let promised = bytes.len() as u64;
    let truncate = plan.iter().any(|behaviour| matches!(behaviour, Behaviour::Truncate));
    if truncate {
        bytes.truncate(bytes.len() / 2);
    }
    let pause = plan.iter().find_map(|behaviour| match behaviour {
        Behaviour::SlowDrip(pause) => Some(*pause),
        _ => None,
    });
    let pieces: VecDeque<_> =
        bytes.chunks(if pause.is_some() { 1 } else { PIECE }).map(Bytes::copy_from_slice).collect();
    let cut = if truncate { Cut::AfterPieces } else { Cut::Never };
    Sending { pieces, promised, pause, waiting: None, cut, delivery }
}

impl Body for Sending {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some(waiting) = self.waiting.as_mut() {
            ready!(waiting.as_mut().poll(cx));
            self.waiting = None;
        }
        if let Some(piece) = self.pieces.pop_front() {
            self.promised -= piece.len() as u64;
            self.waiting = self.pause.map(|pause| Box::pin(tokio::time::sleep(pause)));
            if self.pieces.is_empty() && self.cut == Cut::Never {
                self.delivery.take().into_iter().for_each(Delivery::hand_over);
            }
            return Poll::Ready(Some(Ok(Frame::data(piece))));
        }
        match self.cut {
            Cut::Never => Poll::Ready(None),
            Cut::AfterPieces => {
                // One more turn, so that the pieces are on the wire before the connection ends.
                self.cut = Cut::Now;
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Cut::Now => Poll::Ready(Some(Err(io::ErrorKind::ConnectionAborted.into()))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.pieces.is_empty() && self.cut == Cut::Never
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.promised)
    }
}
