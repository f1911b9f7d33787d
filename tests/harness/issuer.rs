//! An authorization server on loopback that does as it is told and counts everything.
//!
//! It owns a listener, the truth about every token it made, and a ledger of every request. Tests script what goes wrong
//! ([`Behaviour`]), read what happened ([`Ledger`]) and compare the client's belief with the truth ([`Issuer::is_live`]).
//! Every secret it makes starts with `canary-`, so a leak can be searched for. It follows RFC 6749, 7009, 7523, 7591, 7592,
//! 7636, 7662, 8414, 8628, 8693, 8707, 9126, 9207 and OIDC Core and Discovery, as far as clients see them; it signs nothing.

mod behaviour;
mod config;
mod delivery;
mod handler_authorize;
mod handler_device;
mod handler_discovery;
mod handler_exchange;
mod handler_inspect;
mod handler_push;
mod handler_register;
mod handler_token;
mod issue;
mod ledger;
mod looks;
mod page;
mod proof;
mod request;
mod rules;
mod server;
mod state;
#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that meets `None` is to fail")]
mod tests;
mod tls;
mod token;
mod watched;

pub use behaviour::{Behaviour, Endpoint, ErrorBody, ExpiresIn};
pub use config::{
    Client, ClientAuth, Config, Discovery, Exchange, IdToken, Iss, Offline, Published, Pushed, Redirects, Registration,
    Rotation,
};
pub use ledger::{Entry, Ledger, Tally};
pub use looks::Looks;
pub use proof::{ClientKey, Receiver};
pub use rules::{DeviceRules, Hint, Narrow, RefreshRules, Refusal, RevocationRules, UnknownCode};
pub use token::FamilyView;

pub(crate) use delivery::{Sending, response};
pub use request::Answer;
pub(crate) use request::Content;
pub(crate) use state::Mint;

use handler_device::Decision;
use state::{Shared, World};
use std::{
    future::{Future, ready},
    net::{SocketAddr, TcpListener},
    sync::Arc,
    thread::JoinHandle,
    time::Duration,
};
use tokio::runtime::{Builder, Handle};
use tokio_util::sync::CancellationToken;

/// How long [`Issuer::wait_for`] waits, in real time.
pub const WAIT_DEADLINE: Duration = Duration::from_secs(20);

/// A running authorization server; dropping it stops it and closes its connections.
pub struct Issuer {
    shared: Arc<Shared>,
    address: SocketAddr,
    url: String,
    ca_pem: Option<String>,
    runtime: Handle,
    stop: CancellationToken,
    thread: Option<JoinHandle<()>>,
}

impl Issuer {
    /// Starts a server; it accepts connections when this returns.
    pub fn start(config: Config) -> impl Future<Output = Self> {
        ready(Self::launch(config))
    }

