//! `events`: what happens, as server-sent events.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::Uri;
use axum::response::sse::{Event as Frame, KeepAlive, Sse};
use futures_util::stream::{self, Stream};
use proto::event::{self, Event, EventKind};
use proto::problem::{Code, Problem};
use proto::route::{self, Parameter};
use proto::timestamp::Timestamp;
use serde::Serialize;

use super::problem::{Failure, invalid};
use super::{Api, describe};
use crate::notice::{Caller, Kind, Notice};

/// A comment is sent this often on a quiet stream, so that either side notices when the other has gone.
pub(super) const KEEP_ALIVE: Duration = Duration::from_secs(15);

pub(super) async fn events(
    State(api): State<Api>,
    uri: Uri,
) -> Result<Sse<impl Stream<Item = Result<Frame, Infallible>>>, Failure> {
    let recent = number(&uri, route::RECENT)?.unwrap_or(0);
    let tokens = number(&uri, route::TOKENS)?.is_some_and(|wish| wish > 0);
    let listener = api.notices.listen(usize::try_from(recent).unwrap_or(usize::MAX), tokens);
    let frames = stream::unfold(Some((api, listener)), |listening| async move {
        let (api, mut listener) = listening?;
        let event = match listener.next().await? {
            Ok(notice) => describe(notice),
            Err(_lost) => {
                let at = Timestamp::from_unix(api.vault.clock().wall());
                Event {
                    at,
                    kind: EventKind::Lost,
                    profile: None,
                    from: None,
                    problem: None,
                    caller: None,
                    lapses_at: None,
                }
            }
        };
        // A listener must not hold up the stop: the news of it is the last.
        let last = event.kind == EventKind::Stopping;
        Some((Ok(frame(&event)), (!last).then_some((api, listener))))
    });
    Ok(Sse::new(frames).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

/// A number behind `?`. Parameters that nobody knows are ignored.
pub(super) fn number(uri: &Uri, parameter: Parameter) -> Result<Option<u64>, Failure> {
    let pairs = uri.query().unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
    let found = pairs.filter(|(name, _)| *name == parameter.name).map(|(_, value)| value).next_back();
    let parsed = found.map(|value| value.parse().map_err(|_| invalid(format!("`{}` is not a number", parameter.name))));
    parsed.transpose()
}

/// One JSON object as one `data:` line.
pub(super) fn frame(message: &impl Serialize) -> Frame {
    Frame::default().json_data(message).unwrap_or_default()
}

fn describe(notice: Notice) -> Event {
    let (kind, code) = match notice.kind {
        Kind::LapsesSoon => (EventKind::LapsesSoon, Code::Unknown),
        Kind::LoggedOut => (EventKind::LoggedOut, Code::LoginRequired),
        Kind::LoginFailed => (EventKind::LoginFailed, Code::LoginFailed),
        Kind::LoginFinished => (EventKind::LoginFinished, Code::Unknown),
        Kind::LoginRequired => (EventKind::LoginRequired, Code::LoginRequired),
        Kind::LoginStarted => (EventKind::LoginStarted, Code::Unknown),
        Kind::RefreshFailed => (EventKind::RefreshFailed, Code::IssuerUnreachable),
        Kind::Refreshed => (EventKind::Refreshed, Code::Unknown),
        Kind::Reloaded => (EventKind::Reloaded, Code::Unknown),
        Kind::Removed => (EventKind::Removed, Code::Unknown),
        Kind::Renamed => (EventKind::Renamed, Code::Unknown),
        Kind::Stopping => (EventKind::Stopping, Code::Unknown),
        Kind::Switched => (EventKind::Switched, Code::Unknown),
        Kind::TokenServed => (EventKind::TokenServed, Code::Unknown),
        Kind::Unaccepted => (EventKind::RefreshFailed, Code::Misconfigured),
    };
    let (from, why) = if kind == EventKind::Renamed { (notice.why, None) } else { (None, notice.why) };
    Event {
        at: Timestamp::from_unix(notice.at),
        kind,
        profile: notice.profile.map(|profile| describe::name(&profile)),
        from: from.map(|name| describe::name(&name)),
        problem: why.map(|why| Problem::new(code, why)),
        caller: notice.caller.map(|Caller { pid, program, parent }| event::Caller { pid, program, parent }),
        lapses_at: notice.lapses_at.map(Timestamp::from_unix),
    }
}
