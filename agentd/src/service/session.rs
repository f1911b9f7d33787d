//! Poll-exchange: a session is started, the person approves it in a browser, the credential is asked for until it is there.

use std::time::Duration;

use super::token::{Granted, granted};
use super::{CallError, Services, Site};
use crate::http::check_page;
use crate::provider::template::{Name, Values};
use crate::provider::{Method, PollExchange};
use crate::secret::{DeviceCode, State};

/// The longest interval between polls that is heeded.
const MAX_INTERVAL: Duration = Duration::from_mins(1);

/// A session that waits for its person.
#[derive(Debug)]
pub struct Session {
    /// Where the person approves it: https, or plain http to this machine.
    pub page: String,
    /// What the service said of the time between polls.
    pub interval: Option<Duration>,
    code: DeviceCode,
    state: State,
}

/// What a poll found.
#[derive(Debug)]
pub enum Approval {
    /// The credential.
    Granted(Box<Granted>),
    /// Not yet.
    Pending,
}

impl Services {
    /// Starts a session.
    pub async fn start(&self, site: &Site, flow: &PollExchange, state: State) -> Result<Session, CallError> {
        // EXPOSE: it ties the poll to this start, at the service that is asked.
        let values = Values::new().with(Name::State, state.expose());
        let answer = self.send(site, &flow.start, values, None).await?;
        let document = answer.document()?;
        let page = document.text(&flow.open).and_then(|page| check_page(&page).ok());
        let page = page.filter(|page| answer.reach.towards(page.as_str(), &site.place.base).check(page).is_ok());
        let page = page.ok_or(CallError::Unreadable { why: "no usable address in it" })?;
        let code = document.text(&flow.code).ok_or(CallError::Unreadable { why: "no session code in it" })?;
        let interval = flow.interval.as_ref().and_then(|pointer| document.number(pointer));
        let interval = interval.filter(|seconds| *seconds > 0.0).and_then(|s| Duration::try_from_secs_f64(s).ok());
        Ok(Session {
            page: page.into(),
            interval: interval.map(|interval| interval.min(MAX_INTERVAL)),
            code: DeviceCode::new(code.to_string()),
            state,
        })
    }

    /// Asks once whether the session is approved.
    pub async fn poll(
        &self,
        site: &Site,
        method: &Method,
        flow: &PollExchange,
        session: &Session,
    ) -> Result<Approval, CallError> {
        // EXPOSE: both go back to the service that the session is of.
        let values = Values::new().with(Name::Code, session.code.expose()).with(Name::State, session.state.expose());
        let answer = self.send(site, &flow.exchange, values, None).await?;
        if flow.pending.contains(&answer.status) {
            return Ok(Approval::Pending);
        }
        let document = answer.document()?;
        let wall = self.clock.wall();
        let granted = granted(&document, &flow.token, &method.expiry, &method.scheme, &answer, wall)
            .map_err(|why| CallError::Unreadable { why })?;
        Ok(Approval::Granted(Box::new(granted)))
    }
}