    /// The same for a test without a runtime.
    pub fn launch(config: Config) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", config.port)).expect("the port of the issuer is free");
        listener.set_nonblocking(true).expect("a listener can be made non-blocking");
        let address = listener.local_addr().expect("a bound listener has an address");
        let authority = config.tls.then(|| tls::authority(config.host.as_deref()));
        let origin = match &config.host {
            Some(host) => format!("https://{host}"),
            None => format!("{}://{address}", if config.tls { "https" } else { "http" }),
        };
        let world = World::new(config, origin);
        let url = world.issuer.clone();
        let shared = Arc::new(Shared::new(world));
        let stop = CancellationToken::new();
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime can be made");
        let handle = runtime.handle().clone();
        let (ca_pem, acceptor) = authority.map(|authority| (authority.ca_pem, authority.acceptor)).unzip();
        let serving = server::serve(listener, acceptor, Arc::clone(&shared), stop.clone());
        let thread = std::thread::spawn(move || runtime.block_on(serving));
        Self { shared, address, url, ca_pem, runtime: handle, stop, thread: Some(thread) }
    }

    /// The issuer identifier.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address of an endpoint.
    pub fn endpoint(&self, endpoint: Endpoint) -> String {
        self.shared.look().url(endpoint)
    }

    /// The certificate of the authority that clients of a TLS issuer have to trust.
    pub fn ca_pem(&self) -> Option<&str> {
        self.ca_pem.as_deref()
    }

    /// Changes the settings; port, TLS and paths stay as they were at the start.
    pub fn reconfigure(&self, change: impl FnOnce(&mut Config)) {
        self.shared.change(|world| change(&mut world.config));
    }

    /// Moves the issuer's clock forward: tokens and codes age at once.
    pub fn advance(&self, time: Duration) {
        self.shared.change(|world| world.skipped += time);
    }

    /// Scripts one coming request; several wait in a queue.
    pub fn next(&self, endpoint: Endpoint, behaviour: Behaviour) {
        self.shared.change(|world| world.script.queue(endpoint, behaviour));
    }

    /// Scripts every request that finds the queue empty, until [`clear`](Self::clear).
    pub fn always(&self, endpoint: Endpoint, behaviour: Behaviour) {
        self.shared.change(|world| world.script.stand(endpoint, behaviour));
    }

    /// Forgets the script of an endpoint.
    pub fn clear(&self, endpoint: Endpoint) {
        self.shared.change(|world| world.script.clear(endpoint));
    }

    /// Lets every request go on that is held now.
    pub fn release(&self) {
        self.shared.release();
    }

    /// Approves the device login that shows this code.
    pub fn approve(&self, user_code: &str) {
        self.decide(user_code, Decision::Approved);
    }

    /// Refuses the device login that shows this code.
    pub fn deny(&self, user_code: &str) {
        self.decide(user_code, Decision::Denied);
    }

    fn decide(&self, user_code: &str, decision: Decision) {
        let known = self.shared.change(|world| handler_device::decide(world, user_code, decision));
        assert!(known, "no device login waits with that user code");
    }

    /// Ends the family of a token, as an administrator would.
    pub fn end_family(&self, token: &str) {
        self.shared.change(|world| {
            let family = world.tokens.view(token).map(|view| view.id);
            world.tokens.end(family.expect("the token was made here"));
        });
    }

    /// Deletes a client with all that was granted to it, as an administrator would.
    pub fn forget_client(&self, id: &str) {
        self.shared.change(|world| handler_register::forget(world, id));
    }

    /// The ids of the clients that were registered here and still are.
    pub fn registered(&self) -> Vec<String> {
        let world = self.shared.look();
        let there = |id: &str| world.config.clients.iter().any(|client| client.id == id);
        world.registered.iter().map(|(id, _)| id.clone()).filter(|id| there(id)).collect()
    }

    /// Whom an access token that is accepted now is for.
    pub fn audience(&self, access_token: &str) -> Option<Vec<String>> {
        let world = self.shared.look();
        world.tokens.live(access_token, world.now()).map(|live| live.audience)
    }

    /// A copy of the ledger.
    pub fn ledger(&self) -> Ledger {
        self.shared.look().ledger.clone()
    }

    /// How many requests came to an endpoint.
    pub fn count(&self, endpoint: Endpoint) -> usize {
        self.shared.look().ledger.count(endpoint)
    }

    /// How many refresh grants came.
    pub fn exchanges(&self) -> usize {
        self.shared.look().ledger.exchanges()
    }

    /// The largest number of requests that were in progress together at an endpoint.
    pub fn max_concurrent(&self, endpoint: Endpoint) -> usize {
        self.shared.look().ledger.max_concurrent(endpoint)
    }

    /// Rotations whose answer did not reach the client.
    pub fn rotated_unseen(&self) -> u64 {
        self.tally().rotated_unseen
    }

    /// Tokens ended by the revocation endpoint.
    pub fn revocations(&self) -> u64 {
        self.tally().revocations
    }

    /// What was done to tokens, in numbers.
    pub fn tally(&self) -> Tally {
        self.shared.look().ledger.tally()
    }

    /// The family a refresh or access token belongs to; `None` when it was not made here.
    pub fn family_of(&self, token: &str) -> Option<FamilyView> {
        self.shared.look().tokens.view(token)
    }

    /// Whether an access token is accepted now.
    pub fn is_live(&self, access_token: &str) -> bool {
        let world = self.shared.look();
        world.tokens.live(access_token, world.now()).is_some()
    }

    /// The refresh tokens that work now.
    pub fn live_refresh_tokens(&self) -> Vec<String> {
        self.shared.look().tokens.live_refresh_tokens()
    }

    /// Every secret value made so far, for [`canary`](crate::canary).
    pub fn secrets(&self) -> Vec<String> {
        self.shared.look().mint.made().to_vec()
    }

    /// Waits until the ledger fulfils a condition; fails after [`WAIT_DEADLINE`].
    ///
    /// The condition runs under the issuer's lock, so it may look at the ledger only.
    pub async fn wait_for(&self, condition: impl Fn(&Ledger) -> bool) {
        let mut news = self.shared.changes();
        // The deadline runs on the issuer's runtime, where time is real.
        let mut deadline = self.runtime.spawn(async { tokio::time::sleep(WAIT_DEADLINE).await });
        while !condition(&self.shared.look().ledger) {
            tokio::select! {
                told = news.changed() => told.expect("the issuer lives as long as this borrow"),
                _ = &mut deadline => {
                    let seen = self.tally();
                    assert!(condition(&self.shared.look().ledger), "the issuer's ledger did not get there; {seen:?}");
                }
            }
        }
        deadline.abort();
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take() {
            // A panic of the server was shown by its own thread.
            thread.join().ok();
        }
    }
}
