//! One exchange of a keeper: the mark, the request, and what its answer does to the grant.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::BoxFuture;

use super::{Keeper, STORE_RECHECK};
use crate::clock::Moment;
use crate::notice::{Kind, traffic};
use crate::oauth::{ExchangeError, Tokens};
use crate::store::record::Attempt;
use crate::vault::attempt::{Again, Verdict, is_doubtful, judge};
use crate::vault::lanes::For;
use crate::vault::view::Standing;
use crate::vault::want::Target;
use crate::vault::{Trouble, Way, freshness};

/// A refresh or token exchange under way.
pub(super) struct Exchange {
    pub(super) target: Arc<Target>,
    pub(super) revision: u64,
    /// What the grant said of earlier tries.
    pub(super) before: Option<Attempt>,
    /// Whether it has a lane. Before that nothing is written and nothing is sent.
    pub(super) begun: Arc<AtomicBool>,
    /// Boxed: it is a hundred times larger than an idle keeper.
    pub(super) answer: BoxFuture<'static, Answer>,
}

pub(super) enum Answer {
    /// The mark could not be written, and nobody was waiting: nothing was sent.
    NotMarked,
    Came(Result<Tokens, ExchangeError>),
    /// The answer to a token exchange, which needs no mark: no refresh token was sent.
    Narrowed(Result<Tokens, ExchangeError>),
}

impl Keeper {
    /// Begins an exchange for `target`. K3: the mark is written first.
    pub(super) fn start(&mut self, target: Arc<Target>, behalf: For) {
        let (Some(token), Some(renewal)) = (self.grant.refresh_token().cloned(), self.grant.renewal.as_ref()) else {
            return;
        };
        let client = Arc::clone(&renewal.client);
        self.shared.board.start(&target);
        let presented = token.fingerprint();
        let wall = self.parts.clock.wall();
        let before = self.grant.attempt.take().filter(|a| a.presented == presented);
        let (first_at, tries) = before.as_ref().map_or((wall, 1), |a| (a.first_at, a.tries.saturating_add(1)));
        self.grant.attempt = Some(Attempt { presented, first_at, tries });
        self.grant.history.last_try = Some(self.parts.clock.now());
        let mark = self.next_record();
        let (parts, asked) = (Arc::clone(&self.parts), self.grant.as_sent(&target));
        let (flow, place) = (self.grant.flow, self.grant.place.clone());
        let name = Arc::clone(&self.grant.name);
        let begun = Arc::<AtomicBool>::default();
        let begins = Arc::clone(&begun);
        let answer = Box::pin(async move {
            let _lane = parts.lanes.enter(&client.issuer, behalf).await;
            begins.store(true, Ordering::Relaxed);
            if let Err(error) = parts.store.put(mark).await {
                tracing::warn!(%error, "the store cannot be written");
                if behalf == For::Nobody {
                    return Answer::NotMarked;
                }
            }
            let way = Way { flow, client: &client, place: place.as_deref() };
            Answer::Came(traffic::of(name, parts.issuer.refresh(way, &token, &asked)).await)
        });
        self.exchange = Some(Exchange { target, revision: self.revision, before, begun, answer });
    }

    /// The service said not to come back before a time that is still to come.
    pub(super) fn told_to_wait(&self, now: Moment) -> Option<Trouble> {
        let until = self.grant.history.service_says.filter(|until| *until > now)?;
        let why = "the service asked to wait".to_owned();
        Some(Trouble::Unreachable { why, retry_after: Some(until.since(now)) })
    }

    /// Sees an exchange to its end. One that still waits for a lane is given up: nothing was sent.
    pub(super) async fn end_exchange(&mut self) {
        let Some(exchange) = self.exchange.as_mut() else { return };
        if exchange.begun.load(Ordering::Relaxed) {
            let answer = (&mut exchange.answer).await;
            self.finish(answer).await;
        } else if let Some(exchange) = self.exchange.take() {
            self.grant.attempt = exchange.before;
            self.tell(Some((&exchange.target, Some(Trouble::Superseded))));
        }
    }

