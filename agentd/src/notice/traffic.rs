//! What is exchanged with services: counted always, told in full when somebody traces it.
//!
//! Redacted by construction: what an [`Exchange`] holds is a method, a URL whose query has no values, numbers, and words out
//! of lists of this file. A body is looked at for one of the registered error codes and nothing of it is kept.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::broadcast;

use crate::clock::Clock;

tokio::task_local! {
    static WHOSE: Arc<str>;
}

/// Does `work` on behalf of `whose`, a profile or what a login is called before it is one.
pub async fn of<T>(whose: Arc<str>, work: impl Future<Output = T>) -> T {
    WHOSE.scope(whose, work).await
}

/// Listeners that fall behind by more than this lose the oldest and are told so.
pub const BACKLOG: usize = 256;
/// The longest path that is shown, in bytes.
const LONGEST: usize = 512;

/// Query parameters whose values tell what was asked for and nothing of who asks.
const HARMLESS: [&str; 6] =
    ["code_challenge_method", "grant_type", "prompt", "response_mode", "response_type", "scope"];

/// Codes of RFC 6749, 6750, 7009, 7591, 8628, 8707, 9126, 9449 and OpenID Connect.
const CODES: [&str; 31] = [
    "access_denied",
    "account_selection_required",
    "authorization_pending",
    "consent_required",
    "expired_token",
    "insufficient_scope",
    "insufficient_user_authentication",
    "interaction_required",
    "invalid_client",
    "invalid_client_metadata",
    "invalid_dpop_proof",
    "invalid_grant",
    "invalid_redirect_uri",
    "invalid_request",
    "invalid_request_object",
    "invalid_request_uri",
    "invalid_scope",
    "invalid_software_statement",
    "invalid_target",
    "invalid_token",
    "login_required",
    "request_not_supported",
    "server_error",
    "slow_down",
    "temporarily_unavailable",
    "unauthorized_client",
    "unapproved_software_statement",
    "unsupported_grant_type",
    "unsupported_response_type",
    "unsupported_token_type",
    "use_dpop_nonce",
];

const MEDIA_TYPES: [&str; 9] = [
    "application/json",
    "application/jwk-set+json",
    "application/jwt",
    "application/problem+json",
    "application/token-introspection+jwt",
    "application/x-www-form-urlencoded",
    "application/xml",
    "text/html",
    "text/plain",
];

/// A URL without a secret: no user, no fragment, and of its query the names and the harmless values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown(String);

impl Shown {
    /// Takes out what may be secret.
    pub fn of(url: &url::Url) -> Self {
        let mut text = url[..url::Position::BeforeUsername].to_owned();
        let place: String = url[url::Position::BeforeHost..url::Position::AfterPath].chars().take(LONGEST).collect();
        text.push_str(&place);
        for (number, (name, value)) in url.query_pairs().enumerate().take(32) {
            let name: String =
                name.chars().filter(|c| c.is_ascii_alphanumeric() || "-_.".contains(*c)).take(40).collect();
            text.push(if number == 0 { '?' } else { '&' });
            text.push_str(&name);
            text.push('=');
            let plain = value.len() <= 200 && value.bytes().all(|b| b.is_ascii_graphic() || b == b' ');
            text.push_str(if HARMLESS.contains(&&*name) && plain { &value } else { "…" });
        }
        Self(text)
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How an exchange ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// With an answer.
    Answered {
        /// HTTP status.
        status: u16,
        /// Its media type; `other` for one that is not known here.
        content_type: Option<&'static str>,
        /// Bytes of the body.
        size: usize,
        /// How long the service asks to wait.
        retry_after: Option<Duration>,
        /// The registered error code in it.
        code: Option<&'static str>,
    },
    /// The request went out, and no whole answer came.
    Lost(&'static str),
    /// Nothing was sent.
    NotSent(&'static str),
}

impl Outcome {
    /// An answer; the body is looked at and not kept.
    pub fn answered(status: u16, content_type: Option<&str>, retry_after: Option<Duration>, body: &[u8]) -> Self {
        let known = |given: &str| MEDIA_TYPES.into_iter().find(|known| *known == given).unwrap_or("other");
        let code = if status >= 400 { code(body) } else { None };
        Self::Answered { status, content_type: content_type.map(known), size: body.len(), retry_after, code }
    }

    fn class(&self) -> usize {
        match self {
            Outcome::Answered { .. } => 0,
            Outcome::Lost(_) => 1,
            Outcome::NotSent(_) => 2,
        }
    }
}

/// The registered code that stands behind `"error":` in a body.
fn code(body: &[u8]) -> Option<&'static str> {
    const NAME: &[u8] = b"\"error\"";
    let at = body.windows(NAME.len()).position(|window| window == NAME)?;
    let rest = body[at + NAME.len()..].trim_ascii_start().strip_prefix(b":")?.trim_ascii_start().strip_prefix(b"\"")?;
    let word = rest.split(|byte| *byte == b'"').next()?;
    CODES.into_iter().find(|known| known.as_bytes() == word)
}

/// One exchange with a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// HTTP method.
    pub method: &'static str,
    /// Where to.
    pub url: Shown,
    /// How it ended.
    pub outcome: Outcome,
    /// From the first step to the last byte.
    pub took: Duration,
}

/// What a tracer hears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// An exchange with a service.
    Exchange(Exchange),
    /// How the agent takes an answer, and what it does next; fixed words and numbers.
    Remark(String),
}

