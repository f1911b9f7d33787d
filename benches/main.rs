//! The numbers of `docs/performance.md`: every one a ratio, or a count, taken in one run on one machine.
//!
//! `bench [NAME…]` makes the named measurements, or all. Two programs that are compared run in alternating rounds and the
//! median of the rounds counts, so that a noisy machine disturbs both alike. A missed bar is shown and is no failure;
//! a measurement that cannot be made is one.

#![allow(clippy::panic, reason = "a measurement that cannot be made ends the program with the reason")]

mod ahead;
mod client_start;
mod isolation;
mod kept;
mod load;
mod memory;
mod one_each;
mod place;
mod prepared;
mod process;
mod restart;
mod row;
mod server;
mod single_flight;
mod together;

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use futures_util::future::LocalBoxFuture;
use row::Row;

type Measurement = fn() -> LocalBoxFuture<'static, Vec<Row>>;

/// Every measurement by its name, in the order of the table.
const ALL: [(&str, Measurement); 9] = [
    ("client-start", || Box::pin(client_start::measure())),
    ("kept", || Box::pin(kept::measure())),
    ("one-each", || Box::pin(one_each::measure())),
    ("isolation", || Box::pin(isolation::measure())),
    ("single-flight", || Box::pin(single_flight::measure())),
    ("together", || Box::pin(together::measure())),
    ("ahead", || Box::pin(ahead::measure())),
    ("memory", || Box::pin(memory::measure())),
    ("restart", || Box::pin(restart::measure())),
];

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let runtime = server::runtime();
    match words.as_slice() {
        [server::HELLO, socket] => runtime.block_on(server::hello(Path::new(socket))),
        [server::NOTHING, socket] => runtime.block_on(server::nothing(Path::new(socket))),
        names => {
            if let Some(unknown) = names.iter().find(|name| !ALL.iter().any(|(known, _)| known == *name)) {
                let known: Vec<_> = ALL.iter().map(|(name, _)| *name).collect();
                say(&format!("error: there is no measurement `{unknown}`\nhint: there are {}", known.join(", ")));
                return ExitCode::from(2);
            }
            agentd::platform::raise_descriptor_limit();
            runtime.block_on(measure(names));
        }
    }
    ExitCode::SUCCESS
}

async fn measure(names: &[&str]) {
    let wanted = ALL.iter().filter(|(name, _)| names.is_empty() || names.contains(name));
    let mut rows = Vec::new();
    for (name, measurement) in wanted {
        let start = std::time::Instant::now();
        rows.extend(measurement().await);
        say(&format!("    {name}: {:.1} s", start.elapsed().as_secs_f32()));
    }
    say(&row::table(&rows));
}

fn say(text: &str) {
    // Whoever reads it may have gone.
    writeln!(std::io::stdout(), "{text}").ok();
}
