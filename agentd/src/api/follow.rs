//! `follow`: the steps of a login, from its start to its end, as server-sent events.

use std::convert::Infallible;

use axum::extract::{Path, State};
use axum::response::sse::{Event as Frame, KeepAlive, Sse};
use futures_util::StreamExt as _;
use futures_util::stream::Stream;
use proto::login::{LoginPurpose, LoginStep};
use proto::problem::{Code, Problem};
use proto::timestamp::Timestamp;

use super::events::{KEEP_ALIVE, frame};
use super::problem::{self, Failure, Told as _};
use super::{Api, describe};
use crate::flow::Step;

pub(super) async fn follow(
    State(api): State<Api>,
    Path(id): Path<String>,
) -> Result<Sse<impl Stream<Item = Result<Frame, Infallible>>>, Failure> {
    let steps = api.logins.follow(&id).ok_or_else(unknown)?;
    let frames = steps.map(move |step| {
        let purpose = api.logins.purpose(&id).map(describe::purpose);
        Ok(frame(&tell(&api, step, purpose)))
    });
    Ok(Sse::new(frames).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

/// There is no login of that id, or it ended too long ago.
pub(super) fn unknown() -> Failure {
    Failure(Problem::new(Code::NotFound, "there is no such login").hint("start one with `agentctl login`"))
}

/// A step in words of the wire.
pub(super) fn tell(api: &Api, step: Step, purpose: Option<LoginPurpose>) -> LoginStep {
    match step {
        Step::Open { url, anywhere, redirect_uri } => LoginStep::Open { url, anywhere, redirect_uri, purpose },
        Step::Device { user_code, verification_uri, verification_uri_complete, expires_at } => LoginStep::Device {
            user_code,
            verification_uri,
            verification_uri_complete,
            expires_at: Timestamp::from_unix(expires_at),
            purpose,
        },
        Step::Done(done) => match api.vault.inspect(Some(&done.profile)) {
            Ok(snapshot) => {
                let profile = api.profile(&snapshot);
                LoginStep::Done { switched: profile.current, profile: Box::new(profile), warnings: done.warnings }
            }
            // Removed between the login's end and this answer.
            Err(error) => LoginStep::Failed { problem: error.told() },
        },
        Step::Failed(failure) => LoginStep::Failed { problem: problem::login(&failure) },
    }
}