/// One thing a tracer hears.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Grows by one with each.
    pub number: u64,
    /// Seconds since 1970.
    pub at: i64,
    /// On whose behalf.
    pub whose: Option<Arc<str>>,
    /// What.
    pub said: Said,
}

/// Upper bounds of the classes of duration, in milliseconds; what takes longer is in a class of its own.
pub const BOUNDS: [u64; 9] = [50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000];
/// The outcomes that are counted apart.
pub const OUTCOMES: [&str; 3] = ["answered", "lost", "not-sent"];

/// Durations of the exchanges of one outcome.
#[derive(Debug, Default)]
pub struct Durations {
    classes: [AtomicU64; BOUNDS.len() + 1],
    sum: AtomicU64,
}

impl Durations {
    fn add(&self, took: Duration) {
        let milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        let class = BOUNDS.iter().position(|bound| milliseconds <= *bound).unwrap_or(BOUNDS.len());
        self.classes[class].fetch_add(1, Relaxed);
        self.sum.fetch_add(milliseconds, Relaxed);
    }

    /// How many are in each class, and the sum of all in milliseconds.
    pub fn read(&self) -> ([u64; BOUNDS.len() + 1], u64) {
        (self.classes.each_ref().map(|class| class.load(Relaxed)), self.sum.load(Relaxed))
    }
}

/// Where exchanges are counted and told. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Traffic(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    clock: Clock,
    sender: broadcast::Sender<Entry>,
    /// The number of the last entry. Held while one is told, so that they come in order.
    last: Mutex<u64>,
    durations: [Durations; OUTCOMES.len()],
}

impl Traffic {
    /// With nobody who listens.
    pub fn new(clock: Clock) -> Self {
        let durations = Default::default();
        Self(Arc::new(Inner { clock, sender: broadcast::Sender::new(BACKLOG), last: Mutex::default(), durations }))
    }

    /// The clock that exchanges are timed by.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// Tells of an exchange on behalf of whom this task works for.
    pub fn exchanged(&self, exchange: Exchange) {
        self.0.durations[exchange.outcome.class()].add(exchange.took);
        let whose = WHOSE.try_with(Arc::clone).ok();
        self.tell(whose, || Said::Exchange(exchange));
    }

    /// Tells `whose` what is made of an answer.
    pub fn remark(&self, whose: &Arc<str>, text: impl FnOnce() -> String) {
        self.tell(Some(Arc::clone(whose)), || Said::Remark(text()));
    }

    fn tell(&self, whose: Option<Arc<str>>, said: impl FnOnce() -> Said) {
        if self.0.sender.receiver_count() == 0 {
            return;
        }
        let mut last = self.0.last.lock().unwrap_or_else(PoisonError::into_inner);
        *last += 1;
        // Only fails when the last listener has just gone.
        let _unheard = self.0.sender.send(Entry { number: *last, at: self.0.clock.wall(), whose, said: said() });
    }

    /// The number of the last entry, and everything from then on.
    pub fn listen(&self) -> (u64, broadcast::Receiver<Entry>) {
        let last = self.0.last.lock().unwrap_or_else(PoisonError::into_inner);
        (*last, self.0.sender.subscribe())
    }

    /// Durations, in the order of [`OUTCOMES`].
    pub fn durations(&self) -> &[Durations; OUTCOMES.len()] {
        &self.0.durations
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_shown_without_user_fragment_and_values() {
        let shown = |url: &str| Shown::of(&url::Url::parse(url).expect("a URL")).to_string();
        assert_eq!(
            shown("https://me:canary@as.example:8443/a/token?code=canary&grant_type=refresh_token&x=canary#canary"),
            "https://as.example:8443/a/token?code=…&grant_type=refresh_token&x=…"
        );
        assert_eq!(shown("https://as.example/?sco%C3%BCpe=a"), "https://as.example/?scope=a");
        assert!(shown(&format!("https://as.example/{}", "a".repeat(9000))).len() < 600);
    }

    #[test]
    fn of_a_body_only_a_registered_code_is_kept() {
        assert_eq!(
            code(b"{ \"error\" : \"invalid_grant\", \"error_description\": \"canary\" }"),
            Some("invalid_grant")
        );
        for body in [&b"{\"error\":\"canary\"}"[..], b"{\"error\":{\"code\":\"x\"}}", b"\"error\"", b"error", b""] {
            assert_eq!(code(body), None);
        }
        let answer = Outcome::answered(400, Some("text/canary"), None, b"{\"error\":\"canary\"}");
        assert!(!format!("{answer:?}").contains("canary"), "{answer:?}");
    }

    #[tokio::test]
    async fn an_exchange_is_counted_always_and_told_to_who_listens_with_whose_it_is() {
        let traffic = Traffic::new(Clock::manual(7));
        let exchange = |milliseconds| Exchange {
            method: "POST",
            url: Shown::of(&url::Url::parse("https://as.example/token").expect("a URL")),
            outcome: Outcome::Lost("no answer in time"),
            took: Duration::from_millis(milliseconds),
        };
        traffic.exchanged(exchange(50));
        let (before, mut heard) = traffic.listen();
        of(Arc::from("work"), async { traffic.exchanged(exchange(60_000)) }).await;
        let entry = heard.recv().await.expect("it is told");
        assert_eq!((before, entry.number, entry.whose.as_deref()), (0, 1, Some("work")));
        let (classes, sum) = traffic.durations()[1].read();
        assert_eq!((classes[0], classes[BOUNDS.len()], sum), (1, 1, 60_050));
    }
}
