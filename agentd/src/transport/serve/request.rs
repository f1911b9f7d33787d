//! One request: received completely, handed to the service, in progress until its answer is handed over completely.

use std::convert::Infallible;
use std::error::Error;
use std::future::{pending, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::AtomicU8;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll};

use http_body_util::{BodyExt as _, Either, Full, LengthLimitError, Limited};
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::{Request, Response};
use tower::ServiceExt as _;

use super::Answers;
use crate::peer::Peer;
use crate::transport::connections::{Entry, InProgress};
use crate::transport::refusal::{Refusals, Refused};

/// How far a connection is with receiving a request body.
pub(super) struct Receipt {
    state: AtomicU8,
    limit: usize,
}

const NONE: u8 = 0;
const RECEIVING: u8 = 1;
const LATE: u8 = 2;

impl Receipt {
    pub(super) fn new(limit: usize) -> Self {
        Self { state: AtomicU8::new(NONE), limit }
    }

    /// Marks the body that is being received as late. False when there is none, or it was late before.
    pub(super) fn is_late_once(&self) -> bool {
        self.state.compare_exchange(RECEIVING, LATE, Relaxed, Relaxed).is_ok()
    }

    async fn receive(&self, body: Incoming) -> Result<Bytes, Refused> {
        if body.is_end_stream() {
            return Ok(Bytes::new());
        }
        if body.size_hint().lower() > self.limit as u64 {
            return Err(Refused::TooLarge);
        }
        self.state.store(RECEIVING, Relaxed);
        let mut collected = pin!(Limited::new(body, self.limit).collect());
        let received = poll_fn(|context| match self.state.load(Relaxed) {
            LATE => Poll::Ready(Err(Refused::TooSlow)),
            _ => collected
                .as_mut()
                .poll(context)
                .map_err(|error| if error.is::<LengthLimitError>() { Refused::TooLarge } else { Refused::Cut }),
        })
        .await?;
        self.state.store(NONE, Relaxed);
        Ok(received.to_bytes())
    }
}

/// Answers `request` by `service`, or by a refusal.
pub(super) async fn answer<S, B>(
    entry: &Arc<Entry>,
    receipt: &Receipt,
    refusals: &Refusals,
    peer: Peer,
    request: Request<Incoming>,
    service: S,
) -> Result<Response<Either<Full<Bytes>, Tracked<B>>>, Infallible>
where
    S: Answers<B>,
    B: Body<Data = Bytes> + Unpin,
{
    let (mut head, body) = request.into_parts();
    let body = match receipt.receive(body).await {
        Ok(body) => body,
        Err(refused) => return Ok(refusals.answer(refused).map(Either::Left)),
    };
    let Some(in_progress) = entry.begin() else {
        // Told to close in this very moment. The task that polls this sees it next, and drops it.
        return pending().await;
    };
    head.extensions.insert(peer);
    let response = service.oneshot(Request::from_parts(head, Full::new(body))).await?;
    Ok(response.map(|body| Either::Right(Tracked { body, _in_progress: in_progress })))
}

/// An answer's body. Its request is in progress as long as it lives.
pub(super) struct Tracked<B> {
    body: B,
    _in_progress: InProgress,
}

impl<B> Body for Tracked<B>
where
    B: Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + Unpin,
{
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
