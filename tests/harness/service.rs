//! The five services on loopback, on their real wire, that do as they are told and count everything.
//!
//! A [`Service`] owns a listener, the truth about every token and key, and a ledger of every request. Its [`Wire`] is one
//! of [`Tensormesh`], [`LlamaIndex`], [`Tank`], [`Baseten`] and [`Contree`]: a bag of settings that knows what this service
//! answers, odd statuses included. Tests script what goes wrong ([`Fault`]), decide logins, move the clock, and read what
//! happened ([`Ledger`]). Every secret starts with `canary-`, those of Tank with `tank_canary-`.

mod baseten;
mod contree;
mod device;
mod elsewhere;
mod fault;
mod ledger;
mod llamaindex;
mod login;
mod request;
mod server;
mod tank;
mod tensormesh;
mod terms;
#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that meets `None` is to fail")]
mod tests;
mod token;
mod world;

pub use crate::issuer::{Answer, Rotation};
pub use baseten::Baseten;
pub use contree::Contree;
pub use device::DeviceTerms;
pub use elsewhere::Elsewhere;
pub use fault::Fault;
pub use ledger::{Entry, Ledger};
pub use llamaindex::{LlamaIndex, Oidc, Project};
pub use request::Call;
pub use tank::Tank;
pub use tensormesh::Tensormesh;
pub use terms::Terms;
pub use world::World;

use login::Decision;
use std::{
    future::{Future, ready},
    net::TcpListener,
    sync::Arc,
    thread::JoinHandle,
    time::Duration,
};
use tokio::runtime::{Builder, Handle};
use tokio_util::sync::CancellationToken;
use world::Shared;

/// How long a service waits for what a test expects, in real time.
pub const WAIT_DEADLINE: Duration = Duration::from_secs(20);

/// The settings of one service and what it answers.
pub trait Wire: Default + Send + 'static {
    /// Its name on the command line.
    const NAME: &'static str;

    /// What a request gets.
    fn answer(&mut self, world: &mut World, call: &Call) -> Answer;
}

/// A running service; dropping it stops it and closes its connections.
pub struct Service<W: Wire> {
    shared: Arc<Shared<W>>,
    url: String,
    port: u16,
    runtime: Handle,
    stop: CancellationToken,
    thread: Option<JoinHandle<()>>,
}

impl<W: Wire> Service<W> {
    /// Starts a service; it accepts connections when this returns.
    pub fn start(wire: W) -> impl Future<Output = Self> {
        ready(Self::launch(wire))
    }

    /// The same for a test without a runtime.
    pub fn launch(wire: W) -> Self {
        Self::launch_at(wire, 0)
    }

