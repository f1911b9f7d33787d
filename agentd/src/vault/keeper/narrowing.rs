//! Token exchange (RFC 8693): a narrower token in exchange for the one as granted, which is renewed before if it has to be.
//!
//! It is an exchange of the keeper like any other, so there is one at a time and callers join it. No refresh token is sent,
//! so there is no mark, nothing can be in doubt, and a failure says nothing about the grant.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::exchange::{Answer, Exchange};
use super::{Keeper, LEAST_SPACING};
use crate::clock::Moment;
use crate::notice::traffic;
use crate::oauth::{ExchangeError, Tokens};
use crate::secret::AccessToken;
use crate::vault::attempt::judge_narrowing;
use crate::vault::lanes::For;
use crate::vault::view::Standing;
use crate::vault::want::Target;
use crate::vault::{Trouble, Way, Why, freshness};

impl Keeper {
    /// Decides about a target that is exchanged for. It goes on like a renewal where one has to come before.
    pub(super) fn decide_narrowing(&self, target: &Target, now: Moment) -> ControlFlow<Option<Result<(), Trouble>>> {
        if !self.grant.exchanges(target) {
            return ControlFlow::Continue(());
        }
        match (self.grant.subject(now), self.grant.refresh_token()) {
            (Some(_), _) => ControlFlow::Break(self.exchanges_wait(now).map(Err)),
            (None, None) => ControlFlow::Break(Some(Err(Trouble::LoginRequired(Why::Expired)))),
            (None, Some(_)) => ControlFlow::Continue(()),
        }
    }

    /// The service could not exchange a token a moment ago, or has said when to come back for one.
    fn exchanges_wait(&self, now: Moment) -> Option<Trouble> {
        let from = self.narrow_from.filter(|from| *from > now)?;
        let why = "the service asked to wait".to_owned();
        Some(Trouble::Unreachable { why, retry_after: Some(from.since(now)) })
    }

    /// Begins an exchange for `target`, or the renewal that has to come before.
    pub(super) fn narrow(&mut self, target: Arc<Target>) {
        self.shared.board.start(&target);
        if let Some(token) = self.grant.subject(self.parts.clock.now()) {
            return self.exchange_for(target, token);
        }
        self.narrowing = Some(target);
        self.start(Arc::new(Target::default()), For::Caller);
    }

    /// After the renewal: exchanges what it brought, or tells that it brought nothing.
    pub(super) fn go_on_narrowing(&mut self) {
        if self.exchange.is_some() {
            return;
        }
        let Some(target) = self.narrowing.take() else { return };
        if let Some(token) = self.grant.subject(self.parts.clock.now()) {
            return self.exchange_for(target, token);
        }
        let trouble = match &self.grant.standing {
            Standing::LoginRequired(why) | Standing::Nothing(why) => Trouble::LoginRequired(*why),
            Standing::Misconfigured { code } => Trouble::Misconfigured { code },
            Standing::Open => Trouble::NoneNeeded,
            Standing::Held => self.grant.history.trouble.clone().unwrap_or(Trouble::Superseded),
        };
        self.tell(Some((&target, Some(trouble))));
    }

    fn exchange_for(&mut self, target: Arc<Target>, token: Arc<AccessToken>) {
        let Some(renewal) = self.grant.renewal.as_ref() else {
            return self.tell(Some((&target, Some(Trouble::NoRefreshToken))));
        };
        let (client, parts) = (Arc::clone(&renewal.client), Arc::clone(&self.parts));
        let (flow, place, asked) = (self.grant.flow, self.grant.place.clone(), self.grant.as_sent(&target));
        let name = Arc::clone(&self.grant.name);
        let begun = Arc::<AtomicBool>::default();
        let begins = Arc::clone(&begun);
        let answer = Box::pin(async move {
            let _lane = parts.lanes.enter(&client.issuer, For::Caller).await;
            begins.store(true, Ordering::Relaxed);
            let way = Way { flow, client: &client, place: place.as_deref() };
            Answer::Narrowed(traffic::of(name, parts.issuer.narrow(way, &token, &asked)).await)
        });
        let before = self.grant.attempt.clone();
        self.exchange = Some(Exchange { target, revision: self.revision, before, begun, answer });
    }

    /// The service has answered.
    pub(super) fn narrowed(&mut self, target: &Arc<Target>, answer: Result<Tokens, ExchangeError>) {
        let outcome = match answer {
            Ok(tokens) => self.grant.narrow(target, tokens, &self.parts.clock),
            Err(error) => {
                tracing::warn!(profile = %self.grant.name, %error, "a token exchange failed");
                if let ExchangeError::Unavailable { retry_after, .. } = &error {
                    let wait = retry_after.unwrap_or_default().clamp(LEAST_SPACING, freshness::LONGEST_RETRY_AFTER);
                    self.narrow_from = Some(self.parts.clock.now() + wait);
                }
                Err(judge_narrowing(&error))
            }
        };
        self.tell(Some((target, outcome.err())));
    }
}
