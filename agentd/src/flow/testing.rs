//! A bench for the tests of the flows: a service on loopback that answers as told, a manual clock, a sink that records.

#![allow(clippy::panic, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

use crate::clock::Clock;
use crate::flow::{
    AdoptError, Adopted, AtIssuer, Brought, Failure, GrantSink, Login, Logins, Outcome, Step, StepUp, Target,
};
use crate::http::Http;
use crate::http::stub::{Reply, Stub};
use crate::oauth::{OAuth, Tokens};
use crate::provider::{Flow, Settings};
use crate::service::Services;
use crate::supervise::Tasks;

/// Wall time at the start of every test.
pub(super) const START: i64 = 1_790_000_000;

/// No test waits longer than this for something that must happen.
const PATIENCE: Duration = Duration::from_secs(20);

/// How the service answers.
#[derive(Default)]
pub(super) struct Script {
    /// Members that replace those of the metadata.
    pub(super) metadata: BTreeMap<&'static str, Value>,
    /// Members that replace those of the device authorization; null removes one.
    pub(super) device: BTreeMap<&'static str, Value>,
    /// Answers of the token endpoint, in order; then it hangs.
    pub(super) token: VecDeque<Reply>,
    /// When the token endpoint was asked, in seconds since the start.
    pub(super) asked_at: Vec<u64>,
}

/// Records what is adopted. While `gate` has no permit, adoption waits.
pub(super) struct Sink {
    pub(super) adopted: Mutex<Vec<Outcome>>,
    pub(super) gate: Semaphore,
    pub(super) refuse: bool,
}

impl GrantSink for Sink {
    fn adopt(&self, outcome: Outcome) -> BoxFuture<'_, Result<Adopted, AdoptError>> {
        async move {
            let _open = self.gate.acquire().await.expect("closed only by the test of a panic");
            if self.refuse {
                return Err(AdoptError::NotStored);
            }
            let profile = outcome.profile.clone().expect("these logins have names");
            self.adopted.lock().expect("no panic").push(outcome);
            Ok(Adopted { profile, warnings: vec!["kept in memory only".to_owned()] })
        }
        .boxed()
    }
}

pub(super) struct Bench {
    pub(super) clock: Clock,
    pub(super) logins: Logins,
    pub(super) script: Arc<Mutex<Script>>,
    pub(super) service: Stub,
    pub(super) sink: Arc<Sink>,
    pub(super) tasks: Tasks,
}

/// Tokens as a service grants them.
pub(super) fn granted(more: Value) -> Reply {
    let mut body = json!({"access_token": "at", "token_type": "Bearer", "expires_in": 3600, "refresh_token": "rt"});
    if let (Some(body), Value::Object(more)) = (body.as_object_mut(), more) {
        body.extend(more);
        body.retain(|_, value| !value.is_null());
    }
    Reply::json(200, &body.to_string())
}

/// An error of the token endpoint.
pub(super) fn error(code: &str) -> Reply {
    Reply::json(400, &json!({ "error": code }).to_string())
}

/// The connection closes without an answer.
pub(super) fn lost() -> Reply {
    Reply::Bytes(Vec::new())
}

impl Bench {
    pub(super) async fn new(script: Script) -> Self {
        Self::with(script, true, false).await
    }

    /// `open`: adoption does not wait. `refuse`: nothing is kept.
    pub(super) async fn with(script: Script, open: bool, refuse: bool) -> Self {
        let (clock, tasks) = (Clock::manual(START), Tasks::root());
        let script = Arc::new(Mutex::new(script));
        let (telling, time, start) = (Arc::clone(&script), clock.clone(), clock.now());
        let service = Stub::start(move |request| {
            let mut script = telling.lock().expect("no panic");
            script.answer(request, time.now().since(start).as_secs())
        })
        .await;
        let gate = Semaphore::new(usize::from(open));
        let sink = Arc::new(Sink { adopted: Mutex::default(), gate, refuse });
        let oauth = OAuth::new(Http::new(None), clock.clone());
        let services = Services::new(Http::new(None), oauth.clone(), clock.clone());
        let recording = Arc::clone(&sink) as Arc<dyn GrantSink>;
        let logins = Logins::new(oauth, services, clock.clone(), tasks.clone(), recording);
        Self { clock, logins, script, service, sink, tasks }
    }

    /// A login at this service.
    pub(super) fn login(&self, flow: Flow) -> Login {
        self.login_with(flow, |_| {})
    }

    /// The same with changed settings.
    pub(super) fn login_with(&self, flow: Flow, change: impl FnOnce(&mut Settings)) -> Login {
        let mut at = AtIssuer { flow: Some(flow), ..login(&self.service.url) };
        change(&mut at.settings);
        Login {
            profile: Some("work".to_owned()),
            target: Target::Issuer(Box::new(at)),
            max_wait: Duration::from_mins(30),
            switch: true,
            poll_interval: None,
            asked: [1; 32],
            step_up: StepUp::default(),
        }
    }

    /// Starts a login by `flow`.
    pub(super) fn start(&self, flow: Flow) -> String {
        self.logins.start(self.login(flow)).expect("there is room").id
    }

