//! `events`: what happens from now on, as server-sent events.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event as Frame, KeepAlive, Sse};
use futures_util::stream::{self, Stream};
use proto::event::{Event, EventKind};
use proto::problem::{Code, Problem};
use proto::timestamp::Timestamp;
use serde::Serialize;
use tokio::sync::broadcast::error::RecvError;

use super::{Api, describe};
use crate::notice::{Kind, Notice};

/// A comment is sent this often on a quiet stream, so that either side notices when the other has gone.
pub(super) const KEEP_ALIVE: Duration = Duration::from_secs(15);

pub(super) async fn events(State(api): State<Api>) -> Sse<impl Stream<Item = Result<Frame, Infallible>>> {
    let notices = api.notices.listen();
    let frames = stream::unfold(Some((api, notices)), |listening| async move {
        let (api, mut notices) = listening?;
        let event = match notices.recv().await {
            Ok(notice) => describe(notice),
            Err(RecvError::Lagged(_)) => {
                let at = Timestamp::from_unix(api.vault.clock().wall());
                Event { at, kind: EventKind::Lost, profile: None, problem: None }
            }
            Err(RecvError::Closed) => return None,
        };
        // A listener must not hold up the stop: the news of it is the last.
        let last = event.kind == EventKind::Stopping;
        Some((Ok(frame(&event)), (!last).then_some((api, notices))))
    });
    Sse::new(frames).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
}

/// One JSON object as one `data:` line.
pub(super) fn frame(message: &impl Serialize) -> Frame {
    Frame::default().json_data(message).unwrap_or_default()
}

fn describe(notice: Notice) -> Event {
    let (kind, code) = match notice.kind {
        Kind::LoggedOut => (EventKind::LoggedOut, Code::LoginRequired),
        Kind::LoginFailed => (EventKind::LoginFailed, Code::LoginFailed),
        Kind::LoginFinished => (EventKind::LoginFinished, Code::Unknown),
        Kind::LoginRequired => (EventKind::LoginRequired, Code::LoginRequired),
        Kind::LoginStarted => (EventKind::LoginStarted, Code::Unknown),
        Kind::RefreshFailed => (EventKind::RefreshFailed, Code::IssuerUnreachable),
        Kind::Refreshed => (EventKind::Refreshed, Code::Unknown),
        Kind::Reloaded => (EventKind::Reloaded, Code::Unknown),
        Kind::Removed => (EventKind::Removed, Code::Unknown),
        Kind::Stopping => (EventKind::Stopping, Code::Unknown),
        Kind::Switched => (EventKind::Switched, Code::Unknown),
        Kind::Unaccepted => (EventKind::RefreshFailed, Code::Misconfigured),
    };
    Event {
        at: Timestamp::from_unix(notice.at),
        kind,
        profile: notice.profile.map(|profile| describe::name(&profile)),
        problem: notice.why.map(|why| Problem::new(code, why)),
    }
}
