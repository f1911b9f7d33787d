//! The device flow (RFC 8628): show a code, then poll until it is approved.
//!
//! What counts as pending, slower or over follows §3.5 and what real services do: a lost answer is polled through,
//! because the code stays good, while a 404 or an error no standard knows ends the login, because unknown codes look so.

use std::time::Duration;

use crate::clock::{Clock, Moment};
use crate::flow::plan::Plan;
use crate::flow::{Failure, Step};
use crate::http::OUT_OF_REACH;
use crate::oauth::{DeviceAuthorization, ExchangeError, OAuth, Presented, Tokens};
use crate::provider::Settings;

/// RFC 8628 §3.5: what `slow_down` adds to the interval, for good.
const SLOW_DOWN: Duration = Duration::from_secs(5);

/// Back-off after failures goes no further than this, unless the interval itself does.
const MAX_BACK_OFF: Duration = Duration::from_mins(1);

/// Runs the flow from `endpoint` until tokens come. The person may want longer pauses between polls than the service asks
/// for, never shorter ones.
pub(super) async fn obtain(
    oauth: &OAuth,
    clock: &Clock,
    settings: &Settings,
    plan: &mut Plan,
    endpoint: &str,
    (deadline, least_interval): (Moment, Duration),
    publish: impl Fn(Step),
) -> Result<Tokens, Failure> {
    let asked_at = clock.now();
    let authorization = loop {
        let resources = &settings.resources;
        let asked = oauth.device_authorization(&plan.client, endpoint, plan.scope(), resources, &plan.params);
        match asked.await {
            Ok(authorization) => break authorization,
            Err(error) if plan.authenticates_otherwise(&error) => {}
            Err(error) => return Err(Failure::of_first_request(&error)),
        }
    };
    let expires = asked_at + authorization.expires_in;
    publish(shown(&authorization, clock.wall_at(expires)));
    let resource = settings.only_resource();
    let presented = Presented::DeviceCode { code: &authorization.device_code, resource };
    let mut pace = Pace::new(authorization.interval.max(least_interval));
    let mut lost = None;
    loop {
        let next = clock.now() + pace.pause();
        clock.sleep_until(next.min(expires).min(deadline)).await;
        let now = clock.now();
        if now >= deadline && deadline <= expires {
            return Err(Failure::TimedOut);
        }
        if now >= expires {
            return Err(Failure::Expired);
        }
        let error = match oauth.exchange(&plan.client, presented).await {
            Ok(tokens) => return Ok(tokens),
            Err(error) if plan.authenticates_otherwise(&error) => continue,
            Err(error) => error,
        };
        if let ExchangeError::Uncertain { why } = error {
            lost = Some(why);
        }
        match (pace.hear(&error), lost, Failure::of_exchange(&error)) {
            (Heard::PollAgain, ..) => {}
            // The answer that was lost had the tokens: most services honour a code once.
            (Heard::Over, Some(why), Failure::Refused) => return Err(Failure::Lost { why }),
            (Heard::Over, _, failure) => return Err(failure),
        }
    }
}

/// What to do after a poll without tokens.
#[derive(Debug, PartialEq, Eq)]
enum Heard {
    PollAgain,
    Over,
}

/// How long to wait between polls.
#[derive(Debug)]
struct Pace {
    interval: Duration,
    /// Failures since the service last said something about the code.
    failures: u32,
    retry_after: Option<Duration>,
}

impl Pace {
    fn new(interval: Duration) -> Self {
        Self { interval, failures: 0, retry_after: None }
    }

    fn hear(&mut self, error: &ExchangeError) -> Heard {
        self.retry_after = None;
        match *error {
            ExchangeError::AuthorizationPending => self.failures = 0,
            ExchangeError::SlowDown => {
                self.failures = 0;
                self.interval = self.interval.saturating_add(SLOW_DOWN);
            }
            // No later poll would be sent either.
            ExchangeError::NotSent { why: OUT_OF_REACH } => return Heard::Over,
            ExchangeError::NotSent { .. } | ExchangeError::Uncertain { .. } => self.failures += 1,
            ExchangeError::Unavailable { retry_after, .. } => {
                self.failures += 1;
                self.retry_after = retry_after;
            }
            _ => return Heard::Over,
        }
        Heard::PollAgain
    }

    /// The interval, doubled by every failure in a row (RFC 8628 §3.5), and never less than the service asks for.
    fn pause(&self) -> Duration {
        let doubled = self.interval.saturating_mul(2_u32.saturating_pow(self.failures));
        let backed_off = doubled.min(MAX_BACK_OFF.max(self.interval));
        backed_off.max(self.retry_after.unwrap_or_default())
    }
}

/// What the person sees; `oauth` has checked that it can be shown.
fn shown(authorization: &DeviceAuthorization, expires_at: i64) -> Step {
    Step::Device {
        user_code: authorization.user_code.clone(),
        verification_uri: authorization.verification_uri.clone(),
        verification_uri_complete: authorization.verification_uri_complete.clone(),
        expires_at,
    }
}

#[cfg(test)]
mod tests;
