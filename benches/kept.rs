//! Cached tokens on kept connections, against a bare axum "hello".

use std::time::Duration;

use crate::load::{Connections, burst};
use crate::prepared::{OPAQUE, SIGNED};
use crate::row::{Row, median};
use crate::server::{self, Server};
use crate::{place, prepared, process};

const ROUNDS: usize = 9;
const ROUND: Duration = Duration::from_millis(250);

pub(crate) async fn measure() -> Vec<Row> {
    let hello = Server::start(server::HELLO).await;
    let requests = [place::token_request(&prepared::name(0), "")];
    let mut rows = Vec::new();
    for (clients, length) in [(1, OPAQUE), (8, OPAQUE), (64, OPAQUE), (8, SIGNED)] {
        let sandbox = prepared::sandbox(10, length).await;
        let daemon = place::daemon(&sandbox);
        let (mut ratios, mut ours, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let mut sides = [(0.0, 0.0); 2];
            let servers = [(daemon.socket(), daemon.pid()), (hello.socket(), hello.pid())];
            for (side, (socket, pid)) in sides.iter_mut().zip(servers) {
                let before = process::processor_time(pid);
                let burst = burst(socket, &requests, clients, Connections::Kept, ROUND).await;
                let spent = micros(process::processor_time(pid) - before);
                *side = (burst.rate(), spent / burst.rate() / burst.seconds);
            }
            ratios.push(sides[0].0 / sides[1].0);
            ours.push(sides[0].1);
            theirs.push(sides[1].1);
        }
        let (ratio, ours, theirs) = (median(ratios) * 100.0, median(ours), median(theirs));
        let measured = format!("{ratio:.0} % (server time per request: {ours:.1} µs against {theirs:.1} µs)");
        let what = format!("cached token of {length} characters, {clients} kept, against axum \"hello\"");
        rows.push(Row::new(what, "at least 70 %", measured, ratio >= 70.0));
    }
    rows
}

#[allow(clippy::cast_precision_loss, reason = "far below 2^52 ns")]
fn micros(nanos: u64) -> f64 {
    nanos as f64 / 1e3
}
