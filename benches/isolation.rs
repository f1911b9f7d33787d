//! What callers of other profiles notice while one issuer hangs.

use std::time::Duration;

use harness::issuer::{Behaviour, Config, Endpoint, Issuer};
use harness::{lean, logins};
use proto::route;

use crate::load::{Connections, at_once, burst};
use crate::place::{self, Place};
use crate::row::{Row, median, percentile_99};

const ROUNDS: usize = 21;
const ROUND: Duration = Duration::from_millis(200);
const OTHERS: [&str; 4] = ["first", "second", "third", "fourth"];
/// Callers that wait for the issuer that hangs.
const WAITING: usize = 64;

pub(crate) async fn measure() -> Vec<Row> {
    let place = Place::new(&OTHERS, Duration::from_hours(1)).await;
    let hanging = Issuer::launch(Config::default());
    logins::browse(&place.wire(), &hanging, "hung", place::SCOPE).await;
    let requests = OTHERS.map(|name| place::token_request(name, ""));
    let refresh = lean::request(&route::REFRESH, "", "{\"profile\":\"hung\"}");
    let (mut quiet, mut hung) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        quiet.push(percentile(&place, &requests).await);
        hanging.next(Endpoint::Token, Behaviour::Hold);
        let socket = place.daemon.socket().to_owned();
        let bytes = refresh.clone();
        let waiting = tokio::spawn(async move { at_once(&socket, &bytes, WAITING).await });
        hanging.wait_for(|ledger| ledger.held(Endpoint::Token) == 1).await;
        hung.push(percentile(&place, &requests).await);
        hanging.release();
        let answers = waiting.await.expect("the callers do not panic");
        assert!(answers.iter().all(|got| got.status == 200), "a caller of the hung issuer was not answered");
    }
    let ratio = median(hung.iter().zip(&quiet).map(|(hung, quiet)| hung / quiet).collect());
    let (quiet, hung) = (median(quiet) * 1e6, median(hung) * 1e6);
    let measured = format!("{ratio:.2}x ({hung:.0} µs against {quiet:.0} µs)");
    let what = format!("others' 99th percentile, one issuer hangs and {WAITING} callers wait for it, against quiet");
    vec![Row::new(what, "at most 1.5x", measured, ratio <= 1.5)]
}

async fn percentile(place: &Place, requests: &[Vec<u8>]) -> f64 {
    percentile_99(burst(place.daemon.socket(), requests, 8, Connections::Kept, ROUND).await.latencies)
}
