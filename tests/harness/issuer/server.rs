//! The listener and the life of one request: read, record, follow the script, process, answer.
//!
//! The server has a thread and a runtime of its own, so it answers while a test blocks, and keeps real time while a test
//! has paused its own.

use super::{
    Behaviour, Endpoint,
    behaviour::ErrorBody,
    delivery::{Delivery, Sending, response},
    handler_authorize, handler_device, handler_discovery, handler_inspect, handler_push, handler_register,
    handler_token,
    request::{Answer, Call, Content},
    state::{Shared, World, path},
    watched::Watched,
};
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::json;
use std::{
    net::TcpListener,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    task::JoinSet,
};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

/// The connection is to be closed without an answer.
#[derive(Debug)]
struct Cut;

impl std::fmt::Display for Cut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("cut as scripted")
    }
}

impl std::error::Error for Cut {}

/// Serves until told to stop.
pub(super) async fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    shared: Arc<Shared>,
    stop: CancellationToken,
) {
    let listener = tokio::net::TcpListener::from_std(listener).expect("a bound listener can be registered");
    let mut connections = JoinSet::new();
    loop {
        let stream = tokio::select! {
            () = stop.cancelled() => return,
            Some(_) = connections.join_next() => continue,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(_) => continue,
            },
        };
        let shared = Arc::clone(&shared);
        let tls = tls.clone();
        connections.spawn(async move {
            let in_flight = Arc::new(AtomicBool::new(false));
            let stream = Watched::new(stream, Arc::clone(&shared), Arc::clone(&in_flight));
            match tls {
                None => connection(stream, shared, in_flight).await,
                Some(acceptor) => {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        connection(stream, shared, in_flight).await;
                    }
                }
            }
        });
    }
}

async fn connection(stream: impl AsyncRead + AsyncWrite + Unpin, shared: Arc<Shared>, in_flight: Arc<AtomicBool>) {
    let service = service_fn(|request| {
        // Another request on the connection proves that the answer before it was read.
        in_flight.store(false, Ordering::SeqCst);
        answer(Arc::clone(&shared), Arc::clone(&in_flight), request)
    });
    // Clients that misbehave, and cuts as scripted, end connections with errors; the ledger knows what they mean.
    http1::Builder::new().serve_connection(TokioIo::new(stream), service).await.ok();
}

async fn answer(
    shared: Arc<Shared>,
    in_flight: Arc<AtomicBool>,
    request: Request<Incoming>,
) -> Result<Response<Sending>, Cut> {
    let asked = request.uri().path().to_owned();
    let endpoint = {
        let world = shared.look();
        Endpoint::ALL.into_iter().find(|endpoint| path(&world.config, *endpoint) == asked)
    };
    let call = Call::read(endpoint.unwrap_or(Endpoint::Verification), request).await.ok_or(Cut)?;
    let Some(endpoint) = endpoint else {
        return Ok(response(control(&shared, &asked, &call), &[], None));
    };
    let (mut running, plan) = Running::enter(&shared, &call);
    for behaviour in &plan {
        match behaviour {
            Behaviour::Delay(time) => tokio::time::sleep(*time).await,
            Behaviour::Hold => shared.hold(endpoint).await,
            Behaviour::CutBeforeProcessing => return Err(Cut),
            _ => {}
        }
    }
    let mut answer = match instead(&plan, endpoint, &call) {
        Some(answer) => answer,
        None => shared.change(|world| process(world, &call, &plan)),
    };
    answer = shared.look().config.looks.dress(endpoint, call.accepts_json, answer);
    let delivery = answer.rotated.then(|| Delivery::new(Arc::clone(&shared), in_flight));
    for behaviour in &plan {
        match behaviour {
            Behaviour::DelayAnswer(time) => tokio::time::sleep(*time).await,
            Behaviour::HoldAnswer => shared.hold(endpoint).await,
            Behaviour::CutAfterProcessing => return Err(Cut),
            Behaviour::StatusAfterProcessing(status) => {
                running.status = Some(*status);
                return Ok(response(Answer::empty(*status), &[], None));
            }
            Behaviour::HugeBody(size) if !matches!(answer.body, Content::Json(_)) => {
                answer.body = Content::Raw { kind: "text/plain", bytes: vec![b'x'; *size] };
            }
            _ => {}
        }
    }
    running.status = Some(answer.status);
    let skipped = shared.look().skipped;
    if !skipped.is_zero() {
        // Without this the answer has this machine's time.
        let date = jiff::Timestamp::now().saturating_add(skipped).expect("a time of this millennium");
        answer.headers.push(("date", date.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()));
    }
    Ok(response(answer, &plan, delivery))
}