    /// The step number `n` of login `id`, counted from zero.
    pub(super) async fn step(&self, id: &str, n: usize) -> Step {
        let mut steps = self.logins.follow(id).expect("the login is known").skip(n);
        within(steps.next()).await.expect("the step comes")
    }

    /// The last step of login `id`.
    pub(super) async fn end(&self, id: &str) -> Step {
        let steps = self.logins.follow(id).expect("the login is known");
        within(steps.collect::<Vec<_>>()).await.pop().expect("there is an end")
    }

    pub(super) async fn failure(&self, id: &str) -> Failure {
        match self.end(id).await {
            Step::Failed(failure) => failure,
            other => panic!("not a failure: {other:?}"),
        }
    }

    /// Moves the clock in steps of a second, each time until the login sleeps again, at most `seconds`.
    pub(super) async fn pass(&self, seconds: u64) {
        for _ in 0..seconds {
            self.asleep().await;
            self.clock.advance(Duration::from_secs(1));
        }
    }

    /// Waits until the login sleeps between two polls, or has ended. Beside it only its deadline sleeps.
    async fn asleep(&self) {
        // The sleepers that were just woken must have seen the clock first.
        tokio::task::yield_now().await;
        let awake = || self.clock.sleepers() < 2 && self.logins.in_flight() > 0;
        within(async {
            while awake() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        })
        .await;
    }

    pub(super) fn asked_at(&self) -> Vec<u64> {
        self.script.lock().expect("no panic").asked_at.clone()
    }

    pub(super) fn adopted(&self) -> std::sync::MutexGuard<'_, Vec<Outcome>> {
        self.sink.adopted.lock().expect("no panic")
    }
}

impl Script {
    fn answer(&mut self, request: &str, now: u64) -> Reply {
        let host = request.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default();
        let line = request.lines().next().unwrap_or_default();
        let (body, more) = if line.starts_with("GET /.well-known/openid-configuration ") {
            let body = json!({
                "issuer": format!("http://{host}"),
                "authorization_endpoint": format!("http://{host}/authorize"),
                "device_authorization_endpoint": format!("http://{host}/device"),
                "token_endpoint": format!("http://{host}/token"),
                "scopes_supported": ["openid", "offline_access"],
            });
            (body, &self.metadata)
        } else if line.starts_with("POST /device ") {
            let body = json!({
                "device_code": "dc", "user_code": "ABCD-EFGH", "verification_uri": "https://as.example/device",
                "verification_uri_complete": "https://as.example/device?code=ABCD-EFGH", "expires_in": 600, "interval": 5,
            });
            (body, &self.device)
        } else if line.starts_with("POST /token ") {
            self.asked_at.push(now);
            return self.token.pop_front().unwrap_or(Reply::Hang);
        } else {
            return Reply::json(404, "{}");
        };
        let mut body = body;
        for (name, value) in more {
            body[*name] = value.clone();
        }
        body.as_object_mut().expect("an object").retain(|_, value| !value.is_null());
        Reply::json(200, &body.to_string())
    }
}

/// A login at `issuer`, with nothing special.
pub(super) fn login(issuer: &str) -> AtIssuer {
    let settings = Settings { issuer: issuer.to_owned(), client_id: "client".to_owned(), ..Settings::default() };
    AtIssuer { settings, flow: None, browser: false, registration_token: None }
}

/// What a login by issuer brought home: settings, tokens and the scope asked for.
pub(super) fn brought(outcome: &Outcome) -> (&Settings, &Tokens, &str) {
    match &outcome.grant {
        Brought::Tokens(brought) => {
            let settings = brought.settings.as_ref().expect("a login by issuer has settings");
            (settings, &brought.tokens, &brought.requested_scope)
        }
        other => panic!("not of an issuer: {other:?}"),
    }
}

/// An ID token with these claims, beside good ones.
pub(super) fn id_token(issuer: &str, more: Value) -> String {
    let mut claims = json!({"iss": issuer, "aud": "client", "sub": "ada", "iat": START, "exp": START + 300, "email": "ada@x.example"});
    if let (Some(claims), Value::Object(more)) = (claims.as_object_mut(), more) {
        claims.extend(more);
    }
    let part = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
    format!("{}.{}.c2ln", part(&json!({"alg": "RS256", "typ": "JWT"})), part(&claims))
}

/// Sends `request` to a loopback listener and reads its whole answer; empty when it does not take the connection.
pub(super) async fn browse(to: SocketAddr, request: &str) -> String {
    within(async {
        let Ok(mut stream) = TcpStream::connect(to).await else { return String::new() };
        stream.write_all(request.as_bytes()).await.expect("written");
        let mut answer = Vec::new();
        // A listener that closes early may reset the connection; what came before counts.
        let _reset = stream.read_to_end(&mut answer).await;
        String::from_utf8(answer).expect("text")
    })
    .await
}

/// The outcome of `wait`, which must come soon.
pub(super) async fn within<T>(wait: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, wait).await.expect("it happens in time")
}