    pub(super) async fn finish(&mut self, answer: Answer) {
        let Some(exchange) = self.exchange.take() else { return };
        let target = exchange.target;
        if exchange.revision != self.revision {
            return self.tell(Some((&target, Some(Trouble::Superseded))));
        }
        match answer {
            Answer::NotMarked => {
                self.grant.attempt = exchange.before;
                self.grant.history.not_before = Some(self.parts.clock.now() + STORE_RECHECK);
                // Whoever joined in the meantime asks again, and then somebody is waiting.
                self.tell(Some((&target, Some(Trouble::Superseded))));
            }
            Answer::Came(Ok(tokens)) => {
                let outcome = self.grant.renew(&target, tokens, &self.parts.clock);
                self.persist().await;
                self.remark(|| match &outcome {
                    Ok(()) => "a new token; it is kept and served".to_owned(),
                    Err(trouble) => format!("a new token, but: {trouble}"),
                });
                self.note(Kind::Refreshed, None);
                self.tell(Some((&target, outcome.err())));
            }
            Answer::Came(Err(error)) => self.fail(target, &error).await,
            Answer::Narrowed(answer) => self.narrowed(&target, answer),
        }
    }

    async fn fail(&mut self, target: Arc<Target>, error: &ExchangeError) {
        let verdict = judge(error, &self.grant.history, target.is_main());
        tracing::warn!(profile = %self.grant.name, %error, ?verdict, "a refresh failed");
        self.remark(|| format!("taken for: {error}; {}", next_step(&verdict)));
        let history = &mut self.grant.history;
        // What speaks of a narrower target alone speaks neither for the grant nor against it.
        if !matches!(verdict, Verdict::NotThis(_)) {
            history.failures = history.failures.saturating_add(1);
            history.doubtful += u32::from(is_doubtful(error));
        }
        let trouble = match verdict {
            Verdict::Uncertain(Again::AtOnce) => {
                history.uncertain = true;
                // The round stays open: whoever waits is answered by the second try.
                return self.start(target, For::Caller);
            }
            Verdict::Uncertain(Again::Backoff) => {
                history.uncertain = true;
                Trouble::unreachable(error)
            }
            Verdict::Later(_) => {
                // Certain not to have been done: an earlier doubt stays, a new one does not arise.
                if !history.uncertain {
                    self.grant.attempt = None;
                }
                Trouble::unreachable(error)
            }
            Verdict::NotThis(trouble) => {
                if !history.uncertain {
                    self.grant.attempt = None;
                }
                self.persist().await;
                return self.tell(Some((&target, Some(trouble))));
            }
            Verdict::Misconfigured(code) => {
                self.grant.attempt = None;
                self.grant.standing = Standing::Misconfigured { code };
                Trouble::Misconfigured { code }
            }
            Verdict::GiveUp(why) => {
                self.grant.attempt = None;
                self.grant.standing = Standing::LoginRequired(why);
                Trouble::LoginRequired(why)
            }
        };
        let now = self.parts.clock.now();
        let retry_after = if let Verdict::Later(retry_after) = verdict { retry_after } else { None };
        let history = &mut self.grant.history;
        history.not_before = Some(now + freshness::backoff(history.failures, retry_after, self.jitter));
        history.service_says = retry_after.map(|after| now + after.min(freshness::LONGEST_RETRY_AFTER));
        history.trouble = Some(trouble.clone());
        self.persist().await;
        let kind = match self.grant.standing {
            Standing::LoginRequired(_) => Kind::LoginRequired,
            Standing::Misconfigured { .. } => Kind::Unaccepted,
            Standing::Held | Standing::Nothing(_) | Standing::Open => Kind::RefreshFailed,
        };
        self.note(kind, Some(trouble.to_string()));
        self.tell(Some((&target, Some(trouble))));
    }

    fn remark(&self, text: impl FnOnce() -> String) {
        self.parts.notices.traffic().remark(&self.grant.name, text);
    }
}

/// What the agent does after a failure, for who traces it.
fn next_step(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::GiveUp(_) => "the login is of no more use and a new one is required",
        Verdict::Misconfigured(_) => "nothing is sent again until the settings are corrected",
        Verdict::NotThis(_) => "this token cannot be had; the login is untouched",
        Verdict::Later(_) => "it is tried again later, no sooner than the service asks for",
        Verdict::Uncertain(Again::AtOnce) => "the answer was lost, so the same token is presented again at once",
        Verdict::Uncertain(Again::Backoff) => "the answer was lost, so the same token is presented again after a wait",
    }
}
