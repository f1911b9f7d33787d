//! Eight grants that lapse together at an issuer that takes its time.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use harness::issuer::{Behaviour, Endpoint};

use crate::load::connect;
use crate::place::{Place, token_request};
use crate::process;
use crate::row::Row;

const PROFILES: [&str; 8] = ["one", "two", "three", "four", "five", "six", "seven", "eight"];
const ANSWER_TIME: Duration = Duration::from_millis(300);

pub(crate) async fn measure() -> Vec<Row> {
    let place = Place::new(&PROFILES, Duration::from_secs(4)).await;
    place.let_lapse(&PROFILES).await;
    place.issuer.always(Endpoint::Token, Behaviour::Delay(ANSWER_TIME));
    let before = place.issuer.exchanges();
    process::go_on(place.daemon.pid());
    let start = Instant::now();
    let asked = PROFILES.map(|name| {
        let socket = place.daemon.socket();
        async move { connect(socket).await.exchange(&token_request(name, "")).await.expect("the daemon answers") }
    });
    let answers = join_all(asked).await;
    let time = start.elapsed();
    assert!(answers.iter().all(|got| got.status == 200), "every profile has a token");
    let requests = place.issuer.exchanges() - before;
    let ratio = time.div_duration_f64(ANSWER_TIME);
    let measured = format!("{ratio:.2}x ({:.0} ms, {requests} requests)", time.as_secs_f64() * 1e3);
    let met = ratio <= 1.2 && requests == PROFILES.len();
    vec![Row::new("eight grants lapse together, the issuer takes 0.3 s", "about 1x of 0.3 s", measured, met)]
}
