//! The listener and the life of one request: read, record, follow the script, process, answer.
//!
//! The server has a thread and a runtime of its own, so it answers while a test blocks, and keeps real time while a test
//! has paused its own. Whoever sees a request in the ledger sees what it did: both happen under one lock, unless the
//! script holds the request before.

use super::{
    Wire,
    fault::Fault,
    request::Call,
    world::{Shared, World},
};
use crate::issuer::{Answer, Sending, response};
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use std::{net::TcpListener, sync::Arc};
use tokio::task::JoinSet;
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
pub(super) async fn serve<W: Wire>(listener: TcpListener, shared: Arc<Shared<W>>, stop: CancellationToken) {
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
        connections.spawn(async move {
            let service = service_fn(|request| answer(Arc::clone(&shared), request));
            // Clients that misbehave, and cuts as scripted, end connections with errors.
            http1::Builder::new().serve_connection(TokioIo::new(stream), service).await.ok();
        });
    }
}

async fn answer<W: Wire>(shared: Arc<Shared<W>>, request: Request<Incoming>) -> Result<Response<Sending>, Cut> {
    let call = Call::read(request).await.ok_or(Cut)?;
    let mut releases = shared.releases();
    let (number, fault, answer) = shared.change(|world, wire| {
        let number = world.ledger.enter(&call, world.clock.now());
        let fault = world.script.take(&call.path);
        let held = matches!(fault, Fault::NeverAnswers | Fault::Refuses);
        let answer = (!held).then(|| process(world, wire, &call, &fault));
        let on_its_way = !matches!(fault, Fault::AnswerHeld | Fault::CutAfterProcessing);
        world.ledger.entries[number].status = answer.as_ref().filter(|_| on_its_way).map(|answer| answer.status);
        (number, fault, answer)
    });
    let running = Running { shared: &shared, number };
    if matches!(fault, Fault::NeverAnswers | Fault::AnswerHeld) {
        // The sender lives as long as the world, so this ends by a release only.
        releases.changed().await.ok();
    }
    if matches!(fault, Fault::Refuses | Fault::CutAfterProcessing) {
        return Err(Cut);
    }
    let answer = answer.unwrap_or_else(|| shared.change(|world, wire| process(world, wire, &call, &fault)));
    running.answered(answer.status);
    Ok(response(answer, &fault.sending(), None))
}

fn process<W: Wire>(world: &mut World, wire: &mut W, call: &Call, fault: &Fault) -> Answer {
    let mut answer = fault.instead().unwrap_or_else(|| fault.bend(wire.answer(world, call)));
    let now = jiff::Timestamp::from_second(world.now()).expect("the clock of a service stays in this age");
    // The date is that of the service's clock: a client that trusts it more than its own is right.
    let date = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&now);
    answer.headers.push(("date", date.expect("a time of this age can be written")));
    answer
}

/// Marks a request as in progress.
struct Running<'a, W> {
    shared: &'a Shared<W>,
    number: usize,
}

impl<W> Running<'_, W> {
    fn answered(&self, status: u16) {
        self.shared.change(|world, _| world.ledger.entries[self.number].status = Some(status));
    }
}

impl<W> Drop for Running<'_, W> {
    fn drop(&mut self) {
        self.shared.change(|world, _| world.ledger.entries[self.number].running = false);
    }
}
