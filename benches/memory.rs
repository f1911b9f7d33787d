//! Resident memory of a daemon that has nothing to do.

use std::time::Duration;

use crate::load::{Connections, burst};
use crate::process::{Memory, memory};
use crate::row::Row;
use crate::{place, prepared};

pub(crate) async fn measure() -> Vec<Row> {
    let mut rows = Vec::new();
    for (logins, bar) in [(10, 8), (10_000, 64)] {
        let sandbox = prepared::sandbox(logins, prepared::SIGNED).await;
        let daemon = place::daemon(&sandbox);
        let started = settled(daemon.pid()).await;
        let requests: Vec<_> = (0..10).map(|number| place::token_request(&prepared::name(number), "")).collect();
        burst(daemon.socket(), &requests, 8, Connections::OneEach, Duration::from_millis(500)).await;
        let served = settled(daemon.pid()).await;
        let mib = |kib: u64| f64::from(u32::try_from(kib).expect("less than 4 TiB")) / 1024.0;
        let measured = format!(
            "{:.1} MiB, {:.1} MiB of it not the program file ({:.1} MiB after serving)",
            mib(started.resident),
            mib(started.anonymous),
            mib(served.resident)
        );
        let what = format!("resident memory, idle, {logins} profiles");
        let most = started.resident.max(served.resident);
        rows.push(Row::new(what, format!("at most {bar} MiB"), measured, most <= bar * 1024));
    }
    rows
}

/// Memory once it has stayed the same for a second.
async fn settled(pid: u32) -> Memory {
    let (mut last, mut same) = (memory(pid), 0);
    while same < 10 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let now = memory(pid);
        same = if now == last { same + 1 } else { 0 };
        last = now;
    }
    last
}
