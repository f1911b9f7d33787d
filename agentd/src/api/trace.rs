//! `trace`: what is exchanged with services from now on, as server-sent events.

use std::convert::Infallible;

use axum::extract::State;
use axum::response::sse::{Event as Frame, KeepAlive, Sse};
use futures_util::stream::{self, Stream, StreamExt as _};
use proto::timestamp::Timestamp;
use proto::trace::{TraceKind, Traced};
use tokio::sync::broadcast::error::RecvError;

use super::Api;
use super::events::{KEEP_ALIVE, frame};
use crate::notice::Kind;
use crate::notice::traffic::{Entry, Outcome, Said};

pub(super) async fn trace(State(api): State<Api>) -> Sse<impl Stream<Item = Result<Frame, Infallible>>> {
    let (last, heard) = api.notices.traffic().listen();
    // A listener must not hold up the stop.
    let stopping = api.notices.listen(0, false);
    let now = Timestamp::from_unix(api.vault.clock().wall());
    let first = Traced::bare(last, now, TraceKind::Listening);
    let rest = stream::unfold((api, heard, stopping), |(api, mut heard, mut stopping)| async move {
        let item = loop {
            tokio::select! {
                entry = heard.recv() => break match entry {
                    Ok(entry) => describe(entry),
                    Err(RecvError::Lagged(_)) => {
                        Traced::bare(0, Timestamp::from_unix(api.vault.clock().wall()), TraceKind::Lost)
                    }
                    Err(RecvError::Closed) => return None,
                },
                notice = stopping.next() => match notice {
                    Some(Ok(notice)) if notice.kind != Kind::Stopping => {}
                    Some(Err(_lost)) => {}
                    _ => return None,
                },
            }
        };
        Some((item, (api, heard, stopping)))
    });
    let frames = stream::iter([first]).chain(rest).map(|item| Ok(frame(&item)));
    Sse::new(frames).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
}

fn describe(entry: Entry) -> Traced {
    let at = Timestamp::from_unix(entry.at);
    let whose = entry.whose.map(|whose| whose.to_string());
    let exchange = match entry.said {
        Said::Remark(text) => {
            return Traced { whose, text: Some(text), ..Traced::bare(entry.number, at, TraceKind::Remark) };
        }
        Said::Exchange(exchange) => exchange,
    };
    let item = Traced {
        whose,
        method: Some(exchange.method.to_owned()),
        url: Some(exchange.url.to_string()),
        took_ms: u64::try_from(exchange.took.as_millis()).ok(),
        sent: Some(true),
        ..Traced::bare(entry.number, at, TraceKind::Exchange)
    };
    match exchange.outcome {
        Outcome::Answered { status, content_type, size, retry_after, code } => Traced {
            status: Some(status),
            code: code.map(str::to_owned),
            content_type: content_type.map(str::to_owned),
            size: Some(size as u64),
            retry_after: retry_after.map(|wait| wait.as_secs()),
            ..item
        },
        Outcome::Lost(why) => Traced { why: Some(why.to_owned()), ..item },
        Outcome::NotSent(why) => Traced { why: Some(why.to_owned()), sent: Some(false), ..item },
    }
}
