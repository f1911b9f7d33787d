//! The listener that the browser is sent back to (RFC 8252 §7.3, §8.3).
//!
//! It takes one answer: the first well-formed one with the right `state`. Everything else that any program on this
//! machine, or any page in the browser, sends is refused without ending the login and without telling it anything.
//! It knows requests and pages; what the answer means for the login is not decided here.

mod hatch;
mod page;
mod request;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::select_all;
use futures_util::stream::FuturesUnordered;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::flow::Failure;
use crate::flow::redirect::Redirect;
use crate::secret::AuthorizationCode;
use crate::supervise::{Panic, Tasks};

pub(super) use hatch::Hatch;
pub(super) use page::Page;
pub(super) use request::Expected;

/// How many connections are open at once. A browser opens a handful.
const MAX_CONNECTIONS: usize = 16;

/// How long a connection may take, from accept to the last byte. The one that brings the answer gets [`PAGE_WAIT`] more.
const CONNECTION_TIME: Duration = Duration::from_secs(10);

/// How long the browser waits for the login to finish before it is sent to the terminal.
const PAGE_WAIT: Duration = Duration::from_mins(1);

/// How long the last page may take to leave.
const FLUSH_TIME: Duration = Duration::from_secs(2);

/// A request head holds the code, and the cookies other programs have set for this host.
const MAX_HEAD: usize = 32 * 1024;

/// A listener at work. Dropped, it closes its sockets and connections.
pub(super) struct Listener {
    redirect_uri: String,
    delivery: oneshot::Receiver<Delivery>,
    hatch: Hatch,
    stop: DropGuard,
}

/// The browser that brought the answer; it waits for a page.
pub(super) struct Browser {
    page: oneshot::Sender<Page>,
    gone: CancellationToken,
    /// Holds the listener up until the page has left.
    _stop: DropGuard,
}

/// What the browser brought, and how to answer it.
struct Delivery {
    answer: Result<AuthorizationCode, Failure>,
    page: oneshot::Sender<Page>,
    gone: CancellationToken,
}

impl Listener {
    /// Listens where `redirect` says, for an answer that is as `expected` once the redirect URI is known.
    pub(super) async fn open(
        redirect: Redirect,
        tasks: &Tasks,
        expected: impl FnOnce(Redirect, u16) -> Expected,
    ) -> Result<Self, Failure> {
        let (sockets, port) = bind(&redirect).await?;
        let redirect_uri = redirect.uri(port);
        let (deliver, delivery) = oneshot::channel();
        let desk = Arc::new(Desk { expected: expected(redirect, port), deliver: Mutex::new(Some(deliver)) });
        let hatch = Hatch::of(&desk);
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        tasks.spawn("login:loopback", Panic::Logged, async move {
            let _ = stopped.run_until_cancelled(serve(sockets, desk)).await;
        });
        Ok(Self { redirect_uri, delivery, hatch, stop: stop.drop_guard() })
    }

    /// The redirect URI, as it is sent to the service.
    pub(super) fn redirect_uri(&self) -> &str {
        &self.redirect_uri
    }

    /// Where the person can bring the answer by hand.
    pub(super) fn hatch(&self) -> Hatch {
        self.hatch.clone()
    }

    /// Waits for the answer.
    pub(super) async fn answer(self) -> (Browser, Result<AuthorizationCode, Failure>) {
        match self.delivery.await {
            Ok(Delivery { answer, page, gone }) => (Browser { page, gone, _stop: self.stop }, answer),
            // The task is gone: the daemon stops, and this login is told so by the same token.
            Err(_) => std::future::pending().await,
        }
    }
}

impl Browser {
    /// Shows `page` and closes the listener.
    pub(super) async fn show(self, page: Page) {
        if self.page.send(page).is_ok() {
            // The person has gone away if this takes longer.
            let _ = tokio::time::timeout(FLUSH_TIME, self.gone.cancelled()).await;
        }
    }
}

