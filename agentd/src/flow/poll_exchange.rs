//! Poll-exchange: a session that the person approves in a browser, asked for until the credential is there.
//!
//! A pending session and a dead one may look the same, so it is the deadline of the login that ends both. A poll that is lost
//! is polled through; what the service says otherwise ends the login.

use std::time::Duration;

use crate::flow::table::{Ground, Row};
use crate::flow::{Failure, Step};
use crate::oauth::pkce;
use crate::provider::{Flow, Method, PollExchange};
use crate::service::{Approval, CallError, Granted, Site};

/// Back-off after failures goes no further than this, unless the interval itself does.
const MAX_BACK_OFF: Duration = Duration::from_mins(1);

/// Runs the flow until the credential comes.
pub(super) async fn obtain(
    ground: &Ground,
    row: &Row,
    site: &Site,
    method: &Method,
    flow: &PollExchange,
    least_interval: Duration,
) -> Result<Granted, Failure> {
    let clock = &ground.clock;
    let session = ground.services.start(site, flow, pkce::state()).await.map_err(|error| Failure::of_call(&error))?;
    row.asks(Flow::PollExchange, None, None);
    row.publish(Step::Open { url: session.page.clone(), anywhere: true, redirect_uri: None });
    let interval = session.interval.unwrap_or(flow.every).max(least_interval);
    let mut failures = 0_u32;
    let mut pause = Duration::ZERO;
    let mut lost = None;
    loop {
        clock
            .sleep((interval.saturating_mul(2_u32.saturating_pow(failures)).min(MAX_BACK_OFF.max(interval))).max(pause))
            .await;
        pause = Duration::ZERO;
        match ground.services.poll(site, method, flow, &session).await {
            Ok(Approval::Granted(granted)) => return Ok(*granted),
            Ok(Approval::Pending) => failures = 0,
            Err(error) if error.is_passing() => {
                lost = why_lost(&error).or(lost);
                failures = failures.saturating_add(1);
                if let CallError::Unavailable { retry_after: Some(after), .. } = error {
                    pause = after;
                }
            }
            Err(error) => return Err(over(&error, lost)),
        }
    }
}

/// What it means that the session is no more.
fn over(error: &CallError, lost: Option<&'static str>) -> Failure {
    match (error, lost) {
        // Words of the exchange itself: the person or the service said no.
        (CallError::Forbidden, _) => Failure::Denied,
        // The answer that was lost had the credential: a code is honoured once.
        (CallError::NotOffered { .. } | CallError::Refused | CallError::Unexpected { .. }, Some(why)) => {
            Failure::Lost { why }
        }
        (CallError::Refused | CallError::NotOffered { .. }, None) => Failure::SessionOver,
        _ => Failure::of_call(error),
    }
}

/// Why an answer did not come of a request that the service may have acted on.
fn why_lost(error: &CallError) -> Option<&'static str> {
    match error {
        CallError::Lost { why } => Some(why),
        CallError::Unavailable { status: 500..=599, .. } => Some("the service failed on the way"),
        _ => None,
    }
}
