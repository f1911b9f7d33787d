//! `agentctl token` from its start to its end, against a program that does nothing.

use std::process::{Command, Stdio};
use std::time::Instant;

use harness::sandbox::program;

use crate::row::{Row, median};
use crate::{place, prepared};

const ROUNDS: usize = 300;

pub(crate) async fn measure() -> Vec<Row> {
    let sandbox = prepared::sandbox(1, prepared::OPAQUE).await;
    let _daemon = place::daemon(&sandbox);
    let mut token = sandbox.command(program("agentctl"));
    token.args(["--profile", &prepared::name(0), "token"]).env("AGENTCTL_NO_AUTOSTART", "1");
    let mut nothing = sandbox.command(program("nothing"));
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours.push(seconds(&mut token));
        bare.push(seconds(&mut nothing));
    }
    let (ours, bare) = (median(ours), median(bare));
    let measured = format!("{:.2}x ({:.2} ms against {:.2} ms)", ours / bare, ours * 1e3, bare * 1e3);
    vec![Row::new("`agentctl token` against a do-nothing program", "at most 1.5x", measured, ours <= 1.5 * bare)]
}

fn seconds(command: &mut Command) -> f64 {
    let command = command.stdin(Stdio::null()).stdout(Stdio::null());
    let start = Instant::now();
    let status = command.status().expect("it can be started");
    assert!(status.success(), "it ends with 0");
    start.elapsed().as_secs_f64()
}