async fn bind(redirect: &Redirect) -> Result<(Vec<TcpListener>, u16), Failure> {
    let mut port = redirect.port().unwrap_or(0);
    let mut sockets = Vec::new();
    for address in redirect.addresses() {
        match TcpListener::bind(SocketAddr::new(address, port)).await {
            Ok(socket) => {
                port = socket.local_addr().map_or(port, |bound| bound.port());
                sockets.push(socket);
            }
            // A machine without IPv6: nobody else can listen there either.
            Err(e) if !sockets.is_empty() && e.kind() != std::io::ErrorKind::AddrInUse => {}
            Err(_) => return Err(Failure::PortTaken { port }),
        }
    }
    Ok((sockets, port))
}

/// Where requests are judged and the one answer is handed over.
struct Desk {
    expected: Expected,
    deliver: Mutex<Option<oneshot::Sender<Delivery>>>,
}

/// One connection, as the accepting loop sees it.
#[derive(Default)]
struct Seat {
    /// Makes room for another connection.
    evict: CancellationToken,
    /// It has brought the answer: it may stay.
    chosen: CancellationToken,
    /// It is closed.
    gone: CancellationToken,
}

async fn serve(sockets: Vec<TcpListener>, desk: Arc<Desk>) {
    let mut connections = FuturesUnordered::new();
    let mut seats: VecDeque<Weak<Seat>> = VecDeque::new();
    loop {
        let accepting = select_all(sockets.iter().map(|socket| Box::pin(socket.accept())));
        tokio::select! {
            (accepted, ..) = accepting => match accepted {
                Ok((stream, _)) => {
                    let seat = Arc::new(Seat::default());
                    make_room(&mut seats);
                    seats.push_back(Arc::downgrade(&seat));
                    connections.push(converse(stream, Arc::clone(&desk), seat));
                }
                // Out of file descriptors, most likely: do not spin.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            },
            Some(()) = connections.next() => {}
        }
    }
}

/// Evicts the oldest connection when all seats are taken, so that idle ones cannot keep the browser out.
fn make_room(seats: &mut VecDeque<Weak<Seat>>) {
    seats.retain(|seat| seat.strong_count() > 0);
    if seats.len() >= MAX_CONNECTIONS {
        let idle = seats.iter().filter_map(Weak::upgrade).find(|seat| !seat.chosen.is_cancelled());
        if let Some(idle) = idle {
            idle.evict.cancel();
        }
    }
}

async fn converse(stream: TcpStream, desk: Arc<Desk>, seat: Arc<Seat>) {
    let _gone = seat.gone.clone().drop_guard();
    let answering = Arc::clone(&seat);
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let (desk, seat) = (Arc::clone(&desk), Arc::clone(&answering));
        async move { Ok::<_, std::convert::Infallible>(desk.answer(&request, &seat).await.response()) }
    });
    let connection = http1::Builder::new()
        .keep_alive(false)
        .header_read_timeout(None)
        .max_buf_size(MAX_HEAD)
        .serve_connection(TokioIo::new(stream), service);
    let overtime = async {
        tokio::time::sleep(CONNECTION_TIME).await;
        if seat.chosen.is_cancelled() {
            tokio::time::sleep(PAGE_WAIT).await;
        }
    };
    tokio::select! {
        // A connection that breaks concerns only its own browser.
        _ = connection => {}
        () = seat.evict.cancelled() => {}
        () = overtime => {}
    }
}

impl Desk {
    async fn answer<B>(&self, request: &hyper::Request<B>, seat: &Seat) -> Page {
        let answer = match self.expected.judge(request) {
            Ok(answer) => answer,
            Err(refusal) => return refusal,
        };
        let deliver = self.deliver.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(deliver) = deliver else { return Page::UsedBefore };
        seat.chosen.cancel();
        let (page, shown) = oneshot::channel();
        // A login that is no longer there drops what it is sent, and `shown` fails below.
        drop(deliver.send(Delivery { answer, page, gone: seat.gone.clone() }));
        match tokio::time::timeout(PAGE_WAIT, shown).await {
            Ok(Ok(page)) => page,
            Ok(Err(_)) => Page::Failed,
            Err(_) => Page::StillWorking,
        }
    }
}

#[cfg(test)]
mod tests;