/// Counts a request while it is in progress.
struct Running<'a> {
    shared: &'a Shared,
    endpoint: Endpoint,
    number: usize,
    status: Option<u16>,
}

impl<'a> Running<'a> {
    fn enter(shared: &'a Shared, call: &Call) -> (Self, Vec<Behaviour>) {
        let (number, plan) = shared.change(|world| {
            let now = world.now();
            (world.ledger.enter(call, now), world.script.take(call.endpoint))
        });
        (Self { shared, endpoint: call.endpoint, number, status: None }, plan)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.shared.change(|world| {
            *world.ledger.running.entry(self.endpoint).or_default() -= 1;
            world.ledger.entries[self.number].status = self.status;
        });
    }
}

/// The answer that the script gives in place of the true one.
fn instead(plan: &[Behaviour], endpoint: Endpoint, call: &Call) -> Option<Answer> {
    plan.iter().find_map(|behaviour| match behaviour {
        Behaviour::Status { status, body, retry_after } => {
            let mut answer = match body {
                ErrorBody::Empty => Answer::empty(*status),
                ErrorBody::Json => Answer::error(*status, "server_error", Some("something broke")),
                ErrorBody::Error(code) => Answer::error(*status, code, None),
                ErrorBody::Html => Answer::raw(*status, "text/html", "<html><body><h1>Bad gateway</h1></body></html>"),
                ErrorBody::Garbage => Answer::raw(*status, "application/json", vec![0xff, 0x00, 0xfe, b'{', 0x80]),
            };
            answer.headers.extend(retry_after.clone().map(|value| ("retry-after", value)));
            Some(answer)
        }
        Behaviour::OAuthError { code, description } if endpoint != Endpoint::Authorization => {
            Some(Answer::error(400, code, description.as_deref()))
        }
        Behaviour::Empty400 => Some(Answer::empty(400)),
        Behaviour::InvalidRequest => Some(Answer::error(400, "invalid_request", Some("Refresh token inactive"))),
        Behaviour::Instead { status, headers, body } => {
            let mut answer = Answer::raw(*status, "application/json", body.clone());
            answer.headers.clone_from(headers);
            Some(answer)
        }
        Behaviour::PassOn(to) => {
            let mut to = url::Url::parse(to).expect("a test names an address");
            to.query_pairs_mut().extend_pairs(&call.parameters);
            Some(Answer::redirect(302, to.into()))
        }
        Behaviour::Redirect(to) => Some(Answer::redirect(307, to.clone())),
        _ => None,
    })
}

fn process(world: &mut World, call: &Call, plan: &[Behaviour]) -> Answer {
    let posted = call.method == "POST";
    match call.endpoint {
        Endpoint::OpenidConfiguration | Endpoint::OauthMetadata => handler_discovery::metadata(world, call.endpoint),
        Endpoint::Authorization => handler_authorize::authorize(world, call, plan),
        Endpoint::Verification => handler_device::verification(world, call),
        Endpoint::Userinfo => handler_inspect::userinfo(world, call),
        Endpoint::Jwks => Answer::json(200, json!({ "keys": [] })),
        Endpoint::ClientConfiguration => handler_register::configure(world, call),
        Endpoint::DeviceAuthorization
        | Endpoint::Token
        | Endpoint::Introspection
        | Endpoint::PushedAuthorization
        | Endpoint::Registration
        | Endpoint::Revocation
            if !posted =>
        {
            Answer::empty(405)
        }
        Endpoint::PushedAuthorization => handler_push::push(world, call),
        Endpoint::Registration => handler_register::register(world, call),
        Endpoint::DeviceAuthorization => handler_device::device_authorization(world, call),
        Endpoint::Token => handler_token::token(world, call, plan),
        Endpoint::Introspection => handler_inspect::introspection(world, call),
        Endpoint::Revocation => handler_inspect::revocation(world, call),
    }
}

/// The window for tests in other processes; its requests are not recorded.
fn control(shared: &Shared, path: &str, call: &Call) -> Answer {
    let decide = |decision| {
        let code = call.get("user_code").unwrap_or_default();
        let known = shared.change(|world| handler_device::decide(world, code, decision));
        Answer::empty(if known { 204 } else { 404 })
    };
    match (call.method.as_str(), path) {
        ("GET", "/_ledger") => {
            let world = shared.look();
            Answer::json(200, world.ledger.document(world.tokens.live_refresh_tokens().len()))
        }
        ("POST", "/_approve") => decide(handler_device::Decision::Approved),
        ("POST", "/_deny") => decide(handler_device::Decision::Denied),
        _ => Answer::empty(404),
    }
}
