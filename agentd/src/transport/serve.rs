//! Accepts connections and answers HTTP/1.1 on them through a service, until told to stop.
//!
//! For each connection: the peer's user id is checked before a byte is read; then it is admitted by
//! [`Connections`], or told "busy"; then it is served by a task of its own. The service
//! sees only complete requests, with the [`Peer`] in their extensions.

mod connection;
mod nudge;
mod request;

use std::convert::Infallible;
use std::error::Error;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Body, Bytes};
use hyper::{Request, Response};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower::Service;

use super::connections::Connections;
use super::limits::{BODY_BYTES, LINGER, LINGERING, Limits};
use super::refusal::Refusals;
use crate::peer::Peer;
use crate::platform::process_uid;
use crate::supervise::{Panic, Tasks};

/// After a failed `accept`: long enough for an evicted connection to be closed, short enough to go unnoticed.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// The reaper's ticks in [`Limits::receive`]: a limit is kept to within one of them.
const TICKS: u32 = 10;

/// What [`serve()`] asks of a service: it takes complete requests and never fails.
pub trait Answers<B>:
    Service<Request<Full<Bytes>>, Response = Response<B>, Error = Infallible, Future: Send> + Clone + Send + 'static
{
}

impl<S, B> Answers<B> for S where
    S: Service<Request<Full<Bytes>>, Response = Response<B>, Error = Infallible, Future: Send> + Clone + Send + 'static
{
}

/// Serves `listener` until `tasks` is cancelled, then lets requests in progress finish for [`Limits::stop`]. Returns
/// whether all of them did.
pub async fn serve<S, B>(
    listener: UnixListener,
    limits: Limits,
    refusals: Refusals,
    tasks: Tasks,
    connections: Connections,
    service: S,
) -> bool
where
    S: Answers<B>,
    B: Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + Send + Unpin + 'static,
{
    let group = tasks.group();
    let door = Door {
        limits,
        refusals: Arc::new(refusals),
        tasks: group.clone(),
        connections: connections.clone(),
        lingering: Arc::new(Semaphore::new(LINGERING)),
        uid: process_uid(),
    };
    group.spawn("connections", Panic::Stops, reap(connections.clone(), limits, group.clone()));
    let mut cancelled = pin!(tasks.cancelled());
    loop {
        let accepted = tokio::select! {
            accepted = async { connections.way_is_clear().await; listener.accept().await } => accepted,
            () = &mut cancelled => break,
        };
        match accepted {
            Ok((stream, _)) => door.admit(stream, &service),
            Err(error) => door.recover(&error).await,
        }
    }
    // From here on, who connects is refused by the kernel, or waits for the service manager's next daemon.
    drop(listener);
    connections.announce_stop();
    let finished = group.stop(limits.stop).await;
    if !finished {
        connections.close_all();
        let closed = group.stop(LINGER).await;
        tracing::warn!(closed, "requests were still in progress at the end of the stop");
    }
    finished
}

/// What is the same for every connection.
struct Door {
    limits: Limits,
    refusals: Arc<Refusals>,
    tasks: Tasks,
    connections: Connections,
    lingering: Arc<Semaphore>,
    uid: u32,
}

impl Door {
    fn admit<S, B>(&self, stream: UnixStream, service: &S)
    where
        S: Answers<B>,
        B: Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + Send + Unpin + 'static,
    {
        let peer = match Peer::of(&stream, self.uid) {
            Ok(peer) => peer,
            Err(stranger) => {
                self.connections.count_refused();
                tracing::warn!(%stranger, "a connection was refused");
                return;
            }
        };
        let Some(ticket) = self.connections.admit() else {
            // Beyond this many, the peer sees its connection closed; it may try again either way.
            if let Ok(room) = Arc::clone(&self.lingering).try_acquire_owned() {
                let refusals = Arc::clone(&self.refusals);
                self.tasks.spawn("turned-away", Panic::Logged, turn_away(stream, refusals, room));
            }
            return;
        };
        let refusals = Arc::clone(&self.refusals);
        let serving = connection::run(stream, ticket, peer, self.limits, refusals, service.clone());
        self.tasks.spawn("connection", Panic::Logged, serving);
    }

    /// Out of descriptors or memory is what evicting cures; whatever else it is, the loop must not spin.
    async fn recover(&self, error: &io::Error) {
        // The peer has gone while it stood in the queue.
        if matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::Interrupted) {
            return;
        }
        let evicted = self.connections.evict();
        tracing::warn!(%error, evicted, "a connection could not be accepted");
        tokio::time::sleep(ACCEPT_PAUSE).await;
    }
}

/// Lets the register's time pass while somebody waits.
async fn reap(connections: Connections, limits: Limits, tasks: Tasks) {
    let tick = (limits.receive / TICKS).max(Duration::from_millis(1));
    let idle = u32::try_from(limits.idle.as_millis().div_ceil(tick.as_millis().max(1))).unwrap_or(u32::MAX);
    let mut cancelled = pin!(tasks.cancelled());
    loop {
        tokio::select! {
            () = connections.somebody_waits() => {}
            () = &mut cancelled => return,
        }
        tokio::select! {
            () = tokio::time::sleep(tick) => connections.tick(TICKS, idle),
            () = &mut cancelled => return,
        }
    }
}

/// Says "busy" and stays until the peer has read it: closing a Unix socket with unread input resets the connection, and
/// a peer that still writes would never look at the answer.
async fn turn_away(mut stream: UnixStream, refusals: Arc<Refusals>, _room: OwnedSemaphorePermit) {
    let exchange = async {
        stream.write_all(refusals.busy()).await?;
        stream.shutdown().await?;
        let mut rest = [0; 1024];
        let mut read = 0;
        while read < BODY_BYTES {
            match stream.read(&mut rest).await? {
                0 => break,
                more => read += more,
            }
        }
        Ok::<_, io::Error>(())
    };
    // Whether the peer took the answer is its own affair.
    drop(tokio::time::timeout(LINGER, exchange).await);
}

#[cfg(test)]
mod tests;
