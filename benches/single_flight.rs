//! How many requests the issuer sees when a thousand callers need the same new token.

use std::collections::HashSet;
use std::time::Duration;

use harness::issuer::{Behaviour, Endpoint};
use proto::token::Token;

use crate::load::at_once;
use crate::place::{Place, token_request};
use crate::process;
use crate::row::Row;

const CALLERS: usize = 1000;
const PROFILE: &str = "wanted";
/// Long enough for every caller to have asked before the answer comes.
const ANSWER_TIME: Duration = Duration::from_millis(500);

pub(crate) async fn measure() -> Vec<Row> {
    let lapsed = Place::new(&[PROFILE], Duration::from_secs(2)).await;
    lapsed.let_lapse(&[PROFILE]).await;
    let plain = ask(&lapsed, "1,000 callers, one expired token", "").await;
    let scoped = ask(&lapsed, "1,000 callers, equal smaller scopes", ",\"scope\":\"profile\"").await;

    let shorter = Place::new(&[PROFILE], Duration::from_secs(5)).await;
    // More than a tenth of its life has to be over: a wish beyond the life is cut to nine tenths.
    tokio::time::sleep(Duration::from_millis(1200)).await;
    shorter.issuer.reconfigure(|config| config.access_token_ttl = Duration::from_hours(1));
    let beyond = ask(&shorter, "1,000 callers, `min_ttl` beyond the token's life", ",\"min_ttl\":1000000").await;
    vec![plain, scoped, beyond]
}

async fn ask(place: &Place, what: &str, further: &str) -> Row {
    place.issuer.always(Endpoint::Token, Behaviour::Delay(ANSWER_TIME));
    let before = place.issuer.exchanges();
    process::go_on(place.daemon.pid());
    let answers = at_once(place.daemon.socket(), &token_request(PROFILE, further), CALLERS).await;
    let requests = place.issuer.exchanges() - before;
    let mut tokens = HashSet::new();
    for got in answers {
        assert_eq!(got.status, 200, "{}", String::from_utf8_lossy(&got.body));
        let token: Token = serde_json::from_slice(&got.body).expect("an answer is a token");
        // EXPOSE: to count different ones.
        tokens.insert(token.access_token.expose().to_owned());
    }
    assert!(tokens.iter().all(|token| place.issuer.is_live(token)), "a caller was given a dead token");
    let measured = format!("{requests} at the issuer, {} token for {CALLERS} callers", tokens.len());
    Row::new(what, "1 request", measured, requests == 1 && tokens.len() == 1)
}
