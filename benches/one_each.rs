//! Cached tokens with a connection per request, against a server that does nothing.

use std::time::Duration;

use crate::load::{Connections, burst};
use crate::row::{Row, median};
use crate::server::{self, Server};
use crate::{place, prepared};

const ROUNDS: usize = 9;
const ROUND: Duration = Duration::from_millis(250);

pub(crate) async fn measure() -> Vec<Row> {
    let sandbox = prepared::sandbox(10, prepared::OPAQUE).await;
    let daemon = place::daemon(&sandbox);
    let nothing = Server::start(server::NOTHING).await;
    let requests = [place::token_request(&prepared::name(0), "")];
    let mut rows = Vec::new();
    for clients in [1, 8, 64] {
        let (mut ratios, mut worst, mut worst_of_nothing) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let ours = burst(daemon.socket(), &requests, clients, Connections::OneEach, ROUND).await;
            let theirs = burst(nothing.socket(), &requests, clients, Connections::OneEach, ROUND).await;
            ratios.push(ours.rate() / theirs.rate());
            worst.push(ours.worst() * 1e3);
            worst_of_nothing.push(theirs.worst() * 1e3);
        }
        let ratio = median(ratios) * 100.0;
        let what = format!("cached token, {clients} clients, one connection each time, against a do-nothing server");
        rows.push(Row::new(what, "at least 50 %", format!("{ratio:.0} %"), ratio >= 50.0));
        if clients == 64 {
            let most = |all: Vec<f64>| all.into_iter().fold(0.0, f64::max);
            let (worst, nothing) = (most(worst), most(worst_of_nothing));
            let measured = format!("{worst:.1} ms (do-nothing server: {nothing:.1} ms)");
            rows.push(Row::new("the same, worst of 64 clients", "under 100 ms", measured, worst < 100.0));
        }
    }
    rows
}
