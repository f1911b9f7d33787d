//! From the start of the daemon to its first answer, with stored logins and an issuer that is down.

use std::time::Instant;

use crate::load::connect;
use crate::row::{Row, median};
use crate::{place, prepared};

const ROUNDS: usize = 21;
const LOGINS: usize = 10;

pub(crate) async fn measure() -> Vec<Row> {
    let sandbox = prepared::sandbox(LOGINS, prepared::SIGNED).await;
    let request = place::token_request(&prepared::name(LOGINS - 1), "");
    let (mut stopped, mut killed) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        for (times, kill) in [(&mut stopped, true), (&mut killed, false)] {
            let start = Instant::now();
            let daemon = place::daemon(&sandbox);
            let got = connect(daemon.socket()).await.exchange(&request).await.expect("the daemon answers");
            times.push(start.elapsed().as_secs_f64() * 1e3);
            assert_eq!(got.status, 200, "{}", String::from_utf8_lossy(&got.body));
            // How it ends decides what the next start finds.
            if kill {
                daemon.kill();
            } else {
                assert_eq!(daemon.terminate(), Some(0), "the daemon stops in order");
            }
        }
    }
    let (stopped, killed) = (median(stopped), median(killed));
    let measured = format!("{stopped:.1} ms after an ordered stop, {killed:.1} ms after `kill -9`");
    let what = format!("start to first answer, {LOGINS} stored logins, issuer down");
    vec![Row::new(what, "30 ms", measured, stopped <= 30.0 && killed <= 30.0)]
}