    /// The same on a given port, as after a restart; 0 is any.
    pub fn launch_at(wire: W, port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).expect("the port of the service is free");
        listener.set_nonblocking(true).expect("a listener can be made non-blocking");
        let address = listener.local_addr().expect("a bound listener has an address");
        let url = format!("http://{address}");
        let shared = Arc::new(Shared::new(World::new(url.clone()), wire));
        let stop = CancellationToken::new();
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime can be made");
        let handle = runtime.handle().clone();
        let serving = server::serve(listener, Arc::clone(&shared), stop.clone());
        let thread = std::thread::spawn(move || runtime.block_on(serving));
        Self { shared, url, port: address.port(), runtime: handle, stop, thread: Some(thread) }
    }

    /// Its base address, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Changes the settings.
    pub fn reconfigure(&self, change: impl FnOnce(&mut W)) {
        self.shared.change(|_, wire| change(wire));
    }

    /// Moves the service's clock forward, which stands at [`START`](crate::daemon::START) otherwise.
    pub fn advance(&self, time: Duration) {
        self.shared.change(|world, _| world.clock.skipped += time);
    }

    /// The clock shows the time of this machine from now on, plus what was advanced.
    pub fn follow_real_time(&self) {
        self.shared.change(|world, _| world.clock.follows_real_time = true);
    }

    /// Seconds since 1970 on the service's clock.
    pub fn now(&self) -> i64 {
        self.shared.look().0.now()
    }

    /// Scripts one coming request for a path; several wait in a queue.
    pub fn next(&self, path: &str, fault: Fault) {
        self.shared.change(|world, _| world.script.queue(path, fault));
    }

    /// Scripts every request for a path that finds the queue empty, until [`clear`](Self::clear).
    pub fn always(&self, path: &str, fault: Fault) {
        self.shared.change(|world, _| world.script.stand(path, fault));
    }

    /// Forgets the script of a path, written as when it was scripted.
    pub fn clear(&self, path: &str) {
        self.shared.change(|world, _| world.script.clear(path));
    }

    /// Lets every request go on that is held now.
    pub fn release(&self) {
        self.shared.release();
    }

    /// From now on logins are approved when they begin, or not.
    pub fn auto_approve(&self, on: bool) {
        self.shared.change(|world, _| world.auto_approve = on);
    }

    /// Approves the newest login that waits.
    pub fn approve(&self) {
        self.decide(Decision::Approved);
    }

    /// Refuses the newest login that waits.
    pub fn deny(&self) {
        self.decide(Decision::Denied);
    }

    /// Ends the life of the newest login that waits.
    pub fn expire(&self) {
        self.decide(Decision::Expired);
    }

    fn decide(&self, decision: Decision) {
        let known = self.shared.change(|world, _| world.logins.decide(decision, world.now()));
        assert!(known, "no login waits");
    }

    /// The page of the newest login that waits. Who opens it approves; the browser of the harness can refuse.
    pub fn pending_page(&self) -> Option<String> {
        let state = self.shared.look();
        state.0.logins.pending(state.0.now()).map(|login| login.page.clone())
    }

    /// Waits until a login waits, and returns its page; fails after [`WAIT_DEADLINE`].
    pub async fn login_page(&self) -> String {
        self.until("no login began", || self.pending_page()).await
    }

    /// Ends everything that logins made, as an administrator would; keys stay.
    pub fn end_login(&self) {
        self.shared.change(|world, _| world.tokens.end_logins());
    }

    /// Ends a key, or everything that was made together with a token.
    pub fn end(&self, token: &str) {
        let known = self.shared.change(|world, _| world.tokens.end(token));
        assert!(known, "the token is known here");
    }

    /// Accepts a key from now on.
    pub fn add_key(&self, key: &str) {
        self.add_key_until(key, None);
    }

    /// Accepts a key until a time in seconds since 1970.
    pub fn add_key_until(&self, key: &str, expires_at: Option<i64>) {
        self.shared.change(|world, _| {
            world.tokens.add_key(key, expires_at);
            world.mint.remember(key);
        });
    }

    /// A new key that is accepted.
    pub fn make_key(&self) -> String {
        let key = self.shared.change(|world, _| world.mint.secret("key", 0));
        self.add_key(&key);
        key
    }

    /// The token answer of a login that somebody else than the agent has made.
    pub fn issue(&self, terms: &Terms) -> serde_json::Value {
        self.shared.change(|world, _| serde_json::Value::Object(world.issue(terms)))
    }

    /// Whether an access token or a key is accepted now.
    pub fn is_live(&self, token: &str) -> bool {
        let state = self.shared.look();
        state.0.tokens.live(token, state.0.now()).is_some()
    }

    /// The refresh tokens that work now.
    pub fn live_refresh_tokens(&self) -> Vec<String> {
        self.shared.look().0.tokens.live_refresh_tokens()
    }

    /// Every secret value made or accepted so far, for [`canary`](crate::canary).
    pub fn secrets(&self) -> Vec<String> {
        self.shared.look().0.mint.made().to_vec()
    }

    /// A copy of the ledger.
    pub fn ledger(&self) -> Ledger {
        self.shared.look().0.ledger.clone()
    }

    /// How many requests came for a path; one that ends with `*` stands for all that begin like it.
    pub fn count(&self, path: &str) -> usize {
        self.shared.look().0.ledger.count(path)
    }

    /// Waits until the ledger fulfils a condition; fails after [`WAIT_DEADLINE`].
    ///
    /// The condition runs under the service's lock, so it may look at the ledger only.
    pub async fn wait_for(&self, condition: impl Fn(&Ledger) -> bool) {
        self.until("the ledger did not get there", || condition(&self.shared.look().0.ledger).then_some(())).await;
    }

    async fn until<T>(&self, otherwise: &str, look: impl Fn() -> Option<T>) -> T {
        let mut news = self.shared.changes();
        // The deadline runs on the service's runtime, where time is real.
        let mut deadline = self.runtime.spawn(async { tokio::time::sleep(WAIT_DEADLINE).await });
        loop {
            if let Some(found) = look() {
                deadline.abort();
                return found;
            }
            tokio::select! {
                told = news.changed() => told.expect("the service lives as long as this borrow"),
                _ = &mut deadline => {
                    let seen = self.ledger().entries.into_iter().map(|entry| (entry.path, entry.status));
                    panic!("{}: {otherwise}; {:?}", W::NAME, seen.collect::<Vec<_>>())
                }
            }
        }
    }
}

impl<W: Wire> Drop for Service<W> {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take() {
            // A panic of the server was shown by its own thread.
            thread.join().ok();
        }
    }
}
